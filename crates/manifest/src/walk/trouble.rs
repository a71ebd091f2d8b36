//! The problems with paths, and with what is found there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::problem::Problem;
use crate::well_known::{self, NotAManifest};

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

pub(super) fn link_to_above(path: &Path) -> Problem {
    Problem::error(
        &name(path),
        "this symbolic link leads back to a directory that contains it",
    )
    .with_help("remove the link, or name the directories to read")
}

pub(super) fn chart_templates(path: &Path) -> Problem {
    let chart = path.parent().unwrap_or(path).display();
    Problem::warning(
        &name(path),
        "the templates of this Helm chart are left out: they are no manifests until rendered",
    )
    .with_help(format!("render it first: `helm template {chart}`"))
}

pub(super) fn unused_patch(path: &Path) -> Problem {
    Problem::warning(
        &name(path),
        "this JSON patch is left out: it is no object, and no kustomization found here uses it",
    )
    .with_help("name the directory of its kustomization too, or remove it if it is not in use")
}

pub(super) fn no_object(path: &Path) -> Problem {
    Problem::warning(
        &name(path),
        "this file is left out: it has neither `apiVersion` nor `kind`, so it holds no object",
    )
    .with_help("if it is to be a manifest, give it `apiVersion` and `kind`")
}

/// A directory in which everything was left out without a word.
pub(super) fn without_manifests(path: &Path, skipped: &[PathBuf]) -> Problem {
    let file = name(path);
    let Some((example, which)) = example(skipped) else {
        return Problem::error(&file, "this directory holds no manifests")
            .with_help("manifests are files that end in `.yaml`, `.yml` or `.json`");
    };
    Problem::error(
        &file,
        format!("this directory holds no manifests, only files such as `{example}`"),
    )
    .with_help(which.way_out())
}

/// A file that was left out, best one that tells by its name why.
fn example(skipped: &[PathBuf]) -> Option<(String, NotAManifest)> {
    let mut names = skipped
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let telling = names
        .clone()
        .find_map(|name| NotAManifest::of(&name).map(|which| (name, which)));
    telling.or_else(|| {
        let name = names.next()?;
        let which = if well_known::is_named_like_values(&name) {
            NotAManifest::HelmValues
        } else {
            NotAManifest::Kustomization
        };
        Some((name, which))
    })
}
