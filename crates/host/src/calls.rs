use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use simulate::{FieldMask, LookupError, Query, Snapshot};

use crate::response::Activity;
use kubewarden::ContextAwareResource;

/// Limits the memory that a module can fill by logging in a loop.
const MAX_LOG_EVENTS: usize = 100;
/// Limits the memory that a module can fill by inventing names of host calls.
const MAX_CALL_NAMES: usize = 1000;

/// Handles and records the host calls of one evaluation.
#[derive(Debug)]
pub struct HostCalls {
    cluster: Snapshot,
    granted: Arc<BTreeSet<ContextAwareResource>>,
    pub(crate) activity: Activity,
}

/// The error that a guest receives when a host call fails.
///
/// Messages that the policy server has too are worded as there, since a module may match on the text.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("unknown binding: {0}")]
    Binding(String),
    #[error("unknown namespace: {0}")]
    Namespace(String),
    #[error("unknown operation: {0}")]
    Operation(String),
    #[error(
        "Policy has not been granted access to Kubernetes {0} resources. The violation has been reported."
    )]
    NotGranted(ContextAwareResource),
    #[error("Callback evaluation failure: `{0}` is not available offline")]
    Offline(String),
    #[error("Callback evaluation failure: {0}")]
    Lookup(#[from] LookupError),
    #[error(transparent)]
    Payload(#[from] serde_json::Error),
}

/// The payload of the three look-ups; each uses a subset of the fields.
#[derive(Deserialize)]
struct Lookup {
    api_version: String,
    kind: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    label_selector: Option<String>,
    #[serde(default)]
    field_selector: Option<String>,
    #[serde(default)]
    field_masks: Option<BTreeSet<String>>,
}

impl HostCalls {
    /// Creates a handler that looks up objects of the kinds in `granted` in `cluster`.
    pub fn new(cluster: Snapshot, granted: Arc<BTreeSet<ContextAwareResource>>) -> Self {
        Self {
            cluster,
            granted,
            activity: Activity::default(),
        }
    }

    /// Handles one host call.
    ///
    /// # Errors
    /// Returns the error text that the module receives if the call fails.
    pub fn handle(
        &mut self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        self.dispatch(binding, namespace, operation, payload)
            .map_err(|error| error.to_string())
    }

    fn dispatch(
        &mut self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let call = format!("{namespace}/{operation}");
        if binding != "kubewarden" {
            self.count(format!("{binding}/{call}"));
            return Err(CallError::Binding(binding.to_owned()));
        }
        match (namespace, operation) {
            ("tracing", "log") => {
                self.log(payload);
                Ok(Vec::new())
            }
            (
                "kubernetes",
                "get_resource" | "list_resources_by_namespace" | "list_resources_all",
            ) => {
                let lookup: Lookup =
                    serde_json::from_slice(payload).inspect_err(|_| self.count(call.clone()))?;
                let kind = ContextAwareResource::new(&*lookup.api_version, &*lookup.kind);
                self.count(format!("{call} {kind}"));
                if !self.granted.contains(&kind) {
                    return Err(CallError::NotGranted(kind));
                }
                self.look_up(operation, &kind, &lookup)
            }
            ("kubernetes", "can_i") | ("oci" | "net" | "crypto", _) => {
                self.count(call.clone());
                Err(CallError::Offline(call))
            }
            ("kubernetes" | "tracing", _) => {
                self.count(call);
                Err(CallError::Operation(operation.to_owned()))
            }
            _ => {
                self.count(call);
                Err(CallError::Namespace(namespace.to_owned()))
            }
        }
    }

    fn look_up(
        &mut self,
        operation: &str,
        kind: &ContextAwareResource,
        lookup: &Lookup,
    ) -> Result<Vec<u8>, CallError> {
        let mask = FieldMask::new(lookup.field_masks.iter().flatten());
        let namespace = lookup.namespace.as_deref();
        let found = if operation == "get_resource" {
            let name = lookup.name.as_deref().ok_or_else(|| missing("name"))?;
            self.cluster
                .get(kind, namespace, name)
                .map(|object| mask.object(object))
        } else {
            let namespace = match operation {
                "list_resources_by_namespace" => {
                    Some(namespace.ok_or_else(|| missing("namespace"))?)
                }
                _ => None,
            };
            Query::parse(
                lookup.label_selector.as_deref(),
                lookup.field_selector.as_deref(),
            )
            .map_err(LookupError::Selector)
            .and_then(|query| self.cluster.list(kind, namespace, &query))
            .map(|objects| mask.list(kind, &objects))
        };
        if matches!(found, Err(LookupError::Unknown(_))) || self.cluster.is_partial(kind) {
            self.activity.unanswered.insert(kind.clone());
        }
        Ok(found??)
    }

    fn count(&mut self, call: String) {
        let calls = &mut self.activity.host_calls;
        if calls.len() < MAX_CALL_NAMES || calls.contains_key(&call) {
            *calls.entry(call).or_default() += 1;
        }
    }

    pub(crate) fn log(&mut self, payload: &[u8]) {
        let log = &mut self.activity.log;
        if log.len() < MAX_LOG_EVENTS {
            log.push(String::from_utf8_lossy(payload).into_owned());
        }
    }
}

fn missing(field: &'static str) -> serde_json::Error {
    <serde_json::Error as serde::de::Error>::missing_field(field)
}
