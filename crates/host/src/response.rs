use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use kubewarden::ContextAwareResource;

/// A module's verdict on one request.
#[derive(Clone, Debug)]
pub struct Response {
    /// Whether the request may proceed.
    pub accepted: bool,
    /// What the user is told when it may not.
    pub message: Option<String>,
    /// The HTTP status code the user is told.
    pub code: Option<u16>,
    /// The whole object as the module wants it, byte for byte as the module wrote it.
    pub mutated_object: Option<Box<RawValue>>,
    /// Notes for the audit log, by key.
    pub audit_annotations: BTreeMap<String, String>,
    /// Warnings for the user, in the module's order.
    pub warnings: Vec<String>,
    /// What the module asked of the host, and what it logged.
    pub activity: Activity,
}

/// What a module did beside answering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// How often each host call was made. Keys are `namespace/operation`, with the kind where
    /// there is one: `kubernetes/get_resource v1/Namespace`.
    pub host_calls: BTreeMap<String, u32>,
    /// The kinds that were asked for and that the [`Snapshot`](crate::Snapshot) cannot tell about:
    /// where the verdict depends on them, it may be another in the cluster.
    pub unanswered: BTreeSet<ContextAwareResource>,
    /// What the module logged, one event each, as JSON of the SDK's making; the first 100.
    pub log: Vec<String>,
}

/// A module's verdict on settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SettingsResponse {
    /// Whether the module can work with the settings.
    pub valid: bool,
    /// What is wrong with them.
    #[serde(default)]
    pub message: Option<String>,
}

/// The answer to `validate` as the policy SDKs write it; what they may leave out may be missing.
#[derive(Deserialize)]
pub(crate) struct Answer {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<Box<RawValue>>,
    audit_annotations: Option<BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
}

impl Answer {
    /// The verdict the policy server makes of the answer to `request`.
    pub(crate) fn into_response(self, request: &RawValue, activity: Activity) -> Response {
        let mut response = Response {
            accepted: self.accepted,
            message: self.message,
            code: self.code,
            mutated_object: self.mutated_object,
            audit_annotations: self.audit_annotations.unwrap_or_default(),
            warnings: self.warnings.unwrap_or_default(),
            activity,
        };
        if response.mutated_object.is_some() && !has_object(request) {
            response.accepted = false;
            response.message = Some(
                "the module changes the object of a request that has none, such as DELETE"
                    .to_owned(),
            );
            response.mutated_object = None;
        }
        response
    }
}

fn has_object(request: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        object: Option<&'a RawValue>,
    }
    serde_json::from_str::<Request<'_>>(request.get()).is_ok_and(|request| request.object.is_some())
}
