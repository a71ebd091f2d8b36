//! The built modules: where they are, and the host that runs them.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use host::{Host, Options, Snapshot};
use plane::{Answer, Engine, Policy};
use serde_json::value::RawValue;

/// Loads modules by name.
pub(crate) struct Modules {
    host: Host,
    dirs: Vec<PathBuf>,
    loaded: BTreeMap<String, host::Module>,
}

impl Modules {
    /// Looks for modules in `dir`, or where an installation or a build has them.
    ///
    /// # Errors
    /// When the engine does not start.
    pub(crate) fn new(dir: Option<&Path>) -> Result<Self, String> {
        let options = Options {
            cache_dir: cache_dir(),
            ..Options::default()
        };
        Ok(Self {
            host: Host::new(options).map_err(|error| error.to_string())?,
            dirs: dir.map_or_else(usual_dirs, |dir| vec![dir.to_owned()]),
            loaded: BTreeMap::new(),
        })
    }

    /// The module of this name.
    ///
    /// # Errors
    /// When there is none, or it is no module.
    fn load(&mut self, name: &str) -> Result<host::Module, String> {
        if let Some(module) = self.loaded.get(name) {
            return Ok(module.clone());
        }
        let file = format!("{name}.wasm");
        let path = self
            .dirs
            .iter()
            .map(|dir| dir.join(&file))
            .find(|path| path.is_file());
        let path = path.ok_or_else(|| {
            let dirs: Vec<String> = self
                .dirs
                .iter()
                .map(|dir| format!("`{}`", dir.display()))
                .collect();
            format!(
                "module `{name}` is not in {}; build it with `cargo xtask build`, or say where the \
                 modules are with --modules DIR",
                dirs.join(" or ")
            )
        })?;
        let wasm = std::fs::read(&path)
            .map_err(|cause| format!("cannot read `{}`: {cause}", path.display()))?;
        let module = self
            .host
            .load(name, &wasm)
            .map_err(|error| error.to_string())?;
        self.loaded.insert(name.to_owned(), module.clone());
        Ok(module)
    }
}

impl Engine for Modules {
    fn module(&mut self, policy: &Policy) -> Result<Box<dyn plane::Module>, String> {
        let module = self.load(policy.module_name())?;
        let granted = policy.spec.context_aware_resources.clone();
        Ok(Box::new(Built(
            module.with_context_aware_resources(granted),
        )))
    }
}

/// A built module in the embedded host.
struct Built(host::Module);

impl plane::Module for Built {
    fn complaint(&self, settings: &RawValue) -> Result<Option<String>, String> {
        let response = self.0.validate_settings(settings);
        let response = response.map_err(|error| error.to_string())?;
        Ok((!response.valid).then(|| response.message.unwrap_or_default()))
    }

    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Answer, String> {
        let response = self.0.validate(settings, request, cluster);
        let response = response.map_err(|error| error.to_string())?;
        Ok(Answer {
            accepted: response.accepted,
            message: response.message,
            mutated_object: response.mutated_object,
            warnings: response.warnings,
            unanswered: response.activity.unanswered,
        })
    }
}

/// Beside the program as installed, and where `cargo xtask build` puts modules.
fn usual_dirs() -> Vec<PathBuf> {
    let program = env::current_exe().unwrap_or_default();
    let bin = program.parent().unwrap_or(Path::new("."));
    let mut dirs = vec![bin.join("modules")];
    dirs.extend(bin.parent().map(|target| target.join("modules")));
    dirs
}

/// `$AGNOSTICS_CACHE`, else where the XDG base directory specification puts caches.
fn cache_dir() -> Option<PathBuf> {
    let dir = |name: &str| {
        env::var_os(name)
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from)
    };
    dir("AGNOSTICS_CACHE")
        .or_else(|| Some(dir("XDG_CACHE_HOME")?.join("agnostics")))
        .or_else(|| Some(dir("HOME")?.join(".cache/agnostics")))
}
