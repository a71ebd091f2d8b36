//! The table of what was seen, and the line that `cargo xtask` counts by.

use std::fmt::Write as _;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::plane::Plane;
use crate::process::{is_interrupted, tool};
use crate::webhooks;

/// Where `cargo xtask e2e cluster` wants the table; without it there is none.
pub(crate) const FILE: &str = "AGNOSTICS_E2E_REPORT";

/// The report that is kept.
const REPORT: &str = "e2e/reports/cluster.md";

/// What the suite does not show, or shows of something else than a cluster would run.
const LIMITS: &str = "\
External Secrets' controller is the last that is one whole Go module; `bootstrap/` pins a chart of a later \
one, which serves the same `external-secrets.io/v1`. The chart is not at hand, so its ServiceAccount and \
ClusterRole are the suite's own, with what the chart gives beside `bootstrap/`'s values. Nothing here \
routes packets or runs pods: what Cilium, MetalLB and the controllers of StatefulSets and volumes do is \
played.";

pub(crate) struct Report {
    started: Instant,
    versions: String,
    rows: String,
    passed: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn begin() -> Self {
        Self {
            started: Instant::now(),
            versions: String::new(),
            rows: String::new(),
            passed: 0,
            failed: 0,
        }
    }

    /// What is running, by its own word.
    pub(crate) fn versions(&mut self, plane: &Plane) {
        let commit = said(Command::new("git").args(["describe", "--always", "--dirty"]));
        let day = said(Command::new("date").args(["-u", "+%F"]));
        self.version("run on", day.trim());
        self.version("commit", commit.trim());
        let server = plane.admin.get("/version").accepted();
        let server = server["gitVersion"].as_str().unwrap_or_default();
        let kubectl = said(Command::new("kubectl").args(["version", "--client"]));
        self.version("API server", server);
        self.version("kubectl", first_line(&kubectl));
        self.version("reviews answered by", &webhooks::version());
        let kinds = e2e::workspace::root().join("target/tools/crds-of");
        let kinds = std::fs::read_to_string(kinds).expect("what the kinds are of");
        for module in kinds.lines().take_while(|it| !it.is_empty()) {
            let (module, version) = module.split_once(' ').expect("a version");
            self.version(&format!("kinds of {module}"), version);
        }
        if plane.is_own() {
            let etcd = said(Command::new(tool("etcd")).arg("--version"));
            let external_secrets = "github.com/external-secrets/external-secrets";
            self.version("etcd", first_line(&etcd));
            self.version("CoreDNS", &pinned("", "github.com/coredns/coredns"));
            self.version("ExternalDNS", &pinned("", "sigs.k8s.io/external-dns"));
            self.version(
                "External Secrets",
                &pinned("external-secrets", external_secrets),
            );
        }
    }

    fn version(&mut self, what: &str, version: &str) {
        writeln!(self.versions, "| {what} | {version} |").expect("memory");
    }

    pub(crate) fn row(&mut self, property: &str, sentence: &str, passed: bool) {
        let verdict = if passed { "ok" } else { "FAILED" };
        println!("test {property}: {sentence} ... {verdict}");
        let result = if passed { "passed" } else { "FAILED" };
        writeln!(self.rows, "| {property} | {sentence} | {result} |").expect("memory");
        match passed {
            true => self.passed += 1,
            false => self.failed += 1,
        }
    }

    pub(crate) fn skipped(&mut self, property: &str, sentence: &str, why: &str) {
        writeln!(self.rows, "| {property} | {sentence} | skipped: {why} |").expect("memory");
    }

    /// The suite was told to end before it had seen everything.
    pub(crate) fn interrupted(&mut self) {
        println!("interrupted");
        self.failed += 1;
    }

    /// Writes the table, or holds the one that is there to what was run if that is `all`, and prints the
    /// count as Rust's own test runner does.
    pub(crate) fn end(mut self, all: bool) -> ExitCode {
        match std::env::var_os(FILE) {
            // Whatever it has not come to is no result.
            Some(_) if is_interrupted() => {}
            Some(file) => std::fs::write(file, self.text()).expect("a file"),
            None if all && self.failed == 0 && !self.is_told() => {
                println!(
                    "{REPORT} tells of other scenarios: `cargo xtask e2e cluster` writes it anew"
                );
                self.failed += 1;
            }
            None => {}
        }
        let (passed, failed) = (self.passed, self.failed);
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        println!("\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored");
        ExitCode::from(u8::from(failed > 0))
    }

    fn text(&self) -> String {
        let Self {
            started,
            versions,
            rows,
            passed,
            failed,
        } = self;
        format!(
            "# The plane against a real API server\n\n\
             Written by `cargo xtask e2e cluster`, which builds the programs and does it all again; with \
             Kubewarden's `policy-server`, of its releases, on PATH it is what answers the reviews. Edited \
             by nobody.\n\n\
             {passed} passed, {failed} failed, in {} seconds.\n\n\
             | program | version |\n|---|---|\n{versions}\n\
             | about | what was seen | result |\n|---|---|---|\n{rows}\n{LIMITS}\n",
            started.elapsed().as_secs()
        )
    }

    /// Whether the report that is kept is of these scenarios.
    fn is_told(&self) -> bool {
        let kept = std::fs::read_to_string(e2e::workspace::root().join(REPORT));
        kept.is_ok_and(|kept| kept.contains(&self.rows))
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("a program that tells its version");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The version of a module in a go.mod of e2e/tools: not every program tells its own.
fn pinned(tools: &str, module: &str) -> String {
    let directory = e2e::workspace::root().join("e2e/tools").join(tools);
    let text = std::fs::read_to_string(directory.join("go.mod")).expect("a go.mod");
    let mut lines = text.lines().map(str::trim);
    let version = lines.find_map(|line| line.strip_prefix(module)?.strip_prefix(" v"));
    let version = version.unwrap_or_else(|| panic!("{module} is not there"));
    version.split(' ').next().unwrap_or_default().to_owned()
}

fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.rsplit(": ").next().unwrap_or_default()
}
