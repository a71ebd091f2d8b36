//! An Ingress as routes, ready to be copied.

use ingress2route::Diagnostic;
use manifest::Object;
use serde::Serialize;
use simulate::{RouteNames, RouteSettings, Services, paths};

/// What an Ingress becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Routes {
    /// The routes as YAML documents.
    pub yaml: String,
    /// Whether they say all of the Ingress and can be applied as they stand.
    pub complete: bool,
    /// What is to be said of them.
    pub findings: Vec<Remark>,
}

/// Something about a place in the Ingress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The line that it is about.
    pub line: usize,
    /// Whether the routes lack something for it.
    pub lacks: bool,
    /// What is to be said.
    pub text: String,
}

impl Routes {
    /// `None` for an Ingress that cannot be read, of which its module speaks.
    pub(crate) fn of(
        object: &Object,
        settings: &RouteSettings,
        services: &Services,
        names: &mut RouteNames,
    ) -> Option<Self> {
        let mut translation = simulate::translation(object, settings, services).ok()?;
        names.tell_apart(object, &mut translation);
        let remark = |diagnostic: &Diagnostic, lacks| Remark {
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
        let lacking = lacking.into_iter().flatten().map(|it| remark(it, true));
        let notes = translation.notes.iter().map(|it| remark(it, false));
        Some(Self {
            yaml: translation.to_yaml(),
            complete: translation.is_complete(),
            findings: lacking.chain(notes).collect(),
        })
    }
}
