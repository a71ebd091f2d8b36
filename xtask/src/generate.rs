//! `cargo xtask generate`: what is said once, in a module's Cargo.toml and in its settings type,
//! written where Kubewarden, Rancher, editors and readers look for it.

mod artifacthub;
pub(crate) mod changelog;
mod questions;
pub(crate) mod readme;
pub(crate) mod setting;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::modules::{self, Module};
use crate::workspace::{Workspace, read, write_if_changed};

pub(crate) const COMMAND: &str = "cargo xtask generate";

/// A file and what it is to hold.
struct Generated {
    path: PathBuf,
    text: String,
}

/// Writes the generated files of every module; with `only_check`, writes nothing.
///
/// # Errors
/// With `only_check`, if a file does not hold what it is to hold: every such file, and the command
/// that mends it.
pub(crate) fn generate(workspace: &Workspace, only_check: bool) -> Result<()> {
    let licence = read(&workspace.path("LICENSE"))?;
    let mut files = Vec::new();
    for module in modules::all(workspace)? {
        let made = files_of(&module);
        files.extend(made.with_context(|| format!("cannot generate for `{}`", module.name))?);
        // Beside the sources that Artifact Hub and the metadata lead to.
        files.push(Generated {
            path: module.directory.join("LICENSE"),
            text: licence.clone(),
        });
    }
    files.extend(artifacthub::files(workspace)?);
    if only_check {
        check(workspace, &files)?;
    } else {
        write(workspace, &files)?;
    }
    println!("{} generated files as their sources make them", files.len());
    Ok(())
}

fn write(workspace: &Workspace, files: &[Generated]) -> Result<()> {
    for file in files {
        if write_if_changed(&file.path, file.text.as_bytes())? {
            println!("wrote {}", workspace.display(&file.path));
        }
    }
    Ok(())
}

fn check(workspace: &Workspace, files: &[Generated]) -> Result<()> {
    let drifted: Vec<String> = files
        .iter()
        .filter(|file| std::fs::read(&file.path).ok().as_deref() != Some(file.text.as_bytes()))
        .map(|file| workspace.display(&file.path))
        .collect();
    if !drifted.is_empty() {
        bail!(
            "not as their sources make them, run `{COMMAND}`:\n  {}",
            drifted.join("\n  ")
        );
    }
    Ok(())
}

/// What is generated for one module.
fn files_of(module: &Module) -> Result<Vec<Generated>> {
    let readme = readme::replace(
        &module.name,
        &module.readme()?,
        module.rules()?,
        &module.settings()?,
    )?;
    let file = |name: &str, text: String| Generated {
        path: module.directory.join(name),
        text,
    };
    Ok(vec![
        file("metadata.yml", metadata(module)?),
        file("questions-ui.yml", questions(module)?),
        file("settings.schema.json", pretty(&module.schema()?)?),
        file("README.md", readme),
    ])
}

/// `questions-ui.yml`, the form for a module's settings.
fn questions(module: &Module) -> Result<String> {
    Ok(with_header(&questions::of(&module.settings()?)))
}

/// `metadata.yml`, as `kwctl annotate` takes it. The README is not in it: `kwctl annotate` takes it
/// as `--usage-path`.
fn metadata(module: &Module) -> Result<String> {
    let metadata = serde_json::to_value(module.metadata(None))?;
    Ok(with_header(&metadata))
}

fn with_header(value: &Value) -> String {
    format!(
        "# Made by `{COMMAND}` from Cargo.toml and src/settings.rs.\n{}",
        manifest::render(value)
    )
}

fn pretty(value: &Value) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_names_the_files_and_the_command_that_mends_it() {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: directory.path().into(),
            cargo_target: directory.path().join("target"),
            packages: Vec::new(),
        };
        let file = |name: &str| Generated {
            path: directory.path().join(name),
            text: "made".into(),
        };
        let files = [file("same"), file("edited"), file("missing")];
        write(&workspace, &files).unwrap();
        check(&workspace, &files).unwrap();

        std::fs::write(&files[1].path, "made by hand").unwrap();
        std::fs::remove_file(&files[2].path).unwrap();
        assert_eq!(
            check(&workspace, &files).unwrap_err().to_string(),
            "not as their sources make them, run `cargo xtask generate`:\n  edited\n  missing"
        );
        assert_eq!(std::fs::read(&files[1].path).unwrap(), b"made by hand");
    }
}
