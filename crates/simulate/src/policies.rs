//! The policies of a simulation, with their code, conditions and settings.

use std::collections::BTreeMap;

use kubewarden::{Policy, Reference};
use manifest::Problem;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::conditions::Conditions;
use crate::request::Request;
use crate::runtime::{Evaluator, LoadError, Response, Runtime};
use crate::simulator;
use crate::snapshot::Snapshot;

/// A policy with its code, conditions and settings.
pub(crate) struct LoadedPolicy {
    pub(crate) policy: Policy,
    /// `None` if the policy has no `matchConditions`.
    conditions: Option<Conditions>,
    evaluator: Box<dyn Evaluator>,
    settings: Box<RawValue>,
}

/// Policies whose code was found and whose conditions and settings are valid.
pub struct Policies {
    /// In the API server's order: mutating policies first, then validating ones, each sorted by name.
    loaded: Vec<LoadedPolicy>,
    not_run: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Policies {
    /// Loads the code of `policies`, and validates their `matchConditions` and settings.
    ///
    /// # Errors
    /// Returns an error if the code of a policy cannot run, if its `matchConditions` or settings are invalid,
    /// or if the code of every policy is missing.
    pub fn load(mut policies: Vec<Policy>, runtime: &mut dyn Runtime) -> Result<Self, Problem> {
        policies.sort_by(|a, b| a.evaluation_order().cmp(&b.evaluation_order()));
        let mut all = Self {
            loaded: Vec::new(),
            not_run: Vec::new(),
            warnings: Vec::new(),
        };
        for policy in policies {
            all.add(policy, runtime)?;
        }
        match (all.loaded.is_empty(), all.not_run.first()) {
            // Without policies every object would be accepted.
            (true, Some(problem)) => Err(Problem {
                severity: manifest::Severity::Error,
                ..problem.clone()
            }),
            _ => Ok(all),
        }
    }

    fn add(&mut self, policy: Policy, runtime: &mut dyn Runtime) -> Result<(), Problem> {
        let loaded = match runtime.load(&policy) {
            Ok(loaded) => loaded,
            Err(LoadError::Missing(reason)) => {
                let problem = policy.warning(&format!("not run: {reason}"));
                self.not_run.push(problem.with_help(pull(&policy)));
                return Ok(());
            }
            Err(LoadError::Broken(cause)) => return Err(policy.error(&cause)),
        };
        self.warnings
            .extend(version_mismatch(&policy, loaded.version.as_deref()));
        let conditions = match policy.spec.match_conditions.as_slice() {
            [] => None,
            conditions => {
                let conditions = Conditions::compile(conditions);
                Some(conditions.map_err(|error| policy.error(&error))?)
            }
        };
        let settings = match &policy.spec.settings {
            Value::Null => to_raw_value(&json!({})),
            settings => to_raw_value(settings),
        };
        let settings = settings.map_err(|error| policy.error(&error.to_string()))?;
        match loaded.evaluator.validate_settings(&settings) {
            Ok(None) => {}
            Ok(Some(complaint)) | Err(complaint) => return Err(policy.error(&complaint)),
        }
        self.loaded.push(LoadedPolicy {
            policy,
            conditions,
            evaluator: loaded.evaluator,
            settings,
        });
        Ok(())
    }

    /// Returns a warning for each policy that does not run because its code is missing.
    pub fn not_run(&self) -> &[Problem] {
        &self.not_run
    }

    /// Returns warnings for the authors of the policies.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Returns the loaded policies, in the API server's order.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.loaded.iter().map(|loaded| &loaded.policy)
    }

    /// Returns the policies that match the creation of an object, or the update of `old_object` to it.
    /// `namespace_labels` are the labels of its namespace.
    ///
    /// # Errors
    /// Returns an error if a match condition cannot be evaluated.
    pub fn matching(
        &self,
        object: &Value,
        old_object: Option<&Value>,
        namespace_labels: &BTreeMap<String, String>,
    ) -> Result<Vec<&Policy>, String> {
        let namespace = simulator::namespace(object);
        let request = Request::new(object, old_object, namespace.as_deref());
        let namespace = namespace.as_deref().map(|name| (name, namespace_labels));
        let mut matching = Vec::new();
        for loaded in &self.loaded {
            if loaded.matches(&request, namespace)? {
                matching.push(&loaded.policy);
            }
        }
        Ok(matching)
    }

    pub(crate) fn loaded(&self) -> &[LoadedPolicy] {
        &self.loaded
    }
}

impl LoadedPolicy {
    /// Whether the policy matches `request`. `namespace` is that of
    /// [`Policy::matches`].
    ///
    /// # Errors
    /// Returns an error if a condition cannot be evaluated.
    pub(crate) fn matches(
        &self,
        request: &Request<'_>,
        namespace: Option<(&str, &BTreeMap<String, String>)>,
    ) -> Result<bool, String> {
        let policy = &self.policy;
        if !policy.matches(request.operation, request.object, namespace) {
            return Ok(false);
        }
        let Some(conditions) = &self.conditions else {
            return Ok(true);
        };
        let request = serde_json::to_value(request).map_err(|error| error.to_string())?;
        let matched = conditions.match_request(&request);
        matched.map_err(|error| format!("policy `{}`: {error}", policy.name))
    }

    pub(crate) fn validate(
        &self,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String> {
        self.evaluator.validate(&self.settings, request, cluster)
    }
}

/// Returns a warning if the policy pins another version than the loaded one.
fn version_mismatch(policy: &Policy, version: Option<&str>) -> Option<Problem> {
    let reference = Reference::parse(&policy.spec.module);
    let pinned = reference.version()?;
    let version = version.filter(|version| *version != pinned)?;
    let name = reference.name;
    let problem = policy.warning(&format!(
        "pins {name} {pinned}, but {name} {version} runs here"
    ));
    Some(problem.with_help(pull(policy)))
}

/// Returns the commands that run the module named by the policy.
fn pull(policy: &Policy) -> String {
    let address = &policy.spec.module;
    let name = policy.module_name();
    format!(
        "to run its module: `kwctl pull {address} --output-path DIR/{name}.wasm`, then \
         `agnostics check --modules DIR`"
    )
}
