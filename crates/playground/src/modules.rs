//! The linked modules as an engine of the plane.

use linked::{Calls, MODULES, Objects};
use plane::{Answer, Engine, Module, Policy};
use serde::Deserialize;
use serde_json::value::RawValue;
use snapshot::{ContextAwareResource, Snapshot};

/// The modules that this program holds.
#[derive(Debug)]
pub(crate) struct Linked;

impl Engine for Linked {
    fn module(&mut self, policy: &Policy) -> Result<Box<dyn Module>, String> {
        let name = policy.module_name();
        let Some(calls) = linked::module(name) else {
            let known: Vec<&str> = MODULES.iter().map(|calls| calls.module).collect();
            let known = known.join(", ");
            return Err(format!("no module `{name}` here; there are {known}"));
        };
        Ok(Box::new(LinkedModule {
            calls,
            granted: policy.spec.context_aware_resources.clone(),
        }))
    }
}

struct LinkedModule {
    calls: &'static Calls,
    granted: Vec<ContextAwareResource>,
}

/// The answer to `validate_settings`.
#[derive(Deserialize)]
struct OfSettings {
    valid: bool,
    message: Option<String>,
}

/// The answer to `validate`.
#[derive(Deserialize)]
struct OfRequest {
    accepted: bool,
    message: Option<String>,
    mutated_object: Option<Box<RawValue>>,
    #[serde(default)]
    warnings: Vec<String>,
}

/// What a module is given to judge.
pub(crate) fn payload(settings: &RawValue, request: &RawValue) -> String {
    let parts = [
        "{\"request\":",
        request.get(),
        ",\"settings\":",
        settings.get(),
        "}",
    ];
    parts.concat()
}

impl Module for LinkedModule {
    fn complaint(&self, settings: &RawValue) -> Result<Option<String>, String> {
        let answer = (self.calls.validate_settings)(settings.get().as_bytes());
        let answer: OfSettings = read(&answer)?;
        Ok((!answer.valid).then(|| answer.message.unwrap_or_default()))
    }

    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Answer, String> {
        let objects = Objects::new(cluster, Some(&self.granted));
        let payload = payload(settings, request);
        let answer = (self.calls.validate)(payload.as_bytes(), &objects);
        let answer: OfRequest = read(&answer)?;
        Ok(Answer {
            accepted: answer.accepted,
            message: answer.message,
            mutated_object: answer.mutated_object,
            warnings: answer.warnings,
            unanswered: objects.into_unanswered(),
        })
    }
}

fn read<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(answer).map_err(|error| error.to_string())
}
