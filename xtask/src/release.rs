//! `cargo xtask release-check`: checks that a tag matches the repository.

use anyhow::{Result, ensure};

use crate::AlreadyReported;
use crate::generate::{self, COMMAND, changelog::Release};
use crate::modules;
use crate::workspace::{Workspace, read};

/// The files, besides generated ones, that tell users which tags to use.
const FILES_WITH_TAGS: [&str; 5] = [
    "README.md",
    "docs/air-gapped.md",
    "bootstrap/policies/aws/base/policies.yaml",
    "bootstrap/policies/azure/base/policies.yaml",
    "bootstrap/policies/k3s/base/policies.yaml",
];

/// Checks that `tag` is the tag of the current version, that the changelog has a date for it, that every
/// reference to a published module has this tag, and that generated files are up to date.
///
/// # Errors
/// Returns an error if one of them does not hold.
pub(crate) fn check(workspace: &Workspace, tag: &str) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    ensure!(
        tag == format!("v{version}"),
        "the tag `{tag}` does not match the version `{version}` in Cargo.toml"
    );
    let text = read(&workspace.path("CHANGELOG.md"))?;
    ensure!(
        Release::read(&text, version)?.date.is_some(),
        "CHANGELOG.md marks {version} as unreleased; write the date in its place, and run `{COMMAND}`"
    );
    let stale = stale(workspace)?;
    for line in &stale {
        println!("{line}");
    }
    ensure!(stale.is_empty(), AlreadyReported);
    generate::generate(workspace, true)
}

/// Returns a message for every reference to a module with another tag than the current one.
fn stale(workspace: &Workspace) -> Result<Vec<String>> {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    // A module in any registry, the GitHub action, the pre-commit hook, and a shell variable.
    let modules = modules::all(workspace)?;
    let mut prefixes: Vec<String> = modules.iter().map(|it| format!("/{}:", it.name)).collect();
    prefixes.extend(["k8tre/agnostics@", "  rev: ", "version="].map(str::to_owned));
    let mut stale = Vec::new();
    for name in FILES_WITH_TAGS {
        let text = read(&workspace.path(name))?;
        for (number, line) in (1..).zip(text.lines()) {
            let tags = prefixes.iter().flat_map(|prefix| tags_after(line, prefix));
            let others = tags.filter(|&tag| tag != version);
            let message = |tag| format!("{name}:{number}: `{tag}` must be `{version}`");
            stale.extend(others.map(message));
        }
    }
    Ok(stale)
}

/// Returns the tags that follow `prefix` in `line`.
fn tags_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let is_end = |letter: char| letter.is_whitespace() || "`'\"".contains(letter);
    let rests = line.split(prefix).skip(1);
    rests.map(move |rest| rest.split(is_end).next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_to_a_published_module_has_the_current_tag() {
        let workspace = Workspace::load().unwrap();
        assert_eq!(stale(&workspace).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_tag_ends_at_whitespace_or_a_quote() {
        let line = "pull h/a/b:v1 or `h/a/b:v2`, not h/a/c:v3";
        assert_eq!(tags_after(line, "/b:").collect::<Vec<_>>(), ["v1", "v2"]);
        let action = "- uses: k8tre/agnostics@v3";
        assert_eq!(
            tags_after(action, "k8tre/agnostics@").collect::<Vec<_>>(),
            ["v3"]
        );
    }

    #[test]
    fn a_tag_of_another_version_is_an_error() {
        let workspace = Workspace::load().unwrap();
        let message = check(&workspace, "v99.0.0").unwrap_err().to_string();
        assert!(
            message.starts_with("the tag `v99.0.0` does not match the version `"),
            "{message}"
        );
    }
}
