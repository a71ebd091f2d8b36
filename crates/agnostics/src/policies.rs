//! Loads the policies of a run.

use std::path::PathBuf;
use std::sync::Arc;

use manifest::{Problem, Severity};
use simulate::{Policy, Profile};

use crate::input::Input;
use crate::report::text;

/// Returns the policies in `files`, or those of the profile if there are no files. Prints warnings about them
/// to standard error.
///
/// # Errors
/// Returns all problems if at least one of them is an error.
pub(crate) fn load(
    files: &[PathBuf],
    profile: Option<Profile>,
) -> Result<Vec<Policy>, Vec<Problem>> {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    if files.is_empty() {
        let (path, text) = profile.unwrap_or(Profile::DEFAULT).policies();
        (policies, problems) = Policy::read_all(path, text);
    } else {
        let input = Input::open(files, false);
        problems.extend(input.problems.iter().cloned());
        let Ok(()) = input.read(|item| {
            match item.map(|object| Policy::read(&object)) {
                Ok(Some(Ok(policy))) => policies.push(policy),
                Ok(None) => {}
                Ok(Some(Err(problem))) | Err(problem) => problems.push(problem),
            }
            Ok::<(), std::convert::Infallible>(())
        });
        if policies.is_empty() && !problems.iter().any(|it| it.severity == Severity::Error) {
            let files: Vec<String> = files
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let problem = Problem::error(&Arc::from(files.join(", ")), "no policy found");
            problems
                .push(problem.with_help(
                    "a policy is a ClusterAdmissionPolicy of policies.kubewarden.io/v1",
                ));
        }
    }
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    if problems.iter().any(is_error) {
        return Err(problems);
    }
    for warning in &problems {
        // A failure to write to standard error cannot be reported.
        let _ = text::problem(&mut anstream::stderr(), warning);
    }
    Ok(policies)
}
