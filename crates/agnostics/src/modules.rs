//! The runtime of `--modules`: `.wasm` modules of a directory, else the built-in policies.

use std::path::{Path, PathBuf};

use host::{Host, Options, Snapshot};
use serde_json::value::RawValue;
use simulate::{Builtin, Evaluator, LoadError, Loaded, Policy, Response, Runtime};

/// A runtime that prefers the modules of a directory to the built-in policies.
pub(crate) struct Modules {
    host: Host,
    directory: PathBuf,
}

/// Returns the runtime for `--modules`. Without a directory, it is the built-in one.
///
/// # Errors
/// Returns an error if `directory` is not a directory, or if the interpreter cannot be created.
pub(crate) fn runtime(directory: Option<&Path>) -> Result<Box<dyn Runtime>, String> {
    let Some(directory) = directory else {
        return Ok(Box::new(Builtin));
    };
    if !directory.is_dir() {
        let shown = directory.display();
        return Err(format!("`{shown}` is not a directory"));
    }
    Ok(Box::new(Modules {
        host: Host::new(Options::default()).map_err(|error| error.to_string())?,
        directory: directory.to_owned(),
    }))
}

impl Runtime for Modules {
    fn load(&mut self, policy: &Policy) -> Result<Loaded, LoadError> {
        let name = policy.module_name();
        let path = self.directory.join(name).with_extension("wasm");
        if !path.is_file() {
            return Builtin.load(policy).map_err(|_| {
                let directory = self.directory.display();
                LoadError::Missing(format!(
                    "module `{name}` is neither in `{directory}` nor built in"
                ))
            });
        }
        let wasm = std::fs::read(&path).map_err(|cause| {
            LoadError::Broken(format!("cannot read `{}`: {cause}", path.display()))
        })?;
        let module = self.host.load(name, &wasm);
        let module = module.map_err(|error| LoadError::Broken(error.to_string()))?;
        let granted = policy.spec.context_aware_resources.iter().cloned();
        let version = module.metadata().and_then(|metadata| {
            let version = metadata.annotations.get("io.kubewarden.policy.version");
            version.cloned()
        });
        Ok(Loaded {
            evaluator: Box::new(Module(module.with_context_aware_resources(granted))),
            version,
        })
    }
}

/// Runs a module in the embedded interpreter.
struct Module(host::Module);

impl Evaluator for Module {
    fn validate_settings(&self, settings: &RawValue) -> Result<Option<String>, String> {
        let response = self.0.validate_settings(settings);
        let response = response.map_err(|error| error.to_string())?;
        Ok((!response.valid).then(|| response.message.unwrap_or_default()))
    }

    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String> {
        let response = self.0.validate(settings, request, cluster);
        let response = response.map_err(|error| error.to_string())?;
        Ok(Response {
            accepted: response.accepted,
            message: response.message,
            mutated_object: response.mutated_object,
            warnings: response.warnings,
            audit_annotations: response.audit_annotations,
            unknown_kinds: response.activity.unanswered,
        })
    }
}
