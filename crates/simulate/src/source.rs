//! Reads one source of manifests.

use std::sync::Arc;

use manifest::{Object, Problem};

/// Passes each object and each problem of a source to `visit`, in order. `explicit` is true if the user named
/// the source itself, not a directory that contains it.
///
/// # Errors
/// Returns the errors of `visit`.
pub fn read<E>(
    name: &str,
    bytes: &[u8],
    explicit: bool,
    visit: &mut dyn FnMut(Result<Object, Problem>) -> Result<(), E>,
) -> Result<(), E> {
    if let Some(warning) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| manifest::placeholder_warning(name, text))
    {
        visit(Err(warning))?;
    }
    let mut documents = manifest::read(name, bytes).peekable();
    if documents.peek().is_none() {
        visit(Err(empty(name, explicit)))?;
    }
    for document in documents {
        match document {
            Err(problem) => visit(Err(problem))?,
            Ok(document) => {
                for object in document.objects() {
                    visit(object)?;
                }
            }
        }
    }
    Ok(())
}

/// Returns the problem of a source without documents. It is only a warning for a file in a directory, which
/// may be commented out on purpose.
fn empty(name: &str, explicit: bool) -> Problem {
    let problem = match explicit {
        true => Problem::error,
        false => Problem::warning,
    };
    problem(&Arc::from(name), "empty, or contains only comments").at_line(1)
}
