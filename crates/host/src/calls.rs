use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use simulate::{FieldMask, LookupError, Query, Snapshot};

use crate::response::Activity;
use kubewarden::ContextAwareResource;

/// A module that logs in a loop must not fill the host's memory.
const LOG_EVENTS: usize = 100;
/// Nor one that makes up names of host calls.
const CALL_NAMES: usize = 1000;

/// Answers the host calls of one evaluation, and keeps the record of them.
#[derive(Debug)]
pub struct HostCalls {
    cluster: Snapshot,
    granted: Arc<BTreeSet<ContextAwareResource>>,
    pub(crate) activity: Activity,
}

/// What a guest is told when a host call fails.
///
/// The wording of the policy server is kept where it has one, for a module may tell failures apart
/// by it.
#[derive(Debug, thiserror::Error)]
enum Refusal {
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

/// The payload of the three look-ups; each uses the fields it has.
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
    /// Answers from `cluster`, for the kinds in `granted`.
    pub fn new(cluster: Snapshot, granted: Arc<BTreeSet<ContextAwareResource>>) -> Self {
        Self {
            cluster,
            granted,
            activity: Activity::default(),
        }
    }

    /// Returns the answer to one host call.
    ///
    /// # Errors
    /// The text that the module gets where the call fails.
    pub fn answer(
        &mut self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        self.dispatch(binding, namespace, operation, payload)
            .map_err(|refusal| refusal.to_string())
    }

    fn dispatch(
        &mut self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let call = format!("{namespace}/{operation}");
        if binding != "kubewarden" {
            self.count(format!("{binding}/{call}"));
            return Err(Refusal::Binding(binding.to_owned()));
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
                    return Err(Refusal::NotGranted(kind));
                }
                self.look_up(operation, &kind, &lookup)
            }
            ("kubernetes", "can_i") | ("oci" | "net" | "crypto", _) => {
                self.count(call.clone());
                Err(Refusal::Offline(call))
            }
            ("kubernetes" | "tracing", _) => {
                self.count(call);
                Err(Refusal::Operation(operation.to_owned()))
            }
            _ => {
                self.count(call);
                Err(Refusal::Namespace(namespace.to_owned()))
            }
        }
    }

    fn look_up(
        &mut self,
        operation: &str,
        kind: &ContextAwareResource,
        lookup: &Lookup,
    ) -> Result<Vec<u8>, Refusal> {
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
        match found {
            Ok(json) => Ok(json?),
            Err(error) => {
                if let LookupError::Unknown(kind) = &error {
                    self.activity.unanswered.insert(kind.clone());
                }
                Err(error.into())
            }
        }
    }

    fn count(&mut self, call: String) {
        let calls = &mut self.activity.host_calls;
        if calls.len() < CALL_NAMES || calls.contains_key(&call) {
            *calls.entry(call).or_default() += 1;
        }
    }

    pub(crate) fn log(&mut self, payload: &[u8]) {
        let log = &mut self.activity.log;
        if log.len() < LOG_EVENTS {
            log.push(String::from_utf8_lossy(payload).into_owned());
        }
    }
}

fn missing(field: &'static str) -> serde_json::Error {
    <serde_json::Error as serde::de::Error>::missing_field(field)
}
