//! Cluster look-ups of built-in policies, answered from a snapshot.

use std::cell::RefCell;
use std::collections::BTreeSet;

use admission::{Cluster, Query, QueryError};
use kubewarden::ContextAwareResource;

use crate::snapshot::{LookupError, Snapshot};

/// A snapshot as the cluster of one built-in policy.
#[derive(Debug)]
pub struct SnapshotCluster<'a> {
    snapshot: &'a Snapshot,
    /// The kinds that the policy may look up; `None` allows all.
    granted: Option<&'a [ContextAwareResource]>,
    unknown_kinds: RefCell<BTreeSet<ContextAwareResource>>,
}

impl<'a> SnapshotCluster<'a> {
    /// Restricts `snapshot` to the kinds `granted` by the policy's `contextAwareResources`.
    pub fn new(snapshot: &'a Snapshot, granted: Option<&'a [ContextAwareResource]>) -> Self {
        Self {
            snapshot,
            granted,
            unknown_kinds: RefCell::default(),
        }
    }

    /// Returns the kinds that the policy looked up although the snapshot does not hold all their objects.
    pub fn into_unknown_kinds(self) -> BTreeSet<ContextAwareResource> {
        self.unknown_kinds.into_inner()
    }
}

impl Cluster for SnapshotCluster<'_> {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let kind = ContextAwareResource::new(query.api_version, query.kind);
        if self.granted.is_some_and(|granted| !granted.contains(&kind)) {
            // The policy server's own text.
            return Err(QueryError::NotPermitted(format!(
                "Policy has not been granted access to Kubernetes {kind} resources. The violation has \
                 been reported."
            )));
        }
        let list = self
            .snapshot
            .list_json(&kind, query.namespace, query.name, query.fields);
        if matches!(list, Err(LookupError::Unknown(_))) || self.snapshot.is_partial(&kind) {
            self.unknown_kinds.borrow_mut().insert(kind);
        }
        list.map_err(|error| QueryError::Unavailable(error.to_string()))
    }
}
