//! Look-ups in the cluster, for context-aware policies.

use std::fmt;

/// The cluster, as far as a policy can query it: the host capabilities of the policy server in Wasm, manifests
/// in tests and in the command line.
///
/// "Not found" is an empty list; "not permitted" and "unavailable" are errors.
pub trait Cluster {
    /// Returns the matching objects as the JSON text of a Kubernetes list (`{"items":[…]}`).
    ///
    /// # Errors
    /// Returns an error if the policy may not list the kind, or if the cluster does not answer.
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError>;
}

/// Selects objects and their fields.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// `v1` for the core group, otherwise `group/version`.
    pub api_version: &'a str,
    /// The kind in the singular, such as `Namespace`.
    pub kind: &'a str,
    /// The namespace; `None` for all namespaces and for cluster-scoped kinds.
    pub namespace: Option<&'a str>,
    /// The name of the only object to return. The query is a list with a field selector, because the host's
    /// `get_resource` reports a missing object and a failure in the same way, as an error text.
    pub name: Option<&'a str>,
    /// Dot-separated paths of the fields to return, without array indices; empty for all fields. The host
    /// removes other fields before it copies the response into the module.
    pub fields: &'a [&'a str],
}

/// Why a query failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError {
    /// The kind is missing from the policy's `contextAwareResources`, or RBAC does not allow listing it.
    NotPermitted(String),
    /// There is no cluster, or the API server did not answer.
    Unavailable(String),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPermitted(cause) => write!(f, "not permitted: {cause}"),
            Self::Unavailable(cause) => write!(f, "unavailable: {cause}"),
        }
    }
}

impl std::error::Error for QueryError {}

/// The absence of a cluster: every query fails with [`QueryError::Unavailable`].
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCluster;

impl Cluster for NoCluster {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let cause = format!(
            "no cluster to list {} {} from",
            query.api_version, query.kind
        );
        Err(QueryError::Unavailable(cause))
    }
}
