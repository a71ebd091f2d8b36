//! The workflows, checked by [actionlint](https://github.com/rhysd/actionlint),
//! [zizmor](https://docs.zizmor.sh) and, in the tests, by two rules of this repository.

use std::process::Command;

use anyhow::Result;

use crate::e2e::programs;
use crate::test::{skipped, tally::Tally};
use crate::workspace::{Workspace, run};

const ACTIONLINT: &str = "1.7.12";
const ZIZMOR: &str = "1.32.0";

/// Checks the workflows with actionlint, which Go builds: its package on PyPI would download a binary.
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

/// Checks the workflows and the action with zizmor, whose package on PyPI holds the program.
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
        return Ok(skipped("there is no `python3 -m pip`", ci));
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

    /// What may publish, or has an identity, compiles nothing: that runs build scripts of others. And without
    /// `shell: bash` a pipe hides what fails before it. No linter has these rules.
    #[test]
    fn what_may_publish_compiles_nothing_and_no_pipe_hides_a_failure() {
        let workspace = Workspace::load().unwrap();
        let mut publishing = 0;
        for entry in std::fs::read_dir(workspace.path(".github/workflows")).unwrap() {
            let text = read(&entry.unwrap().path()).unwrap();
            let document = manifest::read("workflow", text.as_bytes()).next().unwrap();
            let workflow = document.unwrap().value().unwrap();
            assert_eq!(workflow["defaults"]["run"]["shell"], "bash");
            for (name, job) in workflow["jobs"].as_object().unwrap() {
                let may = |right: &str| job["permissions"][right] == "write";
                if may("id-token") || may("packages") {
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
