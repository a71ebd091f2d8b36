//! One source of manifests.

use std::sync::Arc;

use manifest::{Object, Problem};

/// Gives every object of a source, and every problem in its place, to `take`. `named` is whether the user
/// named the source, rather than a directory above it.
///
/// # Errors
/// Those of `take`.
pub fn read<E>(
    name: &str,
    bytes: &[u8],
    named: bool,
    take: &mut dyn FnMut(Result<Object, Problem>) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(warning) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| manifest::placeholder_warning(name, text))
    {
        take(Err(warning))?;
    }
    let mut documents = manifest::read(name, bytes).peekable();
    if documents.peek().is_none() {
        take(Err(empty(name, named)))?;
    }
    for document in documents {
        match document {
            Err(problem) => take(Err(problem))?,
            Ok(document) => {
                for object in document.objects() {
                    take(object)?;
                }
            }
        }
    }
    Ok(())
}

/// A file without documents. Among others in a directory it may be so on purpose, all commented out.
fn empty(name: &str, named: bool) -> Problem {
    let problem = match named {
        true => Problem::error,
        false => Problem::warning,
    };
    problem(&Arc::from(name), "this is empty, or nothing but comments").at_line(1)
}
