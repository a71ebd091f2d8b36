//! The waPC entry point: the only code that talks to the policy server.

/// Makes a module of a settings type and an `evaluate` function:
/// `admission::export!(Settings, evaluate);`, or `admission::export!(Settings, evaluate, context-aware);`
/// for one that asks the cluster. The others do not carry the code for it.
///
/// The entry point exists in Wasm alone: two modules that both defined `wapc_init` could not be
/// linked into one native test.
#[macro_export]
macro_rules! export {
    ($settings:ty, $evaluate:path) => {
        $crate::export!(@ $settings, $evaluate, $crate::NoCluster);
    };
    ($settings:ty, $evaluate:path, context-aware) => {
        $crate::export!(@ $settings, $evaluate, $crate::wasm::PolicyServer);
    };
    (@ $settings:ty, $evaluate:path, $cluster:expr) => {
        /// The waPC host calls this once per instance, before anything else.
        #[cfg(target_family = "wasm")]
        #[allow(
            unsafe_code,
            reason = "the host finds the entry point by its bare name"
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

/// What [`export!`] needs in Wasm.
#[cfg(target_family = "wasm")]
pub mod wasm {
    use kubewarden_policy_sdk::host_capabilities::kubernetes::{
        ListAllResourcesRequest, ListResourcesByNamespaceRequest,
    };
    use kubewarden_policy_sdk::{protocol_version_guest, wapc_guest};
    use wapc_guest::CallResult;

    use crate::{Cluster, Query, Unanswered};

    /// Registers a module's two calls, and the protocol version.
    pub fn register(validate: fn(&[u8]) -> CallResult, validate_settings: fn(&[u8]) -> CallResult) {
        wapc_guest::register_function("validate", validate);
        wapc_guest::register_function("validate_settings", validate_settings);
        wapc_guest::register_function("protocol_version", protocol_version_guest);
    }

    /// The policy server's Kubernetes capabilities.
    #[derive(Debug)]
    pub struct PolicyServer;

    impl Cluster for PolicyServer {
        fn list(&self, query: &Query<'_>) -> Result<String, Unanswered> {
            let field_selector = query.name.map(|name| format!("metadata.name={name}"));
            let field_masks = match query.fields {
                [] => None,
                fields => Some(fields.iter().map(|&field| field.to_owned()).collect()),
            };
            let api_version = query.api_version.to_owned();
            let kind = query.kind.to_owned();
            match query.namespace {
                Some(namespace) => call(
                    "list_resources_by_namespace",
                    serde_json::to_vec(&ListResourcesByNamespaceRequest {
                        api_version,
                        kind,
                        namespace: namespace.to_owned(),
                        label_selector: None,
                        field_selector,
                        field_masks,
                    }),
                ),
                None => call(
                    "list_resources_all",
                    serde_json::to_vec(&ListAllResourcesRequest {
                        api_version,
                        kind,
                        label_selector: None,
                        field_selector,
                        field_masks,
                    }),
                ),
            }
        }
    }

    fn call(
        operation: &str,
        request: Result<Vec<u8>, serde_json::Error>,
    ) -> Result<String, Unanswered> {
        let could_not_ask = |cause: String| Unanswered::CouldNotAsk(cause);
        let request = request.map_err(|error| could_not_ask(error.to_string()))?;
        let answer = wapc_guest::host_call("kubewarden", "kubernetes", operation, &request)
            .map_err(|error| refusal(error.to_string()))?;
        String::from_utf8(answer).map_err(|error| could_not_ask(error.to_string()))
    }

    /// The host answers every failure with a text; these are the two that mean "you may not":
    /// policy-evaluator's for kinds missing from `contextAwareResources`, and the API server's 403.
    fn refusal(cause: String) -> Unanswered {
        let refused = ["has not been granted access to", "is forbidden"];
        if refused.iter().any(|words| cause.contains(words)) {
            return Unanswered::NotPermitted(cause);
        }
        Unanswered::CouldNotAsk(cause)
    }
}
