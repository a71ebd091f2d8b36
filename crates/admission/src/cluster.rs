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

impl QueryError {
    /// Returns whether the API server does not serve the kind in the version of the query: its CRD is not
    /// installed, or only with other versions.
    ///
    /// The host's error is only a text. Kubewarden's `policy-evaluator` (`callback_handler/kubernetes/client.rs`,
    /// `build_kube_resource`) says that it cannot find the resource in the API group, or, if there is no such
    /// group, quotes the API server's response.
    pub fn is_not_installed(&self) -> bool {
        match self {
            Self::NotPermitted(_) => false,
            Self::Unavailable(cause) => {
                contains(cause, "Cannot find resource ") || contains(cause, "404 page not found")
            }
        }
    }
}

/// `str::contains` would add 3 KB to a module.
pub(crate) fn contains(text: &str, words: &str) -> bool {
    let mut parts = text.as_bytes().windows(words.len());
    parts.any(|part| part == words.as_bytes())
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

#[cfg(test)]
mod tests {
    use super::QueryError;

    #[test]
    fn only_a_missing_kind_is_not_installed() {
        for (cause, expected) in [
            (
                "Callback evaluation failure: error finding resource externaldns.k8s.io/v1alpha1 / DNSEndpoint: \
                 ApiError: 404 page not found\n: Failed to parse error data",
                true,
            ),
            (
                "Callback evaluation failure: Cannot find resource externaldns.k8s.io/v1alpha1/DNSEndpoint",
                true,
            ),
            (
                "Callback evaluation failure: error finding resource a.b/v1 / C: connection refused",
                false,
            ),
            (
                "Callback evaluation failure: Cannot find v1/Pod named 'a' inside of namespace 'None'",
                false,
            ),
        ] {
            let error = QueryError::Unavailable(cause.to_owned());
            assert_eq!(error.is_not_installed(), expected, "{cause}");
            let error = QueryError::NotPermitted(cause.to_owned());
            assert!(!error.is_not_installed(), "{cause}");
        }
    }
}
