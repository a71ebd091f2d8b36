//! The report of the suite `cluster`: YAML for programs, and Markdown rendered from it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The committed report.
pub(crate) const YAML: &str = "e2e/reports/cluster.yaml";
pub(crate) const MARKDOWN: &str = "e2e/reports/cluster.md";

/// What the suite does not show, or shows with something else than a cluster runs.
const LIMITS: [&str; 3] = [
    "External Secrets' controller is the last release that is one Go module. `bootstrap/` pins a chart of a \
     later one, which serves the same `external-secrets.io/v1`.",
    "That chart is not available to the suite: its ServiceAccount and ClusterRole are the suite's own, with \
     what the chart grants beside `bootstrap/`'s values.",
    "No packets are routed and no pods run: the suite acts as Cilium, MetalLB and the controllers of \
     StatefulSets and volumes.",
];

/// A report.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    /// The day, as `2026-11-28`.
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) duration_seconds: u64,
    pub(crate) versions: BTreeMap<String, String>,
    /// The modules that the CRDs come from.
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
    /// Assembles a report of what ran now.
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
    /// If it is missing or has another schema.
    pub(crate) fn read() -> Result<Self, e2e::Error> {
        let text = std::fs::read_to_string(e2e::workspace::root().join(YAML))?;
        Ok(serde_saphyr::from_str(&text)?)
    }

    /// Writes both files.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn write(&self) -> Result<(), e2e::Error> {
        let yaml = serde_saphyr::to_string(self)?;
        let header = "# Written by `cargo xtask e2e cluster`. Do not edit.\n";
        std::fs::write(e2e::workspace::root().join(YAML), format!("{header}{yaml}"))?;
        self.write_markdown()
    }

    /// Writes the Markdown.
    ///
    /// # Errors
    /// If the file cannot be written.
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
             Rendered from [cluster.yaml](cluster.yaml), which `cargo xtask e2e cluster` writes. Kubewarden's \
             `policy-server` serves the policies if it is on PATH.\n\n\
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
