//! The module's own code, linked into the test: the quickest host, and the one a debugger reaches.

use admission::Verdict;
use simulate::builtin::{self, BuiltinPolicy, POLICIES};

use crate::cluster::{CaseCluster, Exchange};
use crate::hosts::Host;
use crate::{Case, Error, Operation, Outcome};

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
        Ok(respond(module, case)?.0)
    }

    /// The policy's verdict in a case that has a request.
    ///
    /// # Errors
    /// When there is no such policy, or the case's cluster is none.
    pub fn verdict(policy: &str, case: &Case) -> Result<Verdict, Error> {
        let policy = find(policy)?;
        let (_, payload) = case.call();
        Ok((policy.decide)(payload.as_bytes(), &CaseCluster::of(case)?))
    }

    /// What the module asks the cluster in a case, and is told: the session that kwctl replays.
    pub(super) fn exchanges(module: &str, case: &Case) -> Result<Vec<Exchange>, Error> {
        Ok(respond(module, case)?.1.into_exchanges())
    }
}

fn find(policy: &str) -> Result<&'static BuiltinPolicy, Error> {
    let found = builtin::policy(policy);
    found.ok_or_else(|| format!("`{policy}` is not among the built-in policies").into())
}

fn respond(module: &str, case: &Case) -> Result<(Vec<u8>, CaseCluster), Error> {
    let policy = find(module)?;
    let cluster = CaseCluster::of(case)?;
    let (operation, payload) = case.call();
    let response = match operation {
        Operation::Validate => (policy.decide)(payload.as_bytes(), &cluster).to_response(),
        Operation::ValidateSettings => (policy.validate_settings)(payload.as_bytes()),
    };
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
