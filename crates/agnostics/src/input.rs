//! Reading the manifests that the command line names.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifest::{Object, Problem, walk};

/// The name that reports use for standard input.
const STDIN: &str = "<stdin>";

/// The sources named, expanded; what could not be is in `problems`.
#[derive(Debug, Default)]
pub(crate) struct Input {
    sources: Vec<Source>,
    /// What is wrong with the paths themselves.
    pub(crate) problems: Vec<Problem>,
    /// How many files of directories were left out because another program reads them: kustomizations
    /// with their patches, Helm values.
    pub(crate) skipped: usize,
}

#[derive(Debug)]
enum Source {
    File {
        path: PathBuf,
        /// Whether the command line names it, rather than a directory above it.
        named: bool,
    },
    /// What can be read only once, such as standard input.
    Kept { name: String, bytes: Vec<u8> },
}

impl Input {
    /// Expands `paths`; with `only_manifests`, files among them may be anything.
    pub(crate) fn open(paths: &[PathBuf], only_manifests: bool) -> Self {
        let mut input = Self::default();
        let mut seen = BTreeSet::new();
        let is_stdin = |path: &&PathBuf| path.as_path() == Path::new("-");
        if paths.iter().any(|path| is_stdin(&path)) {
            input.keep(STDIN.to_owned(), read_stdin());
        }
        // All at once: a kustomization under one path may use a file under another as a patch.
        let files = paths.iter().filter(|path| !is_stdin(path));
        let found = match only_manifests {
            true => walk::walk_filtered(files),
            false => walk::walk(files),
        };
        input.problems.extend(found.problems);
        input.skipped = found.skipped.len();
        for file in found.files {
            // A file that two of the paths lead to is still one file.
            if fs::canonicalize(&file).is_ok_and(|real| !seen.insert(real)) {
                continue;
            }
            let named = !only_manifests && paths.contains(&file);
            match fs::metadata(&file) {
                Ok(found) if !found.is_file() => {
                    input.keep(file.display().to_string(), walk::load(&file));
                }
                _ => input.sources.push(Source::File { path: file, named }),
            }
        }
        input
    }

    fn keep(&mut self, name: String, bytes: Result<Vec<u8>, Problem>) {
        match bytes {
            Ok(bytes) => self.sources.push(Source::Kept { name, bytes }),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Gives every object, and every problem in its place, to `take`, one at a time: memory is
    /// bounded by the biggest file.
    ///
    /// # Errors
    /// Those of `take`.
    pub(crate) fn read<E>(
        &self,
        mut take: impl FnMut(Result<Object, Problem>) -> Result<(), E>,
    ) -> Result<(), E> {
        for source in &self.sources {
            let loaded;
            let (name, bytes, named) = match source {
                Source::Kept { name, bytes } => (name.clone(), bytes, true),
                Source::File { path, named } => {
                    loaded = match walk::load(path) {
                        Ok(bytes) => bytes,
                        Err(problem) => {
                            take(Err(problem))?;
                            continue;
                        }
                    };
                    (path.display().to_string(), &loaded, *named)
                }
            };
            simulate::read(&name, bytes, named, &mut take)?;
        }
        Ok(())
    }
}

fn read_stdin() -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(cause) => {
            let message = format!("cannot be read: {cause}");
            Err(Problem::error(&Arc::from(STDIN), message))
        }
    }
}
