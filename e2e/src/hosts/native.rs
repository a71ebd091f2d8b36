//! The module's own code, linked into the test: the quickest host, and the one a debugger reaches.

use serde_json::json;
use simulate::builtin::{self, BuiltinPolicy, POLICIES};

use crate::cluster::{CaseCluster, Exchange};
use crate::hosts::Host;
use crate::{Case, Error, Outcome, Request};

/// The modules as Rust libraries.
#[derive(Debug, Default)]
pub struct Native;

impl Native {
    /// The names of all modules.
    pub fn modules() -> impl Iterator<Item = &'static str> {
        POLICIES.iter().map(|policy| policy.name)
    }

    /// The module's response in a case, as the policy server would read it.
    ///
    /// # Errors
    /// When there is no such module, or the case's cluster is none.
    pub fn response(module: &str, case: &Case) -> Result<Vec<u8>, Error> {
        match case.request() {
            None => {
                let settings = case.settings.to_string();
                Ok((policy(module)?.validate_settings)(settings.as_bytes()))
            }
            Some(request) => Ok(validate(module, case, &request)?.0),
        }
    }

    /// What the module asks the cluster in a case, and is told: the session that kwctl replays.
    pub(super) fn exchanges(module: &str, case: &Case) -> Result<Vec<Exchange>, Error> {
        match case.request() {
            None => Ok(Vec::new()),
            Some(request) => Ok(validate(module, case, &request)?.1.into_exchanges()),
        }
    }
}

fn policy(module: &str) -> Result<&'static BuiltinPolicy, Error> {
    let calls = builtin::policy(module);
    Ok(calls.ok_or_else(|| format!("`{module}` is not among the linked modules"))?)
}

fn validate(module: &str, case: &Case, request: &Request) -> Result<(Vec<u8>, CaseCluster), Error> {
    let payload = json!({"settings": case.settings, "request": request.0}).to_string();
    let cluster = CaseCluster::of(case)?;
    let response = (policy(module)?.validate)(payload.as_bytes(), &cluster);
    Ok((response, cluster))
}

impl Host for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        let response = Self::response(module, case)?;
        match case.request() {
            None => Outcome::of_settings_response(&response),
            Some(_) => Outcome::of_response(&response),
        }
    }
}
