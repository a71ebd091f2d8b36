//! The module's own code, linked into the test: the quickest host, and the one a debugger reaches.

use admission::{Cluster, NoCluster};
use serde_json::json;

use crate::hosts::Host;
use crate::{Case, Error, Outcome};

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
    calls!("internal-load-balancer", internal_load_balancer),
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
}

impl Host for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        let calls = MODULES.iter().find(|calls| calls.module == module);
        let calls =
            calls.ok_or_else(|| format!("`{module}` is not linked into the native host"))?;
        match case.request() {
            None => {
                let settings = case.settings.to_string();
                Outcome::of_settings_response(&(calls.validate_settings)(settings.as_bytes()))
            }
            Some(request) => {
                let payload = json!({"settings": case.settings, "request": request.0});
                let payload = payload.to_string();
                Outcome::of_response(&(calls.validate)(payload.as_bytes(), &NoCluster))
            }
        }
    }
}
