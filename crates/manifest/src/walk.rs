//! Finds manifests in files and directories.

mod content;
mod kustomization;
mod problems;
mod root;
mod used;

use std::fs;
use std::path::{Path, PathBuf};

use self::content::Content;
use self::root::{Found, Root};
use self::used::Used;
use crate::problem::Problem;

/// The result of [`walk`].
#[derive(Debug, Default)]
pub struct Walk {
    /// The files to read, in the order of the paths. Files of a directory are sorted by name.
    pub files: Vec<PathBuf>,
    /// Errors for paths that cannot be read, and warnings for skipped files that may be meant as manifests.
    pub problems: Vec<Problem>,
    /// Files that are skipped because kustomize or Helm reads them, in the order of `files`: kustomizations,
    /// the files that they use other than as resources, and the metadata and values of charts.
    ///
    /// They have no [`Problem`]. Reporting their number is enough, since the objects rendered from them are
    /// in no file.
    pub skipped: Vec<PathBuf>,
}

/// Expands paths to manifest files.
///
/// A path to a file is always included. A directory includes its `.yaml`, `.yml` and `.json` files and those
/// of its subdirectories, except
///
/// - names that start with a dot;
/// - the files in [`Walk::skipped`]: kustomizations, `Chart.yaml` and `values.yaml`; files with `values` in
///   their name that have neither `apiVersion` nor `kind`; and files that any kustomization below the given
///   directories uses other than as a resource, such as patches, values of charts and files of ConfigMaps.
///   A file that another kustomization uses as a resource is included;
/// - with a warning, the `templates` of a chart, JSON patches that no kustomization uses, and files with none
///   of `apiVersion`, `kind`, `metadata` and `spec`, which belong to other programs.
///
/// Each kustomization applies to all `paths`, since an overlay in one path may use files in another.
/// Kustomizations outside the paths are ignored. One that cannot be read is a warning, and the files that it
/// uses are included.
///
/// A problem with one path is a [`Problem`] and does not affect the others.
pub fn walk(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Walk {
    expand(paths, false)
}

/// Like [`walk`], but skips files that are not manifests, as if their directory were given.
///
/// For generated lists of files, such as those that pre-commit passes.
pub fn walk_filtered(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Walk {
    expand(paths, true)
}

fn expand(paths: impl IntoIterator<Item = impl AsRef<Path>>, filter_files: bool) -> Walk {
    let mut used = Used::default();
    let roots: Vec<Root> = paths
        .into_iter()
        .map(|path| Root::walk(path.as_ref(), filter_files, &mut used))
        .collect();
    let mut walk = Walk::default();
    for root in roots {
        walk.add(root, &used);
    }
    walk
}

/// Reads a file.
///
/// # Errors
/// Returns a problem with the path and the cause.
pub fn load(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|cause| problems::unreadable(path, &cause))
}

impl Walk {
    /// Adds the files of one path. All kustomizations must be known.
    fn add(&mut self, mut root: Root, used: &Used) {
        let (files, skipped) = (self.files.len(), self.skipped.len());
        for found in root.found {
            match found {
                Found::Named(path) => self.files.push(path),
                Found::Skipped(path) => self.skipped.push(path),
                Found::Listed(path) if used.contains(&path) => self.skipped.push(path),
                Found::Listed(path) => match Content::detect(&path) {
                    Content::Manifests => self.files.push(path),
                    Content::Values => self.skipped.push(path),
                    Content::JsonPatch => root.problems.push(problems::unused_patch(&path)),
                    Content::Other => root.problems.push(problems::no_object(&path)),
                },
            }
        }
        if self.files.len() == files && root.problems.is_empty() && root.path.is_dir() {
            let skipped = self.skipped.get(skipped..).unwrap_or_default();
            root.problems
                .push(problems::without_manifests(&root.path, skipped));
        }
        self.problems.append(&mut root.problems);
    }
}
