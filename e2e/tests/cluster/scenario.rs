//! A scenario: one observable property of the cluster.

use e2e::hosts::PolicyServer;

use crate::cluster::TestCluster;

/// A scenario. It panics if the property does not hold.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// A stable id, `TOPIC/NAME`.
    pub(crate) id: &'static str,
    /// The property, as a sentence.
    pub(crate) description: &'static str,
    pub(crate) requirement: Requirement,
    pub(crate) run: fn(&mut TestCluster),
}

/// What a scenario requires of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    Nothing,
    DefaultClass,
    /// The suite's own API server, to change and to restart.
    OwnApiServer,
    /// The suite's own webhook server, to replace its replicas.
    OwnPolicyServer,
}

impl Scenario {
    pub(crate) const fn new(
        id: &'static str,
        description: &'static str,
        run: fn(&mut TestCluster),
    ) -> Self {
        Self {
            id,
            description,
            requirement: Requirement::Nothing,
            run,
        }
    }

    pub(crate) const fn requires(mut self, requirement: Requirement) -> Self {
        self.requirement = requirement;
        self
    }
}

impl Requirement {
    /// Returns why a cluster does not meet the requirement, if it does not.
    pub(crate) fn unmet(self, cluster: &TestCluster) -> Option<&'static str> {
        match self {
            Self::DefaultClass if cluster.default_class().is_none() => {
                Some("the cluster has no default storage class")
            }
            Self::OwnApiServer if cluster.is_existing() => {
                Some("the scenario changes or restarts the API server")
            }
            Self::OwnPolicyServer if PolicyServer::find().is_ok() => {
                Some("the scenario replaces replicas of the suite's own webhook server")
            }
            _ => None,
        }
    }
}
