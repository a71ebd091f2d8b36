//! The policies of this repository, linked as libraries: the one list of them.

use admission::{Cluster, Rule, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cluster::Objects;
use crate::runtime::{Evaluator, LoadError, Loaded, Response, Runtime};
use crate::snapshot::Snapshot;
use crate::{ContextAwareResource, Policy};

/// A linked policy, with the calls that it answers as a module.
#[derive(Debug)]
pub struct BuiltinPolicy {
    /// The policy's name, which is also its module's and its directory's.
    pub name: &'static str,
    /// Returns the verdict on a payload of waPC's `validate`: settings and request.
    pub decide: fn(&[u8], &dyn Cluster) -> Verdict,
    /// Answers `validate_settings`.
    pub validate_settings: fn(&[u8]) -> Vec<u8>,
    /// The rules of the policy alone; see also [`admission::SHARED_RULES`].
    pub rules: &'static [Rule],
    /// Generates the JSON schema of the settings.
    #[cfg(not(target_family = "wasm"))]
    pub settings_schema: fn() -> admission::native::schemars::Schema,
}

/// The version of every linked policy.
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

/// Every policy, by name.
pub const POLICIES: &[BuiltinPolicy] = &[
    policy!("hostname-ownership", hostname_ownership),
    policy!("httproute-attachment", httproute_attachment),
    policy!("httproute-over-ingress", httproute_over_ingress),
    policy!("internal-load-balancer", internal_load_balancer),
    policy!("secret-store-references", secret_store_references),
    policy!("storage-class", storage_class),
];

/// The policy of this name.
pub fn policy(name: &str) -> Option<&'static BuiltinPolicy> {
    POLICIES.iter().find(|policy| policy.name == name)
}

/// Every rule, with the name of its policy; `None` for the rules that all policies share.
pub fn rules() -> impl Iterator<Item = (Option<&'static str>, Rule)> {
    let own = POLICIES.iter().flat_map(|policy| {
        let rules = policy.rules.iter();
        rules.map(|rule| (Some(policy.name), *rule))
    });
    own.chain(admission::SHARED_RULES.iter().map(|rule| (None, *rule)))
}

/// The payload of `validate`: settings and request, byte for byte.
pub fn payload(settings: &RawValue, request: &RawValue) -> String {
    let (settings, request) = (settings.get(), request.get());
    format!("{{\"request\":{request},\"settings\":{settings}}}")
}

/// Runs the linked policies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Builtin;

impl Runtime for Builtin {
    fn load(&mut self, policy: &Policy) -> Result<Loaded, LoadError> {
        let name = policy.module_name();
        let builtin = self::policy(name)
            .ok_or_else(|| LoadError::Missing(format!("its module `{name}` is not built in")))?;
        let evaluator = Linked {
            policy: builtin,
            granted: policy.spec.context_aware_resources.clone(),
        };
        Ok(Loaded {
            evaluator: Box::new(evaluator),
            version: Some(VERSION.to_owned()),
        })
    }
}

struct Linked {
    policy: &'static BuiltinPolicy,
    /// The kinds that it may ask the cluster for.
    granted: Vec<ContextAwareResource>,
}

impl Evaluator for Linked {
    fn validate_settings(&self, settings: &RawValue) -> Result<Option<String>, String> {
        #[derive(Deserialize)]
        struct Answer {
            valid: bool,
            message: Option<String>,
        }
        let answer = (self.policy.validate_settings)(settings.get().as_bytes());
        let answer: Answer = read(&answer)?;
        Ok((!answer.valid).then(|| answer.message.unwrap_or_default()))
    }

    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String> {
        let objects = Objects::new(cluster, Some(&self.granted));
        let payload = payload(settings, request);
        let answer = (self.policy.decide)(payload.as_bytes(), &objects).to_response();
        Ok(Response {
            unknown_kinds: objects.into_unknown_kinds(),
            ..read(&answer)?
        })
    }
}

fn read<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(answer).map_err(|error| error.to_string())
}
