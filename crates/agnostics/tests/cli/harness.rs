//! Runs the executable in a temporary directory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A temporary directory with manifests, in which the executable runs.
pub(crate) struct Dir(TempDir);

/// The result of a run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns a ReadWriteOnce claim named `data` in the namespace `app`, with this class. It has 7 lines.
pub(crate) fn claim(class: &str) -> String {
    format!(
        "apiVersion: v1\n\
         kind: PersistentVolumeClaim\n\
         metadata: {{name: data, namespace: app}}\n\
         spec:\n  \
           accessModes: [ReadWriteOnce]\n  \
           storageClassName: {class}\n  \
           resources: {{requests: {{storage: 1Gi}}}}\n"
    )
}

/// A claim that no K8TRE class supports, so storage-class rejects it.
pub(crate) const IMPOSSIBLE: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: raw, namespace: app}
spec:
  accessModes: [ReadWriteMany]
  volumeMode: Block
  resources: {requests: {storage: 1Gi}}
";

/// Returns a ClusterAdmissionPolicy for storage-class with extra lines in its `spec`.
pub(crate) fn policy(name: &str, more: &[&str]) -> String {
    let mut text = format!(
        "---\n\
         apiVersion: policies.kubewarden.io/v1\n\
         kind: ClusterAdmissionPolicy\n\
         metadata: {{name: {name}}}\n\
         spec:\n  \
           module: registry://ghcr.io/k8tre/agnostics/storage-class:v0.1.0\n  \
           mutating: true\n"
    );
    if !more.iter().any(|line| line.starts_with("rules:")) {
        text.push_str(
            "  rules: [{apiGroups: [''], apiVersions: [v1], resources: [persistentvolumeclaims], \
             operations: [CREATE]}]\n",
        );
    }
    for line in more {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Returns the root of the workspace.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// Returns a command for the executable, without environment variables that affect it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnostics"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("AGNOSTICS_") || text.starts_with("CLICOLOR") || text == "NO_COLOR" {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Creates a directory with one manifest, `app.yaml`.
    pub(crate) fn with(manifest: &str) -> Self {
        Self::new().file("app.yaml", manifest)
    }

    pub(crate) fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `agnostics check` with these arguments.
    pub(crate) fn check(&self, arguments: &[&str]) -> Run {
        self.run("check", arguments)
    }

    /// Runs `agnostics convert` with these arguments.
    pub(crate) fn convert(&self, arguments: &[&str]) -> Run {
        self.run("convert", arguments)
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Run {
        Run::of(
            program()
                .arg(command)
                .args(arguments)
                .current_dir(self.path()),
        )
    }

    /// Runs `agnostics check` with this standard input.
    pub(crate) fn check_stdin(&self, arguments: &[&str], input: &[u8]) -> Run {
        self.run_stdin("check", arguments, input)
    }

    /// Runs any command with this standard input.
    pub(crate) fn run_stdin(&self, command: &str, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = program()
            .arg(command)
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Run::from(child.wait_with_output().unwrap())
    }

    /// Returns the JSON report of `agnostics check app.yaml` with these further arguments.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["app.yaml", "--output", "json"];
        all.extend(arguments);
        self.check(&all).json()
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:?}; {}", self.stdout, self.stderr))
    }

    /// Returns the only row of the JSON report.
    pub(crate) fn row(&self) -> Value {
        only_row(&self.json())
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().expect("not ended by a signal"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

pub(crate) fn only_row(report: &Value) -> Value {
    let rows = report["results"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{report:#}");
    rows[0].clone()
}
