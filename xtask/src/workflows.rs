//! The workflows, checked by [actionlint](https://github.com/rhysd/actionlint) and by the
//! rules of this repository.

use std::collections::BTreeMap;
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

/// What breaks the rules: an action by a name that may change, rights for all jobs, or build scripts of
/// others beside an identity or a right to publish.
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
    for (name, job) in jobs(workflow) {
        let may = |right: &&str| job.contains(right);
        let trusted = ["id-token: write", "packages: write"].into_iter().find(may);
        if let Some(right) = trusted.filter(|_| ["cargo ", "rustup "].iter().any(may)) {
            complaints.push(format!(
                "the job `{name}` has `{right}` and compiles: have a job without rights compile, and take \
                 what it uploads"
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

/// The jobs of a workflow, by name.
fn jobs(workflow: &str) -> BTreeMap<&str, String> {
    let mut jobs = BTreeMap::<&str, String>::new();
    let mut current = None;
    let lines = workflow.lines().skip_while(|line| *line != "jobs:").skip(1);
    for line in lines {
        let name = line.strip_prefix("  ").and_then(|it| it.strip_suffix(':'));
        if let Some(name) = name.filter(|name| !name.starts_with(' ')) {
            current = Some(name);
        } else if let Some(name) = current {
            let job = jobs.entry(name).or_default();
            job.push_str(line);
            job.push('\n');
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Output;

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

    #[test]
    fn what_has_an_identity_compiles_nothing() {
        let job = |right: &str, command: &str| {
            format!(
                "{HEAD}jobs:\n  a:\n    permissions:\n      {right}\n    steps:\n      - run: {command}\n"
            )
        };
        let told = complaints(&job("id-token: write # it signs", "cargo xtask build"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("the job `a` has `id-token: write` and compiles"));
        for right in [
            job("packages: write", "./publish"),
            job("contents: read", "cargo build"),
            job("packages: write", "./publish") + "  b:\n    steps:\n      - run: cargo build\n",
        ] {
            assert_eq!(complaints(&right), Vec::<String>::new());
        }
    }

    /// Runs a step of the release workflow as its runner would, in `dir`; `before` may define functions in
    /// place of programs.
    fn run_step(name: &str, dir: &Path, before: &str) -> Output {
        let workspace = Workspace::load().unwrap();
        let text = fs::read(workspace.path(".github/workflows/release.yml")).unwrap();
        let workflow = manifest::read("release.yml", &text)
            .next()
            .unwrap()
            .unwrap();
        let workflow = workflow.value().unwrap();
        let jobs = workflow["jobs"].as_object().unwrap().values();
        let mut steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
        let step = steps.find(|step| step["name"] == name).unwrap();
        let script = format!("{before}\n{}", step["run"].as_str().unwrap());
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"])
            .arg(script)
            .current_dir(dir)
            .env("RUNNER_TEMP", dir)
            .env("GITHUB_ACTOR", "someone")
            .env("GITHUB_REPOSITORY", "k8tre/agnostics")
            .env("GITHUB_REF_NAME", "v0.2.0");
        bash.output().unwrap()
    }

    fn git(dir: &Path, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        let author = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let done = git.args(author).args(arguments).current_dir(dir).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    #[test]
    fn artifact_hub_gets_the_packages_of_a_release_beside_those_it_has() {
        let (origin, clone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        git(origin.path(), &["init", "--quiet", "--bare"]);
        git(clone.path(), &["init", "--quiet"]);
        let place = origin.path().to_str().unwrap();
        git(clone.path(), &["remote", "add", "origin", place]);
        let release = |version: &str, text: &str| {
            let packages = clone.path().join("artifacthub");
            let _ = fs::remove_dir_all(&packages);
            let package = packages.join("storage-class").join(version);
            fs::create_dir_all(&package).unwrap();
            fs::write(package.join("artifacthub-pkg.yml"), text).unwrap();
            fs::write(packages.join("artifacthub-repo.yml"), "ignore: []\n").unwrap();
            let step = "Put the packages on the branch that Artifact Hub reads";
            let done = run_step(step, clone.path(), "");
            assert!(done.status.success(), "{done:?}");
        };
        release("0.2.0", "first");
        release("0.1.1", "of an older branch");
        release("0.2.0", "corrected");
        let branch = |arguments: &[&str]| git(origin.path(), arguments);
        assert_eq!(
            branch(&["ls-tree", "-r", "--name-only", "artifacthub"]),
            "artifacthub-repo.yml\n\
             storage-class/0.1.1/artifacthub-pkg.yml\n\
             storage-class/0.2.0/artifacthub-pkg.yml\n"
        );
        let package = "artifacthub:storage-class/0.2.0/artifacthub-pkg.yml";
        assert_eq!(branch(&["show", package]), "corrected");
        assert_eq!(branch(&["rev-list", "--count", "artifacthub"]), "3\n");
    }

    #[test]
    fn a_package_that_is_not_public_stops_a_release_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        for module in ["private-one", "storage-class"] {
            let package = dir.path().join("artifacthub").join(module).join("0.2.0");
            fs::create_dir_all(package).unwrap();
        }
        // In place of GitHub's registry, which says of the private one what it says of what is not there.
        let curl =
            r#"curl() { case "$*" in *private-one*) return 22 ;; esac; echo '{"token": "t"}'; }"#;
        let stand_ins = format!("{curl}\njq() {{ cat > read; echo t; }}");
        let step = "Anybody can pull each module";
        let done = run_step(step, dir.path(), &stand_ins);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let said = String::from_utf8(done.stdout).unwrap();
        let told: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("::error::"))
            .collect();
        assert_eq!(told.len(), 1, "{said}");
        assert!(
            told[0].contains("k8tre/agnostics/private-one:v0.2.0"),
            "{said}"
        );
        assert!(told[0].contains("make the package public"), "{said}");
        fs::remove_dir_all(dir.path().join("artifacthub/private-one")).unwrap();
        assert!(run_step(step, dir.path(), &stand_ins).status.success());
    }
}
