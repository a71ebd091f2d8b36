//! The policies that a run goes by.

use std::path::PathBuf;
use std::sync::Arc;

use manifest::{Problem, Severity};
use simulate::{Policy, Profile};

use crate::input::Input;
use crate::report::text;

/// The policies in `files`, or the profile's where there are none. Warnings about them go to standard error.
///
/// # Errors
/// Everything that is wrong with them, where something is.
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
            let problem = Problem::error(&Arc::from(files.join(", ")), "no policy in here");
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
        // Nothing is left to be done where even this cannot be written.
        let _ = text::problem(&mut anstream::stderr(), warning);
    }
    Ok(policies)
}
