//! The files behind the paths of a command line.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::problem::Problem;
use crate::well_known::NotAManifest;

/// What [`walk`] found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files to read: in the order of the paths, those of a directory sorted by name.
    pub files: Vec<PathBuf>,
    /// What could not be walked, and what was left out on purpose but looked like manifests.
    pub problems: Vec<Problem>,
    /// Files left out because another program reads them: kustomizations, Helm's chart files.
    pub skipped: Vec<PathBuf>,
}

/// Expands paths to the manifests behind them.
///
/// A file is taken whatever its name. A directory gives its `.yaml`, `.yml` and `.json` files
/// and those of its subdirectories; names that start with a dot are left out, and so are, when
/// found this way, kustomizations, `Chart.yaml`, `values.yaml` and a chart's `templates`, for
/// which there is a warning. What is wrong with one path is a [`Problem`] and does not keep the
/// others from being walked.
pub fn walk(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Walk {
    let mut walk = Walk::default();
    for path in paths {
        walk.take(path.as_ref());
    }
    walk
}

/// Reads a file.
///
/// # Errors
/// A problem with the path and the cause.
pub fn load(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|cause| unreadable(path, &cause))
}

impl Walk {
    fn take(&mut self, path: &Path) {
        match fs::metadata(path) {
            Err(cause) => self.problems.push(unreadable(path, &cause)),
            Ok(found) if found.is_dir() => {
                let before = (self.files.len(), self.problems.len(), self.skipped.len());
                self.directory(path, &mut Vec::new());
                if (self.files.len(), self.problems.len()) == (before.0, before.1) {
                    let skipped = self.skipped.get(before.2..).unwrap_or_default();
                    self.problems.push(without_manifests(path, skipped));
                }
            }
            Ok(_) => self.files.push(path.to_owned()),
        }
    }

    /// `above` holds the real paths of the directories being walked.
    fn directory(&mut self, path: &Path, above: &mut Vec<PathBuf>) {
        let listed = fs::canonicalize(path).and_then(|real| Ok((real, sorted(path)?)));
        let (real, entries) = match listed {
            Ok(listed) => listed,
            Err(cause) => return self.problems.push(unreadable(path, &cause)),
        };
        if above.contains(&real) {
            let problem = Problem::error(
                &name(path),
                "this symbolic link leads back to a directory that contains it",
            );
            return self
                .problems
                .push(problem.with_help("remove the link, or name the directories to read"));
        }
        let is_chart = entries
            .iter()
            .any(|entry| entry.file_name() == Some(OsStr::new("Chart.yaml")));
        above.push(real);
        for entry in entries {
            self.entry(&entry, is_chart, above);
        }
        above.pop();
    }

    fn entry(&mut self, path: &Path, in_chart: bool, above: &mut Vec<PathBuf>) {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if file_name.starts_with('.') {
            return;
        }
        let is_manifest = matches!(
            path.extension().and_then(OsStr::to_str),
            Some("yaml" | "yml" | "json")
        );
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                if in_chart && file_name == "templates" {
                    let chart = path.parent().unwrap_or(path).display();
                    self.problems.push(
                        Problem::warning(
                            &name(path),
                            "the templates of this Helm chart are left out: they are no manifests until rendered",
                        )
                        .with_help(format!("render it first: `helm template {chart}`")),
                    );
                } else {
                    self.directory(path, above);
                }
            }
            _ if NotAManifest::of(&file_name).is_some() => self.skipped.push(path.to_owned()),
            Ok(_) if is_manifest => self.files.push(path.to_owned()),
            // A dangling link may have been a manifest or a directory of them.
            Err(cause) if is_manifest || path.extension().is_none() => {
                self.problems.push(unreadable(path, &cause));
            }
            _ => {}
        }
    }
}

fn sorted(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}

fn unreadable(path: &Path, cause: &io::Error) -> Problem {
    let file = name(path);
    let link = fs::read_link(path).ok();
    match (cause.kind(), link) {
        (io::ErrorKind::NotFound, Some(target)) => Problem::error(
            &file,
            format!(
                "this symbolic link is broken: it leads to `{}`, which does not exist",
                target.display()
            ),
        ),
        (io::ErrorKind::NotFound, None) => Problem::error(&file, "no such file or directory"),
        (io::ErrorKind::PermissionDenied, _) => {
            Problem::error(&file, "cannot be read: permission denied")
        }
        (_, Some(_)) if is_link_loop(cause) => {
            Problem::error(&file, "this symbolic link leads back to itself")
        }
        _ => Problem::error(&file, format!("cannot be read: {cause}")),
    }
}

/// `ErrorKind::FilesystemLoop` is not stable, so a link that cannot be followed for another
/// reason than absence and permission is told by its cause's text.
fn is_link_loop(cause: &io::Error) -> bool {
    cause.to_string().contains("symbolic link")
}

fn without_manifests(path: &Path, skipped: &[PathBuf]) -> Problem {
    let file = name(path);
    let Some(first) = skipped.first() else {
        return Problem::error(&file, "this directory holds no manifests")
            .with_help("manifests are files that end in `.yaml`, `.yml` or `.json`");
    };
    let file_name = first.file_name().unwrap_or_default().to_string_lossy();
    let problem = Problem::error(
        &file,
        format!("this directory holds no manifests, only files such as `{file_name}`"),
    );
    match NotAManifest::of(&file_name) {
        Some(which) => problem.with_help(which.way_out()),
        None => problem,
    }
}
