//! `cargo xtask new`: a module that builds, has its first cases and is registered everywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;

use crate::files;
use crate::progress::say;
use crate::workspace::{Workspace, run};

/// What a module does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// accepts or rejects it
    Policy,
    /// changes it
    Mutator,
}

impl Sort {
    fn group(self) -> &'static str {
        match self {
            Self::Policy => "policies",
            Self::Mutator => "mutators",
        }
    }
}

/// A line that goes into a file right after `anchor`, unless the file has it.
struct Registration {
    file: &'static str,
    anchor: &'static str,
    line: String,
}

/// Writes a new module called `name` and registers it.
pub(crate) fn new(workspace: &Workspace, sort: Sort, name: &str) -> Result<()> {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let parts_are_words = name
        .split('-')
        .all(|part| !part.is_empty() && part.chars().all(letters));
    ensure!(
        parts_are_words && name.starts_with(|first: char| first.is_ascii_lowercase()),
        "`{name}` is not kebab-case, such as `storage-class`"
    );
    let directory = format!("{}/{name}", sort.group());
    let taken = workspace
        .packages
        .iter()
        .any(|package| package.name == name);
    ensure!(!taken, "there is a package `{name}` already");
    ensure!(
        !workspace.path(&directory).exists(),
        "`{directory}` is there already"
    );

    // Everything that can fail for want of an anchor comes before anything is written.
    let mut written: BTreeMap<PathBuf, String> = BTreeMap::new();
    for registration in registrations(sort, name) {
        let path = workspace.path(registration.file);
        let text = match written.get(&path) {
            Some(text) => text.clone(),
            None => files::read(&path)?,
        };
        written.insert(path, insert(&text, &registration)?);
    }
    for (file, text) in rendered(sort, name) {
        written.insert(workspace.path(&directory).join(file), text);
    }
    for (path, text) in &written {
        files::write_if_changed(path, text.as_bytes())?;
        say(format_args!("wrote {}", workspace.display(path)));
    }
    run(workspace.cargo().args(["fmt", "--all"]))?;
    say(format_args!(
        "next: write {directory}/src/lib.rs and its cases, then `cargo xtask generate` and \
         `cargo xtask test`"
    ));
    Ok(())
}

fn registrations(sort: Sort, name: &str) -> Vec<Registration> {
    let crate_name = name.replace('-', "_");
    let dependency = format!("{name}.workspace = true");
    let registration = |file, anchor, line| Registration { file, anchor, line };
    vec![
        // Cargo refuses a pattern that no directory matches, so the first module of a group adds it.
        registration(
            "Cargo.toml",
            "members = [",
            format!("\"{}/*\", ", sort.group()),
        ),
        registration(
            "Cargo.toml",
            "# Our own.\n",
            format!("{name} = {{ path = \"{}/{name}\" }}\n", sort.group()),
        ),
        registration(
            "crates/simulate/Cargo.toml",
            "# The built-in policies: one line each, as in `src/builtin.rs`.\n",
            format!("{dependency}\n"),
        ),
        registration(
            "crates/simulate/src/builtin.rs",
            "pub const POLICIES: &[BuiltinPolicy] = &[",
            format!("policy!(\"{name}\", {crate_name}),"),
        ),
    ]
}

fn insert(text: &str, registration: &Registration) -> Result<String> {
    let Registration { file, anchor, line } = registration;
    let Some((before, after)) = text.split_once(anchor) else {
        bail!(
            "`{file}` has no `{}` to register the module after",
            anchor.trim()
        );
    };
    if text.contains(line.trim()) {
        return Ok(text.to_owned());
    }
    Ok(format!("{before}{anchor}{line}{after}"))
}

fn rendered(sort: Sort, name: &str) -> Vec<(&'static str, String)> {
    let library = match sort {
        Sort::Policy => include_str!("../templates/policy.rs.txt"),
        Sort::Mutator => include_str!("../templates/mutator.rs.txt"),
    };
    let mutating = (sort == Sort::Mutator).to_string();
    let files = [
        ("Cargo.toml", include_str!("../templates/Cargo.toml.txt")),
        ("README.md", include_str!("../templates/README.md.txt")),
        ("src/lib.rs", library),
        (
            "src/settings.rs",
            include_str!("../templates/settings.rs.txt"),
        ),
    ];
    let cases = cases(sort).into_iter();
    files
        .into_iter()
        .chain(cases)
        .map(|(file, text)| {
            (
                file,
                text.replace("{{name}}", name)
                    .replace("{{mutating}}", &mutating),
            )
        })
        .collect()
}

/// The least that a module has: a case that is accepted, one that is not, another kind, bad settings.
fn cases(sort: Sort) -> Vec<(&'static str, &'static str)> {
    let topic = match sort {
        Sort::Policy => include_str!("../templates/policy-cases.yaml.txt"),
        Sort::Mutator => include_str!("../templates/mutator-cases.yaml.txt"),
    };
    vec![("cases/app-label.yaml", topic)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_has_its_anchor() {
        let workspace = Workspace::load().unwrap();
        for registration in registrations(Sort::Policy, "new-module") {
            let text = files::read(&workspace.path(registration.file)).unwrap();
            let registered = insert(&text, &registration).unwrap();
            assert!(
                registered.contains(&registration.line),
                "{}",
                registration.file
            );
        }
    }

    #[test]
    fn nothing_of_a_template_is_left_unfilled() {
        for sort in [Sort::Policy, Sort::Mutator] {
            for (file, text) in rendered(sort, "new-module") {
                assert!(
                    !text.contains("{{") || file.ends_with(".rs"),
                    "{file}: {text}"
                );
                assert!(
                    !text.contains("{{name}}") && !text.contains("{{mutating}}"),
                    "{file}"
                );
            }
        }
    }

    #[test]
    fn names_that_are_not_kebab_case_or_taken_are_refused() {
        let workspace = Workspace::load().unwrap();
        for name in ["", "Storage", "storage_class", "-a", "a--b", "1a"] {
            let said = new(&workspace, Sort::Policy, name).unwrap_err().to_string();
            assert!(
                said.ends_with("is not kebab-case, such as `storage-class`"),
                "{said}"
            );
        }
        let said = new(&workspace, Sort::Policy, "storage-class")
            .unwrap_err()
            .to_string();
        assert_eq!(said, "there is a package `storage-class` already");
    }
}
