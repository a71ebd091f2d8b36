//! The routes converted from an Ingress, to be copied.

use ingress2route::Diagnostic;
use manifest::Object;
use serde::Serialize;
use simulate::{Ingresses, RouteNames, RouteSettings, Services, paths};

/// The routes converted from an Ingress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Routes {
    /// The routes as YAML documents.
    pub yaml: String,
    /// Whether the routes express the whole Ingress and can be applied as they are.
    pub complete: bool,
    /// What the routes lack, then notes.
    pub findings: Vec<RouteFinding>,
}

/// A finding about a field of the Ingress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteFinding {
    /// The line of the field.
    pub line: usize,
    /// Whether the routes do not express this field.
    pub lacks: bool,
    /// The text of the finding.
    pub text: String,
}

impl Routes {
    /// Converts an Ingress. Returns `None` for a malformed one, which its policy reports.
    pub(crate) fn new(
        object: &Object,
        settings: &RouteSettings,
        (services, ingresses): (&Services, &Ingresses),
        names: &mut RouteNames,
    ) -> Option<Self> {
        let mut translation =
            simulate::translate_ingress(object, settings, services, ingresses).ok()?;
        names.deduplicate(object, &mut translation);
        let to_finding = |diagnostic: &Diagnostic, lacks| RouteFinding {
            line: object.line_near(&paths::leading_pointer(&diagnostic.path)),
            lacks,
            text: match diagnostic.path.as_str() {
                "" => diagnostic.message.clone(),
                path => format!("{path}: {}", diagnostic.message),
            },
        };
        let lacking = [
            &translation.untranslatable,
            &translation.unknown,
            &translation.other_controllers,
            &translation.blockers,
        ];
        let lacking = lacking.into_iter().flatten().map(|it| to_finding(it, true));
        let notes = translation.notes.iter().map(|it| to_finding(it, false));
        Some(Self {
            yaml: translation.to_yaml(),
            complete: translation.is_complete(),
            findings: lacking.chain(notes).collect(),
        })
    }
}
