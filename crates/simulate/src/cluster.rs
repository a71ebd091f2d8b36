//! A cluster of given objects, for modules that have no host calls around them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use admission::{Cluster, Query, QueryError};
use kubewarden::ContextAwareResource;

use crate::snapshot::{LookupError, Snapshot};

/// The objects that a module finds.
#[derive(Debug)]
pub struct Objects<'a> {
    snapshot: &'a Snapshot,
    /// The kinds that may be asked for; `None` for all.
    granted: Option<&'a [ContextAwareResource]>,
    unknown_kinds: RefCell<BTreeSet<ContextAwareResource>>,
}

impl<'a> Objects<'a> {
    /// The objects of `snapshot`, as far as a policy's `contextAwareResources` let the module see them.
    pub fn new(snapshot: &'a Snapshot, granted: Option<&'a [ContextAwareResource]>) -> Self {
        Self {
            snapshot,
            granted,
            unknown_kinds: RefCell::default(),
        }
    }

    /// The kinds that were asked for and that the snapshot cannot tell about.
    pub fn into_unknown_kinds(self) -> BTreeSet<ContextAwareResource> {
        self.unknown_kinds.into_inner()
    }
}

impl Cluster for Objects<'_> {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let kind = ContextAwareResource::new(query.api_version, query.kind);
        if self.granted.is_some_and(|granted| !granted.contains(&kind)) {
            // As the policy server says it.
            return Err(QueryError::NotPermitted(format!(
                "Policy has not been granted access to Kubernetes {kind} resources. The violation has \
                 been reported."
            )));
        }
        let answer = self
            .snapshot
            .list_answer(&kind, query.namespace, query.name, query.fields);
        answer.map_err(|error| {
            if let LookupError::Unknown(kind) = &error {
                self.unknown_kinds.borrow_mut().insert(kind.clone());
            }
            QueryError::Unavailable(error.to_string())
        })
    }
}
