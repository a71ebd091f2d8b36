//! The settings of secret-store-references.

mod errors;

use std::fmt;

use admission::strings;
use regex_lite::Regex;

admission::settings! {
    /// Settings of secret-store-references. The defaults are K8TRE's conventions, the same on every vendor: its
    /// only store (its `agnostics/secret-store` tree) and the providers of that store.
    pub struct Settings {
        /// The stores that references may name.
        #[title = "Allowed stores"]
        pub allowed_stores: Vec<AllowedStore> = vec![AllowedStore {
            kind: StoreKind::ClusterSecretStore,
            name: "secret-store".to_owned(),
            namespaces: Vec::new(),
            namespace_regexes: Vec::new(),
        }],
        /// How to handle a reference to an allowed store that does not exist: `warn` accepts it with a warning,
        /// since GitOps may create the store in the same sync, `reject` rejects the object.
        #[title = "Missing store"]
        pub missing_store: MissingStore = MissingStore::Warn,
        /// The prefix of every remote key, such as `{namespace}/`, so that no project reads or overwrites the
        /// secrets of another. `{namespace}` is replaced with the object's namespace. If not set, any key is
        /// allowed.
        #[title = "Key prefix"]
        pub key_prefix: Option<String> = None,
        /// Namespaces with other prefixes than `keyPrefix`.
        #[title = "Key prefixes"]
        pub key_prefixes: Vec<KeyPrefix> = Vec::new(),
        /// Whether to allow `dataFrom[].find`, which reads every secret that matches.
        #[title = "Allow find"]
        pub allow_find: bool = false,
        /// Whether to allow PushSecrets, which send secrets out of the cluster.
        #[title = "Allow push"]
        pub allow_push: bool = false,
        /// Whether PushSecrets may select stores by label, which cannot be compared with `allowedStores`.
        #[title = "Allow push selectors"]
        pub allow_push_selectors: bool = false,
        /// Whether PushSecrets may set `metadata`, which can name another namespace or attach access policies.
        #[title = "Allow push metadata"]
        pub allow_push_metadata: bool = false,
        /// The types that templates may give to Secrets. Kubernetes fills Secrets of some types with
        /// credentials, such as `kubernetes.io/service-account-token`.
        #[title = "Allowed secret types"]
        pub allowed_secret_types: Vec<String> = strings(&["Opaque"]),
        /// Whether ExternalSecrets may create objects other than Secrets with `target.manifest`.
        #[title = "Allow manifests"]
        pub allow_manifests: bool = false,
        /// The kinds of generators that are allowed. Others bypass the stores with their own credentials, and
        /// `Webhook` sends data out of the cluster.
        #[title = "Allowed generators"]
        pub allowed_generators: Vec<String> = strings(&["Password", "UUID"]),
        /// The user name of External Secrets, which alone may write GeneratorStates.
        #[title = "External Secrets account"]
        pub external_secrets_account: String =
            "system:serviceaccount:external-secrets:external-secrets".to_owned(),
        /// Whether SecretStores are allowed only in `platformNamespaces`, and elsewhere if `allowedStores` lists
        /// them for their namespace.
        #[title = "Restrict stores"]
        pub restrict_stores: bool = true,
        /// The namespaces that may contain any SecretStore, also with the identity of External Secrets.
        #[title = "Platform namespaces"]
        pub platform_namespaces: Vec<String> = strings(&["external-secrets", "secret-store"]),
        /// The providers that are allowed in a SecretStore or ClusterSecretStore.
        #[title = "Allowed providers"]
        pub allowed_providers: Vec<String> = strings(&["kubernetes", "azurekv", "aws"]),
    }
}

admission::settings! {
    /// A store that references may name.
    pub struct AllowedStore {
        /// The kind of the store.
        pub kind: StoreKind,
        /// The name of the store.
        pub name: String,
        /// The namespaces that may refer to the store. If this and `namespaceRegexes` are empty, all namespaces
        /// may.
        pub namespaces: Vec<String> = Vec::new(),
        /// Regular expressions for namespaces that may refer to the store. They match anywhere in the name
        /// unless they begin with `^` and end with `$`.
        pub namespace_regexes: Vec<String> = Vec::new(),
    }
}

admission::choice! {
    /// The kind of a store.
    #[derive(PartialOrd, Ord)]
    pub enum StoreKind {
        /// A store for the namespaces that its conditions select.
        ClusterSecretStore = "ClusterSecretStore",
        /// A store for its own namespace.
        SecretStore = "SecretStore",
    }
}

admission::choice! {
    /// How to handle a reference to a store that does not exist.
    pub enum MissingStore {
        /// Accepts it with a warning.
        Warn = "warn",
        /// Rejects the object.
        Reject = "reject",
    }
}

admission::settings! {
    /// The key prefixes of a namespace.
    pub struct KeyPrefix {
        /// The namespace.
        pub namespace: String,
        /// The prefixes of its remote keys. An empty prefix allows any key.
        pub prefixes: Vec<String>,
    }
}

impl Settings {
    /// Returns whether `namespace` may refer to the store. `None` stands for a cluster-scoped object: it may
    /// refer to a store that is allowed anywhere, since the policy also checks the objects that External
    /// Secrets creates from it.
    pub(crate) fn allows_store(
        &self,
        kind: StoreKind,
        name: &str,
        namespace: Option<&str>,
    ) -> bool {
        self.stores_for(namespace)
            .any(|store| store.kind == kind && store.name == name)
    }

    /// Returns the stores that `namespace` may refer to.
    pub(crate) fn stores_for(
        &self,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &AllowedStore> {
        let stores = self.allowed_stores.iter();
        stores.filter(move |store| namespace.is_none_or(|namespace| store.allows(namespace)))
    }

    /// Returns the prefixes of remote keys in `namespace`; `None` if any key is allowed. A cluster-scoped object
    /// only has a prefix if it is the same for all namespaces.
    pub(crate) fn key_prefixes(&self, namespace: Option<&str>) -> Option<Vec<String>> {
        const PLACEHOLDER: &str = "{namespace}";
        let own = self
            .key_prefixes
            .iter()
            .find(|own| Some(own.namespace.as_str()) == namespace);
        let prefixes = match own {
            Some(own) => own.prefixes.as_slice(),
            None => std::slice::from_ref(self.key_prefix.as_ref()?),
        };
        if prefixes.iter().any(String::is_empty) {
            return None;
        }
        let Some(namespace) = namespace else {
            let depends = prefixes.iter().any(|prefix| prefix.contains(PLACEHOLDER));
            let is_same = self.key_prefixes.is_empty() && !depends;
            return is_same.then(|| prefixes.to_vec());
        };
        let mut expanded = Vec::new();
        for prefix in prefixes {
            expanded.push(prefix.replace(PLACEHOLDER, namespace));
        }
        Some(expanded)
    }
}

impl AllowedStore {
    fn allows(&self, namespace: &str) -> bool {
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
