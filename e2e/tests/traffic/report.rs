//! The report of the suite `traffic`: a YAML file, and a Markdown file rendered from it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The committed report.
pub(crate) const YAML: &str = "e2e/reports/traffic.yaml";
pub(crate) const MARKDOWN: &str = "e2e/reports/traffic.md";

/// The limits of the suite.
const LIMITS: [&str; 6] = [
    "ingress-nginx is the last version that is served as a Go module, which is between 1.10 and 1.11. Its NGINX \
     and Lua libraries are Debian's, and three Lua modules are stand-ins.",
    "Envoy is the upstream build, without the filters that Cilium's agent adds for network policies.",
    "One NGINX worker and one Envoy worker, HTTP/1.1 to both, and one endpoint for each Service.",
    "Not compared: response headers other than Location, bodies, WebSockets, client certificates, and headers \
     that each proxy adds about itself and the connection.",
    "TLS to backends and external authorization are not compared.",
    "`temporal-redirect-code` is newer than this ingress-nginx.",
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
    /// The seed of the generated sets and requests.
    pub(crate) seed: u64,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) groups: Vec<Group>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) limits: Vec<String>,
}

/// The figures of a group of sets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// The sets whose requests were compared.
    pub(crate) compared: usize,
    /// The sets whose translation reports that the routes do not replace the Ingresses.
    pub(crate) incomplete: usize,
    /// The sets that ingress-nginx rejects.
    pub(crate) rejected: usize,
    /// The sets for which the suite lacks something.
    pub(crate) unsupported: usize,
    pub(crate) requests: usize,
    pub(crate) equal: usize,
    pub(crate) reported: usize,
    pub(crate) unexplained: usize,
}

/// A kind of difference.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Difference {
    pub(crate) code: String,
    /// The requests that it explains, alone or with others.
    pub(crate) requests: usize,
    /// A message about it, or what the documentation says about all Ingresses.
    pub(crate) example: String,
}

impl Report {
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
        let header = "# Written by `cargo xtask e2e traffic`. Do not edit.\n";
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

    /// Returns the sum over all groups.
    pub(crate) fn total(&self) -> Group {
        let mut total = Group {
            name: "total".to_owned(),
            ..Group::default()
        };
        for group in &self.groups {
            total.compared += group.compared;
            total.incomplete += group.incomplete;
            total.rejected += group.rejected;
            total.unsupported += group.unsupported;
            total.requests += group.requests;
            total.equal += group.equal;
            total.reported += group.reported;
            total.unexplained += group.unexplained;
        }
        total
    }

    /// Renders the report as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let total = self.total();
        let groups: String = self.groups.iter().chain([&total]).map(Group::row).collect();
        let differences = self.differences.iter();
        let differences: String = differences
            .map(|it| {
                format!(
                    "| `{}` | {} | {} |\n",
                    it.code,
                    it.requests,
                    it.example.replace('|', "\\|")
                )
            })
            .collect();
        let versions = self.versions.iter();
        let versions: String = versions
            .map(|(name, it)| format!("| {name} | {it} |\n"))
            .collect();
        let limits: String = self.limits.iter().map(|it| format!("- {it}\n")).collect();
        format!(
            "# The same requests to ingress-nginx and to the translated routes\n\n\
             `cargo xtask e2e traffic` writes [traffic.yaml](traffic.yaml), and this file is rendered from it. The \
             suite serves sets of Ingresses with ingress-nginx, and the routes that `agnostics convert` returns for \
             them with Cilium's translation in Envoy. It sends the same requests to both and compares the status, \
             Location, the backend, and the path, Host and headers that the backend got.\n\n\
             {date}, commit {commit}: {requests} requests, {unexplained} unexplained differences, in {seconds} \
             seconds.\n\n\
             | sets | compared | incomplete | rejected | unsupported | requests | equal | reported | unexplained |\n\
             |---|---|---|---|---|---|---|---|---|\n{groups}\n\
             - incomplete: the translation reports that the routes do not replace the Ingresses\n\
             - rejected: ingress-nginx rejects an Ingress\n\
             - unsupported: the suite lacks something that the set needs\n\
             - reported: requests with a different result that the translation reports, or that the documentation \
             describes for all Ingresses\n\n\
             ## Differences\n\n\
             | code | requests | report |\n|---|---|---|\n{differences}\n\
             ## Versions\n\n| program | version |\n|---|---|\n{versions}\n\
             The seed of the generated sets is {seed}.\n\n\
             ## Limits\n\n{limits}",
            date = self.date,
            commit = self.commit,
            requests = total.requests,
            unexplained = total.unexplained,
            seconds = self.duration_seconds,
            seed = self.seed,
        )
    }

    /// Returns the limits for a new report.
    pub(crate) fn limits() -> Vec<String> {
        LIMITS.map(str::to_owned).to_vec()
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            compared,
            requests,
            equal,
            reported,
            unexplained,
            ..
        } = self;
        write!(
            f,
            "{name}: {compared} sets, {requests} requests, {equal} equal, {reported} reported, {unexplained} unexplained"
        )
    }
}

impl Group {
    fn row(&self) -> String {
        let Self {
            name,
            compared,
            incomplete,
            rejected,
            unsupported,
            requests,
            equal,
            reported,
            unexplained,
        } = self;
        format!(
            "| {name} | {compared} | {incomplete} | {rejected} | {unsupported} | {requests} | {equal} | {reported} | \
             {unexplained} |\n"
        )
    }
}
