//! Lists the files at one path.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::problems;
use super::used::Used;
use crate::non_manifest::NonManifest;
use crate::problem::Problem;

/// A path to walk, and the files found there.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) path: PathBuf,
    /// In the order of the walk.
    pub(super) found: Vec<Found>,
    pub(super) problems: Vec<Problem>,
}

/// A file, and how it was found.
#[derive(Debug)]
pub(super) enum Found {
    /// The path itself, which is always read.
    Named(PathBuf),
    /// A file in a directory with the name of a manifest.
    Listed(PathBuf),
    /// A file in a directory with a name that kustomize or Helm uses.
    Skipped(PathBuf),
}

impl Root {
    /// Lists the files at a path, and adds the files that its kustomizations use to `used`.
    ///
    /// With `filter_files`, a path to a file is treated like a file in a directory.
    pub(super) fn walk(path: &Path, filter_files: bool, used: &mut Used) -> Self {
        let mut root = Self {
            path: path.to_owned(),
            found: Vec::new(),
            problems: Vec::new(),
        };
        match fs::metadata(path) {
            Err(cause) => root.problems.push(problems::unreadable(path, &cause)),
            Ok(found) if found.is_dir() => root.directory(path, &mut Vec::new(), used),
            Ok(_) if filter_files => root.entry(path, false, &mut Vec::new(), used),
            Ok(_) => root.found.push(Found::Named(path.to_owned())),
        }
        root
    }

    /// Lists a directory. `ancestors` are the real paths of the directories above it.
    fn directory(&mut self, path: &Path, ancestors: &mut Vec<PathBuf>, used: &mut Used) {
        let listed = fs::canonicalize(path).and_then(|real| Ok((real, sorted(path)?)));
        let (real, entries) = match listed {
            Ok(listed) => listed,
            Err(cause) => return self.problems.push(problems::unreadable(path, &cause)),
        };
        if ancestors.contains(&real) {
            return self.problems.push(problems::link_to_ancestor(path));
        }
        let is_chart = entries
            .iter()
            .any(|entry| entry.file_name() == Some(OsStr::new("Chart.yaml")));
        ancestors.push(real);
        for entry in entries {
            self.entry(&entry, is_chart, ancestors, used);
        }
        ancestors.pop();
    }

    fn entry(
        &mut self,
        path: &Path,
        in_chart: bool,
        ancestors: &mut Vec<PathBuf>,
        used: &mut Used,
    ) {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if file_name.starts_with('.') {
            return;
        }
        let is_manifest = matches!(
            path.extension().and_then(OsStr::to_str),
            Some("yaml" | "yml" | "json")
        );
        match (fs::metadata(path), NonManifest::from_name(&file_name)) {
            (Ok(found), _) if found.is_dir() => {
                if in_chart && file_name == "templates" {
                    self.problems.push(problems::chart_templates(path));
                } else {
                    self.directory(path, ancestors, used);
                }
            }
            (_, Some(non_manifest)) => {
                self.found.push(Found::Skipped(path.to_owned()));
                if non_manifest == NonManifest::Kustomization
                    && let Err(problem) = used.add(path)
                {
                    self.problems.push(problem);
                }
            }
            (Ok(_), None) if is_manifest => self.found.push(Found::Listed(path.to_owned())),
            // A broken link may have pointed to a manifest or to a directory of manifests.
            (Err(cause), None) if is_manifest || path.extension().is_none() => {
                self.problems.push(problems::unreadable(path, &cause));
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
