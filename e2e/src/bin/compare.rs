//! Checks manifests with the policies of every profile twice: natively, as `agnostics check` does, and with the
//! built modules, as a cluster does. Compares the responses byte by byte.
//!
//! The arguments are files and directories of manifests. Prints one line per module, and fails if a response
//! differs.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use e2e::{Error, payload, workspace};
use host::{ContextAwareResource, Host, Module, Options, Snapshot};
use manifest::{Object, Problem, walk};
use serde_json::value::RawValue;
use simulate::builtin::{self, BuiltinPolicy, POLICIES};
use simulate::{
    Context, Evaluator, LoadError, Loaded, Policies, Policy, Profile, Response, Runtime, Simulator,
    SnapshotCluster, Verdict,
};

fn main() -> Result<(), Error> {
    let paths: Vec<_> = std::env::args_os().skip(1).map(Into::into).collect();
    let mut pairs = Pairs::load()?;
    for profile in Profile::ALL {
        let (file, text) = profile.policies();
        let (policies, problems) = Policy::read_all(file, text);
        if let Some(problem) = problems.first() {
            return Err(problem.to_string().into());
        }
        let policies =
            Policies::load(policies, &mut pairs).map_err(|problem| problem.to_string())?;
        let mut context = Context::new(&policies);
        for_each_object(&paths, &mut |object| context.collect(object))?;
        let simulator = Simulator::new(policies, context, profile.default_storage_class())
            .map_err(|problem| problem.to_string())?;
        let mut rows = Vec::new();
        for_each_object(&paths, &mut |object| {
            rows.extend(simulator.simulate(object))
        })?;
        if let Some(row) = rows.iter().find(|row| row.verdict == Verdict::Error) {
            let object = row.title();
            return Err(format!("{object}: {}", row.messages.join("\n")).into());
        }
    }
    pairs.report();
    Ok(())
}

/// Calls `visit` for every object of the manifests.
fn for_each_object(
    paths: &[std::path::PathBuf],
    visit: &mut dyn FnMut(&Object),
) -> Result<(), Error> {
    for file in walk::walk(paths.iter()).files {
        let bytes = walk::load(&file).map_err(|problem| problem.to_string())?;
        let name = file.display().to_string();
        simulate::read(&name, &bytes, true, &mut |item: Result<Object, Problem>| {
            visit(&item.map_err(|problem| problem.to_string())?);
            Ok::<(), Error>(())
        })?;
    }
    Ok(())
}

/// Every policy natively and as a module, with the number of requests that both evaluated.
struct Pairs(BTreeMap<&'static str, (Module, Rc<Cell<usize>>)>);

impl Pairs {
    fn load() -> Result<Self, Error> {
        let host = Host::new(Options::default())?;
        let mut pairs = BTreeMap::new();
        for policy in POLICIES {
            let module = host.load(policy.name, &workspace::built_module(policy.name)?.1)?;
            pairs.insert(policy.name, (module, Rc::default()));
        }
        Ok(Self(pairs))
    }

    fn report(&self) {
        for (name, (_, requests)) in &self.0 {
            println!(
                "{name:<24} {:>3} requests, identical responses",
                requests.get()
            );
        }
    }
}

impl Runtime for Pairs {
    fn load(&mut self, policy: &Policy) -> Result<Loaded, LoadError> {
        let missing = || LoadError::Missing("it is not a built-in policy".to_owned());
        let builtin = builtin::policy(policy.module_name()).ok_or_else(missing)?;
        let (module, requests) = self.0.get(builtin.name).ok_or_else(missing)?;
        let granted = policy.spec.context_aware_resources.clone();
        Ok(Loaded {
            evaluator: Box::new(Pair {
                builtin,
                module: module.with_context_aware_resources(granted.iter().cloned()),
                granted,
                requests: Rc::clone(requests),
            }),
            version: None,
        })
    }
}

struct Pair {
    builtin: &'static BuiltinPolicy,
    module: Module,
    granted: Vec<ContextAwareResource>,
    requests: Rc<Cell<usize>>,
}

impl Pair {
    fn check_equal(&self, native: &[u8], wasm: &[u8], payload: &str) -> Result<(), String> {
        if native == wasm {
            return Ok(());
        }
        let text = String::from_utf8_lossy;
        Err(format!(
            "native and Wasm responses differ\n  payload {payload}\n  native  {}\n  Wasm    {}",
            text(native),
            text(wasm)
        ))
    }
}

impl Evaluator for Pair {
    fn validate_settings(&self, settings: &RawValue) -> Result<Option<String>, String> {
        let settings = settings.get();
        let native = (self.builtin.validate_settings)(settings.as_bytes());
        let wasm = self
            .module
            .call("validate_settings", settings.as_bytes(), &Snapshot::new());
        let (wasm, _) = wasm.map_err(|error| error.to_string())?;
        self.check_equal(&native, &wasm, settings)?;
        Ok(None)
    }

    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String> {
        let payload = payload(settings, request);
        let objects = SnapshotCluster::new(cluster, Some(&self.granted));
        let native = (self.builtin.decide)(payload.as_bytes(), &objects).to_response();
        let wasm = self.module.call("validate", payload.as_bytes(), cluster);
        let (wasm, _) = wasm.map_err(|error| error.to_string())?;
        self.check_equal(&native, &wasm, &payload)?;
        self.requests.set(self.requests.get() + 1);
        serde_json::from_slice(&native).map_err(|error| error.to_string())
    }
}
