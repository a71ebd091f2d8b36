//! Hostnames that routes of other namespaces have.
//!
//! Of two routes with a hostname Gateway API prefers the older one (`HTTPRouteRule`, "Proceed with ties"),
//! so an old route that adds a newer one's host takes its traffic. Listing races with creation, so this is
//! the second line of defence; delegation is the first.

use std::borrow::Cow;

use admission::{Cluster, Findings, Malformed, Node, Query, QueryError, excerpt};

use crate::published::{Hostname, KINDS};
use crate::rule::Rule;

/// Rejects the hostnames that another namespace has: one question for each kind of route. What cannot
/// be asked is a warning.
pub(crate) fn check(
    hostnames: &[Hostname<'_>],
    namespace: &str,
    cluster: &dyn Cluster,
    findings: &mut Findings<'_, Rule>,
) {
    if hostnames.is_empty() {
        return;
    }
    let mut lists = Vec::new();
    let mut trouble = None;
    for kind in KINDS {
        let query = Query {
            api_version: "gateway.networking.k8s.io/v1",
            kind,
            namespace: None,
            name: None,
            fields: &["metadata.name", "metadata.namespace", "spec.hostnames"],
        };
        match cluster.list(&query) {
            Ok(text) => lists.push((kind, text)),
            Err(QueryError::NotPermitted(_)) => {
                trouble = trouble.or(Some(format!("the policy may not list {kind}s")));
            }
            Err(QueryError::Unavailable(_)) => {
                trouble = trouble.or(Some(format!("the cluster gave no answer about {kind}s")));
            }
        }
    }
    let mut owners = Vec::new();
    for (kind, text) in &lists {
        match read(kind, text, namespace) {
            Ok(found) => owners.extend(found),
            Err(_) => trouble = trouble.or(Some(format!("the list of {kind}s cannot be read"))),
        }
    }
    for (node, hostname) in hostnames {
        if let Some(owner) = owners.iter().find(|owner| owner.has(hostname)) {
            let (hostname, kind) = (excerpt(hostname), owner.kind);
            let (namespace, name) = (excerpt(&owner.namespace), excerpt(&owner.name));
            findings.reject(
                Rule::TakenHostnames,
                &node.path(),
                &format!(
                    "`{hostname}` is taken by {kind} `{namespace}/{name}`; choose another host"
                ),
            );
        }
    }
    if let Some(trouble) = trouble {
        let what = "whether routes of other namespaces have these hostnames";
        findings.not_checked(what, &trouble);
    }
}

/// A route of another namespace.
struct Owner<'a> {
    kind: &'a str,
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
    hostnames: Vec<Cow<'a, str>>,
}

impl Owner<'_> {
    fn has(&self, hostname: &str) -> bool {
        let mut hostnames = self.hostnames.iter();
        hostnames.any(|other| other.eq_ignore_ascii_case(hostname))
    }
}

/// The routes of a list that are not in `namespace`.
fn read<'a>(kind: &'a str, text: &'a str, namespace: &str) -> Result<Vec<Owner<'a>>, Malformed> {
    let mut owners = Vec::new();
    let list = Node::parse(text)?.object()?;
    for item in list.array("items")?.unwrap_or_default() {
        let item = item.object()?;
        let (Some(metadata), Some(spec)) = (item.object("metadata")?, item.object("spec")?) else {
            continue;
        };
        let owner = metadata.string("namespace")?.unwrap_or_default();
        if owner == namespace {
            continue;
        }
        let hostnames = spec.array("hostnames")?.unwrap_or_default();
        owners.push(Owner {
            kind,
            namespace: owner,
            name: metadata.string("name")?.unwrap_or_default(),
            hostnames: hostnames
                .into_iter()
                .map(Node::string)
                .collect::<Result<_, _>>()?,
        });
    }
    Ok(owners)
}
