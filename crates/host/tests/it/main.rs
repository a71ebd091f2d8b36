//! Tests of the host with built modules: those of `e2e/guests`, and small ones written here.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers"
)]

mod bad_modules;
mod host_calls;
mod limits;
mod responses;

use std::path::Path;

use host::{ContextAwareResource, Host, Metadata, Module, Options};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

/// Reads the built guest `name`.
fn guest(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/guests")
        .join(name)
        .with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}: run `cargo xtask build` first", path.display())
    })
}

fn host() -> Host {
    Host::new(Options::default()).unwrap()
}

/// The guest whose settings select its action.
fn probe() -> Module {
    host().load("probe", &guest("probe")).unwrap()
}

/// The probe with access to `kinds`.
fn probe_for(kinds: &[(&str, &str)]) -> Module {
    let metadata = Metadata {
        context_aware_resources: resources(kinds).collect(),
        ..Metadata::default()
    };
    host()
        .load(
            "probe",
            &kubewarden::write(&guest("probe"), &metadata).unwrap(),
        )
        .unwrap()
}

fn resources(kinds: &[(&str, &str)]) -> impl Iterator<Item = ContextAwareResource> {
    kinds
        .iter()
        .map(|&(api_version, kind)| ContextAwareResource::new(api_version, kind))
}

fn raw(value: Value) -> Box<RawValue> {
    to_raw_value(&value).unwrap()
}

fn text(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// Settings that make the probe run `action`.
fn settings_for(action: Value) -> Box<RawValue> {
    raw(json!({ "do": action }))
}

fn request() -> Box<RawValue> {
    text(r#"{"operation":"CREATE","object":{}}"#)
}
