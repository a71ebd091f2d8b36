//! Third-party CRDs, read from the Go modules that contain them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::client::path;
use crate::cluster::TestCluster;
use crate::manifests;
use crate::process::until;

/// The directories of the CRDs in each module of e2e/tools/crds.
const DIRECTORIES: [(&str, &str); 7] = [
    ("github.com/cert-manager/cert-manager", "deploy/crds"),
    (
        "github.com/cilium/cilium",
        "pkg/k8s/apis/cilium.io/client/crds/v2",
    ),
    (
        "github.com/cilium/cilium",
        "pkg/k8s/apis/cilium.io/client/crds/v2alpha1",
    ),
    (
        "github.com/external-secrets/external-secrets",
        "config/crds/bases",
    ),
    ("go.universe.tf/metallb", "config/crd/bases"),
    ("sigs.k8s.io/external-dns", "config/crd/standard"),
    ("sigs.k8s.io/gateway-api", "config/crd/standard"),
];

/// The group of the CRDs of ExternalDNS, which `bootstrap/` does not install. [`install_external_dns`] does.
const EXTERNAL_DNS: &str = "externaldns.k8s.io";

/// A module in the output of `go mod download -json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    path: String,
    version: String,
    dir: PathBuf,
}

/// Reads a file that `cargo xtask e2e cluster` writes before it runs the suite.
fn prepared(file: &str) -> String {
    let path = e2e::workspace::root().join("target/tools").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|_| {
        panic!(
            "{} is missing; run `cargo xtask e2e cluster`",
            path.display()
        )
    })
}

/// Returns the modules in Go's module cache.
fn modules() -> Vec<Module> {
    let modules = prepared("crds.json");
    let modules = serde_json::Deserializer::from_str(&modules).into_iter();
    modules.map(|it| it.expect("a module")).collect()
}

/// Returns the version of each module.
pub(crate) fn versions() -> BTreeMap<String, String> {
    let modules = modules().into_iter();
    modules.map(|it| (it.path, it.version)).collect()
}

/// Reads all CRDs.
fn read() -> Vec<Value> {
    let mut crds = vec![serde_json::from_str(&prepared("kubewarden-crd.json")).expect("JSON")];
    for module in modules() {
        let directories = DIRECTORIES.iter().filter(|(path, _)| *path == module.path);
        let files = directories.flat_map(|(_, directory)| {
            let files = std::fs::read_dir(module.dir.join(directory)).expect("CRDs");
            files.flatten()
        });
        let before = crds.len();
        for file in files {
            let name = file.file_name().into_string().expect("a name");
            if !name.ends_with(".yaml") || name.starts_with("kustom") {
                continue;
            }
            let text = std::fs::read(file.path()).expect("a file");
            for document in manifest::read(&name, &text) {
                let objects = document.expect("YAML").objects();
                crds.extend(objects.map(|it| it.expect("an object").value));
            }
        }
        // The directory of Gateway API also has an admission policy.
        crds.retain(|it| it["kind"] == "CustomResourceDefinition");
        assert!(crds.len() > before, "no CRDs in {}", module.path);
    }
    crds
}

/// Installs the CRDs except those of ExternalDNS.
pub(crate) fn install(cluster: &TestCluster) {
    let mut crds = read();
    crds.retain(|crd| crd["spec"]["group"] != EXTERNAL_DNS);
    if cluster.is_existing() {
        // Keeps the CRDs of the cluster, and installs only those that the suite needs: others would slow down
        // the clean-up.
        let needed = manifests::kinds();
        crds.retain(|crd| {
            let kind = crd["spec"]["names"]["kind"].as_str().expect("a kind");
            needed.contains(kind) && cluster.admin.get(&path(crd)).status == 404
        });
    }
    apply(cluster, crds);
}

/// Installs the CRDs of ExternalDNS.
pub(crate) fn install_external_dns(cluster: &TestCluster) {
    let mut crds = read();
    crds.retain(|crd| crd["spec"]["group"] == EXTERNAL_DNS);
    apply(cluster, crds);
}

/// Applies CRDs and waits until they are established.
fn apply(cluster: &TestCluster, mut crds: Vec<Value>) {
    for crd in &mut crds {
        // No server for conversion webhooks runs here.
        if let Some(spec) = crd["spec"].as_object_mut() {
            spec.remove("conversion");
        }
    }
    for crd in &crds {
        cluster.admin.apply(crd).accepted();
    }
    for crd in &crds {
        until("a CRD is established", || {
            let stored = cluster.admin.get(&path(crd)).accepted();
            let conditions = stored["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            match conditions.any(|it| it["type"] == "Established" && it["status"] == "True") {
                true => Ok(()),
                false => Err(stored["status"].to_string()),
            }
        });
    }
}
