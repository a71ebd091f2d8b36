//! Temporary directories to walk.

#![allow(
    dead_code,
    reason = "each test file is a separate crate and uses some helpers only"
)]
#![allow(clippy::unwrap_used, reason = "test helpers")]

use std::fs;
use std::path::{Path, PathBuf};

use manifest::walk::Walk;
use tempfile::TempDir;

/// A directory with files; each contains its own path in a comment.
pub(crate) fn tree(files: &[&str]) -> TempDir {
    let contents: Vec<String> = files.iter().map(|file| format!("# {file}\n")).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .copied()
        .zip(contents.iter().map(String::as_str))
        .collect();
    tree_of(&files)
}

/// A directory with files, given as path and content.
pub(crate) fn tree_of(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (file, content) in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
    }
    directory
}

/// The files to read, relative to the directory.
pub(crate) fn files<'a>(found: &'a Walk, directory: &Path) -> Vec<&'a str> {
    relative(&found.files, directory)
}

/// The skipped files, relative to the directory.
pub(crate) fn skipped<'a>(found: &'a Walk, directory: &Path) -> Vec<&'a str> {
    relative(&found.skipped, directory)
}

fn relative<'a>(paths: &'a [PathBuf], directory: &Path) -> Vec<&'a str> {
    paths
        .iter()
        .map(|it| it.strip_prefix(directory).unwrap().to_str().unwrap())
        .collect()
}

/// The problems as severity, path relative to the directory, and message.
pub(crate) fn problems(found: &Walk, directory: &Path) -> Vec<String> {
    let directory = format!("{}/", directory.display());
    found
        .problems
        .iter()
        .map(|it| format!("{} {}", it.severity, it).replace(&directory, ""))
        .collect()
}
