//! The third-party programs that the suites run, built from the `go.mod` files that pin them.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::workspace::{Workspace, read, run};

/// CoreDNS, etcd and ExternalDNS.
pub(crate) const TOOLS: &str = "e2e/tools";
/// The Kubernetes API server.
pub(crate) const KUBERNETES: &str = "e2e/tools/kubernetes";
/// External Secrets Operator.
pub(crate) const EXTERNAL_SECRETS: &str = "e2e/tools/external-secrets";
/// Cilium's translation of Gateway API, as a program of our own.
pub(crate) const GATEWAY: &str = "e2e/tools/gateway";
/// The controller of ingress-nginx.
pub(crate) const INGRESS_NGINX: &str = "e2e/tools/ingress-nginx";
/// oras and cosign, which publish and mirror the policies. The release workflow builds the same versions.
pub(crate) const DISTRIBUTION: &str = "e2e/tools/distribution";

/// Why a suite cannot run without Go.
pub(crate) const NO_GO: &str =
    "`go` is neither on PATH nor in /usr/local/go; see https://go.dev/doc/install";

/// Why a suite cannot run without kubectl.
pub(crate) const NO_KUBECTL: &str =
    "`kubectl` is not on PATH; see https://kubernetes.io/docs/tasks/tools/#kubectl";

/// Returns the `go` command, from PATH or from the directory of Go's installation guide.
pub(crate) fn go() -> Option<&'static str> {
    let mut places = ["go", "/usr/local/go/bin/go"].into_iter();
    places.find(|go| Command::new(go).arg("version").output().is_ok())
}

/// Builds the tools of a `go.mod` file to target/tools/, unless they are already built from the same modules.
/// CI caches these programs rather than Go's build cache, which is much larger.
pub(crate) fn build_all(workspace: &Workspace, go: &str, source: &str) -> Result<()> {
    let target = workspace.path("target/tools");
    let directory = workspace.path(source);
    let go_mod = read(&directory.join("go.mod"))?;
    let version = Command::new(go).arg("version").output()?.stdout;
    let mut built_from = version;
    for file in ["go.mod", "go.sum", "main.go"] {
        let file = directory.join(file);
        // Only programs of our own have a main.go.
        if file.exists() {
            built_from.extend(fs::read(file)?);
        }
    }
    let last = source.rsplit('/').next().unwrap_or_default();
    let stamp = target.join(format!("{last}-built-of"));
    if fs::read(&stamp).is_ok_and(|present| present == built_from) {
        return Ok(());
    }
    let step = Step::start(format!("building the tools of {source}"));
    fs::create_dir_all(&target)?;
    run(Command::new(go)
        .current_dir(&directory)
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            &flags(&go_mod),
            "-o",
        ])
        // The trailing slash makes Go treat it as a directory.
        .args([target.join(""), "tool".into()]))?;
    // Go names programs after their package directories.
    for (directory, name) in [("server", "etcd"), ("nginx", "nginx-ingress-controller")] {
        let built = target.join(directory);
        if built.exists() {
            fs::rename(built, target.join(name))?;
        }
    }
    step.end("done");
    fs::write(&stamp, built_from).context("cannot write to target/tools")
}

/// Returns the linker flags. They set the version of Kubernetes, which it does not read from its Go module.
fn flags(go_mod: &str) -> String {
    let version = version_of("k8s.io/kubernetes", go_mod);
    let version = version.map(|it| format!(" -X k8s.io/component-base/version.gitVersion={it}"));
    format!("-s -w{}", version.unwrap_or_default())
}

/// Returns the version of a module that a `go.mod` file requires.
pub(crate) fn version_of<'a>(module: &str, go_mod: &'a str) -> Option<&'a str> {
    let mut lines = go_mod.lines().map(str::trim);
    lines.find_map(|line| {
        let line = line.strip_prefix("require ").unwrap_or(line);
        let rest = line.strip_prefix(module)?.strip_prefix(' ')?;
        rest.split(' ').next().filter(|it| it.starts_with('v'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linker_flags_set_the_kubernetes_version_of_go_mod() {
        let go_mod = "replace (\n\tk8s.io/kubernetes => k8s.io/kubernetes v1.2.3\n)\n\nrequire (\n\t\
                      k8s.io/kubernetes v1.34.4 // indirect\n)\n";
        assert!(flags(go_mod).ends_with("gitVersion=v1.34.4"));
        assert_eq!(flags("module x\n"), "-s -w");
    }
}
