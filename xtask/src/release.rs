//! `cargo xtask release-check`: whether a tag is what the repository says of itself.

use anyhow::{Result, ensure};

use crate::Told;
use crate::generate::{self, COMMAND, changelog::Release};
use crate::modules;
use crate::workspace::{Workspace, read};

/// Where people are told to take modules from, besides what is generated.
const TELLS: [&str; 4] = [
    "README.md",
    "bootstrap/policies/aws/base/policies.yaml",
    "bootstrap/policies/azure/base/policies.yaml",
    "bootstrap/policies/k3s/base/policies.yaml",
];

/// Holds that `tag` is that of the present version, that the changelog dates it, that everything which names
/// a published module names that version, and that what is generated is in its place.
///
/// # Errors
/// It is not so.
pub(crate) fn check(workspace: &Workspace, tag: &str) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    ensure!(
        tag == format!("v{version}"),
        "the tag is `{tag}` and the version in Cargo.toml is `{version}`"
    );
    let text = read(&workspace.path("CHANGELOG.md"))?;
    ensure!(
        Release::read(&text, version)?.date.is_some(),
        "CHANGELOG.md calls {version} unreleased: write the day in its place, and run `{COMMAND}`"
    );
    let stale = stale(workspace)?;
    for line in &stale {
        println!("{line}");
    }
    ensure!(stale.is_empty(), Told);
    generate::generate(workspace, true)
}

/// Every place that names another version of a module than the present one.
fn stale(workspace: &Workspace) -> Result<Vec<String>> {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    // A module in whichever registry, the action, and pre-commit's hook.
    let modules = modules::all(workspace)?;
    let mut before: Vec<String> = modules.iter().map(|it| format!("/{}:", it.name)).collect();
    before.extend(["k8tre/agnostics@".to_owned(), "  rev: ".to_owned()]);
    let mut stale = Vec::new();
    for name in TELLS {
        let text = read(&workspace.path(name))?;
        for (number, line) in (1..).zip(text.lines()) {
            let named = before.iter().flat_map(|before| tags(line, before));
            let others = named.filter(|&other| other != version);
            let say = |other| format!("{name}:{number}: `{other}` is to be `{version}`");
            stale.extend(others.map(say));
        }
    }
    Ok(stale)
}

/// The tags that follow `before` in `line`.
fn tags<'a>(line: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    let is_end = |letter: char| letter.is_whitespace() || "`'\"".contains(letter);
    let named = line.split(before).skip(1);
    named.map(move |rest| rest.split(is_end).next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_a_published_module_names_the_present_version() {
        let workspace = Workspace::load().unwrap();
        assert_eq!(stale(&workspace).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn tags_are_found_where_they_end() {
        let line = "pull h/a/b:v1 or `h/a/b:v2`, not h/a/c:v3";
        assert_eq!(tags(line, "/b:").collect::<Vec<_>>(), ["v1", "v2"]);
        let action = "- uses: k8tre/agnostics@v3";
        assert_eq!(tags(action, "k8tre/agnostics@").collect::<Vec<_>>(), ["v3"]);
    }

    #[test]
    fn a_tag_of_another_version_is_refused() {
        let workspace = Workspace::load().unwrap();
        let said = check(&workspace, "v99.0.0").unwrap_err().to_string();
        assert!(
            said.starts_with("the tag is `v99.0.0` and the version in"),
            "{said}"
        );
    }
}
