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
        /// Answers a call of the host, given the lengths of its operation and payload. Returns 1, or 0 for an
        /// error.
        #[cfg(target_os = "wasi")]
        #[allow(
            unsafe_code,
            reason = "the host looks up the entry point by its unmangled name"
        )]
        #[unsafe(no_mangle)]
        pub extern "C" fn __guest_call(operation: usize, payload: usize) -> i32 {
            $crate::wasm::answer(
                operation,
                payload,
                |payload| $crate::validate::<$settings>(payload, $evaluate, &$cluster),
                |payload| $crate::validate_settings::<$settings>(payload),
            )
        }
    };
}

/// The code that [`export!`] uses in a module.
///
/// The crate `wapc-guest` keeps the functions of a module in a hash map behind a lock and reports errors as trait
/// objects. With the policy SDK, it would add 20 to 31 KB to each module (docs/adr/0024).
#[cfg(target_os = "wasi")]
pub mod wasm {
    use crate::cluster::contains;
    use crate::edit::push_string;
    use crate::{Cluster, Query, QueryError, joined};

    /// The functions that waPC hosts provide. Those that only read are safe: the host checks the bounds. Source:
    /// `protocol.rs` in the crate `wapc-guest` 1.2.
    mod host {
        #[allow(unsafe_code, reason = "only the host implements them")]
        #[link(wasm_import_module = "wapc")]
        unsafe extern "C" {
            /// Fills the operation and the payload of the current call.
            pub(super) fn __guest_request(operation: *mut u8, payload: *mut u8);
            /// Sets the response to the current call.
            pub(super) safe fn __guest_response(text: *const u8, length: usize);
            /// Sets the error of the current call.
            pub(super) safe fn __guest_error(text: *const u8, length: usize);
            /// Calls the host. Returns 1, or another number for an error.
            pub(super) safe fn __host_call(
                binding: *const u8,
                binding_length: usize,
                namespace: *const u8,
                namespace_length: usize,
                operation: *const u8,
                operation_length: usize,
                payload: *const u8,
                payload_length: usize,
            ) -> usize;
            /// Returns the length of the response to the last call of the host.
            pub(super) safe fn __host_response_len() -> usize;
            /// Fills the response to the last call of the host.
            pub(super) fn __host_response(text: *mut u8);
            /// Returns the length of the error of the last call of the host.
            pub(super) safe fn __host_error_len() -> usize;
            /// Fills the error of the last call of the host.
            pub(super) fn __host_error(text: *mut u8);
        }
    }

    /// Answers a call of the host with one of the functions.
    pub fn answer(
        operation: usize,
        payload: usize,
        validate: fn(&[u8]) -> Vec<u8>,
        validate_settings: fn(&[u8]) -> Vec<u8>,
    ) -> i32 {
        let mut operation = vec![0; operation];
        let mut payload = vec![0; payload];
        #[allow(unsafe_code, reason = "the host passes the lengths of what it fills")]
        unsafe {
            host::__guest_request(operation.as_mut_ptr(), payload.as_mut_ptr());
        }
        let response = match operation.as_slice() {
            b"validate" => validate(&payload),
            b"validate_settings" => validate_settings(&payload),
            b"protocol_version" => b"\"v1\"".to_vec(),
            _ => {
                let error = "unknown operation";
                host::__guest_error(error.as_ptr(), error.len());
                return 0;
            }
        };
        host::__guest_response(response.as_ptr(), response.len());
        1
    }

    /// Calls a Kubernetes capability of the policy server.
    fn call(operation: &str, payload: &str) -> Result<String, QueryError> {
        let (binding, namespace) = ("kubewarden", "kubernetes");
        let status = host::__host_call(
            binding.as_ptr(),
            binding.len(),
            namespace.as_ptr(),
            namespace.len(),
            operation.as_ptr(),
            operation.len(),
            payload.as_ptr(),
            payload.len(),
        );
        let is_response = status == 1;
        let length = match is_response {
            true => host::__host_response_len(),
            false => host::__host_error_len(),
        };
        let mut text = vec![0; length];
        #[allow(
            unsafe_code,
            reason = "the buffer has the length of what the host fills"
        )]
        unsafe {
            match is_response {
                true => host::__host_response(text.as_mut_ptr()),
                false => host::__host_error(text.as_mut_ptr()),
            }
        }
        match String::from_utf8(text) {
            Ok(text) if is_response => Ok(text),
            Ok(error) => Err(query_error(error)),
            Err(error) => Err(QueryError::Unavailable(error.to_string())),
        }
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
            call(operation, &request(query))
        }
    }

    /// Returns the policy SDK's `ListResourcesByNamespaceRequest`, or `ListAllResourcesRequest` without a
    /// namespace, as JSON.
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
