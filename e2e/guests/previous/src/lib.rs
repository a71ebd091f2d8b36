//! An earlier version of hostname-ownership, from which the suite `cluster` upgrades. It checks routes only,
//! rejects every annotation with hostnames, and has the setting `owners` instead of `delegation`.

#![cfg(target_family = "wasm")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use wapc_guest::{CallResult, register_function};

/// The annotation whose hostnames ExternalDNS publishes.
const HOSTNAME: &str = "external-dns.alpha.kubernetes.io/hostname";

/// Registers the operations. The waPC host calls it once per instance, before anything else.
#[allow(
    unsafe_code,
    reason = "the host finds the entry point by its unmangled name"
)]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function("protocol_version", |_| Ok(br#""v1""#.to_vec()));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    domain: String,
    /// The hosts of each namespace.
    owners: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Payload {
    settings: Settings,
    request: Request,
}

#[derive(Deserialize)]
struct Request {
    namespace: String,
    object: Value,
}

fn validate(payload: &[u8]) -> CallResult {
    let Payload { settings, request } = serde_json::from_slice(payload)?;
    let hostnames = request.object.pointer("/spec/hostnames");
    let response = match hostnames.and_then(Value::as_array) {
        None => json!({"accepted": true, "warnings": ["previous version: not a route"]}),
        Some(hostnames) => {
            let message = settings.rejection(&request, hostnames);
            json!({"accepted": message.is_none(), "message": message})
        }
    };
    Ok(serde_json::to_vec(&response)?)
}

impl Settings {
    /// Returns why a route is rejected, if it is.
    fn rejection(&self, request: &Request, hostnames: &[Value]) -> Option<String> {
        let owned = self.owners.get(&request.namespace);
        let is_owned = |hostname: &Value| {
            let host = hostname.as_str()?.strip_suffix(&self.domain)?;
            let host = host.strip_suffix('.')?;
            owned?.iter().find(|owned| *owned == host)
        };
        if let Some(other) = hostnames.iter().find(|it| is_owned(it).is_none()) {
            return Some(format!("previous version: {other} has another owner"));
        }
        let annotations = request.object.pointer("/metadata/annotations");
        annotations
            .is_some_and(|it| it.get(HOSTNAME).is_some())
            .then(|| format!("previous version: unsupported annotation {HOSTNAME}"))
    }
}

fn validate_settings(payload: &[u8]) -> CallResult {
    let response = match serde_json::from_slice::<Settings>(payload) {
        Ok(_) => json!({"valid": true}),
        Err(error) => json!({"valid": false, "message": error.to_string()}),
    };
    Ok(serde_json::to_vec(&response)?)
}
