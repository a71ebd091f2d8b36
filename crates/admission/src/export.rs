//! The waPC entry point: the only code that calls the policy server.

/// Exports a settings type and an `evaluate` function as a policy: `admission::export!(Settings, evaluate);`.
/// A policy that queries the cluster is exported with `admission::export!(Settings, evaluate, context-aware);`;
/// other modules do not contain the code for it.
///
/// The entry point exists only in the modules for the policy server (wasm32-wasip1): two policies that both
/// define `wapc_init` could not be linked into one native test or into the playground.
#[macro_export]
macro_rules! export {
    ($settings:ty, $evaluate:path) => {
        $crate::export!(@ $settings, $evaluate, $crate::NoCluster);
    };
    ($settings:ty, $evaluate:path, context-aware) => {
        $crate::export!(@ $settings, $evaluate, $crate::wasm::PolicyServer);
    };
    (@ $settings:ty, $evaluate:path, $cluster:expr) => {
        /// Registers the policy. The waPC host calls this once for each instance, before anything else.
        #[cfg(target_os = "wasi")]
        #[allow(
            unsafe_code,
            reason = "the host looks up the entry point by its unmangled name"
        )]
        #[unsafe(no_mangle)]
        pub extern "C" fn wapc_init() {
            $crate::wasm::register(
                |payload| Ok($crate::validate::<$settings>(payload, $evaluate, &$cluster)),
                |payload| Ok($crate::validate_settings::<$settings>(payload)),
            );
        }
    };
}

/// The code that [`export!`] uses in a module.
#[cfg(target_os = "wasi")]
pub mod wasm {
    use kubewarden_policy_sdk::{protocol_version_guest, wapc_guest};
    use wapc_guest::CallResult;

    use crate::cluster::contains;
    use crate::edit::push_string;
    use crate::{Cluster, Query, QueryError, joined};

    /// Registers the functions that the policy server calls.
    pub fn register(validate: fn(&[u8]) -> CallResult, validate_settings: fn(&[u8]) -> CallResult) {
        wapc_guest::register_function("validate", validate);
        wapc_guest::register_function("validate_settings", validate_settings);
        wapc_guest::register_function("protocol_version", protocol_version_guest);
    }

    /// The policy server's Kubernetes capabilities.
    #[derive(Debug)]
    pub struct PolicyServer;

    impl Cluster for PolicyServer {
        fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
            let operation = match query.namespace {
                Some(_) => "list_resources_by_namespace",
                None => "list_resources_all",
            };
            let request = request(query).into_bytes();
            let response = wapc_guest::host_call("kubewarden", "kubernetes", operation, &request)
                .map_err(|error| query_error(error.to_string()))?;
            String::from_utf8(response).map_err(|error| QueryError::Unavailable(error.to_string()))
        }
    }

    /// Returns the SDK's `ListResourcesByNamespaceRequest`, or `ListAllResourcesRequest` without a namespace,
    /// as JSON. The SDK's own types keep field masks in a set, whose hashing and sorting would add 10 KB to a
    /// module.
    fn request(query: &Query<'_>) -> String {
        let mut out = String::from("{\"api_version\":");
        push_string(&mut out, query.api_version);
        out.push_str(",\"kind\":");
        push_string(&mut out, query.kind);
        if let Some(namespace) = query.namespace {
            out.push_str(",\"namespace\":");
            push_string(&mut out, namespace);
        }
        if let Some(name) = query.name {
            out.push_str(",\"field_selector\":");
            push_string(&mut out, &joined(&["metadata.name=", name]));
        }
        let mut before = ",\"field_masks\":[";
        for field in query.fields {
            out.push_str(before);
            push_string(&mut out, field);
            before = ",";
        }
        if !query.fields.is_empty() {
            out.push(']');
        }
        out.push('}');
        out
    }

    /// Classifies an error of the host, which is only a text. Two texts mean "not permitted": that of
    /// policy-evaluator for kinds missing from `contextAwareResources`, and that of the API server's status
    /// 403.
    fn query_error(cause: String) -> QueryError {
        let not_permitted = ["has not been granted access to", "is forbidden"];
        if not_permitted.iter().any(|words| contains(&cause, words)) {
            return QueryError::NotPermitted(cause);
        }
        QueryError::Unavailable(cause)
    }
}
