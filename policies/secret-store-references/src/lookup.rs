//! The checks that need the cluster: whether an allowed store exists, is ready and serves the namespace.
//!
//! External Secrets checks this too when it syncs. So a failed look-up is a warning and rejects nothing.

use std::cell::OnceCell;
use std::fmt;

use admission::{Cluster, Findings, Malformed, Node, Object, Query, QueryError, Rule};

use crate::checker::Checker;
use crate::conditions::{self, Reason};
use crate::references::StoreRef;
use crate::settings::{MissingStore, StoreKind};

admission::rule! {
    /// The store does not exist in the cluster.
    ///
    /// # What it checks
    /// An allowed store that an object refers to must exist. The policy warns, or rejects the object with
    /// `missingStore: reject`.
    ///
    /// # Why
    /// Nothing syncs until the store exists. The policy only warns by default, since GitOps may create the
    /// store in the same sync.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ---
    /// # The only store in the cluster.
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: keyvault}
    /// spec:
    ///   conditions: [{namespaces: [research]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ---
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [research]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    pub MISSING_STORE = "missing-store";
}

admission::rule! {
    /// The store is not ready.
    ///
    /// # What it checks
    /// The policy warns if the status of an allowed store has a condition `Ready` that is not `True`, with the
    /// reason.
    ///
    /// # Why
    /// Nothing syncs until External Secrets can connect to the provider of the store.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ---
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [research]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.example"}}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: InvalidProviderConfig}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ---
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [research]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// status:
    ///   conditions: [{type: Ready, status: "True"}]
    /// ```
    pub UNREADY_STORE = "unready-store";
}

admission::rule! {
    /// The conditions of the ClusterSecretStore do not select the namespace.
    ///
    /// # What it checks
    /// If a ClusterSecretStore has `spec.conditions`, at least one of them must select the namespace of an
    /// object that refers to the store: by name, regular expression or label.
    ///
    /// # Why
    /// External Secrets does not sync for other namespaces.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ---
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [genomics]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ---
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [genomics, research]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    pub NAMESPACE_NOT_SERVED = "namespace-not-served";
}

/// The version in which stores are requested. External Secrets serves and stores it.
const API_VERSION: &str = "external-secrets.io/v1";

/// The JSON text of a list, or why it could not be retrieved.
type Answer = Result<String, String>;

/// Checks references to allowed stores, with one look-up for each kind of store, and one for the namespace if
/// conditions select by label.
pub(crate) fn check(
    checker: &Checker<'_>,
    allowed: &[(StoreKind, StoreRef<'_>)],
    cluster: &dyn Cluster,
    findings: &mut Findings,
) {
    let lookup = Lookup {
        checker,
        cluster,
        labels: OnceCell::new(),
    };
    for kind in StoreKind::ALL {
        if kind == StoreKind::SecretStore && checker.namespace.is_none() {
            // The SecretStores that a cluster-scoped object refers to are in other namespaces.
            continue;
        }
        let mut stores: Vec<ReferencedStore<'_>> = Vec::new();
        for (_, reference) in allowed.iter().filter(|(of, _)| *of == kind) {
            match stores.iter_mut().find(|it| it.name == reference.name) {
                Some(store) => store.references.push(reference.node),
                None => stores.push(ReferencedStore {
                    kind,
                    name: &reference.name,
                    references: vec![reference.node],
                }),
            }
        }
        let answers = lookup.list(kind, &stores);
        for (index, store) in stores.iter().enumerate() {
            if let Some(answer) = answers.get(index).or(answers.first()) {
                lookup.check(store, answer, findings);
            }
        }
    }
}

/// A store, and the references to it.
struct ReferencedStore<'a> {
    kind: StoreKind,
    name: &'a str,
    references: Vec<Node<'a>>,
}

impl ReferencedStore<'_> {
    /// Adds an error for each reference.
    fn reject(&self, rule: Rule, problem: &str, findings: &mut Findings) {
        for node in &self.references {
            if findings.is_full() {
                break;
            }
            findings.reject(rule, node.path(), format!("{self} {problem}"));
        }
    }

    /// Adds one warning, for the first reference.
    fn warn(&self, rule: Rule, problem: &str, findings: &mut Findings) {
        let first = self.references.first().map(|node| node.path());
        findings.warn(rule, first.unwrap_or_default(), format!("{self} {problem}"));
    }

    fn not_checked(&self, what: &str, why: &str, findings: &mut Findings) {
        findings.not_checked(&format!("{what} of {self}"), why);
    }
}

impl fmt::Display for ReferencedStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

struct Lookup<'a> {
    checker: &'a Checker<'a>,
    cluster: &'a dyn Cluster,
    /// The list with the namespace, requested at most once.
    labels: OnceCell<Answer>,
}

impl Lookup<'_> {
    /// Lists the stores of a kind. Requests them one by one if the host knows only single objects, such as
    /// `agnostics check`: manifests are never all objects of a cluster.
    fn list(&self, kind: StoreKind, stores: &[ReferencedStore<'_>]) -> Vec<Answer> {
        let list = |name| {
            self.cluster.list(&Query {
                api_version: API_VERSION,
                kind: kind.name(),
                namespace: self
                    .checker
                    .namespace
                    .filter(|_| kind == StoreKind::SecretStore),
                name,
                fields: &["metadata.name", "spec.conditions", "status.conditions"],
            })
        };
        let reason = |error| match error {
            QueryError::NotPermitted(_) => format!("the policy may not list {kind}s"),
            QueryError::Unavailable(_) => "no cluster data".to_owned(),
        };
        let one_by_one = || {
            stores
                .iter()
                .map(|store| list(Some(store.name)).map_err(reason))
        };
        if stores.len() < 2 {
            return one_by_one().collect();
        }
        match list(None) {
            Err(QueryError::Unavailable(_)) => one_by_one().collect(),
            answer => vec![answer.map_err(reason)],
        }
    }

    /// Checks a store that is in the list, if it exists.
    fn check(&self, store: &ReferencedStore<'_>, answer: &Answer, findings: &mut Findings) {
        // A SecretStore has no conditions. Those for a cluster-scoped object are checked for the objects that
        // External Secrets creates from it.
        let is_cluster_scoped = store.kind == StoreKind::ClusterSecretStore;
        let namespace = self.checker.namespace.filter(|_| is_cluster_scoped);
        let found = answer.as_deref().map_err(String::as_str);
        let found = found.and_then(|list| find(list, store.name).map_err(|_| UNREADABLE));
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) => return self.missing(store, findings),
            Err(why) => {
                let what = match namespace {
                    Some(_) => "existence, readiness and conditions",
                    None => "existence and readiness",
                };
                return store.not_checked(what, why, findings);
            }
        };
        match found.not_ready.as_deref() {
            None => {}
            Some("") => store.warn(UNREADY_STORE, "not ready", findings),
            Some(reason) => store.warn(UNREADY_STORE, &format!("not ready: {reason}"), findings),
        }
        let Some(namespace) = namespace else {
            return;
        };
        match conditions::select(&found.conditions, namespace, || self.labels(namespace)) {
            Ok(true) => {}
            Ok(false) => {
                let problem =
                    format!("does not serve namespace `{namespace}`; see its `spec.conditions`");
                store.reject(NAMESPACE_NOT_SERVED, &problem, findings);
            }
            Err(why) => store.not_checked("conditions", &why, findings),
        }
    }

    fn missing(&self, store: &ReferencedStore<'_>, findings: &mut Findings) {
        let place = match (store.kind, self.checker.namespace) {
            (StoreKind::SecretStore, Some(namespace)) => format!(" in namespace `{namespace}`"),
            _ => String::new(),
        };
        match self.checker.settings.missing_store {
            MissingStore::Reject => store.reject(
                MISSING_STORE,
                &format!("does not exist{place}; create it first, or correct the name"),
                findings,
            ),
            MissingStore::Warn => store.warn(
                MISSING_STORE,
                &format!("does not exist{place}, so nothing syncs"),
                findings,
            ),
        }
    }

    /// Looks up the labels of the namespace.
    fn labels(&self, namespace: &str) -> Result<Option<Object<'_>>, Reason> {
        let answer = self.labels.get_or_init(|| {
            let query = Query {
                api_version: "v1",
                kind: "Namespace",
                namespace: None,
                name: Some(namespace),
                fields: &["metadata.labels"],
            };
            let reason = |error| match error {
                QueryError::NotPermitted(_) => "the policy may not list Namespaces".to_owned(),
                QueryError::Unavailable(_) => "the labels of the namespace are unknown".to_owned(),
            };
            self.cluster.list(&query).map_err(reason)
        });
        let list = answer.as_deref().map_err(|why| why.clone())?;
        match labels_in(list) {
            Ok(Some(labels)) => Ok(labels),
            Ok(None) => Err("the namespace does not exist".into()),
            Err(_) => Err(UNREADABLE.into()),
        }
    }
}

const UNREADABLE: &str = "the list cannot be read";

/// A store in the cluster.
struct Store<'a> {
    conditions: Vec<Node<'a>>,
    /// Why the store is not ready; `None` if it is ready or has no status.
    not_ready: Option<String>,
}

/// Returns the store with this name in a list; `None` if it is not there.
fn find<'a>(list: &'a str, name: &str) -> Result<Option<Store<'a>>, Malformed> {
    for item in Node::parse(list)?
        .object()?
        .array("items")?
        .unwrap_or_default()
    {
        let object = item.object()?;
        let metadata = object.object("metadata")?;
        let found = metadata
            .map(|metadata| metadata.string("name"))
            .transpose()?;
        if found.flatten().is_some_and(|found| found == name) {
            return store(&object).map(Some);
        }
    }
    Ok(None)
}

fn store<'a>(object: &Object<'a>) -> Result<Store<'a>, Malformed> {
    let conditions = |part| match object.object(part)? {
        Some(part) => Ok(part.array("conditions")?.unwrap_or_default()),
        None => Ok(Vec::new()),
    };
    let mut not_ready = None;
    for condition in conditions("status")? {
        let condition = condition.object()?;
        let text = |field| Ok(condition.string(field)?.unwrap_or_default());
        if text("type")? == "Ready" && text("status")? != "True" {
            not_ready = Some(text("reason")?.into_owned());
        }
    }
    Ok(Store {
        conditions: conditions("spec")?,
        not_ready,
    })
}

/// Returns the labels of the only namespace in a list; `None` if it is not there.
fn labels_in(list: &str) -> Result<Option<Option<Object<'_>>>, Malformed> {
    let items = Node::parse(list)?.object()?.array("items")?;
    let Some(namespace) = items.unwrap_or_default().into_iter().next() else {
        return Ok(None);
    };
    let metadata = namespace.object()?.object("metadata")?;
    let labels = metadata
        .map(|metadata| metadata.object("labels"))
        .transpose()?;
    Ok(Some(labels.flatten()))
}
