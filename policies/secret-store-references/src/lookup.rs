//! What the cluster knows of approved stores: whether they exist, are ready, and serve the namespace.
//!
//! External Secrets itself holds to all of this when it syncs; here it is said before. So a question
//! that stays unanswered is a warning and refuses nothing.

use admission::{Cluster, Malformed, Node, Object, Query, Unanswered};

use crate::conditions::{self, ByName};
use crate::findings::Findings;
use crate::references::StoreRef;
use crate::rules::Rules;
use crate::settings::{MissingStore, StoreKind};

/// The version that stores are asked for in; External Secrets serves and stores it.
const API_VERSION: &str = "external-secrets.io/v1";

/// Holds approved references against the cluster: one question for each kind of store, and one for the
/// namespace where conditions go by its labels.
pub(crate) fn check(
    rules: &Rules<'_>,
    approved: &[(StoreKind, StoreRef<'_>)],
    cluster: &dyn Cluster,
    findings: &mut Findings,
) {
    for kind in StoreKind::ALL {
        let references = approved.iter().filter(|(of, _)| *of == kind);
        let references: Vec<_> = references.map(|(_, reference)| reference).collect();
        let namespace = match kind {
            StoreKind::ClusterSecretStore => None,
            // Each namespace has its own, so there is none to ask for on behalf of all of them.
            StoreKind::SecretStore if rules.namespace.is_none() => continue,
            StoreKind::SecretStore => rules.namespace,
        };
        let Some(first) = references.first() else {
            continue;
        };
        let one = references.iter().all(|other| other.name == first.name);
        let query = Query {
            api_version: API_VERSION,
            kind: kind.name(),
            namespace,
            name: Some(first.name.as_ref()).filter(|_| one),
            fields: &["metadata.name", "spec.conditions", "status.conditions"],
        };
        let answer = cluster.list(&query).map_err(|unanswered| match unanswered {
            Unanswered::NotPermitted(_) => "the policy may not list them",
            Unanswered::CouldNotAsk(_) => "the cluster gave no answer",
        });
        let stores = answer.as_deref().map_err(|&reason| reason);
        let stores = stores.and_then(|text| read(text).map_err(|_| "the answer cannot be read"));
        match stores {
            Ok(stores) => {
                let mut look = Look {
                    rules,
                    kind,
                    cluster,
                    labels: None,
                };
                look.at(&references, &stores, findings);
            }
            Err(reason) => findings.note(
                String::new(),
                format!("not checked: whether {kind}s exist, are ready and serve the namespace: {reason}"),
            ),
        }
    }
}

/// A store as the cluster has it.
struct Store<'a> {
    name: String,
    conditions: Vec<Node<'a>>,
    /// Why it is not ready; `None` where it is, or was never looked at.
    trouble: Option<String>,
}

/// The stores of a list.
fn read(text: &str) -> Result<Vec<Store<'_>>, Malformed> {
    let list = Node::parse(text)?.object()?;
    let items = list.array("items")?.unwrap_or_default();
    items
        .into_iter()
        .map(|item| store(&item.object()?))
        .collect()
}

fn store<'a>(object: &Object<'a>) -> Result<Store<'a>, Malformed> {
    let metadata = object.object("metadata")?;
    let name = metadata
        .map(|metadata| metadata.string("name"))
        .transpose()?;
    let conditions = match object.object("spec")? {
        Some(spec) => spec.array("conditions")?.unwrap_or_default(),
        None => Vec::new(),
    };
    let status = match object.object("status")? {
        Some(status) => status.array("conditions")?.unwrap_or_default(),
        None => Vec::new(),
    };
    let mut trouble = None;
    for condition in status {
        let condition = condition.object()?;
        let text = |field| Ok(condition.string(field)?.unwrap_or_default());
        if text("type")? == "Ready" && text("status")? != "True" {
            trouble = Some(text("reason")?.into_owned());
        }
    }
    Ok(Store {
        name: name.flatten().unwrap_or_default().into_owned(),
        conditions,
        trouble,
    })
}

/// The look at the stores of one kind.
struct Look<'a> {
    rules: &'a Rules<'a>,
    kind: StoreKind,
    cluster: &'a dyn Cluster,
    /// The list with the namespace, asked for once.
    labels: Option<Result<String, &'static str>>,
}

impl Look<'_> {
    fn at(&mut self, references: &[&StoreRef<'_>], stores: &[Store<'_>], findings: &mut Findings) {
        for (index, reference) in references.iter().enumerate() {
            let name = reference.name.as_ref();
            // A refusal is said wherever it is, a warning once for each store.
            let again = references.iter().take(index).any(|it| it.name == name);
            let path = reference.node.path();
            match stores.iter().find(|store| store.name == name) {
                Some(store) => self.found(store, path, again, findings),
                None => self.missing(name, path, again, findings),
            }
        }
    }

    fn missing(&self, name: &str, path: String, again: bool, findings: &mut Findings) {
        let kind = self.kind;
        let place = match (kind, self.rules.namespace) {
            (StoreKind::SecretStore, Some(namespace)) => format!(" in namespace `{namespace}`"),
            _ => String::new(),
        };
        match self.rules.settings.missing_store {
            MissingStore::Reject => findings.refuse(
                path,
                format!(
                    "{kind} `{name}` does not exist{place}; create it first, or correct the name"
                ),
            ),
            MissingStore::Warn if !again => findings.note(
                path,
                format!("{kind} `{name}` does not exist{place}; nothing syncs until it does"),
            ),
            MissingStore::Warn => {}
        }
    }

    fn found(&mut self, store: &Store<'_>, path: String, again: bool, findings: &mut Findings) {
        let (kind, name) = (self.kind, &store.name);
        if let Some(reason) = store.trouble.as_ref().filter(|_| !again) {
            let reason = match reason.as_str() {
                "" => String::new(),
                reason => format!(" ({reason})"),
            };
            findings.note(
                path.clone(),
                format!("{kind} `{name}` is not ready{reason}; nothing syncs until it is"),
            );
        }
        // A SecretStore has no conditions, and which namespaces a cluster-wide object will have is judged
        // on the objects that External Secrets makes in them.
        let (StoreKind::ClusterSecretStore, Some(namespace)) = (kind, self.rules.namespace) else {
            return;
        };
        let mut unreadable = Vec::new();
        let served = self.serves(store, namespace, &mut unreadable);
        if !again {
            for expression in unreadable {
                findings.note(
                    path.clone(),
                    format!("a condition of {kind} `{name}` cannot be read and matches nothing: `{expression}`"),
                );
            }
        }
        match served {
            Ok(true) => {}
            Ok(false) => findings.refuse(
                path,
                format!("{kind} `{name}` does not serve namespace `{namespace}`; its `spec.conditions` name those it does"),
            ),
            Err(reason) if !again => findings.note(
                String::new(),
                format!("not checked: whether {kind} `{name}` serves the namespace: {reason}"),
            ),
            Err(_) => {}
        }
    }

    /// Whether the store serves the namespace; else why that cannot be told.
    fn serves(
        &mut self,
        store: &Store<'_>,
        namespace: &str,
        unreadable: &mut Vec<String>,
    ) -> Result<bool, &'static str> {
        let by_name = conditions::by_name(&store.conditions, namespace, unreadable);
        let selectors = match by_name.map_err(|_| "its conditions cannot be read")? {
            ByName::Served => return Ok(true),
            ByName::NotServed => return Ok(false),
            ByName::Labels(selectors) => selectors,
        };
        let cluster = self.cluster;
        let answer = self
            .labels
            .get_or_insert_with(|| ask_for_labels(cluster, namespace));
        let labels = labels_of(answer.as_deref().map_err(|reason| *reason)?)?;
        Ok(conditions::by_labels(
            &selectors,
            labels.as_ref(),
            unreadable,
        ))
    }
}

fn ask_for_labels(cluster: &dyn Cluster, namespace: &str) -> Result<String, &'static str> {
    let query = Query {
        api_version: "v1",
        kind: "Namespace",
        namespace: None,
        name: Some(namespace),
        fields: &["metadata.labels"],
    };
    cluster.list(&query).map_err(|unanswered| match unanswered {
        Unanswered::NotPermitted(_) => "the policy may not list namespaces",
        Unanswered::CouldNotAsk(_) => "its labels are not known",
    })
}

/// The labels of the one namespace in a list.
fn labels_of(text: &str) -> Result<Option<Object<'_>>, &'static str> {
    let labels = || -> Result<Option<Option<Object<'_>>>, Malformed> {
        let items = Node::parse(text)?.object()?.array("items")?;
        let Some(namespace) = items.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let metadata = namespace.object()?.object("metadata")?;
        let labels = metadata
            .map(|metadata| metadata.object("labels"))
            .transpose()?;
        Ok(Some(labels.flatten()))
    };
    match labels() {
        Ok(Some(labels)) => Ok(labels),
        Ok(None) => Err("there is no such namespace"),
        Err(_) => Err("the answer cannot be read"),
    }
}
