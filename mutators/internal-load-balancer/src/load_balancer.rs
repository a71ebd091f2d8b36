//! The fields of a Service or Gateway that its load balancer depends on.

use std::borrow::Cow;
use std::net::IpAddr;

use admission::{AdmissionRequest, Malformed, Node, Object};

use crate::address::is_public;
use crate::settings::{Scope, Settings};

/// Labels of the Services that controllers create for Gateways: the standard one (GEP-1762), and that of
/// earlier versions of Cilium.
const GATEWAY_LABELS: [&str; 2] = [
    "gateway.networking.k8s.io/gateway-name",
    "io.cilium.gateway/owning-gateway",
];

/// A Service or Gateway that gets a load balancer.
pub(crate) struct LoadBalancer<'a> {
    pub(crate) root: Object<'a>,
    /// The fields that lead from the root to the annotations.
    pub(crate) annotations_fields: &'static [&'static str],
    /// The same as a path in messages.
    pub(crate) annotations_path: &'static str,
    /// How many annotations the API server accepts.
    pub(crate) max_annotations: usize,
    pub(crate) annotations: Annotations<'a>,
    /// Whether the object is a Gateway or a Service of one.
    pub(crate) is_for_gateway: bool,
    /// The load balancer before this update, if there was one.
    pub(crate) old: Option<OldLoadBalancer<'a>>,
    spec: Object<'a>,
    /// Fields of the spec with addresses that the client asks for.
    addresses: Vec<Node<'a>>,
}

/// A load balancer before an update.
pub(crate) struct OldLoadBalancer<'a> {
    pub(crate) annotations: Annotations<'a>,
    pub(crate) has_address: bool,
}

/// The annotations of an object that may have none.
pub(crate) struct Annotations<'a>(Option<Object<'a>>);

impl<'a> Annotations<'a> {
    /// Returns the value of `key`; `None` if it is not set or `null`.
    ///
    /// # Errors
    /// Returns an error if the value is not a string, or the key is there twice.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        match &self.0 {
            Some(annotations) => annotations.string(key),
            None => Ok(None),
        }
    }

    /// Checks that every value is a string.
    ///
    /// # Errors
    /// Returns an error if a value is not a string. The API server rejects those too, but files may have them.
    pub(crate) fn validate(&self) -> Result<(), Malformed> {
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

impl<'a> LoadBalancer<'a> {
    /// Reads a Service. Returns `None` if the policy does not check it.
    ///
    /// # Errors
    /// Returns an error if a field that the verdict depends on has the wrong type.
    pub(crate) fn of_service(
        settings: &Settings,
        request: &AdmissionRequest<'a>,
        object: Node<'a>,
    ) -> Result<Option<Self>, Malformed> {
        let root = object.object()?;
        let Some(spec) = load_balancer_spec(&root)? else {
            return Ok(None);
        };
        let old = request.old_object()?.map(Node::object).transpose()?;
        let relevant: [&[&str]; 3] = [&["spec"], &SERVICE_PATH, &["metadata", "labels"]];
        if is_being_deleted(&root)? || is_unchanged(&root, old.as_ref(), &relevant)? {
            return Ok(None);
        }
        let labels = object_at(&root, &["metadata", "labels"])?;
        let is_for_gateway = match labels {
            Some(labels) => has_gateway_label(&labels)?,
            None => false,
        };
        if settings.scope == Scope::Gateways && !is_for_gateway {
            return Ok(None);
        }
        let old = match old {
            Some(old) if load_balancer_spec(&old)?.is_some() => Some(OldLoadBalancer {
                annotations: Annotations(object_at(&old, &SERVICE_PATH)?),
                has_address: match object_at(&old, &["status", "loadBalancer"])? {
                    Some(status) => !status.array("ingress")?.unwrap_or_default().is_empty(),
                    None => false,
                },
            }),
            _ => None,
        };
        let mut addresses = spec.array("externalIPs")?.unwrap_or_default();
        addresses.extend(spec.get("loadBalancerIP")?);
        Ok(Some(Self {
            annotations_fields: &SERVICE_PATH,
            annotations_path: "metadata.annotations",
            max_annotations: usize::MAX,
            annotations: Annotations(object_at(&root, &SERVICE_PATH)?),
            is_for_gateway,
            old,
            spec,
            addresses,
            root,
        }))
    }

    /// Reads a Gateway. Returns `None` if the policy does not check it.
    ///
    /// # Errors
    /// Returns an error if a field that the verdict depends on has the wrong type.
    pub(crate) fn of_gateway(
        settings: &Settings,
        request: &AdmissionRequest<'a>,
        object: Node<'a>,
    ) -> Result<Option<Self>, Malformed> {
        let root = object.object()?;
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        let old = request.old_object()?.map(Node::object).transpose()?;
        if is_being_deleted(&root)? || is_unchanged(&root, old.as_ref(), &[&["spec"]])? {
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
        let old = match old {
            Some(old) => Some(OldLoadBalancer {
                annotations: Annotations(object_at(&old, &GATEWAY_PATH)?),
                has_address: match old.object("status")? {
                    Some(status) => !status.array("addresses")?.unwrap_or_default().is_empty(),
                    None => false,
                },
            }),
            None => None,
        };
        let mut addresses = Vec::new();
        for address in spec.array("addresses")?.unwrap_or_default() {
            // Hostnames and named addresses are skipped later, since they do not parse as IP addresses.
            addresses.extend(address.object()?.get("value")?);
        }
        Ok(Some(Self {
            annotations_fields: &GATEWAY_PATH,
            annotations_path: "spec.infrastructure.annotations",
            // `maxProperties` in the schema of Gateway.
            max_annotations: 8,
            annotations: Annotations(object_at(&root, &GATEWAY_PATH)?),
            is_for_gateway: true,
            old,
            spec,
            addresses,
            root,
        }))
    }

    /// Returns the path of an annotation, for messages.
    pub(crate) fn annotation_path(&self, key: &str) -> String {
        format!("{}[{key}]", self.annotations_path)
    }

    /// Returns `spec.loadBalancerClass`.
    ///
    /// # Errors
    /// Returns an error if it is not a string.
    pub(crate) fn class(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.spec.string("loadBalancerClass")
    }

    /// Returns the items of `spec.loadBalancerSourceRanges`.
    ///
    /// # Errors
    /// Returns an error if it is not an array.
    pub(crate) fn source_ranges(&self) -> Result<Vec<Node<'a>>, Malformed> {
        Ok(self
            .spec
            .array("loadBalancerSourceRanges")?
            .unwrap_or_default())
    }

    /// Returns the public addresses in the spec, with their paths.
    ///
    /// # Errors
    /// Returns an error if an address is not a string.
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

/// Returns whether `text` is a public IP address.
pub(crate) fn is_public_address(text: &str) -> bool {
    text.trim().parse().is_ok_and(|ip: IpAddr| is_public(ip))
}

/// Returns the spec of a Service of type LoadBalancer. An update may change the type.
fn load_balancer_spec<'a>(service: &Object<'a>) -> Result<Option<Object<'a>>, Malformed> {
    let Some(spec) = service.object("spec")? else {
        return Ok(None);
    };
    let is_load_balancer = spec
        .string("type")?
        .is_some_and(|kind| kind == "LoadBalancer");
    Ok(is_load_balancer.then_some(spec))
}

/// Returns whether the object is being deleted. Its finalizers must be removable.
fn is_being_deleted(root: &Object<'_>) -> Result<bool, Malformed> {
    match root.object("metadata")? {
        Some(metadata) => Ok(metadata.get("deletionTimestamp")?.is_some()),
        None => Ok(false),
    }
}

/// Returns whether an update leaves the fields at `paths` as they are. The API server serializes the old and
/// the new object alike, so equal fields have the same text.
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

/// Returns the object at `path`; `None` if a field on the path is missing.
fn object_at<'a>(root: &Object<'a>, path: &[&str]) -> Result<Option<Object<'a>>, Malformed> {
    let mut object = Some(root.clone());
    for key in path {
        object = match object {
            Some(object) => object.object(key)?,
            None => return Ok(None),
        };
    }
    Ok(object)
}

fn has_gateway_label(labels: &Object<'_>) -> Result<bool, Malformed> {
    for label in GATEWAY_LABELS {
        if labels.get(label)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
