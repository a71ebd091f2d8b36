//! `crates/host`, which runs the built modules as `agnostics check --modules` does.

use std::collections::BTreeMap;
use std::sync::Mutex;

use host::{Module, Options};
use serde_json::value::{RawValue, to_raw_value};

use crate::hosts::Host;
use crate::{Case, Error, Outcome, workspace};

/// The embedded host with the modules that it has loaded.
pub struct Embedded {
    host: host::Host,
    modules: Mutex<BTreeMap<String, Module>>,
}

impl Embedded {
    /// Creates a host without modules.
    ///
    /// # Errors
    /// Returns an error if the engine does not start.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            host: host::Host::new(Options::default())?,
            modules: Mutex::default(),
        })
    }

    /// Returns a built module, which it compiles only once.
    ///
    /// # Errors
    /// Returns an error if the module is not built or not valid.
    pub fn module(&self, name: &str) -> Result<Module, Error> {
        let mut modules = self
            .modules
            .lock()
            .map_err(|_| "another test panicked while loading")?;
        if let Some(module) = modules.get(name) {
            return Ok(module.clone());
        }
        let module = self.host.load(name, &workspace::built_module(name)?.1)?;
        modules.insert(name.to_owned(), module.clone());
        Ok(module)
    }

    /// Returns the bytes that a module returns for a case.
    ///
    /// # Errors
    /// Returns an error if the module returns no response.
    pub fn response(&self, module: &str, case: &Case) -> Result<Vec<u8>, Error> {
        let (operation, payload) = case.call();
        let cluster = case.snapshot()?;
        let module = self.module(module)?;
        let (response, _) = module.call(operation.name(), payload.as_bytes(), &cluster)?;
        Ok(response)
    }
}

impl Host for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        let module = self.module(module)?;
        let settings = to_raw_value(&case.settings)?;
        let Some(request) = case.request() else {
            let response = module.validate_settings(&settings)?;
            return Ok(Outcome::Settings(match response.valid {
                true => None,
                false => Some(response.message.unwrap_or_default()),
            }));
        };
        let cluster = case.snapshot()?;
        let response = module.validate(&settings, &to_raw_value(&request.0)?, &cluster)?;
        let mutated = response.mutated_object.as_deref().map(RawValue::get);
        Ok(Outcome::Verdict {
            accepted: response.accepted,
            message: response.message,
            mutated: mutated.map(serde_json::from_str).transpose()?,
            warnings: response.warnings,
            audit_annotations: response.audit_annotations,
        })
    }
}
