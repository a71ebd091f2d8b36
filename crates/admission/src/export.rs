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
    use kubewarden_policy_sdk::{protocol_version_guest, wapc_guest};
    use wapc_guest::CallResult;

    use crate::edit::push_string;
    use crate::{Cluster, Query, Unanswered, joined};

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
            let operation = match query.namespace {
                Some(_) => "list_resources_by_namespace",
                None => "list_resources_all",
            };
            let request = request(query).into_bytes();
            let answer = wapc_guest::host_call("kubewarden", "kubernetes", operation, &request)
                .map_err(|error| refusal(error.to_string()))?;
            String::from_utf8(answer).map_err(|error| Unanswered::CouldNotAsk(error.to_string()))
        }
    }

    /// The SDK's `ListResourcesByNamespaceRequest`, or `ListAllResourcesRequest` without a namespace, as
    /// JSON. Its own field masks are a set, whose hashing and sorting would cost a module 10 KB.
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

    /// The host answers every failure with a text; these are the two that mean "you may not":
    /// policy-evaluator's for kinds missing from `contextAwareResources`, and the API server's 403.
    fn refusal(cause: String) -> Unanswered {
        let refused = ["has not been granted access to", "is forbidden"];
        // `contains` would bring a searcher of 3 KB, for a text that is searched when all is lost.
        let holds = |words: &&str| {
            let mut parts = cause.as_bytes().windows(words.len());
            parts.any(|part| part == words.as_bytes())
        };
        if refused.iter().any(holds) {
            return Unanswered::NotPermitted(cause);
        }
        Unanswered::CouldNotAsk(cause)
    }
}
