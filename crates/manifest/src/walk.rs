//! The files behind the paths of a command line.

mod content;
mod kustomization;
mod root;
mod trouble;
mod used;

use std::fs;
use std::path::{Path, PathBuf};

use self::content::Content;
use self::root::{Found, Root};
use self::used::Used;
use crate::problem::Problem;

/// What [`walk`] found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files to read: in the order of the paths, those of a directory sorted by name.
    pub files: Vec<PathBuf>,
    /// What could not be walked, and what was left out although its author may have meant it to
    /// be read, which is a warning.
    pub problems: Vec<Problem>,
    /// Files left out because kustomize or Helm reads them, in the order of `files`:
    /// kustomizations, what they use other than as a resource, and a chart's description and
    /// values. There is no [`Problem`] for them: it is enough to tell how many there are, since
    /// the objects that come of them are in no file.
    pub skipped: Vec<PathBuf>,
}

/// Expands paths to the manifests behind them.
///
/// A file is taken whatever its name and content. A directory gives its `.yaml`, `.yml` and
/// `.json` files and those of its subdirectories, except
///
/// - names that start with a dot;
/// - for [`Walk::skipped`], kustomizations, `Chart.yaml` and `values.yaml`; files with `values` in
///   their name that have neither `apiVersion` nor `kind`; and what any kustomization below the
///   given directories uses without applying it as it is, such as patches, the values of charts
///   and the files of ConfigMaps. A file that is also a resource somewhere is taken;
/// - with a warning, a chart's `templates`, JSON patches that no kustomization uses, and files of
///   yet other programs: those with none of `apiVersion`, `kind`, `metadata` and `spec`.
///
/// Kustomizations count for all of the `paths`, since an overlay in one may use what is in
/// another; those outside are not looked for. One that cannot be read is a warning, and what it
/// uses is taken for manifests.
///
/// What is wrong with one path is a [`Problem`] and does not keep the others from being walked.
pub fn walk(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Walk {
    expand(paths, false)
}

/// The same for paths that somebody named without a look at them: a file is taken or left out as if its
/// directory had been named.
pub fn walk_unseen(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Walk {
    expand(paths, true)
}

fn expand(paths: impl IntoIterator<Item = impl AsRef<Path>>, unseen: bool) -> Walk {
    let mut used = Used::default();
    let roots: Vec<Root> = paths
        .into_iter()
        .map(|path| Root::walk(path.as_ref(), unseen, &mut used))
        .collect();
    let mut walk = Walk::default();
    for root in roots {
        walk.take(root, &used);
    }
    walk
}

/// Reads a file.
///
/// # Errors
/// A problem with the path and the cause.
pub fn load(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|cause| trouble::unreadable(path, &cause))
}

impl Walk {
    /// Sorts what was found at one path, now that all kustomizations are known.
    fn take(&mut self, mut root: Root, used: &Used) {
        let (files, skipped) = (self.files.len(), self.skipped.len());
        for found in root.found {
            match found {
                Found::Named(path) => self.files.push(path),
                Found::Skipped(path) => self.skipped.push(path),
                Found::Listed(path) if used.contains(&path) => self.skipped.push(path),
                Found::Listed(path) => match Content::of(&path) {
                    Content::Manifests => self.files.push(path),
                    Content::Values => self.skipped.push(path),
                    Content::JsonPatch => root.problems.push(trouble::unused_patch(&path)),
                    Content::Other => root.problems.push(trouble::no_object(&path)),
                },
            }
        }
        if self.files.len() == files && root.problems.is_empty() && root.path.is_dir() {
            let skipped = self.skipped.get(skipped..).unwrap_or_default();
            root.problems
                .push(trouble::without_manifests(&root.path, skipped));
        }
        self.problems.append(&mut root.problems);
    }
}
