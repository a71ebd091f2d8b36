//! The policies that a run goes by.

use std::path::PathBuf;
use std::sync::Arc;

use manifest::{Object, Problem, Severity};

use crate::input::Input;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::report::text;

/// The policies in `files`, or the profile's where there are none. Warnings about them go to standard error.
///
/// # Errors
/// Everything that is wrong with them, where something is.
pub(crate) fn load(
    files: &[PathBuf],
    profile: Option<Profile>,
) -> Result<Vec<Policy>, Vec<Problem>> {
    let mut policies = Vec::new();
    let mut problems = Vec::new();
    let mut take = |item: Result<Object, Problem>| match item.map(|object| Policy::read(&object)) {
        Ok(Some(Ok(policy))) => policies.push(policy),
        Ok(None) => {}
        Ok(Some(Err(problem))) | Err(problem) => problems.push(problem),
    };
    if files.is_empty() {
        let (path, text) = profile.unwrap_or(Profile::DEFAULT).policies();
        for document in manifest::read(path, text.as_bytes()) {
            match document {
                Ok(document) => document.objects().for_each(&mut take),
                Err(problem) => take(Err(problem)),
            }
        }
    } else {
        let input = Input::open(files);
        input
            .problems
            .iter()
            .cloned()
            .for_each(|problem| take(Err(problem)));
        let Ok(()) = input.read(|item| {
            take(item);
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
