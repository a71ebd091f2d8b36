//! Reading the manifests that the command line names.

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
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    /// Standard input can be read once, so its bytes are kept.
    Stdin(Vec<u8>),
}

impl Input {
    pub(crate) fn open(paths: &[PathBuf]) -> Self {
        let mut input = Self::default();
        for path in paths {
            if path == Path::new("-") {
                input.read_stdin();
                continue;
            }
            let found = walk::walk([path]);
            input
                .sources
                .extend(found.files.into_iter().map(Source::File));
            input.problems.extend(found.problems);
        }
        input
    }

    fn read_stdin(&mut self) {
        let mut bytes = Vec::new();
        match std::io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => self.sources.push(Source::Stdin(bytes)),
            Err(cause) => {
                let message = format!("cannot be read: {cause}");
                self.problems
                    .push(Problem::error(&Arc::from(STDIN), message));
            }
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
            let (name, bytes) = match source {
                Source::Stdin(bytes) => (STDIN.to_owned(), bytes),
                Source::File(path) => {
                    loaded = match walk::load(path) {
                        Ok(bytes) => bytes,
                        Err(problem) => {
                            take(Err(problem))?;
                            continue;
                        }
                    };
                    (path.display().to_string(), &loaded)
                }
            };
            if let Some(warning) = std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| manifest::warn_of_placeholders(&name, text))
            {
                take(Err(warning))?;
            }
            for document in manifest::read(&name, bytes) {
                match document {
                    Err(problem) => take(Err(problem))?,
                    Ok(document) => {
                        for object in document.objects() {
                            take(object)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
