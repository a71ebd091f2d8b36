//! The report of the suite `cluster`: a YAML file, and a Markdown file rendered from it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The committed report.
pub(crate) const YAML: &str = "e2e/reports/cluster.yaml";
pub(crate) const MARKDOWN: &str = "e2e/reports/cluster.md";

/// The limits of the suite: differences between its cluster and a real one.
const LIMITS: [&str; 3] = [
    "The suite runs the last release of External Secrets that is a single Go module. `bootstrap/` pins the \
     chart of a later release, which serves the same `external-secrets.io/v1`.",
    "The suite does not install that chart. It creates the chart's ServiceAccount and ClusterRole itself, \
     with the permissions that the chart grants for the values in `bootstrap/`.",
    "The suite routes no packets and runs no pods. It acts as Cilium, MetalLB, Kubewarden's controller, and the \
     controllers of StatefulSets and volumes.",
];

/// The report of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    /// The date, such as `2026-11-28`.
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) duration_seconds: u64,
    pub(crate) versions: BTreeMap<String, String>,
    /// The Go modules that contain the CRDs, with their versions.
    pub(crate) crds: BTreeMap<String, String>,
    pub(crate) statistics: Statistics,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) limits: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statistics {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) result: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Report {
    /// Creates a report with the current date.
    pub(crate) fn new(
        commit: String,
        duration: Duration,
        versions: BTreeMap<String, String>,
        crds: BTreeMap<String, String>,
        scenarios: Vec<Scenario>,
    ) -> Self {
        let count = |result| scenarios.iter().filter(|it| it.result == result).count();
        Self {
            schema_version: 1,
            date: Timestamp::now().strftime("%F").to_string(),
            commit,
            duration_seconds: duration.as_secs(),
            versions,
            crds,
            statistics: Statistics {
                passed: count(Outcome::Passed),
                failed: count(Outcome::Failed),
                skipped: count(Outcome::Skipped),
            },
            limits: LIMITS.map(str::to_owned).to_vec(),
            scenarios,
        }
    }

    /// Reads the committed report.
    ///
    /// # Errors
    /// Returns an error if it is missing or has another schema.
    pub(crate) fn read() -> Result<Self, e2e::Error> {
        let text = std::fs::read_to_string(e2e::workspace::root().join(YAML))?;
        Ok(serde_saphyr::from_str(&text)?)
    }

    /// Writes both files.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    pub(crate) fn write(&self) -> Result<(), e2e::Error> {
        let yaml = serde_saphyr::to_string(self)?;
        let header = "# Written by `cargo xtask e2e cluster`. Do not edit.\n";
        std::fs::write(e2e::workspace::root().join(YAML), format!("{header}{yaml}"))?;
        self.write_markdown()
    }

    /// Writes the Markdown file.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub(crate) fn write_markdown(&self) -> Result<(), e2e::Error> {
        std::fs::write(e2e::workspace::root().join(MARKDOWN), self.markdown())?;
        Ok(())
    }

    /// Renders the report as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let Statistics {
            passed,
            failed,
            skipped,
        } = self.statistics;
        let scenarios = self.scenarios.iter();
        let scenarios =
            scenarios.map(|it| format!("| {} | {} | {} |\n", it.id, it.description, it.result));
        let rows = |map: &BTreeMap<String, String>| -> String {
            map.iter()
                .map(|(name, version)| format!("| {name} | {version} |\n"))
                .collect()
        };
        let limits = self.limits.iter().map(|it| format!("- {it}\n"));
        format!(
            "# The policies on a real Kubernetes API server\n\n\
             `cargo xtask e2e cluster` writes [cluster.yaml](cluster.yaml), and this file is rendered from it. \
             Kubewarden's `policy-server` serves the policies if it is on PATH.\n\n\
             {date}, commit {commit}: {passed} passed, {failed} failed, {skipped} skipped, in {seconds} \
             seconds.\n\n\
             | scenario | property | result |\n|---|---|---|\n{scenarios}\n\
             ## Versions\n\n| program | version |\n|---|---|\n{versions}\n\
             | module with CRDs | version |\n|---|---|\n{crds}\n\
             ## Limits\n\n{limits}",
            date = self.date,
            commit = self.commit,
            seconds = self.duration_seconds,
            scenarios = scenarios.collect::<String>(),
            versions = rows(&self.versions),
            crds = rows(&self.crds),
            limits = limits.collect::<String>(),
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "**failed**",
            Self::Skipped => "skipped",
        })
    }
}
