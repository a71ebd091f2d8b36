//! `agnostics render`.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::arguments::Render;
use crate::bootstrap::{self, Kustomize, VARIABLES};

/// Runs the command to its exit code.
pub(crate) fn run(arguments: &Render) -> ExitCode {
    match render(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            for line in failure.to_string().lines() {
                // Nothing is left to be done where even this cannot be written.
                let _ = writeln!(anstream::stderr(), "error: {line}");
            }
            ExitCode::from(2)
        }
    }
}

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Tree(#[from] bootstrap::Error),
    #[error("{0}: install one of them, see https://kubernetes.io/docs/tasks/tools")]
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
                "`{name}` is no component of {profile}, which has `{known}`"
            )));
        }
    }
    let all = arguments.components.is_empty();
    overlays.retain(|it| all || arguments.components.iter().any(|name| name == it.component));
    let mut values = BTreeMap::new();
    for (name, value) in &arguments.variables {
        if values.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::Usage(format!("`{name}` is given twice")));
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

/// The directory of the manifests: the one given, else the release archive's, else a checkout's.
fn tree(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let program = env::current_exe().unwrap_or_default();
    let beside = program.with_file_name("bootstrap");
    let here = PathBuf::from("bootstrap");
    let mut usual = [beside, here].into_iter();
    usual.find(|tree| tree.is_dir()).ok_or_else(|| {
        let beside = program.with_file_name("bootstrap");
        Failure::Usage(format!(
            "there are no manifests in `{}` nor in `bootstrap`: name their directory with --tree",
            beside.display()
        ))
    })
}

/// The variables, for `--help`.
pub(crate) fn variables() -> String {
    let mut text = "Variables, of which a vendor's overlays use some:\n".to_owned();
    for it in VARIABLES {
        let example = match it.literal {
            Some(literal) => format!("`{literal}` when not given"),
            None => format!("such as `{}`", it.example),
        };
        text += &format!("  {:<34} {}; {example}\n", it.name, it.meaning);
    }
    text
}
