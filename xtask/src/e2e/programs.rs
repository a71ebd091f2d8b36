//! Third-party programs that the suites run, built from the Go modules that pin them.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::workspace::{Workspace, read, run};

/// CoreDNS, etcd and ExternalDNS.
pub(crate) const TOOLS: &str = "e2e/tools";
/// Kubernetes' API server.
pub(crate) const KUBERNETES: &str = "e2e/tools/kubernetes";
pub(crate) const EXTERNAL_SECRETS: &str = "e2e/tools/external-secrets";
/// What publishes and mirrors the policies. The release workflow builds the same.
pub(crate) const DISTRIBUTION: &str = "e2e/tools/distribution";

/// Why a suite cannot run without Go.
pub(crate) const NO_GO: &str =
    "`go` is neither on PATH nor in /usr/local/go: see https://go.dev/doc/install";

/// Go, on PATH or where its own installation guide puts it.
pub(crate) fn go() -> Option<&'static str> {
    let mut places = ["go", "/usr/local/go/bin/go"].into_iter();
    places.find(|go| Command::new(go).arg("version").output().is_ok())
}

/// Builds the tools of a go.mod to target/tools/, unless they are there and of the same modules: CI keeps the
/// programs and not Go's cache, which is much larger.
pub(crate) fn build_all(workspace: &Workspace, go: &str, source: &str) -> Result<()> {
    let target = workspace.path("target/tools");
    let directory = workspace.path(source);
    let go_mod = read(&directory.join("go.mod"))?;
    let version = Command::new(go).arg("version").output()?.stdout;
    let built_of = [
        version,
        go_mod.clone().into(),
        read(&directory.join("go.sum"))?.into(),
    ]
    .concat();
    let last = source.rsplit('/').next().unwrap_or_default();
    let stamp = target.join(format!("{last}-built-of"));
    if fs::read(&stamp).is_ok_and(|present| present == built_of) {
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
        // As a directory, whatever is in it.
        .args([target.join(""), "tool".into()]))?;
    // Go calls it by its directory.
    let (server, etcd) = (target.join("server"), target.join("etcd"));
    if server.exists() {
        fs::rename(server, etcd)?;
    }
    step.end("built");
    fs::write(&stamp, built_of).context("cannot write to target/tools")
}

/// What the linker is told: the version of Kubernetes, which does not read it from its module.
fn flags(go_mod: &str) -> String {
    let version = version_of("k8s.io/kubernetes", go_mod);
    let version = version.map(|it| format!(" -X k8s.io/component-base/version.gitVersion={it}"));
    format!("-s -w{}", version.unwrap_or_default())
}

/// The version that a go.mod requires of a module.
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
    fn the_version_of_kubernetes_is_that_of_go_mod() {
        let go_mod = "replace (\n\tk8s.io/kubernetes => k8s.io/kubernetes v1.2.3\n)\n\nrequire (\n\t\
                      k8s.io/kubernetes v1.34.4 // indirect\n)\n";
        assert!(flags(go_mod).ends_with("gitVersion=v1.34.4"));
        assert_eq!(flags("module x\n"), "-s -w");
    }
}
