//! Listing what is at one path.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::trouble;
use super::used::Used;
use crate::problem::Problem;
use crate::well_known::NotAManifest;

/// One of the paths to walk, and what is there.
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
    /// The path itself: whoever named it wants it read.
    Named(PathBuf),
    /// In a directory, and named like a manifest.
    Listed(PathBuf),
    /// In a directory, and named like a file of another program.
    Skipped(PathBuf),
}

impl Root {
    /// Lists what is at a path, and adds to `used` what the kustomizations there use. A file that is named
    /// `unseen` is like one in a directory.
    pub(super) fn walk(path: &Path, unseen: bool, used: &mut Used) -> Self {
        let mut root = Self {
            path: path.to_owned(),
            found: Vec::new(),
            problems: Vec::new(),
        };
        match fs::metadata(path) {
            Err(cause) => root.problems.push(trouble::unreadable(path, &cause)),
            Ok(found) if found.is_dir() => root.directory(path, &mut Vec::new(), used),
            Ok(_) if unseen => root.entry(path, false, &mut Vec::new(), used),
            Ok(_) => root.found.push(Found::Named(path.to_owned())),
        }
        root
    }

    /// `above` holds the real paths of the directories being walked.
    fn directory(&mut self, path: &Path, above: &mut Vec<PathBuf>, used: &mut Used) {
        let listed = fs::canonicalize(path).and_then(|real| Ok((real, sorted(path)?)));
        let (real, entries) = match listed {
            Ok(listed) => listed,
            Err(cause) => return self.problems.push(trouble::unreadable(path, &cause)),
        };
        if above.contains(&real) {
            return self.problems.push(trouble::link_to_above(path));
        }
        let is_chart = entries
            .iter()
            .any(|entry| entry.file_name() == Some(OsStr::new("Chart.yaml")));
        above.push(real);
        for entry in entries {
            self.entry(&entry, is_chart, above, used);
        }
        above.pop();
    }

    fn entry(&mut self, path: &Path, in_chart: bool, above: &mut Vec<PathBuf>, used: &mut Used) {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if file_name.starts_with('.') {
            return;
        }
        let is_manifest = matches!(
            path.extension().and_then(OsStr::to_str),
            Some("yaml" | "yml" | "json")
        );
        match (fs::metadata(path), NotAManifest::of(&file_name)) {
            (Ok(found), _) if found.is_dir() => {
                if in_chart && file_name == "templates" {
                    self.problems.push(trouble::chart_templates(path));
                } else {
                    self.directory(path, above, used);
                }
            }
            (_, Some(which)) => {
                self.found.push(Found::Skipped(path.to_owned()));
                if which == NotAManifest::Kustomization
                    && let Err(problem) = used.add(path)
                {
                    self.problems.push(problem);
                }
            }
            (Ok(_), None) if is_manifest => self.found.push(Found::Listed(path.to_owned())),
            // A dangling link may have been a manifest or a directory of them.
            (Err(cause), None) if is_manifest || path.extension().is_none() => {
                self.problems.push(trouble::unreadable(path, &cause));
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
