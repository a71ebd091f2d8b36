//! Checks the GitHub workflows with [actionlint](https://github.com/rhysd/actionlint),
//! [zizmor](https://docs.zizmor.sh) and, in the tests, two rules of this repository.

use std::process::Command;

use anyhow::Result;

use crate::e2e::programs;
use crate::test::{skipped, tally::Tally};
use crate::workspace::{Workspace, run};

const ACTIONLINT: &str = "1.7.12";
const ZIZMOR: &str = "1.32.0";

/// Checks the workflows with actionlint. Go builds it, because its package on PyPI downloads a binary.
pub(crate) fn actionlint(workspace: &Workspace, ci: bool) -> Result<Tally> {
    let Some(go) = programs::go() else {
        return Ok(skipped(programs::NO_GO, ci));
    };
    let place = workspace.path(&format!("target/tools/actionlint-{ACTIONLINT}"));
    let program = place.join("actionlint");
    if !program.is_file() {
        let module = format!("github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT}");
        run(Command::new(go)
            .args(["install", &module])
            .env("GOBIN", &place))?;
    }
    run(Command::new(program)
        .arg("-no-color")
        .current_dir(&workspace.root))?;
    Ok(Tally::one(true))
}

/// Checks the workflows and the action with zizmor, whose package on PyPI contains the binary.
pub(crate) fn zizmor(workspace: &Workspace, ci: bool) -> Result<Tally> {
    let pip = || {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--disable-pip-version-check"])
            .env("PIP_ROOT_USER_ACTION", "ignore");
        pip
    };
    if !pip()
        .arg("--version")
        .output()
        .is_ok_and(|it| it.status.success())
    {
        return Ok(skipped("`python3 -m pip` is not installed", ci));
    }
    let place = workspace.path(&format!("target/tools/zizmor-{ZIZMOR}"));
    let program = place.join("bin/zizmor");
    if !program.is_file() {
        let package = format!("zizmor=={ZIZMOR}");
        let options = [
            "install",
            "--quiet",
            "--only-binary=:all:",
            &package,
            "--target",
        ];
        run(pip().args(options).arg(&place))?;
    }
    let options = [
        "--offline",
        "--no-progress",
        "--min-severity=low",
        "--min-confidence=medium",
    ];
    let paths = [".github/workflows", "action.yml"];
    run(Command::new(program)
        .args(options)
        .args(paths)
        .current_dir(&workspace.root))?;
    Ok(Tally::one(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::read;

    /// Jobs that may publish or have an identity must not compile, because compiling runs third-party build
    /// scripts. Without `shell: bash`, a pipe hides failures of all but its last command. No linter has these
    /// rules.
    #[test]
    fn publishing_jobs_do_not_compile_and_pipes_do_not_hide_failures() {
        let workspace = Workspace::load().unwrap();
        let mut publishing = 0;
        for entry in std::fs::read_dir(workspace.path(".github/workflows")).unwrap() {
            let text = read(&entry.unwrap().path()).unwrap();
            let document = manifest::read("workflow", text.as_bytes()).next().unwrap();
            let workflow = document.unwrap().value().unwrap();
            assert_eq!(workflow["defaults"]["run"]["shell"], "bash");
            for (name, job) in workflow["jobs"].as_object().unwrap() {
                let can_write = |scope: &str| job["permissions"][scope] == "write";
                if can_write("id-token") || can_write("packages") {
                    publishing += 1;
                    let steps = job["steps"].to_string();
                    assert!(
                        !steps.contains("cargo ") && !steps.contains("rustup "),
                        "{name}"
                    );
                }
            }
        }
        assert!(publishing > 0);
    }
}
