//! The files that kustomizations use.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::kustomization::Kustomization;
use crate::problem::Problem;

/// The files that the kustomizations of a walk use, by their real paths, since each refers to them relative
/// to its own directory.
#[derive(Debug, Default)]
pub(super) struct Used {
    resources: HashSet<PathBuf>,
    others: HashSet<PathBuf>,
}

impl Used {
    /// Adds the files of one kustomization.
    ///
    /// # Errors
    /// Returns a warning if the kustomization cannot be read.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), Problem> {
        let kustomization = Kustomization::load(path)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        // Skips names that are not files, such as URLs and inline patches.
        let real = |name: String| fs::canonicalize(directory.join(name)).ok();
        let resources = kustomization.resources.into_iter().filter_map(real);
        self.resources.extend(resources);
        self.others
            .extend(kustomization.others.into_iter().filter_map(real));
        Ok(())
    }

    /// Whether kustomizations use a file, but none uses it as a resource.
    pub(super) fn contains(&self, path: &Path) -> bool {
        !self.others.is_empty()
            && fs::canonicalize(path)
                .is_ok_and(|real| self.others.contains(&real) && !self.resources.contains(&real))
    }
}
