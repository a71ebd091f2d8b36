//! The files that kustomizations use.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::kustomization::Kustomization;
use crate::problem::Problem;

/// The files that the kustomizations of a walk use, by their real paths, since each names them
/// from where it is.
#[derive(Debug, Default)]
pub(super) struct Used {
    resources: HashSet<PathBuf>,
    others: HashSet<PathBuf>,
}

impl Used {
    /// Adds what one kustomization uses.
    ///
    /// # Errors
    /// A warning why it cannot be read; nothing is added then.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), Problem> {
        let kustomization = Kustomization::load(path)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        // What does not exist, such as a URL or a patch written in place, is no file of the walk.
        let real = |name: String| fs::canonicalize(directory.join(name)).ok();
        let resources = kustomization.resources.into_iter().filter_map(real);
        self.resources.extend(resources);
        self.others
            .extend(kustomization.others.into_iter().filter_map(real));
        Ok(())
    }

    /// Whether a file is used, and nowhere as a resource, which is applied as it is.
    pub(super) fn contains(&self, path: &Path) -> bool {
        !self.others.is_empty()
            && fs::canonicalize(path)
                .is_ok_and(|real| self.others.contains(&real) && !self.resources.contains(&real))
    }
}
