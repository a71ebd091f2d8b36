//! A call of one policy, for tests that run the corpus in the browser.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use simulate::{ContextAwareResource, Snapshot, SnapshotCluster, builtin};

/// A call of a policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The name of the module.
    pub module: String,
    /// The settings of the policy.
    pub settings: Box<RawValue>,
    /// The request of an AdmissionReview, or `None` to validate only the settings.
    #[serde(default)]
    pub request: Option<Box<RawValue>>,
    /// The objects of the cluster. They are all the objects of their kinds.
    #[serde(default)]
    pub cluster: Vec<Value>,
    /// The kinds that the cluster does not have.
    #[serde(default, rename = "missingKinds")]
    pub missing_kinds: Vec<ContextAwareResource>,
}

/// Returns the response of the policy, as the policy server receives it.
///
/// # Errors
/// Returns a message if the module is unknown or a cluster object is malformed.
pub fn evaluate(call: Call) -> Result<String, String> {
    let name = &call.module;
    let policy = builtin::policy(name).ok_or_else(|| format!("unknown module `{name}`"))?;
    let response = match &call.request {
        None => (policy.validate_settings)(call.settings.get().as_bytes()),
        Some(request) => {
            let cluster = Snapshot::complete(call.cluster);
            let mut cluster = cluster.map_err(|error| error.to_string())?;
            for kind in call.missing_kinds {
                cluster.mark_missing(kind);
            }
            let payload = builtin::payload(&call.settings, request);
            let cluster = SnapshotCluster::new(&cluster, None);
            (policy.decide)(payload.as_bytes(), &cluster).to_response()
        }
    };
    String::from_utf8(response).map_err(|error| error.to_string())
}
