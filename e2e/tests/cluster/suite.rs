//! Runs the scenarios and reports their results.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use libtest_mimic::{Completion, Failed, Trial};

use crate::cluster::TestCluster;
use crate::existing::ExistingCluster;
use crate::policies::Profile;
use crate::process::is_interrupted;
use crate::report::{self, Outcome, Report};
use crate::scenario::Scenario;
use crate::{
    claims, cluster_dns, conditions, crds, existing_cluster, external_dns, external_secrets,
    faults, hostnames, ingresses, manifests, project_admin, services, stores, upgrades, versions,
};

/// The variable with which `cargo xtask e2e cluster` makes the suite write the report.
pub(crate) const WRITE_REPORT: &str = "AGNOSTICS_E2E_WRITE_REPORT";

/// All scenarios, in the order in which they run.
fn scenarios() -> Vec<Scenario> {
    [
        claims::SCENARIOS,
        services::SCENARIOS,
        ingresses::SCENARIOS,
        stores::SCENARIOS,
        hostnames::SCENARIOS,
        conditions::SCENARIOS,
        manifests::SCENARIOS,
        external_dns::SCENARIOS,
        cluster_dns::SCENARIOS,
        external_secrets::SCENARIOS,
        project_admin::SCENARIOS,
        faults::SCENARIOS,
        upgrades::SCENARIOS,
        existing_cluster::SCENARIOS,
    ]
    .concat()
}

/// The cluster and the results so far.
pub(crate) struct Suite {
    cluster: TestCluster,
    /// Whether the last scenario failed. It may have left the cluster in any state.
    failed: bool,
    started: Instant,
    results: Vec<report::Scenario>,
}

type Shared = Arc<Mutex<Option<Suite>>>;

/// Returns a trial for each scenario, and one for the report or the clean-up. The suite is `None` if its tests
/// are only listed.
pub(crate) fn trials(suite: &Shared) -> Vec<Trial> {
    let mut trials: Vec<Trial> = scenarios()
        .into_iter()
        .map(|scenario| trial(suite, scenario.id, move |suite| suite.run(&scenario)))
        .collect();
    let is_existing = |suite: &Suite| suite.cluster.is_existing();
    trials.push(match lock(suite).as_ref().is_some_and(is_existing) {
        true => trial(suite, "clean-up", Suite::clean_up),
        false => trial(suite, "report", Suite::report),
    });
    trials
}

fn trial(
    suite: &Shared,
    name: &str,
    run: impl FnOnce(&mut Suite) -> Result<Completion, Failed> + Send + 'static,
) -> Trial {
    let suite = Arc::clone(suite);
    Trial::ignorable_test(name, move || {
        run(lock(&suite).as_mut().expect("the suite is started"))
    })
}

/// Locks the suite, even if a scenario panicked.
fn lock(suite: &Shared) -> MutexGuard<'_, Option<Suite>> {
    suite.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Suite {
    /// Prepares the cluster.
    ///
    /// # Errors
    /// Returns an error if the suite cannot run on the existing cluster.
    pub(crate) fn start() -> Result<Self, String> {
        let started = Instant::now();
        let mut cluster = match ExistingCluster::from_env()? {
            Some(existing) => TestCluster::existing(existing)?,
            None => TestCluster::start(),
        };
        if !cluster.is_existing() {
            claims::before(&cluster);
        }
        crds::install(&cluster);
        claims::classes(&cluster);
        hostnames::before(&cluster);
        cluster.install(Profile::K3s);
        Ok(Self {
            cluster,
            failed: false,
            started,
            results: Vec::new(),
        })
    }

    fn run(&mut self, scenario: &Scenario) -> Result<Completion, Failed> {
        if is_interrupted() {
            return Err("interrupted".into());
        }
        if let Some(reason) = scenario.requirement.unmet(&self.cluster) {
            self.record(scenario, Outcome::Skipped);
            return Ok(Completion::ignored_with(reason));
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            if self.failed {
                self.cluster.reset();
            }
            (scenario.run)(&mut self.cluster);
        }));
        self.failed = result.is_err();
        match result {
            Ok(()) => self.record(scenario, Outcome::Passed),
            Err(panic) => {
                self.record(scenario, Outcome::Failed);
                // The test harness prints the panic.
                resume_unwind(panic);
            }
        }
        Ok(Completion::Completed)
    }

    fn record(&mut self, scenario: &Scenario, result: Outcome) {
        self.results.push(report::Scenario {
            id: scenario.id.to_owned(),
            description: scenario.description.to_owned(),
            result,
        });
    }

    /// Deletes what the suite created on an existing cluster.
    fn clean_up(&mut self) -> Result<Completion, Failed> {
        self.cluster.clean_up()?;
        Ok(Completion::Completed)
    }

    /// Writes the report if [`WRITE_REPORT`] is set. Otherwise checks that the committed report has the same
    /// scenarios and results.
    fn report(&mut self) -> Result<Completion, Failed> {
        if self.results.len() < scenarios().len() {
            return Ok(Completion::ignored_with("not all scenarios ran"));
        }
        let report = Report::new(
            versions::commit(),
            self.started.elapsed(),
            versions::all(&self.cluster),
            crds::versions(),
            std::mem::take(&mut self.results),
        );
        if std::env::var_os(WRITE_REPORT).is_some() {
            report.write()?;
        } else if report.statistics.failed == 0 && Report::read()?.scenarios != report.scenarios {
            return Err(format!(
                "{} is outdated; run `cargo xtask e2e cluster`",
                report::YAML
            )
            .into());
        }
        Ok(Completion::Completed)
    }
}
