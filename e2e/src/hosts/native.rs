//! The native code of the policies, linked into the test: the fastest host, and the one to debug.

use admission::Verdict;
use simulate::builtin::{self, BuiltinPolicy, POLICIES};

use crate::cluster::{CaseCluster, Exchange};
use crate::hosts::Host;
use crate::{Case, Error, Operation, Outcome};

/// The policies as Rust libraries.
#[derive(Debug, Default)]
pub struct Native;

impl Native {
    /// Returns the names of all policies.
    pub fn modules() -> impl Iterator<Item = &'static str> {
        POLICIES.iter().map(|policy| policy.name)
    }

    /// Returns the bytes that a policy returns for a case, as the policy server reads them.
    ///
    /// # Errors
    /// Returns an error if the policy does not exist or the cluster of the case is invalid.
    pub fn response(module: &str, case: &Case) -> Result<Vec<u8>, Error> {
        Ok(respond(module, case)?.0)
    }

    /// Returns the verdict of a policy in a case with a request.
    ///
    /// # Errors
    /// Returns an error if the policy does not exist or the cluster of the case is invalid.
    pub fn verdict(policy: &str, case: &Case) -> Result<Verdict, Error> {
        let policy = find(policy)?;
        let (_, payload) = case.call();
        Ok((policy.decide)(payload.as_bytes(), &CaseCluster::of(case)?))
    }

    /// Returns the look-ups of a policy in a case with their answers, which kwctl replays.
    pub(super) fn exchanges(module: &str, case: &Case) -> Result<Vec<Exchange>, Error> {
        Ok(respond(module, case)?.1.into_exchanges())
    }
}

fn find(policy: &str) -> Result<&'static BuiltinPolicy, Error> {
    let found = builtin::policy(policy);
    found.ok_or_else(|| format!("`{policy}` is not a built-in policy").into())
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
