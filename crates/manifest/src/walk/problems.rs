//! Problems with paths and the files found there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::non_manifest::{self, NonManifest};
use crate::problem::Problem;

fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}

pub(super) fn unreadable(path: &Path, cause: &io::Error) -> Problem {
    let file = name(path);
    let link = path.read_link().ok();
    match (cause.kind(), link) {
        (io::ErrorKind::NotFound, Some(target)) => Problem::error(
            &file,
            format!(
                "this symbolic link is broken: it points to `{}`, which does not exist",
                target.display()
            ),
        ),
        (io::ErrorKind::NotFound, None) => Problem::error(&file, "no such file or directory"),
        (io::ErrorKind::PermissionDenied, _) => {
            Problem::error(&file, "cannot be read: permission denied")
        }
        (_, Some(_)) if is_link_loop(cause) => {
            Problem::error(&file, "this symbolic link points back to itself")
        }
        _ => Problem::error(&file, format!("cannot be read: {cause}")),
    }
}

/// Whether a symbolic link is part of a loop. `ErrorKind::FilesystemLoop` is not stable, so this checks the
/// text of the error.
fn is_link_loop(cause: &io::Error) -> bool {
    cause.to_string().contains("symbolic link")
}

pub(super) fn link_to_ancestor(path: &Path) -> Problem {
    Problem::error(
        &name(path),
        "this symbolic link points to a directory that contains it",
    )
    .with_help("remove the link, or pass the directories to read instead")
}

pub(super) fn chart_templates(path: &Path) -> Problem {
    let chart = path.parent().unwrap_or(path).display();
    Problem::warning(
        &name(path),
        "skipped the templates of this Helm chart: they are not manifests until rendered",
    )
    .with_help(format!("render the chart first: `helm template {chart}`"))
}

pub(super) fn unused_patch(path: &Path) -> Problem {
    Problem::warning(
        &name(path),
        "skipped this JSON patch: it is not an object, and no kustomization found here uses it",
    )
    .with_help("pass the directory of its kustomization too, or remove the patch if it is unused")
}

pub(super) fn no_object(path: &Path) -> Problem {
    Problem::warning(
        &name(path),
        "skipped this file: it contains no object, since it has neither `apiVersion` nor `kind`",
    )
    .with_help("add `apiVersion` and `kind` if it is a manifest")
}

/// The error for a directory in which every file was skipped without a problem.
pub(super) fn without_manifests(path: &Path, skipped: &[PathBuf]) -> Problem {
    let file = name(path);
    let Some((example, non_manifest)) = example(skipped) else {
        return Problem::error(&file, "this directory contains no manifests")
            .with_help("manifests are files that end in `.yaml`, `.yml` or `.json`");
    };
    Problem::error(
        &file,
        format!("this directory contains no manifests, only files such as `{example}`"),
    )
    .with_help(non_manifest.help())
}

/// Returns an example of the skipped files, preferably one whose name explains why it was skipped.
fn example(skipped: &[PathBuf]) -> Option<(String, NonManifest)> {
    let mut names = skipped
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let recognized = names
        .clone()
        .find_map(|name| NonManifest::from_name(&name).map(|it| (name, it)));
    recognized.or_else(|| {
        let name = names.next()?;
        let non_manifest = if non_manifest::is_named_like_values(&name) {
            NonManifest::HelmValues
        } else {
            NonManifest::Kustomization
        };
        Some((name, non_manifest))
    })
}
