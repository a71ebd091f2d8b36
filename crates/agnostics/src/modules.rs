//! The modules: where they are, and the host that runs them.

mod published;

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use host::{Host, Options, Snapshot};
use plane::{Answer, Engine, Policy};
use registry::Reference;
use serde_json::value::RawValue;

use published::Published;

/// Where modules come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A directory with `<name>.wasm`.
    Directory(PathBuf),
    /// What a registry has under a path.
    Registry(Reference),
}

impl Source {
    /// Reads the value of `--modules`.
    ///
    /// # Errors
    /// It begins as a registry's address and is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with("registry://") {
            return Ok(Self::Directory(text.into()));
        }
        Reference::parse(text)
            .map(Self::Registry)
            .map_err(|error| error.to_string())
    }
}

/// Loads modules by name.
pub(crate) struct Modules {
    host: Host,
    place: Place,
    /// By where they came from.
    loaded: BTreeMap<String, host::Module>,
}

enum Place {
    Directories(Vec<PathBuf>),
    Published(Box<Published>),
}

impl Modules {
    /// Looks for the modules of `policies` in `source`, or where an installation or a build has them. Those
    /// of a registry must be signed by the owner of the public key in the file `key`, where one is given.
    ///
    /// # Errors
    /// When the engine does not start, a key is given that cannot be used, or a module in place of the place
    /// where all are.
    pub(crate) fn new(
        source: Option<&Source>,
        policies: &[Policy],
        key: Option<&Path>,
        insecure: bool,
    ) -> Result<Self, String> {
        let place = match source {
            Some(Source::Registry(place)) => {
                published::hold_above(place, policies)?;
                Place::Published(Box::new(Published::open(place, key, insecure)?))
            }
            _ if key.is_some() => {
                return Err(
                    "--verify-key is for modules with a signature, and files have none: name their \
                     registry with --modules registry://HOST/PATH"
                        .to_owned(),
                );
            }
            Some(Source::Directory(dir)) => Place::Directories(vec![dir.clone()]),
            None => Place::Directories(usual_dirs()),
        };
        let options = Options {
            cache_dir: cache_dir(),
            ..Options::default()
        };
        Ok(Self {
            host: Host::new(options).map_err(|error| error.to_string())?,
            place,
            loaded: BTreeMap::new(),
        })
    }

    /// The module of this name, which a policy names by `address`.
    ///
    /// # Errors
    /// When there is none, it is no module, or its signature is missing or wrong.
    fn load(&mut self, name: &str, address: &str) -> Result<host::Module, String> {
        let key = match &self.place {
            Place::Directories(_) => name.to_owned(),
            Place::Published(published) => published.reference(name, address)?.to_string(),
        };
        if let Some(module) = self.loaded.get(&key) {
            return Ok(module.clone());
        }
        let wasm = match &self.place {
            Place::Directories(dirs) => read(name, dirs)?,
            Place::Published(published) => published.pull(name, address)?,
        };
        let module = self
            .host
            .load(name, &wasm)
            .map_err(|error| error.to_string())?;
        self.loaded.insert(key, module.clone());
        Ok(module)
    }
}

impl Engine for Modules {
    fn module(&mut self, policy: &Policy) -> Result<Box<dyn plane::Module>, String> {
        let module = self.load(policy.module_name(), &policy.spec.module)?;
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

fn read(name: &str, dirs: &[PathBuf]) -> Result<Vec<u8>, String> {
    let file = format!("{name}.wasm");
    let mut paths = dirs.iter().map(|dir| dir.join(&file));
    let path = paths.find(|path| path.is_file()).ok_or_else(|| {
        let dirs: Vec<String> = dirs
            .iter()
            .map(|dir| format!("`{}`", dir.display()))
            .collect();
        format!(
            "module `{name}` is not in {}; build it with `cargo xtask build`, or say where the modules are \
             with --modules DIR or --modules registry://HOST/PATH",
            dirs.join(" or ")
        )
    })?;
    std::fs::read(&path).map_err(|cause| format!("cannot read `{}`: {cause}", path.display()))
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
