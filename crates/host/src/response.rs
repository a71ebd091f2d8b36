use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use kubewarden::ContextAwareResource;

/// A module's verdict on one request.
#[derive(Clone, Debug)]
pub struct Response {
    /// Whether the request is accepted.
    pub accepted: bool,
    /// The message to the user if the request is rejected.
    pub message: Option<String>,
    /// The HTTP status code of the rejection.
    pub code: Option<u16>,
    /// The whole mutated object, byte for byte as the module wrote it.
    pub mutated_object: Option<Box<RawValue>>,
    /// The audit annotations.
    pub audit_annotations: BTreeMap<String, String>,
    /// The warnings to the user, in the module's order.
    pub warnings: Vec<String>,
    /// The host calls and log events of the evaluation.
    pub activity: Activity,
}

/// The host calls and log events of one call to a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// The number of calls per host call. Keys are `namespace/operation`, followed by the kind if there is
    /// one: `kubernetes/get_resource v1/Namespace`.
    pub host_calls: BTreeMap<String, u32>,
    /// The kinds that the module looked up but the [`Snapshot`](crate::Snapshot) does not cover. A verdict
    /// that depends on them may differ in the cluster.
    pub unanswered: BTreeSet<ContextAwareResource>,
    /// The first 100 log events, each as the JSON that the SDK writes.
    pub log: Vec<String>,
}

/// A module's verdict on settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SettingsResponse {
    /// Whether the settings are valid.
    pub valid: bool,
    /// Why the settings are invalid.
    #[serde(default)]
    pub message: Option<String>,
}

/// The response to `validate` as the policy SDKs write it. Fields that they may omit are optional.
#[derive(Deserialize)]
pub(crate) struct RawResponse {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<Box<RawValue>>,
    audit_annotations: Option<BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
}

impl RawResponse {
    /// Converts the response to `request` into a verdict, as the policy server does.
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
                "the module returned a mutated object, but the request has no object (as in a DELETE)"
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
