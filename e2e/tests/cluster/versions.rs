//! The versions of the programs in a run.

use std::collections::BTreeMap;
use std::process::Command;

use crate::cluster::TestCluster;
use crate::process::tool;
use crate::webhooks;

/// Returns the version of each program.
pub(crate) fn all(cluster: &TestCluster) -> BTreeMap<String, String> {
    let server = cluster.admin.get("/version").accepted();
    let server = server["gitVersion"].as_str().unwrap_or_default();
    let kubectl = output(Command::new("kubectl").args(["version", "--client"]));
    let etcd = output(Command::new(tool("etcd")).arg("--version"));
    let external_secrets = "github.com/external-secrets/external-secrets";
    let versions = [
        ("kube-apiserver", server.to_owned()),
        ("kubectl", last_word(&kubectl)),
        ("etcd", last_word(&etcd)),
        ("policy server", webhooks::version()),
        ("CoreDNS", required("", "github.com/coredns/coredns")),
        ("ExternalDNS", required("", "sigs.k8s.io/external-dns")),
        (
            "External Secrets",
            required("external-secrets", external_secrets),
        ),
    ];
    let versions = versions.into_iter();
    versions.map(|(name, it)| (name.to_owned(), it)).collect()
}

/// Returns the commit of the working tree.
pub(crate) fn commit() -> String {
    let commit = output(Command::new("git").args(["describe", "--always", "--dirty"]));
    commit.trim().to_owned()
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("a program that prints its version");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the last word of the first line.
fn last_word(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// Returns the version that a go.mod of e2e/tools requires, because not every program prints its own.
fn required(tools: &str, module: &str) -> String {
    let directory = e2e::workspace::root().join("e2e/tools").join(tools);
    let text = std::fs::read_to_string(directory.join("go.mod")).expect("a go.mod");
    let mut lines = text.lines().map(str::trim);
    let version = lines.find_map(|line| line.strip_prefix(module)?.strip_prefix(' '));
    let version = version.unwrap_or_else(|| panic!("{module} is not required"));
    version.split(' ').next().unwrap_or_default().to_owned()
}
