//! The workflows, checked by [actionlint](https://github.com/rhysd/actionlint) and by the
//! rules of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::files;
use crate::progress::say;
use crate::system::{Answer, Call, Machine, System, on_path};
use crate::workspace::{Workspace, run};

/// Go builds it from here. Its package on PyPI would download a binary from elsewhere.
const SOURCE: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
/// The directory below target/tools/ for this version of it.
const PLACE: &str = "actionlint-v1.7.12";
const LIMIT: Duration = Duration::from_secs(300);

/// Finds actionlint on PATH or has Go build it in `target/tools`, or says why there is none.
pub(crate) fn linter(workspace: &Workspace) -> Result<PathBuf, String> {
    let name = "actionlint";
    let own = workspace.path("target/tools").join(PLACE);
    let built = own.join(name);
    if let Some(found) = on_path(name).or_else(|| built.is_file().then(|| built.clone())) {
        return Ok(found);
    }
    say(format_args!("go install {SOURCE} …"));
    let bin = format!("GOBIN={}", own.display());
    let call = Call::new("env", &[&bin, "go", "install", SOURCE], LIMIT);
    match Machine.run(&call) {
        Answer::Done(_) => Ok(built),
        _ => Err(format!(
            "{name} is not on PATH, and `go install` does not bring it"
        )),
    }
}

/// Checks every workflow.
///
/// # Errors
/// The linter complains, or a rule is broken.
pub(crate) fn check(workspace: &Workspace, linter: &Path) -> Result<()> {
    let mut lint = Command::new(linter);
    run(lint.arg("-no-color").current_dir(&workspace.root))?;
    for entry in std::fs::read_dir(workspace.path(".github/workflows"))? {
        let path = entry?.path();
        let complaints = complaints(&files::read(&path)?);
        ensure!(
            complaints.is_empty(),
            "{}:\n  {}",
            workspace.display(&path),
            complaints.join("\n  ")
        );
    }
    Ok(())
}

/// What breaks the rules: an action by a name that may change, or rights for all jobs.
fn complaints(workflow: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(workflow.lines()) {
        let Some(used) = line.trim_start_matches([' ', '-']).strip_prefix("uses: ") else {
            continue;
        };
        let (action, comment) = used.split_once(" # ").unwrap_or((used, ""));
        let commit = action.split_once('@').map_or("", |(_, commit)| commit);
        let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_commit || !comment.starts_with('v') {
            complaints.push(format!(
                "line {number}: `{action}` is to be pinned to a commit, with its version as a comment"
            ));
        }
    }
    if !workflow.lines().any(|line| line == "permissions: {}") {
        complaints.push("`permissions: {}` is missing: each job asks for what it needs".to_owned());
    }
    if !workflow.lines().any(|line| line == "    shell: bash") {
        complaints.push(
            "`defaults: {run: {shell: bash}}` is missing: without it a pipe hides what fails before it"
                .to_owned(),
        );
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "permissions: {}\ndefaults:\n  run:\n    shell: bash\n";

    #[test]
    fn the_repositorys_own_rules_hold() {
        let commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
        let right = format!("{HEAD}  - uses: actions/checkout@{commit} # v7.0.1\n");
        assert_eq!(complaints(&right), Vec::<String>::new());
        let by_tag = format!("{HEAD}  - uses: actions/checkout@v7\n");
        assert!(complaints(&by_tag)[0].starts_with("line 5: `actions/checkout@v7`"));
        let unnamed = format!("{HEAD}  - uses: actions/checkout@{commit}\n");
        assert_eq!(complaints(&unnamed).len(), 1);
        assert_eq!(complaints("on: push\n").len(), 2);
    }
}
