//! Reads the manifests named on the command line.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifest::{Object, Problem, walk};

/// The name of standard input in reports.
const STDIN: &str = "<stdin>";

/// The sources of manifests, with directories expanded.
#[derive(Debug, Default)]
pub(crate) struct Input {
    sources: Vec<Source>,
    /// Problems with the paths themselves.
    pub(crate) problems: Vec<Problem>,
    /// The number of files skipped in directories because another program reads them: kustomizations, their
    /// patches, and Helm values.
    pub(crate) skipped: usize,
}

#[derive(Debug)]
enum Source {
    File {
        path: PathBuf,
        /// Whether the command line names the file itself, not a directory that contains it.
        explicit: bool,
    },
    /// The content of a source that can be read only once, such as standard input.
    Buffered { name: String, bytes: Vec<u8> },
}

impl Input {
    /// Expands `paths`. With `only_manifests`, named files that are not manifests are skipped.
    pub(crate) fn open(paths: &[PathBuf], only_manifests: bool) -> Self {
        let mut input = Self::default();
        let mut seen = BTreeSet::new();
        let is_stdin = |path: &&PathBuf| path.as_path() == Path::new("-");
        if paths.iter().any(|path| is_stdin(&path)) {
            input.buffer(STDIN.to_owned(), read_stdin());
        }
        // All paths are walked together: a kustomization under one path may patch with a file under another.
        let files = paths.iter().filter(|path| !is_stdin(path));
        let found = match only_manifests {
            true => walk::walk_filtered(files),
            false => walk::walk(files),
        };
        input.problems.extend(found.problems);
        input.skipped = found.skipped.len();
        for file in found.files {
            // Several paths may lead to the same file.
            if fs::canonicalize(&file).is_ok_and(|real| !seen.insert(real)) {
                continue;
            }
            let explicit = !only_manifests && paths.contains(&file);
            match fs::metadata(&file) {
                Ok(found) if !found.is_file() => {
                    input.buffer(file.display().to_string(), walk::load(&file));
                }
                _ => input.sources.push(Source::File {
                    path: file,
                    explicit,
                }),
            }
        }
        input
    }

    fn buffer(&mut self, name: String, bytes: Result<Vec<u8>, Problem>) {
        match bytes {
            Ok(bytes) => self.sources.push(Source::Buffered { name, bytes }),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Passes each object and each problem to `visit`, in order. Holds only one file in memory at a time.
    ///
    /// # Errors
    /// Returns the errors of `visit`.
    pub(crate) fn read<E>(
        &self,
        mut visit: impl FnMut(Result<Object, Problem>) -> Result<(), E>,
    ) -> Result<(), E> {
        for source in &self.sources {
            let loaded;
            let (name, bytes, explicit) = match source {
                Source::Buffered { name, bytes } => (name.clone(), bytes, true),
                Source::File { path, explicit } => {
                    loaded = match walk::load(path) {
                        Ok(bytes) => bytes,
                        Err(problem) => {
                            visit(Err(problem))?;
                            continue;
                        }
                    };
                    (path.display().to_string(), &loaded, *explicit)
                }
            };
            simulate::read(&name, bytes, explicit, &mut visit)?;
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
