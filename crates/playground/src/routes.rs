//! An Ingress as routes, ready to be copied.

use ingress2route::Finding;
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
        let mut translation = simulate::translate_ingress(object, settings, services).ok()?;
        names.deduplicate(object, &mut translation);
        let remark = |finding: &Finding, lacks| Remark {
            line: object.line_near(&paths::leading_pointer(&finding.path)),
            lacks,
            text: match finding.path.as_str() {
                "" => finding.message.clone(),
                path => format!("{path}: {}", finding.message),
            },
        };
        let lacking = [
            &translation.untranslatable,
            &translation.unknown,
            &translation.foreign,
            &translation.obstacles,
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
