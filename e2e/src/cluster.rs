//! The cluster of a case, for hosts without host calls.

use std::cell::RefCell;

use admission::{Cluster, Query, QueryError};
use host::{ContextAwareResource, Snapshot};

use crate::{Case, Error};

/// A look-up of a policy, and the answer.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) answer: Result<String, String>,
}

/// The objects of a case's `cluster`. They are all objects of their kinds; look-ups of other kinds fail.
#[derive(Debug)]
pub(crate) struct CaseCluster {
    snapshot: Snapshot,
    exchanges: RefCell<Vec<Exchange>>,
}

impl CaseCluster {
    pub(crate) fn of(case: &Case) -> Result<Self, Error> {
        Ok(Self {
            snapshot: case.snapshot()?,
            exchanges: RefCell::default(),
        })
    }

    /// Returns all look-ups in order.
    pub(crate) fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges.into_inner()
    }
}

impl Cluster for CaseCluster {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let kind = ContextAwareResource::new(query.api_version, query.kind);
        let answer = self
            .snapshot
            .list_json(&kind, query.namespace, query.name, query.fields)
            .map_err(|error| error.to_string());
        self.exchanges.borrow_mut().push(Exchange {
            api_version: query.api_version.to_owned(),
            kind: query.kind.to_owned(),
            namespace: query.namespace.map(str::to_owned),
            name: query.name.map(str::to_owned),
            fields: query.fields.iter().map(|&it| it.to_owned()).collect(),
            answer: answer.clone(),
        });
        answer.map_err(QueryError::Unavailable)
    }
}
