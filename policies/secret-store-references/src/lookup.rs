//! What the cluster knows of approved stores: whether they exist, are ready, and serve the namespace.
//!
//! External Secrets itself holds to all of this when it syncs; here it is said before. So a question
//! that stays unanswered is a warning and refuses nothing.

use std::cell::OnceCell;

use admission::{Cluster, Malformed, Node, Object, Query, QueryError};

use crate::conditions::{self, Unclear};
use crate::findings::Findings;
use crate::references::StoreRef;
use crate::rules::Rules;
use crate::settings::{MissingStore, StoreKind};

/// The version that stores are asked for in; External Secrets serves and stores it.
const API_VERSION: &str = "external-secrets.io/v1";

/// What a question came to: the text of a list, or why there is none.
type Answer = Result<String, &'static str>;

/// Holds approved references against the cluster: one question for each kind of store, and one for the
/// namespace where conditions go by its labels.
pub(crate) fn check(
    rules: &Rules<'_>,
    approved: &[(StoreKind, StoreRef<'_>)],
    cluster: &dyn Cluster,
    findings: &mut Findings,
) {
    let look = Look {
        rules,
        cluster,
        labels: OnceCell::new(),
    };
    for kind in StoreKind::ALL {
        if kind == StoreKind::SecretStore && rules.namespace.is_none() {
            // Each namespace has its own, so there is none to ask for on behalf of all of them.
            continue;
        }
        let mut stores: Vec<Referred<'_>> = Vec::new();
        for (_, reference) in approved.iter().filter(|(of, _)| *of == kind) {
            match stores.iter_mut().find(|it| it.name == reference.name) {
                Some(store) => store.at.push(reference.node),
                None => stores.push(Referred {
                    kind,
                    name: &reference.name,
                    at: vec![reference.node],
                }),
            }
        }
        let answers = look.ask(kind, &stores);
        for (index, store) in stores.iter().enumerate() {
            if let Some(answer) = answers.get(index).or(answers.first()) {
                look.at(store, answer, findings);
            }
        }
    }
}

/// A store that is referred to.
struct Referred<'a> {
    kind: StoreKind,
    name: &'a str,
    at: Vec<Node<'a>>,
}

impl Referred<'_> {
    /// A refusal is said wherever the store is referred to.
    fn refuse(&self, problem: &str, findings: &mut Findings) {
        for node in &self.at {
            if findings.are_enough() {
                break;
            }
            findings.refuse(node.path(), self.says(problem));
        }
    }

    /// A warning once.
    fn note(&self, problem: &str, findings: &mut Findings) {
        let first = self.at.first().map(|node| node.path());
        findings.note(first.unwrap_or_default(), self.says(problem));
    }

    fn not_checked(&self, what: &str, why: &str, findings: &mut Findings) {
        let problem = self.says(what);
        findings.note(
            String::new(),
            format!("not checked: whether {problem}: {why}"),
        );
    }

    fn says(&self, problem: &str) -> String {
        format!("{} `{}` {problem}", self.kind, self.name)
    }
}

struct Look<'a> {
    rules: &'a Rules<'a>,
    cluster: &'a dyn Cluster,
    /// The list with the namespace, asked for once.
    labels: OnceCell<Answer>,
}

impl Look<'_> {
    /// One list with all the stores in it, or one for each where the host answers for single objects
    /// alone, as `agnostics check` does: manifests are never all that a cluster has.
    fn ask(&self, kind: StoreKind, stores: &[Referred<'_>]) -> Vec<Answer> {
        let ask = |name| {
            self.cluster.list(&Query {
                api_version: API_VERSION,
                kind: kind.name(),
                namespace: self
                    .rules
                    .namespace
                    .filter(|_| kind == StoreKind::SecretStore),
                name,
                fields: &["metadata.name", "spec.conditions", "status.conditions"],
            })
        };
        let one_by_one = || {
            stores
                .iter()
                .map(|store| ask(Some(store.name)).map_err(why))
        };
        if stores.len() < 2 {
            return one_by_one().collect();
        }
        match ask(None) {
            Err(QueryError::Unavailable(_)) => one_by_one().collect(),
            answer => vec![answer.map_err(why)],
        }
    }

    /// Judges a store by a list that it is in, if it exists.
    fn at(&self, store: &Referred<'_>, answer: &Answer, findings: &mut Findings) {
        // A SecretStore has no conditions, and which namespaces a cluster-wide object will have is judged
        // on the objects that External Secrets makes in them.
        let cluster_wide = store.kind == StoreKind::ClusterSecretStore;
        let served = self.rules.namespace.filter(|_| cluster_wide);
        let found = answer.as_deref().map_err(|&why| why);
        let found = found.and_then(|list| find(list, store.name).map_err(|_| UNREADABLE));
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) => return self.missing(store, findings),
            Err(why) => {
                let what = match served {
                    Some(_) => "exists, is ready and serves the namespace",
                    None => "exists and is ready",
                };
                return store.not_checked(what, why, findings);
            }
        };
        match found.trouble.as_deref() {
            None => {}
            Some("") => store.note("is not ready", findings),
            Some(reason) => store.note(&format!("is not ready: {reason}"), findings),
        }
        let Some(namespace) = served else {
            return;
        };
        match conditions::serve(&found.conditions, namespace, || self.labels(namespace)) {
            Ok(true) => {}
            Ok(false) => store.refuse(
                &format!("does not serve namespace `{namespace}`; see its `spec.conditions`"),
                findings,
            ),
            Err(why) => store.not_checked("serves the namespace", &why, findings),
        }
    }

    fn missing(&self, store: &Referred<'_>, findings: &mut Findings) {
        let place = match (store.kind, self.rules.namespace) {
            (StoreKind::SecretStore, Some(namespace)) => format!(" in namespace `{namespace}`"),
            _ => String::new(),
        };
        match self.rules.settings.missing_store {
            MissingStore::Reject => store.refuse(
                &format!("does not exist{place}; create it first, or correct the name"),
                findings,
            ),
            MissingStore::Warn => store.note(
                &format!("does not exist{place}; nothing syncs until it does"),
                findings,
            ),
        }
    }

    /// The labels of the namespace.
    fn labels(&self, namespace: &str) -> Result<Option<Object<'_>>, Unclear> {
        let answer = self.labels.get_or_init(|| {
            let query = Query {
                api_version: "v1",
                kind: "Namespace",
                namespace: None,
                name: Some(namespace),
                fields: &["metadata.labels"],
            };
            self.cluster.list(&query).map_err(|error| match error {
                QueryError::NotPermitted(_) => "the policy may not list namespaces",
                QueryError::Unavailable(_) => "its labels are not known",
            })
        });
        let text = answer.as_deref().map_err(|&why| why)?;
        match labels_in(text) {
            Ok(Some(labels)) => Ok(labels),
            Ok(None) => Err("there is no such namespace".into()),
            Err(_) => Err(UNREADABLE.into()),
        }
    }
}

fn why(error: QueryError) -> &'static str {
    match error {
        QueryError::NotPermitted(_) => "the policy may not ask",
        QueryError::Unavailable(_) => "no cluster answered",
    }
}

const UNREADABLE: &str = "the answer cannot be read";

/// A store as the cluster has it.
struct Store<'a> {
    conditions: Vec<Node<'a>>,
    /// Why it is not ready; `None` where it is, or was never looked at.
    trouble: Option<String>,
}

/// The store called `name` in a list; `None` where it is not there.
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
    let mut trouble = None;
    for condition in conditions("status")? {
        let condition = condition.object()?;
        let text = |field| Ok(condition.string(field)?.unwrap_or_default());
        if text("type")? == "Ready" && text("status")? != "True" {
            trouble = Some(text("reason")?.into_owned());
        }
    }
    Ok(Store {
        conditions: conditions("spec")?,
        trouble,
    })
}

/// The labels of the one namespace in a list; `None` where it is not there.
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
