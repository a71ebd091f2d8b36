//! Directories to walk.

#![allow(
    dead_code,
    reason = "each test file is a crate of its own and uses a part"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail tests")]

use std::fs;
use std::path::{Path, PathBuf};

use manifest::walk::Walk;
use tempfile::TempDir;

/// A directory with files, each holding its own path in a comment.
pub(crate) fn tree(files: &[&str]) -> TempDir {
    let contents: Vec<String> = files.iter().map(|file| format!("# {file}\n")).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .copied()
        .zip(contents.iter().map(String::as_str))
        .collect();
    tree_of(&files)
}

/// A directory with files: their paths, and what they hold.
pub(crate) fn tree_of(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (file, content) in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
    }
    directory
}

/// The files found, without the directory.
pub(crate) fn files<'a>(found: &'a Walk, directory: &Path) -> Vec<&'a str> {
    without(&found.files, directory)
}

/// The files skipped, without the directory.
pub(crate) fn skipped<'a>(found: &'a Walk, directory: &Path) -> Vec<&'a str> {
    without(&found.skipped, directory)
}

fn without<'a>(paths: &'a [PathBuf], directory: &Path) -> Vec<&'a str> {
    paths
        .iter()
        .map(|it| it.strip_prefix(directory).unwrap().to_str().unwrap())
        .collect()
}

/// Problems as severity, path without the directory, and message.
pub(crate) fn problems(found: &Walk, directory: &Path) -> Vec<String> {
    let directory = format!("{}/", directory.display());
    found
        .problems
        .iter()
        .map(|it| format!("{} {}", it.severity, it).replace(&directory, ""))
        .collect()
}
