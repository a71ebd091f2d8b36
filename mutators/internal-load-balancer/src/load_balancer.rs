//! The fields of a Service, Gateway or Ingress that its load balancer depends on.

use std::borrow::Cow;

use admission::{AdmissionRequest, Malformed, Node, Object};

use crate::settings::{Scope, Settings};
use crate::vendor::{
    ALB_PREFIX, AWS_NLB_IP, AWS_TARGET_TYPE, AWS_TYPE, AZURE_IP, AZURE_IPV6, INGRESS_CLASS,
};

/// Labels of the Services that controllers create for Gateways: the standard one (GEP-1762), and that of
/// earlier versions of Cilium.
const GATEWAY_LABELS: [&str; 2] = [
    "gateway.networking.k8s.io/gateway-name",
    "io.cilium.gateway/owning-gateway",
];

/// What an object is to this policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// A Service that gets a load balancer.
    Service,
    /// A Gateway.
    Gateway,
    /// An Ingress.
    Ingress,
    /// A Service without a load balancer.
    OtherService,
}

/// An object that gets a load balancer, or a Service with external IPs.
pub(crate) struct LoadBalancer<'a> {
    pub(crate) kind: Kind,
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
    /// Whether an update leaves `spec.externalIPs` as they are.
    pub(crate) keeps_external_ips: bool,
    spec: Object<'a>,
}

/// A load balancer before an update.
pub(crate) struct OldLoadBalancer<'a> {
    pub(crate) annotations: Annotations<'a>,
    pub(crate) has_address: bool,
}

impl<'a> OldLoadBalancer<'a> {
    /// Reads the object before an update. Returns `None` if it had no load balancer, or if the policy does not
    /// compare it with the new object.
    fn read(
        kind: Kind,
        settings: &Settings,
        old: &Object<'a>,
        annotations_fields: &[&str],
    ) -> Result<Option<Self>, Malformed> {
        let annotations = Annotations(object_at(old, annotations_fields)?);
        let (path, field): (&[&str], _) = match kind {
            Kind::Gateway => (&["status"], "addresses"),
            Kind::Service => (&["status", "loadBalancer"], "ingress"),
            Kind::Ingress | Kind::OtherService => return Ok(None),
        };
        if kind == Kind::Service
            && !match old.object("spec")? {
                Some(spec) => has_load_balancer(settings, &spec, &annotations)?,
                None => false,
            }
        {
            return Ok(None);
        }
        let addresses = match object_at(old, path)? {
            Some(status) => status.array(field)?.unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Some(Self {
            annotations,
            has_address: !addresses.is_empty(),
        }))
    }
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

pub(crate) const METADATA_PATH: [&str; 2] = ["metadata", "annotations"];
pub(crate) const GATEWAY_PATH: [&str; 3] = ["spec", "infrastructure", "annotations"];

impl<'a> LoadBalancer<'a> {
    /// Reads an object. Returns `None` if the policy does not check it.
    ///
    /// A deletion timestamp makes no difference: finalizers can keep an object and its load balancer for any
    /// time. Their removal changes no field that the policy checks.
    ///
    /// # Errors
    /// Returns an error if a field that the verdict depends on has the wrong type.
    pub(crate) fn read(
        mut kind: Kind,
        settings: &Settings,
        request: &AdmissionRequest<'a>,
        object: Node<'a>,
    ) -> Result<Option<Self>, Malformed> {
        let root = object.object()?;
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        let old_root = request.old_object()?.map(Node::object).transpose()?;
        let (annotations_fields, annotations_path, max_annotations): (&[&str], _, _) = match kind {
            // The limit is `maxProperties` in the schema of Gateway.
            Kind::Gateway => (&GATEWAY_PATH, "spec.infrastructure.annotations", 8),
            _ => (&METADATA_PATH, "metadata.annotations", usize::MAX),
        };
        let checked: &[&[&str]] = match kind {
            Kind::Gateway => &[&["spec"]],
            _ => &[&["spec"], &METADATA_PATH, &["metadata", "labels"]],
        };
        if is_unchanged(&root, old_root.as_ref(), checked)? {
            return Ok(None);
        }
        let is_for_gateway = kind == Kind::Gateway || has_gateway_label(&root)?;
        if settings.scope == Scope::Gateways && !is_for_gateway {
            return Ok(None);
        }
        let annotations = Annotations(object_at(&root, annotations_fields)?);
        if kind == Kind::Gateway {
            let class = spec.string("gatewayClassName")?.unwrap_or_default();
            if settings.node_port_classes.iter().any(|it| *it == class) {
                return Ok(None);
            }
        }
        if kind == Kind::Service && !has_load_balancer(settings, &spec, &annotations)? {
            if spec.get("externalIPs")?.is_none() {
                return Ok(None);
            }
            kind = Kind::OtherService;
        }
        let keeps_external_ips =
            is_unchanged(&root, old_root.as_ref(), &[&["spec", "externalIPs"]])?;
        let old = match old_root {
            Some(old) => OldLoadBalancer::read(kind, settings, &old, annotations_fields)?,
            None => None,
        };
        Ok(Some(Self {
            kind,
            annotations_fields,
            annotations_path,
            max_annotations,
            annotations,
            is_for_gateway,
            old,
            keeps_external_ips,
            spec,
            root,
        }))
    }

    /// Returns the path of an annotation, for messages.
    pub(crate) fn annotation_path(&self, key: &str) -> String {
        format!("{}[{key}]", self.annotations_path)
    }

    /// Returns the class that selects the controller, with its path.
    ///
    /// # Errors
    /// Returns an error if it is not a string.
    pub(crate) fn class(&self) -> Result<Option<(String, Cow<'a, str>)>, Malformed> {
        let field = match self.kind {
            Kind::Gateway => "gatewayClassName",
            Kind::Ingress => "ingressClassName",
            Kind::Service | Kind::OtherService => "loadBalancerClass",
        };
        // Controllers prefer the annotation to the field.
        if self.kind == Kind::Ingress
            && let Some(class) = self.annotations.get(INGRESS_CLASS)?
        {
            return Ok(Some((self.annotation_path(INGRESS_CLASS), class)));
        }
        let class = self.spec.string(field)?;
        Ok(class.map(|class| (format!("spec.{field}"), class)))
    }

    /// Returns whether an Ingress is for the AWS Load Balancer Controller: it has the controller's class, or
    /// annotations for it. The class can have another name.
    ///
    /// # Errors
    /// Returns an error if the class is not a string.
    pub(crate) fn is_alb(&self) -> Result<bool, Malformed> {
        for (key, _) in self.annotations.object().iter().flat_map(|it| it.iter()) {
            if key.starts_with(ALB_PREFIX) {
                return Ok(true);
            }
        }
        Ok(self.class()?.is_some_and(|(_, class)| class == "alb"))
    }

    /// Returns the address in Azure that the Service asks for.
    ///
    /// # Errors
    /// Returns an error if it is not a string.
    pub(crate) fn azure_address(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        let is_set = |address: &Cow<'_, str>| !address.is_empty();
        for key in [AZURE_IP, AZURE_IPV6] {
            if let Some(address) = self.annotations.get(key)?.filter(is_set) {
                return Ok(Some(address));
            }
        }
        Ok(self.spec.string("loadBalancerIP")?.filter(is_set))
    }

    /// Returns whether `spec.externalIPs` has items.
    ///
    /// # Errors
    /// Returns an error if it is not an array.
    pub(crate) fn has_external_ips(&self) -> Result<bool, Malformed> {
        let addresses = self.spec.array("externalIPs")?;
        Ok(addresses.is_some_and(|addresses| !addresses.is_empty()))
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
}

/// Returns whether a Service gets a load balancer.
///
/// The AWS Load Balancer Controller creates one for a Service of any type that has its annotations, unless its
/// feature gate ServiceTypeLoadBalancerOnly is on (`IsServiceSupported` in its `pkg/service/service_utils.go`).
/// The API server accepts a class only for type LoadBalancer.
fn has_load_balancer(
    settings: &Settings,
    spec: &Object<'_>,
    annotations: &Annotations<'_>,
) -> Result<bool, Malformed> {
    if spec.string("type")?.is_some_and(|it| it == "LoadBalancer") {
        return Ok(true);
    }
    if !settings.has_aws_controller() {
        return Ok(false);
    }
    let target_type = annotations.get(AWS_TARGET_TYPE)?.unwrap_or_default();
    Ok(match annotations.get(AWS_TYPE)? {
        Some(kind) if kind == AWS_NLB_IP => true,
        Some(kind) => kind == "external" && (target_type == "ip" || target_type == "instance"),
        None => false,
    })
}

/// Returns whether an update leaves the fields at `paths` as they are. The API server serializes the old and
/// the new object alike, so equal fields have the same text.
pub(crate) fn is_unchanged(
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
pub(crate) fn object_at<'a>(
    root: &Object<'a>,
    path: &[&str],
) -> Result<Option<Object<'a>>, Malformed> {
    let mut object = Some(root.clone());
    for key in path {
        object = match object {
            Some(object) => object.object(key)?,
            None => return Ok(None),
        };
    }
    Ok(object)
}

fn has_gateway_label(root: &Object<'_>) -> Result<bool, Malformed> {
    let Some(labels) = object_at(root, &["metadata", "labels"])? else {
        return Ok(false);
    };
    for label in GATEWAY_LABELS {
        if labels.get(label)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
