//! The fields of a Service or Gateway that decide about its load balancer.

use std::borrow::Cow;
use std::net::IpAddr;

use admission::{AdmissionRequest, Malformed, Node, Object};

use crate::address::is_public;
use crate::settings::{Scope, Settings};

/// Set on the Services of Gateways (GEP-1762), and what Cilium had before that.
const GATEWAY_LABELS: [&str; 2] = [
    "gateway.networking.k8s.io/gateway-name",
    "io.cilium.gateway/owning-gateway",
];

/// A Service or Gateway that gets a load balancer.
pub(crate) struct Subject<'a> {
    pub(crate) root: Object<'a>,
    /// Where its annotations are, from the root, and the same for messages.
    pub(crate) path: &'static [&'static str],
    pub(crate) place: &'static str,
    /// How many annotations fit there.
    pub(crate) room: usize,
    pub(crate) annotations: Annotations<'a>,
    /// Whether it is a Gateway or made for one.
    pub(crate) of_gateway: bool,
    /// The balancer before this update, if there was one.
    pub(crate) before: Option<Before<'a>>,
    spec: Object<'a>,
    /// Fields of the spec with addresses that the client asked for.
    addresses: Vec<Node<'a>>,
}

/// A load balancer that exists.
pub(crate) struct Before<'a> {
    pub(crate) annotations: Annotations<'a>,
    pub(crate) has_address: bool,
}

/// Annotations, which may be absent as a whole.
pub(crate) struct Annotations<'a>(Option<Object<'a>>);

impl<'a> Annotations<'a> {
    /// The value of `key`; `None` when absent or `null`.
    ///
    /// # Errors
    /// When it is no string, or given twice.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        match &self.0 {
            Some(annotations) => annotations.string(key),
            None => Ok(None),
        }
    }

    /// # Errors
    /// When any value is no string; the API server refuses those too, but a file may hold one.
    pub(crate) fn check(&self) -> Result<(), Malformed> {
        for (_, value) in self.0.iter().flat_map(Object::iter) {
            if !value.is_null() {
                value.string()?;
            }
        }
        Ok(())
    }

    pub(crate) fn object(&self) -> Option<&Object<'a>> {
        self.0.as_ref()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |object| object.iter().count())
    }
}

const SERVICE_PATH: [&str; 2] = ["metadata", "annotations"];
const GATEWAY_PATH: [&str; 3] = ["spec", "infrastructure", "annotations"];

impl<'a> Subject<'a> {
    /// A Service, if it is to be looked at.
    ///
    /// # Errors
    /// When a field that decides has the wrong type.
    pub(crate) fn service(
        settings: &Settings,
        request: &AdmissionRequest<'a>,
        object: Node<'a>,
    ) -> Result<Option<Self>, Malformed> {
        let root = object.object()?;
        let Some(spec) = balancer_spec(&root)? else {
            return Ok(None);
        };
        let old = request.old_object()?.map(Node::object).transpose()?;
        let decides: [&[&str]; 3] = [&["spec"], &SERVICE_PATH, &["metadata", "labels"]];
        if is_over(&root)? || is_unchanged(&root, old.as_ref(), &decides)? {
            return Ok(None);
        }
        let labels = below(&root, &["metadata", "labels"])?;
        let of_gateway = match labels {
            Some(labels) => labels_of_gateway(&labels)?,
            None => false,
        };
        if settings.scope == Scope::Gateways && !of_gateway {
            return Ok(None);
        }
        let before = match old {
            Some(old) if balancer_spec(&old)?.is_some() => Some(Before {
                annotations: Annotations(below(&old, &SERVICE_PATH)?),
                has_address: match below(&old, &["status", "loadBalancer"])? {
                    Some(status) => !status.array("ingress")?.unwrap_or_default().is_empty(),
                    None => false,
                },
            }),
            _ => None,
        };
        let mut addresses = spec.array("externalIPs")?.unwrap_or_default();
        addresses.extend(spec.get("loadBalancerIP")?);
        Ok(Some(Self {
            path: &SERVICE_PATH,
            place: "metadata.annotations",
            room: usize::MAX,
            annotations: Annotations(below(&root, &SERVICE_PATH)?),
            of_gateway,
            before,
            spec,
            addresses,
            root,
        }))
    }

    /// A Gateway, if it is to be looked at.
    ///
    /// # Errors
    /// When a field that decides has the wrong type.
    pub(crate) fn gateway(
        settings: &Settings,
        request: &AdmissionRequest<'a>,
        object: Node<'a>,
    ) -> Result<Option<Self>, Malformed> {
        let root = object.object()?;
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        let old = request.old_object()?.map(Node::object).transpose()?;
        if is_over(&root)? || is_unchanged(&root, old.as_ref(), &[&["spec"]])? {
            return Ok(None);
        }
        let class = spec.string("gatewayClassName")?.unwrap_or_default();
        if settings
            .node_port_classes
            .iter()
            .any(|other| *other == class)
        {
            return Ok(None);
        }
        let before = match old {
            Some(old) => Some(Before {
                annotations: Annotations(below(&old, &GATEWAY_PATH)?),
                has_address: match old.object("status")? {
                    Some(status) => !status.array("addresses")?.unwrap_or_default().is_empty(),
                    None => false,
                },
            }),
            None => None,
        };
        let mut addresses = Vec::new();
        for address in spec.array("addresses")?.unwrap_or_default() {
            // Host names and vendors' names for addresses do not parse as one later.
            addresses.extend(address.object()?.get("value")?);
        }
        Ok(Some(Self {
            path: &GATEWAY_PATH,
            place: "spec.infrastructure.annotations",
            // `maxProperties` in the Gateway's schema.
            room: 8,
            annotations: Annotations(below(&root, &GATEWAY_PATH)?),
            of_gateway: true,
            before,
            spec,
            addresses,
            root,
        }))
    }

    /// The path of one annotation, for messages.
    pub(crate) fn at(&self, key: &str) -> String {
        format!("{}[{key}]", self.place)
    }

    /// `spec.loadBalancerClass`.
    ///
    /// # Errors
    /// When it is no string.
    pub(crate) fn class(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.spec.string("loadBalancerClass")
    }

    /// The networks that may connect, by the spec.
    ///
    /// # Errors
    /// When they are no array.
    pub(crate) fn source_ranges(&self) -> Result<Vec<Node<'a>>, Malformed> {
        Ok(self
            .spec
            .array("loadBalancerSourceRanges")?
            .unwrap_or_default())
    }

    /// The public addresses that the spec asks for, with their paths.
    ///
    /// # Errors
    /// When one is no string.
    pub(crate) fn public_addresses(&self) -> Result<Vec<(String, Cow<'a, str>)>, Malformed> {
        let mut public = Vec::new();
        for node in &self.addresses {
            let text = node.string()?;
            if is_public_address(&text) {
                public.push((node.path(), text));
            }
        }
        Ok(public)
    }
}

/// Whether `text` is an IP address, and a public one.
pub(crate) fn is_public_address(text: &str) -> bool {
    text.trim().parse().is_ok_and(|ip: IpAddr| is_public(ip))
}

/// The spec of a Service that has a load balancer. The type may change on update.
fn balancer_spec<'a>(service: &Object<'a>) -> Result<Option<Object<'a>>, Malformed> {
    let Some(spec) = service.object("spec")? else {
        return Ok(None);
    };
    let is_balancer = spec
        .string("type")?
        .is_some_and(|kind| kind == "LoadBalancer");
    Ok(is_balancer.then_some(spec))
}

/// Whether the object is being deleted: what waits is finalizers, and they must be able to go.
fn is_over(root: &Object<'_>) -> Result<bool, Malformed> {
    match root.object("metadata")? {
        Some(metadata) => Ok(metadata.get("deletionTimestamp")?.is_some()),
        None => Ok(false),
    }
}

/// Whether an update leaves everything that decides as it was. The API server writes both objects, so
/// that what is equal has the same text.
fn is_unchanged(
    root: &Object<'_>,
    old: Option<&Object<'_>>,
    paths: &[&[&str]],
) -> Result<bool, Malformed> {
    let Some(old) = old else {
        return Ok(false);
    };
    for path in paths {
        if text_at(root, path)? != text_at(old, path)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn text_at<'a>(root: &Object<'a>, path: &[&str]) -> Result<Option<&'a str>, Malformed> {
    match path {
        [] => Ok(Some(root.node().text())),
        [key] => Ok(root.get(key)?.map(Node::text)),
        [key, rest @ ..] => match root.object(key)? {
            Some(inner) => text_at(&inner, rest),
            None => Ok(None),
        },
    }
}

/// The object at `path`; `None` where there is none.
fn below<'a>(root: &Object<'a>, path: &[&str]) -> Result<Option<Object<'a>>, Malformed> {
    let mut object = Some(root.clone());
    for key in path {
        object = match object {
            Some(object) => object.object(key)?,
            None => return Ok(None),
        };
    }
    Ok(object)
}

fn labels_of_gateway(labels: &Object<'_>) -> Result<bool, Malformed> {
    for label in GATEWAY_LABELS {
        if labels.get(label)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
