//! The settings of secret-store-references.

mod findings;

use std::fmt;

use regex_lite::Regex;
use serde::Deserialize;

/// Settings of secret-store-references. The defaults are K8TRE's conventions, the same on every vendor.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The stores that may be referred to.
    #[serde(deserialize_with = "admission::from_objects")]
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Allowed stores"))]
    pub allowed_stores: Vec<AllowedStore>,
    /// What becomes of a reference to an approved store that does not exist: `warn` lets it pass, since
    /// GitOps may bring the store in the same sync, `reject` refuses it.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Missing store"))]
    pub missing_store: MissingStore,
    /// What every remote key must begin with, `{namespace}` standing for the object's namespace, so
    /// that no project reads or overwrites another's: `{namespace}/`. Anything goes when not set.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Key prefix"))]
    pub key_prefix: Option<String>,
    /// Namespaces with a prefix of their own in place of `keyPrefix`.
    #[serde(deserialize_with = "admission::from_objects")]
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Key prefixes"))]
    pub key_prefixes: Vec<KeyPrefix>,
    /// Whether `dataFrom[].find` may be used, which reads every key that matches.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Allow find"))]
    pub allow_find: bool,
    /// Whether PushSecrets may be used, which send secrets out of the cluster.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Allow push"))]
    pub allow_push: bool,
    /// Whether PushSecrets may choose stores by labels, which cannot be held against `allowedStores`.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Allow push selectors"))]
    pub allow_push_selectors: bool,
    /// Kinds of generators that may be used. Others carry credentials of their own past every store,
    /// and `Webhook` sends data out.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Allowed generators"))]
    pub allowed_generators: Vec<String>,
    /// Whether a SecretStore may be made in `platformNamespaces` alone.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Restrict stores"))]
    pub restrict_stores: bool,
    /// The namespaces that SecretStores may be made in where `restrictStores` is set.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Platform namespaces"))]
    pub platform_namespaces: Vec<String>,
    /// The providers that a ClusterSecretStore may have.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Allowed providers"))]
    pub allowed_providers: Vec<String>,
}

/// A store that may be referred to.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AllowedStore {
    /// The store's kind.
    pub kind: StoreKind,
    /// The store's name.
    pub name: String,
    /// The namespaces that may refer to it; all where neither these nor `namespaceRegexes` are given.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Namespaces by regular expressions, found anywhere in the name unless anchored with `^` and `$`.
    #[serde(default)]
    pub namespace_regexes: Vec<String>,
}

/// The kind of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
pub enum StoreKind {
    /// A store for namespaces of its choice.
    ClusterSecretStore,
    /// A store for its own namespace.
    SecretStore,
}

/// What becomes of a reference to a store that does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "lowercase")]
pub enum MissingStore {
    /// It passes with a warning.
    #[default]
    Warn,
    /// It is refused.
    Reject,
}

/// A namespace with a key prefix of its own.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KeyPrefix {
    /// The namespace.
    pub namespace: String,
    /// What its remote keys must begin with; empty for anything.
    pub prefix: String,
}

impl Default for Settings {
    /// K8TRE's only store, which it has on azure, aws and k3s alike (its `agnostics/secret-store`
    /// tree), and the providers behind it.
    fn default() -> Self {
        let strings = |strings: &[&str]| strings.iter().map(|&it| it.to_owned()).collect();
        Self {
            allowed_stores: vec![AllowedStore {
                kind: StoreKind::ClusterSecretStore,
                name: "secret-store".to_owned(),
                namespaces: Vec::new(),
                namespace_regexes: Vec::new(),
            }],
            missing_store: MissingStore::Warn,
            key_prefix: None,
            key_prefixes: Vec::new(),
            allow_find: false,
            allow_push: false,
            allow_push_selectors: false,
            allowed_generators: strings(&["Password", "UUID"]),
            restrict_stores: true,
            platform_namespaces: strings(&["external-secrets", "secret-store"]),
            allowed_providers: strings(&["kubernetes", "azurekv", "aws"]),
        }
    }
}

impl Settings {
    /// Whether a reference to the store passes from `namespace`. `None` is a cluster-wide object, which
    /// any namespace may turn out to use: ESO makes an object in each, and those are judged too.
    pub(crate) fn allows_store(
        &self,
        kind: StoreKind,
        name: &str,
        namespace: Option<&str>,
    ) -> bool {
        self.stores_for(namespace)
            .any(|store| store.kind == kind && store.name == name)
    }

    /// The stores that `namespace` may refer to.
    pub(crate) fn stores_for(
        &self,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &AllowedStore> {
        let stores = self.allowed_stores.iter();
        stores.filter(move |store| namespace.is_none_or(|namespace| store.is_for(namespace)))
    }

    /// What remote keys of `namespace` must begin with; `None` for anything. Of a cluster-wide object
    /// only a prefix that is the same everywhere can be told.
    pub(crate) fn key_prefix(&self, namespace: Option<&str>) -> Option<String> {
        const PLACEHOLDER: &str = "{namespace}";
        let own = self
            .key_prefixes
            .iter()
            .find(|own| Some(own.namespace.as_str()) == namespace);
        let prefix = match own {
            Some(own) => &own.prefix,
            None => self.key_prefix.as_ref()?,
        };
        let prefix = match namespace {
            Some(namespace) => prefix.replace(PLACEHOLDER, namespace),
            None if prefix.contains(PLACEHOLDER) || !self.key_prefixes.is_empty() => return None,
            None => prefix.clone(),
        };
        Some(prefix).filter(|prefix| !prefix.is_empty())
    }
}

impl AllowedStore {
    fn is_for(&self, namespace: &str) -> bool {
        let matches = |regex: &String| Regex::new(regex).is_ok_and(|it| it.is_match(namespace));
        (self.namespaces.is_empty() && self.namespace_regexes.is_empty())
            || self.namespaces.iter().any(|name| name == namespace)
            || self.namespace_regexes.iter().any(matches)
    }
}

impl StoreKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::ClusterSecretStore, Self::SecretStore];

    /// The name in a reference's `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClusterSecretStore => "ClusterSecretStore",
            Self::SecretStore => "SecretStore",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
