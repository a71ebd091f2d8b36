//! Translates sets with the code of `agnostics convert`.

use std::collections::{BTreeMap, BTreeSet};

use ingress2route::Translation;
use serde_json::Value;
use simulate::{Ingresses, RouteNames, RouteSettings, Services};

use crate::client::Request;
use crate::corpus::Set;

/// The translations of a set's Ingresses, in order, with unique names of routes.
pub(crate) struct Translated {
    translations: Vec<Translation>,
}

impl Translated {
    /// Translates a set.
    ///
    /// # Errors
    /// Returns an error if an Ingress or the settings are malformed.
    pub(crate) fn of(set: &Set) -> Result<Self, String> {
        let settings = match &set.settings {
            Value::Null => RouteSettings::default(),
            settings => admission::read_settings(&settings.to_string())?,
        };
        let (mut services, mut ingresses) = (Services::default(), Ingresses::default());
        for service in &set.services {
            services.add(&object(service)?);
        }
        let objects = set
            .ingresses
            .iter()
            .map(object)
            .collect::<Result<Vec<_>, _>>()?;
        objects.iter().for_each(|it| ingresses.add(it));
        let mut names = RouteNames::default();
        let mut translations = Vec::new();
        for ingress in &objects {
            let translation =
                simulate::translate_ingress(ingress, &settings, &services, &ingresses);
            let mut translation = translation.map_err(|error| format!("{error:?}"))?;
            names.deduplicate(ingress, &mut translation);
            translations.push(translation);
        }
        Ok(Self { translations })
    }

    /// Returns the routes as JSON.
    pub(crate) fn routes(&self) -> Vec<Value> {
        let routes = self.translations.iter().flat_map(|it| &it.routes);
        let routes = routes.map(|route| serde_json::from_str(&route.to_json()));
        routes.map(|route| route.expect("JSON")).collect()
    }

    /// Returns the differences that the translations report: their codes, each with a message.
    pub(crate) fn reports(&self) -> BTreeMap<&'static str, String> {
        let notes = self.translations.iter().flat_map(|it| &it.notes);
        let reports =
            notes.filter_map(|note| Some((note.difference?.code(), note.message.clone())));
        reports.collect()
    }

    /// Returns the codes of the differences that the translations of the Ingresses near a request report.
    pub(crate) fn codes(&self, set: &Set, request: &Request) -> BTreeSet<&'static str> {
        let all = set.ingresses.iter().zip(&self.translations);
        let near = all.filter(|(ingress, _)| Set::is_near(ingress, request));
        let notes = near.flat_map(|(_, translation)| &translation.notes);
        notes
            .filter_map(|note| Some(note.difference?.code()))
            .collect()
    }

    /// Returns why the routes do not replace the Ingresses.
    pub(crate) fn problems(&self) -> Vec<String> {
        let incomplete = self.translations.iter().filter(|it| !it.is_complete());
        let lists = incomplete.flat_map(|it| {
            [
                &it.untranslatable,
                &it.unknown,
                &it.other_controllers,
                &it.blockers,
            ]
        });
        lists.flatten().map(ToString::to_string).collect()
    }
}

fn object(value: &Value) -> Result<manifest::Object, String> {
    let text = value.to_string();
    let mut documents = manifest::read("set.json", text.as_bytes());
    let document = documents.next().ok_or("no document")?;
    let document = document.map_err(|problem| problem.message.to_string())?;
    let object = document.objects().next().ok_or("no object")?;
    object.map_err(|problem| problem.message.to_string())
}
