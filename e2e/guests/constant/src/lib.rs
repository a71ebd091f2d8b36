//! Accepts every request without reading it: the minimal waPC module, and the lower bound of the benchmarks.

#![cfg(target_family = "wasm")]

use wapc_guest::register_function;

/// Registers the operations. The waPC host calls it once per instance, before anything else.
#[allow(
    unsafe_code,
    reason = "the host finds the entry point by its unmangled name"
)]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", |_| Ok(br#"{"accepted":true}"#.to_vec()));
    register_function("validate_settings", |_| Ok(br#"{"valid":true}"#.to_vec()));
    register_function("protocol_version", |_| Ok(br#""v1""#.to_vec()));
}
