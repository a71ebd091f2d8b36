//! The settings of secret-store-references.

mod errors;

use std::fmt;

use admission::strings;
use regex_lite::Regex;

admission::settings! {
    /// Settings of secret-store-references. The defaults are K8TRE's conventions, the same on every
    /// vendor: its only store (its `agnostics/secret-store` tree) and the providers behind it.
    pub struct Settings {
        /// The stores that may be referred to.
        #[title = "Allowed stores"]
        pub allowed_stores: Vec<AllowedStore> = vec![AllowedStore {
            kind: StoreKind::ClusterSecretStore,
            name: "secret-store".to_owned(),
            namespaces: Vec::new(),
            namespace_regexes: Vec::new(),
        }],
        /// What becomes of a reference to an approved store that does not exist: `warn` lets it pass,
        /// since GitOps may bring the store in the same sync, `reject` refuses it.
        #[title = "Missing store"]
        pub missing_store: MissingStore = MissingStore::Warn,
        /// What every remote key must begin with, `{namespace}` standing for the object's namespace, so
        /// that no project reads or overwrites another's: `{namespace}/`. Anything goes when not set.
        #[title = "Key prefix"]
        pub key_prefix: Option<String> = None,
        /// Namespaces with a prefix of their own in place of `keyPrefix`.
        #[title = "Key prefixes"]
        pub key_prefixes: Vec<KeyPrefix> = Vec::new(),
        /// Whether `dataFrom[].find` may be used, which reads every key that matches.
        #[title = "Allow find"]
        pub allow_find: bool = false,
        /// Whether PushSecrets may be used, which send secrets out of the cluster.
        #[title = "Allow push"]
        pub allow_push: bool = false,
        /// Whether PushSecrets may choose stores by labels, which cannot be held against
        /// `allowedStores`.
        #[title = "Allow push selectors"]
        pub allow_push_selectors: bool = false,
        /// Kinds of generators that may be used. Others carry credentials of their own past every
        /// store, and `Webhook` sends data out.
        #[title = "Allowed generators"]
        pub allowed_generators: Vec<String> = strings(&["Password", "UUID"]),
        /// Whether a SecretStore may be made in `platformNamespaces` alone.
        #[title = "Restrict stores"]
        pub restrict_stores: bool = true,
        /// The namespaces that SecretStores may be made in where `restrictStores` is set.
        #[title = "Platform namespaces"]
        pub platform_namespaces: Vec<String> = strings(&["external-secrets", "secret-store"]),
        /// The providers that a ClusterSecretStore may have.
        #[title = "Allowed providers"]
        pub allowed_providers: Vec<String> = strings(&["kubernetes", "azurekv", "aws"]),
    }
}

admission::settings! {
    /// A store that may be referred to.
    pub struct AllowedStore {
        /// The store's kind.
        pub kind: StoreKind,
        /// The store's name.
        pub name: String,
        /// The namespaces that may refer to it; all where neither these nor `namespaceRegexes` are
        /// given.
        pub namespaces: Vec<String> = Vec::new(),
        /// Namespaces by regular expressions, found anywhere in the name unless anchored with `^` and
        /// `$`.
        pub namespace_regexes: Vec<String> = Vec::new(),
    }
}

admission::choice! {
    /// The kind of a store.
    #[derive(PartialOrd, Ord)]
    pub enum StoreKind {
        /// A store for namespaces of its choice.
        ClusterSecretStore = "ClusterSecretStore",
        /// A store for its own namespace.
        SecretStore = "SecretStore",
    }
}

admission::choice! {
    /// What becomes of a reference to a store that does not exist.
    pub enum MissingStore {
        /// It passes with a warning.
        Warn = "warn",
        /// It is refused.
        Reject = "reject",
    }
}

admission::settings! {
    /// A namespace with a key prefix of its own.
    pub struct KeyPrefix {
        /// The namespace.
        pub namespace: String,
        /// What its remote keys must begin with; empty for anything.
        pub prefix: String,
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

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
