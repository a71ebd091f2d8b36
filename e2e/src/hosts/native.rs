//! The module's own code, linked into the test: the quickest host, and the one a debugger reaches.

use admission::Cluster;
use serde_json::json;

use crate::cluster::{CaseCluster, Exchange};
use crate::hosts::Host;
use crate::{Case, Error, Outcome, Request};

/// A module's two calls.
struct Calls {
    module: &'static str,
    validate: fn(&[u8], &dyn Cluster) -> Vec<u8>,
    validate_settings: fn(&[u8]) -> Vec<u8>,
}

macro_rules! calls {
    ($module:literal, $crate_name:ident) => {
        Calls {
            module: $module,
            validate: |payload, cluster| {
                admission::validate::<$crate_name::Settings>(
                    payload,
                    $crate_name::evaluate,
                    cluster,
                )
            },
            validate_settings: |payload| {
                admission::validate_settings::<$crate_name::Settings>(payload)
            },
        }
    };
}

/// Every module, by name.
const MODULES: &[Calls] = &[
    calls!("httproute-attachment", httproute_attachment),
    calls!("httproute-over-ingress", httproute_over_ingress),
    calls!("internal-load-balancer", internal_load_balancer),
    calls!("secret-store-references", secret_store_references),
    calls!("storage-class", storage_class),
];

/// The modules as Rust libraries.
#[derive(Debug, Default)]
pub struct Native;

impl Native {
    /// The names of all modules.
    pub fn modules() -> impl Iterator<Item = &'static str> {
        MODULES.iter().map(|calls| calls.module)
    }

    /// What the module asks the cluster in a case, and is told: the session that kwctl replays.
    pub(super) fn exchanges(module: &str, case: &Case) -> Result<Vec<Exchange>, Error> {
        match case.request() {
            None => Ok(Vec::new()),
            Some(request) => Ok(validate(module, case, &request)?.1.into_exchanges()),
        }
    }
}

fn calls(module: &str) -> Result<&'static Calls, Error> {
    let calls = MODULES.iter().find(|calls| calls.module == module);
    Ok(calls.ok_or_else(|| format!("`{module}` is not linked into the native host"))?)
}

fn validate(module: &str, case: &Case, request: &Request) -> Result<(Vec<u8>, CaseCluster), Error> {
    let payload = json!({"settings": case.settings, "request": request.0}).to_string();
    let cluster = CaseCluster::of(case)?;
    let response = (calls(module)?.validate)(payload.as_bytes(), &cluster);
    Ok((response, cluster))
}

impl Host for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        match case.request() {
            None => {
                let settings = case.settings.to_string();
                let calls = calls(module)?;
                Outcome::of_settings_response(&(calls.validate_settings)(settings.as_bytes()))
            }
            Some(request) => Outcome::of_response(&validate(module, case, &request)?.0),
        }
    }
}
