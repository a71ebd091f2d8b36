//! Reads the request with the policy SDK and accepts it, as Kubewarden's policy template does: the baseline of
//! the benchmarks.

#![cfg(target_family = "wasm")]

use kubewarden_policy_sdk::request::ValidationRequest;
use kubewarden_policy_sdk::wapc_guest::{CallResult, register_function};
use kubewarden_policy_sdk::{accept_request, protocol_version_guest, settings, validate_settings};
use serde::{Deserialize, Serialize};

/// Registers the operations. The waPC host calls it once per instance, before anything else.
#[allow(
    unsafe_code,
    reason = "the host finds the entry point by its unmangled name"
)]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings::<Settings>);
    register_function("protocol_version", protocol_version_guest);
}

/// Accepts any mapping and ignores its content.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Settings {}

impl settings::Validatable for Settings {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

fn validate(payload: &[u8]) -> CallResult {
    let _request: ValidationRequest<Settings> = ValidationRequest::new(payload)?;
    accept_request()
}
