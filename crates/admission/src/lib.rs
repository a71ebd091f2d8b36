//! What every Agnostics module shares.
//!
//! A module is a settings type and a pure function
//! `evaluate(&Settings, &AdmissionRequest, &dyn Cluster) -> Result<Verdict, Malformed>`; the same code
//! runs natively in tests and as Wasm in the policy server. [`export!`] makes the Wasm entry point.
//!
//! Reading borrows from the payload ([`Node`]), and changes touch only the bytes they must
//! ([`Edits`]): what a module does not know comes back as it came.

mod cluster;
mod distance;
mod domain;
mod edit;
mod export;
mod findings;
mod json;
mod map;
mod names;
mod path;
mod request;
mod scan;
#[doc(hidden)]
pub mod setting;
mod settings;
mod text;
mod verdict;

pub use cluster::{Cluster, NoCluster, Query, Unanswered};
pub use distance::distance;
pub use domain::{Domain, Place};
pub use edit::Edits;
#[cfg(target_os = "wasi")]
#[doc(hidden)]
pub use export::wasm;
pub use findings::Findings;
pub use json::{Fault, Malformed, Node, Object};
pub use map::Map;
pub use names::{is_dns_label, is_dns_subdomain, is_placeholder};
pub use request::{AdmissionRequest, GroupVersionKind, Operation};
pub use setting::Setting;
pub use settings::{SettingFindings, Settings, read as read_settings};
pub use text::{excerpt, joined, listed, strings};
pub use verdict::{Decision, Verdict};

/// What [`settings!`] and [`choice!`] need outside of Wasm.
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod native {
    pub use schemars;
    pub use serde;
}

/// A module's judgement. The error is a request that cannot be read, which becomes a rejection.
pub type Evaluate<S> = fn(&S, &AdmissionRequest<'_>, &dyn Cluster) -> Result<Verdict, Malformed>;

/// Answers the waPC call `validate`: reads `{"settings":…,"request":…}`, asks the module, writes the
/// response. Whatever the payload holds, there is a response.
pub fn validate<S: Settings>(
    payload: &[u8],
    evaluate: Evaluate<S>,
    cluster: &dyn Cluster,
) -> Vec<u8> {
    let verdict = judge(payload, evaluate, cluster);
    verdict.unwrap_or_else(Verdict::from).to_response()
}

fn judge<S: Settings>(
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

/// Answers the waPC call `validate_settings`.
pub fn validate_settings<S: Settings>(payload: &[u8]) -> Vec<u8> {
    let verdict = match std::str::from_utf8(payload) {
        Ok(text) => settings::read::<S>(text).map(drop),
        Err(error) => Err(format!("settings are not UTF-8 text: {error}")),
    };
    settings::to_response(verdict)
}
