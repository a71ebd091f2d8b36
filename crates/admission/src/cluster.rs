//! Look-ups in the cluster, for context-aware modules.

use std::fmt;

/// The cluster as a module may ask it: the policy server's host capabilities in Wasm, manifests in
/// tests and on the command line.
///
/// A missing object, a refused question and an unanswered one are three different answers.
pub trait Cluster {
    /// The objects that match, as the JSON text of a Kubernetes list (`{"items":[…]}`).
    ///
    /// # Errors
    /// When the question was refused or could not be asked.
    fn list(&self, query: &Query<'_>) -> Result<String, Unanswered>;
}

/// Which objects, and which of their fields.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// `v1` for the core group, else `group/version`.
    pub api_version: &'a str,
    /// The kind in the singular, such as `Namespace`.
    pub kind: &'a str,
    /// Only this namespace; `None` for all of them and for cluster-scoped kinds.
    pub namespace: Option<&'a str>,
    /// Only the object of this name. Asked as a list with a field selector, because `get_resource`
    /// answers a missing object and a failure alike, with an error text.
    pub name: Option<&'a str>,
    /// Dot paths of the fields wanted, arrays implicit; empty for all. The host cuts the rest away
    /// before it copies the answer into the module.
    pub fields: &'a [&'a str],
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// The kind is missing from the policy's `contextAwareResources`, or RBAC refuses it.
    NotPermitted(String),
    /// The host does not know: no cluster behind it, or no answer from the API server.
    CouldNotAsk(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPermitted(cause) => write!(f, "not permitted: {cause}"),
            Self::CouldNotAsk(cause) => write!(f, "could not ask: {cause}"),
        }
    }
}

impl std::error::Error for Unanswered {}

/// No cluster at all: every question stays unanswered.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCluster;

impl Cluster for NoCluster {
    fn list(&self, query: &Query<'_>) -> Result<String, Unanswered> {
        let cause = format!("no cluster to ask for {} {}", query.api_version, query.kind);
        Err(Unanswered::CouldNotAsk(cause))
    }
}
