//! `cargo xtask new`: a module that builds, has its first cases and is registered everywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::workspace::{Workspace, read, run, write_if_changed};

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

/// A file, a line in it that is there once, and what goes below that line for a new module.
type Registration = (&'static str, &'static str, String);

fn registrations(sort: Sort, name: &str) -> [Registration; 3] {
    let (group, crate_name) = (sort.group(), name.replace('-', "_"));
    [
        (
            "Cargo.toml",
            "# Workspace members.\n",
            format!("{name} = {{ path = \"{group}/{name}\" }}\n"),
        ),
        (
            "crates/simulate/Cargo.toml",
            "# The built-in policies: one line each, as in `src/builtin.rs`.\n",
            format!("{name}.workspace = true\n"),
        ),
        (
            "crates/simulate/src/builtin.rs",
            "pub const POLICIES: &[BuiltinPolicy] = &[\n",
            format!("    policy!(\"{name}\", {crate_name}),\n"),
        ),
    ]
}

/// The text of a registration's file with the new module in it.
fn registered(workspace: &Workspace, (file, anchor, line): &Registration) -> Result<String> {
    let text = read(&workspace.path(file))?;
    let (before, after) = text.split_once(anchor).with_context(|| {
        format!(
            "`{file}` has no `{}` to register the module below",
            anchor.trim()
        )
    })?;
    Ok(format!("{before}{anchor}{line}{after}"))
}

/// Writes a new module called `name` and registers it.
pub(crate) fn new(workspace: &Workspace, sort: Sort, name: &str) -> Result<()> {
    let is_word = |part: &str| {
        let letters = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
        !part.is_empty() && part.bytes().all(letters)
    };
    ensure!(
        name.split('-').all(is_word) && !name.starts_with(|first: char| first.is_ascii_digit()),
        "`{name}` is not kebab-case, such as `storage-class`"
    );
    let mut packages = workspace.packages.iter();
    ensure!(
        !packages.any(|package| package.name == name),
        "there is a package `{name}` already"
    );
    let directory = format!("{}/{name}", sort.group());
    ensure!(
        !workspace.path(&directory).exists(),
        "`{directory}` is there already"
    );

    // Everything that can fail for want of an anchor comes before anything is written.
    let mut written: BTreeMap<PathBuf, String> = BTreeMap::new();
    for registration in registrations(sort, name) {
        let text = registered(workspace, &registration)?;
        written.insert(workspace.path(registration.0), text);
    }
    for (file, text) in rendered(sort, name) {
        written.insert(workspace.path(&directory).join(file), text);
    }
    for (path, text) in &written {
        write_if_changed(path, text.as_bytes())?;
        println!("wrote {}", workspace.display(path));
    }
    run(workspace.cargo().args(["fmt", "--all"]))?;
    println!(
        "next: write {directory}/src/lib.rs and its cases, then `cargo xtask generate` and `cargo xtask test`"
    );
    Ok(())
}

/// The files of a new module. Its cases are the least there must be: one that is accepted, one that is not,
/// another kind, bad settings.
fn rendered(sort: Sort, name: &str) -> [(&'static str, String); 5] {
    let (library, cases) = match sort {
        Sort::Policy => (
            include_str!("../templates/policy.rs.txt"),
            include_str!("../templates/policy-cases.yaml.txt"),
        ),
        Sort::Mutator => (
            include_str!("../templates/mutator.rs.txt"),
            include_str!("../templates/mutator-cases.yaml.txt"),
        ),
    };
    let settings = include_str!("../templates/settings.rs.txt");
    [
        ("Cargo.toml", include_str!("../templates/Cargo.toml.txt")),
        ("README.md", include_str!("../templates/README.md.txt")),
        ("src/lib.rs", library),
        ("src/settings.rs", settings),
        ("cases/app-label.yaml", cases),
    ]
    .map(|(file, text)| {
        let mutating = (sort == Sort::Mutator).to_string();
        let text = text.replace("{{name}}", name);
        (file, text.replace("{{mutating}}", &mutating))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_has_its_anchor() {
        let workspace = Workspace::load().unwrap();
        for registration in registrations(Sort::Policy, "new-module") {
            let text = registered(&workspace, &registration).unwrap();
            assert!(text.contains(&registration.2), "{}", registration.0);
        }
    }

    #[test]
    fn nothing_of_a_template_is_left_unfilled() {
        for sort in [Sort::Policy, Sort::Mutator] {
            for (file, text) in rendered(sort, "new-module") {
                let unfilled = text.contains("{{name}}") || text.contains("{{mutating}}");
                assert!(!unfilled, "{file}: {text}");
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
