//! `cargo xtask new`: creates a policy crate that builds, has its first cases and is registered.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::workspace::{Workspace, read, run, write_if_changed};

/// The kind of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyKind {
    /// accepts or rejects objects
    Policy,
    /// changes objects
    Mutator,
}

impl PolicyKind {
    fn group(self) -> &'static str {
        match self {
            Self::Policy => "policies",
            Self::Mutator => "mutators",
        }
    }
}

/// A file, a line that it contains once, and the text to insert below that line.
type Registration = (&'static str, &'static str, String);

fn registrations(kind: PolicyKind, name: &str) -> [Registration; 3] {
    let (group, crate_name) = (kind.group(), name.replace('-', "_"));
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

/// Returns the text of a registration's file with the new policy added.
fn registered(workspace: &Workspace, (file, anchor, line): &Registration) -> Result<String> {
    let text = read(&workspace.path(file))?;
    let (before, after) = text.split_once(anchor).with_context(|| {
        format!(
            "cannot register the policy: `{file}` has no line `{}`",
            anchor.trim()
        )
    })?;
    Ok(format!("{before}{anchor}{line}{after}"))
}

/// Creates a policy crate called `name` and registers it.
pub(crate) fn new(workspace: &Workspace, kind: PolicyKind, name: &str) -> Result<()> {
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
        "package `{name}` already exists"
    );
    let directory = format!("{}/{name}", kind.group());
    ensure!(
        !workspace.path(&directory).exists(),
        "`{directory}` already exists"
    );

    // Renders everything first, so that a missing anchor fails before anything is written.
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for registration in registrations(kind, name) {
        let text = registered(workspace, &registration)?;
        files.insert(workspace.path(registration.0), text);
    }
    for (file, text) in rendered(kind, name) {
        files.insert(workspace.path(&directory).join(file), text);
    }
    for (path, text) in &files {
        write_if_changed(path, text.as_bytes())?;
        println!("wrote {}", workspace.display(path));
    }
    run(workspace.cargo().args(["fmt", "--all"]))?;
    println!(
        "next: edit {directory}/src/lib.rs and its cases; then `cargo xtask generate` and `cargo xtask test`"
    );
    Ok(())
}

/// Renders the files of a new policy. Its cases are the required minimum: one accepted, one rejected or
/// mutated, one of another kind, and one with invalid settings.
fn rendered(kind: PolicyKind, name: &str) -> [(&'static str, String); 5] {
    let (library, cases) = match kind {
        PolicyKind::Policy => (
            include_str!("../templates/policy.rs.txt"),
            include_str!("../templates/policy-cases.yaml.txt"),
        ),
        PolicyKind::Mutator => (
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
        let mutating = (kind == PolicyKind::Mutator).to_string();
        let text = text.replace("{{name}}", name);
        (file, text.replace("{{mutating}}", &mutating))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registration_finds_its_anchor() {
        let workspace = Workspace::load().unwrap();
        for registration in registrations(PolicyKind::Policy, "new-module") {
            let text = registered(&workspace, &registration).unwrap();
            assert!(text.contains(&registration.2), "{}", registration.0);
        }
    }

    #[test]
    fn templates_are_filled_completely() {
        for kind in [PolicyKind::Policy, PolicyKind::Mutator] {
            for (file, text) in rendered(kind, "new-module") {
                let unfilled = text.contains("{{name}}") || text.contains("{{mutating}}");
                assert!(!unfilled, "{file}: {text}");
            }
        }
    }

    #[test]
    fn a_name_must_be_kebab_case_and_unused() {
        let workspace = Workspace::load().unwrap();
        for name in ["", "Storage", "storage_class", "-a", "a--b", "1a"] {
            let message = new(&workspace, PolicyKind::Policy, name)
                .unwrap_err()
                .to_string();
            assert!(
                message.ends_with("is not kebab-case, such as `storage-class`"),
                "{message}"
            );
        }
        let message = new(&workspace, PolicyKind::Policy, "storage-class")
            .unwrap_err()
            .to_string();
        assert_eq!(message, "package `storage-class` already exists");
    }
}
