//! The command `agnostics render`.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::arguments::Render;
use crate::bootstrap::{self, Kustomize, VARIABLES};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &Render) -> ExitCode {
    match render(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            for line in failure.to_string().lines() {
                // A failure to write to standard error cannot be reported.
                let _ = writeln!(anstream::stderr(), "error: {line}");
            }
            ExitCode::from(2)
        }
    }
}

/// An error that ends the command.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Tree(#[from] bootstrap::Error),
    #[error("{0}; install one of them: https://kubernetes.io/docs/tasks/tools")]
    Kustomize(#[from] bootstrap::Missing),
    #[error("cannot write the manifests: {0}")]
    Output(#[from] io::Error),
}

fn render(arguments: &Render) -> Result<(), Failure> {
    let root = tree(arguments.tree.as_deref())?;
    let profile = arguments.profile.name();
    let mut overlays = bootstrap::of_profile(&root, profile, &arguments.env)?;
    for name in &arguments.components {
        let known: Vec<&str> = overlays.iter().map(|it| it.component).collect();
        if !known.contains(&name.as_str()) {
            let known = known.join("`, `");
            return Err(Failure::Usage(format!(
                "{profile} has no component `{name}`; use one of `{known}`"
            )));
        }
    }
    let all = arguments.components.is_empty();
    overlays.retain(|it| all || arguments.components.iter().any(|name| name == it.component));
    let mut values = BTreeMap::new();
    for (name, value) in &arguments.variables {
        if values.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::Usage(format!("`{name}` is set twice")));
        }
    }
    let rendered = bootstrap::render(&Kustomize::find()?, &root, &overlays, &values)?;
    let mut out = io::stdout().lock();
    for it in rendered {
        let path = it.overlay.path.display();
        writeln!(out, "---\n# {path}\n{}", it.yaml.trim_end())?;
    }
    Ok(out.flush()?)
}

/// Returns the directory of the manifests: that of the command line, else that of a release archive, else
/// that of a checkout.
fn tree(argument: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(argument) = argument {
        return Ok(argument.to_owned());
    }
    let next_to_executable = env::current_exe()
        .unwrap_or_default()
        .with_file_name("bootstrap");
    let in_working_directory = PathBuf::from("bootstrap");
    let mut candidates = [&next_to_executable, &in_working_directory].into_iter();
    match candidates.find(|tree| tree.is_dir()) {
        Some(tree) => Ok(tree.clone()),
        None => Err(Failure::Usage(format!(
            "no manifests found in `{}` or `bootstrap`; set their directory with --tree",
            next_to_executable.display()
        ))),
    }
}

/// Returns the list of variables for `--help`.
pub(crate) fn variables() -> String {
    let mut text =
        "Variables (each platform requires some of them; a missing one is reported):\n".to_owned();
    for it in VARIABLES {
        let (label, value) = match it.default {
            Some(default) => ("default", default),
            None => ("example", it.example),
        };
        text += &format!("  {}\n          {}\n", it.name, it.description);
        text += &format!("          [{label}: {value}]\n");
    }
    text
}
