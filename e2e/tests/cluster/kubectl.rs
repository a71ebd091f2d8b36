//! kubectl, as a developer uses it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cluster::TestCluster;

/// The output that the developer sees.
#[derive(Debug)]
pub(crate) struct Terminal {
    pub(crate) succeeded: bool,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Terminal {
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(self.succeeded, "{self:#?}");
        self
    }
}

/// Runs kubectl with a manifest on its standard input.
pub(crate) fn kubectl(cluster: &TestCluster, arguments: &[&str], manifest: &str) -> Terminal {
    let mut child = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig())
        .arg("--cache-dir")
        .arg(cluster.path().join("discovery"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl is on PATH");
    let mut input = child.stdin.take().expect("an input");
    input.write_all(manifest.as_bytes()).expect("a manifest");
    drop(input);
    let output = child.wait_with_output().expect("kubectl ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Terminal {
        succeeded: output.status.success(),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    }
}

/// The kubectl commands that create objects.
pub(crate) const APPLY_COMMANDS: [(&str, &[&str]); 3] = [
    ("create", &["create", "-f", "-"]),
    ("client-side", &["apply", "-f", "-"]),
    ("server-side", &["apply", "--server-side", "-f", "-"]),
];

/// Returns an object as JSON, which is YAML.
pub(crate) fn manifest(object: &Value) -> String {
    object.to_string()
}
