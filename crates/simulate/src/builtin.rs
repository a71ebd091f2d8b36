//! The built-in policies: the crates of this repository, linked as libraries. [`POLICIES`] lists them all.

use admission::{Cluster, Rule, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cluster::SnapshotCluster;
use crate::runtime::{Evaluator, LoadError, Loaded, Response, Runtime};
use crate::snapshot::Snapshot;
use crate::{ContextAwareResource, Policy};

/// A built-in policy, with the waPC calls that its module implements.
#[derive(Debug)]
pub struct BuiltinPolicy {
    /// The name of the policy, its module and its directory.
    pub name: &'static str,
    /// Returns the verdict on a payload of the call `validate`: settings and request.
    pub decide: fn(&[u8], &dyn Cluster) -> Verdict,
    /// The call `validate_settings`.
    pub validate_settings: fn(&[u8]) -> Vec<u8>,
    /// The rules of the policy alone; see also [`admission::SHARED_RULES`].
    pub rules: &'static [Rule],
    /// Generates the JSON schema of the settings.
    #[cfg(not(target_family = "wasm"))]
    pub settings_schema: fn() -> admission::native::schemars::Schema,
}

/// The version of every built-in policy.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

macro_rules! policy {
    ($name:literal, $library:ident) => {
        BuiltinPolicy {
            name: $name,
            decide: |payload, cluster| {
                admission::decide::<$library::Settings>(payload, $library::evaluate, cluster)
            },
            validate_settings: |payload| {
                admission::validate_settings::<$library::Settings>(payload)
            },
            rules: $library::RULES,
            #[cfg(not(target_family = "wasm"))]
            settings_schema: || admission::native::schemars::schema_for!($library::Settings),
        }
    };
}

/// All built-in policies, sorted by name.
pub const POLICIES: &[BuiltinPolicy] = &[
    policy!("hostname-ownership", hostname_ownership),
    policy!("httproute-attachment", httproute_attachment),
    policy!("httproute-over-ingress", httproute_over_ingress),
    policy!("internal-load-balancer", internal_load_balancer),
    policy!("secret-store-references", secret_store_references),
    policy!("storage-class", storage_class),
];

/// Returns the built-in policy with this name.
pub fn policy(name: &str) -> Option<&'static BuiltinPolicy> {
    POLICIES.iter().find(|policy| policy.name == name)
}

/// Returns every rule with the name of its policy, and the rules that all policies share with `None`.
pub fn rules() -> impl Iterator<Item = (Option<&'static str>, Rule)> {
    let own = POLICIES.iter().flat_map(|policy| {
        let rules = policy.rules.iter();
        rules.map(|rule| (Some(policy.name), *rule))
    });
    own.chain(admission::SHARED_RULES.iter().map(|rule| (None, *rule)))
}

/// Returns the payload of `validate`, with settings and request unchanged byte for byte.
pub fn payload(settings: &RawValue, request: &RawValue) -> String {
    let (settings, request) = (settings.get(), request.get());
    format!("{{\"request\":{request},\"settings\":{settings}}}")
}

/// The runtime of the built-in policies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Builtin;

impl Runtime for Builtin {
    fn load(&mut self, policy: &Policy) -> Result<Loaded, LoadError> {
        let name = policy.module_name();
        let builtin = self::policy(name)
            .ok_or_else(|| LoadError::Missing(format!("module `{name}` is not built in")))?;
        let evaluator = BuiltinEvaluator {
            policy: builtin,
            granted: policy.spec.context_aware_resources.clone(),
        };
        Ok(Loaded {
            evaluator: Box::new(evaluator),
            version: Some(VERSION.to_owned()),
        })
    }
}

struct BuiltinEvaluator {
    policy: &'static BuiltinPolicy,
    /// The kinds that the policy may look up.
    granted: Vec<ContextAwareResource>,
}

impl Evaluator for BuiltinEvaluator {
    fn validate_settings(&self, settings: &RawValue) -> Result<Option<String>, String> {
        #[derive(Deserialize)]
        struct SettingsResponse {
            valid: bool,
            message: Option<String>,
        }
        let response = (self.policy.validate_settings)(settings.get().as_bytes());
        let response: SettingsResponse = parse(&response)?;
        Ok((!response.valid).then(|| response.message.unwrap_or_default()))
    }

    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String> {
        let cluster = SnapshotCluster::new(cluster, Some(&self.granted));
        let payload = payload(settings, request);
        let response = (self.policy.decide)(payload.as_bytes(), &cluster).to_response();
        Ok(Response {
            unknown_kinds: cluster.into_unknown_kinds(),
            ..parse(&response)?
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(response: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(response).map_err(|error| error.to_string())
}
