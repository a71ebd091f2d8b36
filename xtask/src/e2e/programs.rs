//! Programs of others that the suites run, built from the Go modules that pin them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::Step;
use crate::workspace::{Workspace, run};

/// Programs of one go.mod: a name here, and the package that makes it.
pub(crate) struct Tools {
    source: &'static str,
    programs: &'static [(&'static str, &'static str)],
    /// The package that says what version the programs are, and of which module it says it.
    version: Option<(&'static str, &'static str)>,
}

pub(crate) const TOOLS: Tools = Tools {
    source: "e2e/tools",
    programs: &[
        ("coredns", "github.com/coredns/coredns"),
        ("etcd", "go.etcd.io/etcd/server/v3"),
        ("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
        ("external-dns", "sigs.k8s.io/external-dns"),
    ],
    version: None,
};

pub(crate) const KUBERNETES: Tools = Tools {
    source: "e2e/tools/kubernetes",
    programs: &[("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver")],
    version: Some((
        "k8s.io/component-base/version.gitVersion",
        "k8s.io/kubernetes",
    )),
};

pub(crate) const EXTERNAL_SECRETS: Tools = Tools {
    source: "e2e/tools/external-secrets",
    programs: &[(
        "external-secrets",
        "github.com/external-secrets/external-secrets",
    )],
    version: None,
};

/// What publishes and mirrors the policies. The release workflow builds the same.
pub(crate) const DISTRIBUTION: Tools = Tools {
    source: "e2e/tools/distribution",
    programs: &[
        ("cosign", "github.com/sigstore/cosign/v2/cmd/cosign"),
        ("oras", "oras.land/oras/cmd/oras"),
    ],
    version: None,
};

/// Where Go is when it is not on PATH: where its own installation guide puts it.
const GO: [&str; 2] = ["go", "/usr/local/go/bin/go"];

/// Builds programs to target/tools/, unless they are there and of the same modules.
pub(crate) fn build_all(workspace: &Workspace, go: &str, tools: &Tools) -> Result<()> {
    let source = workspace.path(tools.source);
    let target = workspace.path("target/tools");
    let version = Command::new(go).arg("version").output()?.stdout;
    let read = |file: &str| fs::read(source.join(file)).context("cannot read the tools' modules");
    let flags = flags(tools, &String::from_utf8(read("go.mod")?)?)?;
    // Whatever decides what is built; the same text means the same programs.
    let built_of = [
        version,
        read("go.mod")?,
        read("go.sum")?,
        flags.clone().into(),
    ]
    .concat();
    let last = tools.source.rsplit('/').next().unwrap_or_default();
    let stamp = target.join(format!("{last}-built-of"));
    let all_there = tools
        .programs
        .iter()
        .all(|(name, _)| target.join(name).is_file());
    if all_there && fs::read(&stamp).is_ok_and(|present| present == built_of) {
        return Ok(());
    }
    fs::create_dir_all(&target).context("cannot make target/tools")?;
    for (name, package) in tools.programs {
        compile(go, &source, &flags, &target.join(name), name, package)?;
    }
    fs::write(&stamp, built_of).context("cannot write to target/tools")
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

/// What the linker is told. A program that does not read its version from its module is given that of
/// go.mod.
fn flags(tools: &Tools, go_mod: &str) -> Result<String> {
    let Some((variable, module)) = tools.version else {
        return Ok("-s -w".to_owned());
    };
    let version = version_of(module, go_mod)
        .with_context(|| format!("{}/go.mod names no {module}", tools.source))?;
    Ok(format!("-s -w -X {variable}={version}"))
}

fn compile(
    go: &str,
    source: &Path,
    flags: &str,
    output: &Path,
    name: &str,
    package: &str,
) -> Result<()> {
    let step = Step::start(format!("building {name}"));
    let mut command = Command::new(go);
    command
        .current_dir(source)
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            flags,
            "-o",
        ])
        .arg(output)
        .arg(package);
    if let Err(error) = run(&mut command) {
        bail!("cannot build {name}: {error:#}");
    }
    step.end("built");
    Ok(())
}

/// Why a suite cannot run without.
pub(crate) const NO_GO: &str =
    "`go` is neither on PATH nor in /usr/local/go: see https://go.dev/doc/install";

/// Go, where it is.
pub(crate) fn go() -> Option<&'static str> {
    let answers = |go: &&&str| {
        let version = Command::new(go).arg("version").output();
        version.is_ok_and(|output| output.status.success())
    };
    GO.iter().find(answers).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_go_mod() {
        let go_mod = "replace (\n\tk8s.io/kubernetes => k8s.io/kubernetes v1.2.3\n)\n\nrequire (\n\t\
                      k8s.io/kubernetes v1.34.4 // indirect\n)\n";
        let told = flags(&KUBERNETES, go_mod).unwrap();
        assert!(told.ends_with("gitVersion=v1.34.4"), "{told}");
        assert!(flags(&KUBERNETES, "module x\n").is_err());
        assert_eq!(flags(&TOOLS, "").unwrap(), "-s -w");
    }
}
