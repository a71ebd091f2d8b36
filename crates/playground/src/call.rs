//! One call of one module, for tests that hold the browser to the corpus.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use simulate::{Snapshot, SnapshotCluster, builtin};

/// A call of a module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The module's name.
    pub module: String,
    /// The policy's settings.
    pub settings: Box<RawValue>,
    /// The request of an AdmissionReview; `None` to have the settings checked alone.
    #[serde(default)]
    pub request: Option<Box<RawValue>>,
    /// What the cluster holds: all objects there are of their kinds.
    #[serde(default)]
    pub cluster: Vec<Value>,
}

/// The module's response, as the policy server would read it.
///
/// # Errors
/// One sentence, when there is no such module, or the cluster's objects are none.
pub fn evaluate(call: Call) -> Result<String, String> {
    let name = &call.module;
    let policy = builtin::policy(name).ok_or_else(|| format!("no module `{name}`"))?;
    let response = match &call.request {
        None => (policy.validate_settings)(call.settings.get().as_bytes()),
        Some(request) => {
            let cluster = Snapshot::complete(call.cluster).map_err(|error| error.to_string())?;
            let payload = builtin::payload(&call.settings, request);
            (policy.validate)(payload.as_bytes(), &SnapshotCluster::new(&cluster, None))
        }
    };
    String::from_utf8(response).map_err(|error| error.to_string())
}
