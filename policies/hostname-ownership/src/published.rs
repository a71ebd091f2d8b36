//! The names that an object publishes, and their fields.
//!
//! A name is published if a client can resolve it or send requests to it: by ExternalDNS, by the Gateway, or by
//! an Ingress controller. Which fields that are is in ExternalDNS 0.22 (`source/gateway.go`, `hosts`;
//! `source/ingress.go`, `endpointsFromIngress`; `source/service.go`, `endpoints`; `source/crd.go`, `Endpoints`)
//! and ingress-nginx (`annotations/alias`, `annotations/redirect`; `controller.go`, `createServers`).
//!
//! Annotations that hide names from ExternalDNS, such as `controller` and `ingress-hostname-source`, are
//! ignored: what they hide is still routed, or published as soon as they are removed.

use std::borrow::Cow;

use admission::{AdmissionRequest, Malformed, Node, Object, joined};

use crate::settings::Settings;

/// A kind that publishes names.
pub(crate) struct Kind {
    /// The API groups, the one that Kubernetes serves today first.
    groups: &'static [&'static str],
    /// The version that is looked up, with its group.
    pub(crate) api_version: &'static str,
    pub(crate) name: &'static str,
    /// The fields of the spec that [`Kind::names`] reads.
    pub(crate) fields: &'static [&'static str],
    /// Reads the names that are not in `hostnameAnnotations`.
    read: for<'a> fn(&Object<'a>, &mut Vec<Name<'a>>) -> Result<(), Malformed>,
}

/// All kinds that publish names, in the order in which they are looked up.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        groups: &["gateway.networking.k8s.io"],
        api_version: "gateway.networking.k8s.io/v1",
        name: "HTTPRoute",
        fields: &["spec.hostnames"],
        read: route,
    },
    Kind {
        groups: &["gateway.networking.k8s.io"],
        api_version: "gateway.networking.k8s.io/v1",
        name: "GRPCRoute",
        fields: &["spec.hostnames"],
        read: route,
    },
    Kind {
        groups: &["networking.k8s.io", "extensions"],
        api_version: "networking.k8s.io/v1",
        name: "Ingress",
        fields: &["spec.defaultBackend", "spec.rules.host", "spec.tls.hosts"],
        read: ingress,
    },
    Kind {
        groups: &[""],
        api_version: "v1",
        name: "Service",
        fields: &[],
        read: |_, _| Ok(()),
    },
    Kind {
        groups: &["externaldns.k8s.io"],
        api_version: "externaldns.k8s.io/v1alpha1",
        name: "DNSEndpoint",
        fields: &["spec.endpoints.dnsName"],
        read: dns_endpoint,
    },
];

/// A name that an object publishes, and its field.
pub(crate) struct Name<'a> {
    /// The value with the name, or the parent of a missing field.
    pub(crate) node: Node<'a>,
    /// The missing field of `node`; empty if the name is in `node` itself.
    pub(crate) field: &'static str,
    pub(crate) text: Text<'a>,
}

/// The text of a name.
pub(crate) enum Text<'a> {
    /// A hostname or a wildcard.
    Host(Cow<'a, str>),
    /// All hosts that no other object names. Contains why, as the predicate of a sentence about the field.
    AllHosts(&'static str),
}

impl<'a> Name<'a> {
    fn host(node: Node<'a>, text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            node,
            field: "",
            text: Text::Host(text.into()),
        }
    }

    fn all_hosts(node: Node<'a>, field: &'static str, why: &'static str) -> Self {
        Self {
            node,
            field,
            text: Text::AllHosts(why),
        }
    }
}

impl Kind {
    /// Returns the kind that a request is about; `None` if it publishes no names.
    pub(crate) fn of(request: &AdmissionRequest<'_>) -> Option<&'static Self> {
        let requested = &request.kind;
        KINDS.iter().find(|kind| {
            kind.name == requested.kind && kind.groups.contains(&requested.group.as_ref())
        })
    }

    /// Reads the names of an object.
    ///
    /// # Errors
    /// Returns an error if a field has another type than its API gives it.
    pub(crate) fn names<'a>(
        &self,
        settings: &Settings,
        root: &Object<'a>,
    ) -> Result<Vec<Name<'a>>, Malformed> {
        let mut names = Vec::new();
        (self.read)(root, &mut names)?;
        if let Some(annotations) = annotations(root)? {
            for key in &settings.hostname_annotations {
                if let Some(node) = annotations.get(key)? {
                    // ExternalDNS removes spaces (`SplitHostnameAnnotation`).
                    let list = node.string()?.replace(' ', "");
                    split(node, &list, &mut names);
                }
            }
        }
        Ok(names)
    }
}

/// Returns the parts of an object that decide which names it publishes, and where: the spec, the annotations of
/// ExternalDNS, and those of Ingress controllers.
///
/// # Errors
/// Returns an error if `metadata` or its annotations are not objects.
pub(crate) fn parts<'a>(
    settings: &Settings,
    root: &Object<'a>,
) -> Result<Vec<(String, &'a str)>, Malformed> {
    let mut parts = Vec::new();
    if let Some(spec) = root.get("spec")? {
        parts.push(("spec".to_owned(), spec.text()));
    }
    for annotations in annotations(root)?.iter() {
        for (key, node) in annotations.iter() {
            if [ALIAS, WWW, CLASS].contains(&key) || settings.is_of_external_dns(key) {
                parts.push((key.to_owned(), node.text()));
            }
        }
    }
    Ok(parts)
}

const ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";
const WWW: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";
const CLASS: &str = "kubernetes.io/ingress.class";

/// Returns the annotations of an object.
///
/// # Errors
/// Returns an error if `metadata` or its annotations are not objects.
pub(crate) fn annotations<'a>(root: &Object<'a>) -> Result<Option<Object<'a>>, Malformed> {
    match root.object("metadata")? {
        Some(metadata) => metadata.object("annotations"),
        None => Ok(None),
    }
}

fn spec<'a>(root: &Object<'a>) -> Result<Object<'a>, Malformed> {
    root.object("spec")?
        .ok_or_else(|| root.malformed("spec", "is missing"))
}

/// Adds the names of a list with commas. An empty entry publishes nothing.
fn split<'a>(node: Node<'a>, list: &str, names: &mut Vec<Name<'a>>) {
    for name in list.split(',').map(str::trim) {
        if !name.is_empty() {
            names.push(Name::host(node, name.to_owned()));
        }
    }
}

fn route<'a>(root: &Object<'a>, names: &mut Vec<Name<'a>>) -> Result<(), Malformed> {
    let spec = spec(root)?;
    let hostnames = spec.array("hostnames")?.unwrap_or_default();
    if hostnames.is_empty() {
        let why = "is empty, so the route claims all hosts";
        names.push(Name::all_hosts(spec.node(), "hostnames", why));
    }
    for node in hostnames {
        names.push(Name::host(node, node.string()?));
    }
    Ok(())
}

fn ingress<'a>(root: &Object<'a>, names: &mut Vec<Name<'a>>) -> Result<(), Malformed> {
    let spec = spec(root)?;
    // `backend` is the name of the field in the API versions before v1.
    for field in ["defaultBackend", "backend"] {
        if let Some(node) = spec.get(field)? {
            let why = "serves every host that no rule names";
            names.push(Name::all_hosts(node, "", why));
        }
    }
    let mut hosts = Vec::new();
    for rule in spec.array("rules")?.unwrap_or_default() {
        let rule = rule.object()?;
        let host = rule.string("host")?.unwrap_or_default();
        match rule.get("host")? {
            Some(node) if !host.is_empty() => {
                names.push(Name::host(node, host.clone()));
                hosts.push(host);
            }
            _ => {
                let why = "is empty, so the Ingress claims all hosts";
                names.push(Name::all_hosts(rule.node(), "host", why));
            }
        }
    }
    for tls in spec.array("tls")?.unwrap_or_default() {
        for node in tls.object()?.array("hosts")?.unwrap_or_default() {
            names.push(Name::host(node, node.string()?));
        }
    }
    let Some(annotations) = annotations(root)? else {
        return Ok(());
    };
    if let Some(node) = annotations.get(ALIAS)? {
        split(node, &node.string()?, names);
    }
    if let Some(node) = annotations.get(WWW)?
        && is_true(&node.string()?)
    {
        for host in &hosts {
            let other = match host.strip_prefix("www.") {
                Some(rest) => rest.to_owned(),
                None => joined(&["www.", host]),
            };
            names.push(Name::host(node, other));
        }
    }
    Ok(())
}

/// Reads a boolean like Go's `strconv.ParseBool`, which ingress-nginx uses.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

fn dns_endpoint<'a>(root: &Object<'a>, names: &mut Vec<Name<'a>>) -> Result<(), Malformed> {
    // The CRD does not require a spec.
    let endpoints = match root.object("spec")? {
        Some(spec) => spec.array("endpoints")?,
        None => None,
    };
    for endpoint in endpoints.unwrap_or_default() {
        // ExternalDNS ignores a null.
        if endpoint.is_null() {
            continue;
        }
        let endpoint = endpoint.object()?;
        if let Some(node) = endpoint.get("dnsName")? {
            names.push(Name::host(node, node.string()?));
        }
    }
    Ok(())
}
