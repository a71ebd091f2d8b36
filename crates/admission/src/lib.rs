//! The library of every Agnostics policy.
//!
//! A policy is a settings type and a pure function
//! `evaluate(&Settings, &AdmissionRequest, &dyn Cluster) -> Result<Verdict, Malformed>`. The same code runs
//! natively, in tests and in the command line, and as Wasm in the policy server; [`export!`] generates the
//! Wasm entry point. [`rule!`] declares what a policy checks.
//!
//! Reading borrows from the payload ([`Node`]), and mutations change only the bytes that they must
//! ([`Edits`]): everything else in an object stays byte for byte.

/// The name that the macros use for this crate.
extern crate self as admission;

mod cluster;
mod distance;
mod domain;
mod edit;
mod exemption;
mod export;
mod finding;
mod findings;
mod json;
mod map;
mod names;
mod path;
mod regex;
mod request;
mod rule;
mod scan;
#[doc(hidden)]
pub mod setting;
mod settings;
mod text;
mod verdict;

pub use cluster::{Cluster, NoCluster, Query, QueryError};
pub use distance::distance;
pub use domain::{Domain, Place};
pub use edit::Edits;
pub use exemption::Exemption;
#[cfg(target_os = "wasi")]
#[doc(hidden)]
pub use export::wasm;
pub use finding::{Finding, Severity};
pub use findings::Findings;
pub use json::{Fault, Malformed, Node, Object};
pub use map::Map;
pub use names::{is_dns_label, is_dns_subdomain, is_placeholder};
pub use regex::Regex;
pub use request::{AdmissionRequest, GroupVersionKind, Operation};
pub use rule::{MALFORMED_INPUT, NOT_CHECKED, Rule, RuleId, RuleSet, SHARED_RULES};
pub use setting::Setting;
pub use settings::{SettingErrors, Settings, read as read_settings};
pub use text::{excerpt, joined, listed, strings};
pub use verdict::{Decision, Verdict};

/// Crates that the code of [`settings!`] and [`choice!`] uses outside Wasm.
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod native {
    pub use schemars;
    pub use serde;
}

/// The `evaluate` function of a policy. Its error means that the request cannot be read, and rejects it.
pub type Evaluate<S> = fn(&S, &AdmissionRequest<'_>, &dyn Cluster) -> Result<Verdict, Malformed>;

/// Handles the waPC call `validate`: returns the response to any payload.
pub fn validate<S: Settings>(
    payload: &[u8],
    evaluate: Evaluate<S>,
    cluster: &dyn Cluster,
) -> Vec<u8> {
    decide(payload, evaluate, cluster).to_response()
}

/// Returns the verdict on a payload of waPC's `validate`, `{"settings":…,"request":…}`. A payload that cannot
/// be read is rejected.
pub fn decide<S: Settings>(
    payload: &[u8],
    evaluate: Evaluate<S>,
    cluster: &dyn Cluster,
) -> Verdict {
    try_decide(payload, evaluate, cluster).unwrap_or_else(Verdict::from)
}

fn try_decide<S: Settings>(
    payload: &[u8],
    evaluate: Evaluate<S>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let about = |problem: String| Malformed::new("", problem);
    let text = std::str::from_utf8(payload)
        .map_err(|error| about(format!("the payload is not UTF-8 text: {error}")))?;
    let payload = Node::parse(text)
        .map_err(|error| about(format!("the payload {}", error.problem)))?
        .object()
        .map_err(|error| about(format!("the payload {}", error.problem)))?;
    let settings = payload.get("settings")?.map(Node::at_root);
    let settings = settings::read_node(settings).map_err(about)?;
    let request = payload
        .get("request")?
        .ok_or_else(|| payload.malformed("request", "is missing"))?;
    evaluate(&settings, &AdmissionRequest::read(request)?, cluster)
}

/// Handles the waPC call `validate_settings`.
pub fn validate_settings<S: Settings>(payload: &[u8]) -> Vec<u8> {
    let verdict = match std::str::from_utf8(payload) {
        Ok(text) => settings::read::<S>(text).map(drop),
        Err(error) => Err(format!("settings are not UTF-8 text: {error}")),
    };
    settings::to_response(verdict)
}
