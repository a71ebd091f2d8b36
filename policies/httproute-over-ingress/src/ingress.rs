//! An Ingress, as far as the policy itself looks at it; the rest is the translation's.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};
use ingress2route::Class;

/// The parts of an Ingress.
pub(crate) struct Ingress<'a> {
    pub(crate) root: Object<'a>,
    pub(crate) metadata: Option<Object<'a>>,
    pub(crate) annotations: Option<Object<'a>>,
    pub(crate) spec: Option<Object<'a>>,
    pub(crate) class: Class<'a>,
}

/// One path of an Ingress, a rule without paths, or the default backend.
pub(crate) struct Place<'a> {
    /// `None` for every host.
    pub(crate) host: Option<Node<'a>>,
    /// `None` for every path.
    pub(crate) path: Option<Node<'a>>,
    /// `pathType`.
    kind: Option<Node<'a>>,
    pub(crate) backend: Option<Object<'a>>,
    is_default: bool,
}

impl<'a> Ingress<'a> {
    /// # Errors
    /// When a part has the wrong type.
    pub(crate) fn read(node: Node<'a>) -> Result<Self, Malformed> {
        let root = node.object()?;
        let metadata = root.object("metadata")?;
        let annotations = match &metadata {
            Some(metadata) => metadata.object("annotations")?,
            None => None,
        };
        Ok(Self {
            spec: root.object("spec")?,
            class: Class::read(&root)?,
            metadata,
            annotations,
            root,
        })
    }

    /// Every annotation with its value.
    pub(crate) fn annotations(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        self.annotations.iter().flat_map(Object::iter)
    }

    /// Everything that it routes, in order.
    ///
    /// # Errors
    /// When a part has the wrong type.
    pub(crate) fn places(&self) -> Result<Vec<Place<'a>>, Malformed> {
        let mut places = Vec::new();
        let Some(spec) = &self.spec else {
            return Ok(places);
        };
        for rule in spec.array("rules")?.unwrap_or_default() {
            let rule = rule.object()?;
            let host = rule.get("host")?;
            let paths = match rule.object("http")? {
                Some(http) => http.array("paths")?.unwrap_or_default(),
                None => Vec::new(),
            };
            if paths.is_empty() {
                places.push(Place::of(host, None)?);
            }
            for path in paths {
                places.push(Place::of(host, Some(path))?);
            }
        }
        // `backend` is what v1beta1 calls it.
        for default in ["defaultBackend", "backend"] {
            if let Some(backend) = spec.object(default)? {
                places.push(Place {
                    backend: Some(backend),
                    is_default: true,
                    ..Place::of(None, None)?
                });
            }
        }
        Ok(places)
    }
}

impl<'a> Place<'a> {
    fn of(host: Option<Node<'a>>, path: Option<Node<'a>>) -> Result<Self, Malformed> {
        let path = path.map(Node::object).transpose()?;
        let part = |name| match &path {
            Some(path) => path.get(name),
            None => Ok(None),
        };
        Ok(Self {
            host,
            path: part("path")?,
            kind: part("pathType")?,
            backend: part("backend")?.map(Node::object).transpose()?,
            is_default: false,
        })
    }

    /// Whether both take the same requests, as far as their text tells.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let texts = |place: &Place<'a>| {
            let parts = [place.host, place.path, place.kind];
            parts.map(|part| part.map(Node::text))
        };
        self.is_default == other.is_default && texts(self) == texts(other)
    }

    /// The Service of its backend; `None` where that is none.
    ///
    /// # Errors
    /// When a part has the wrong type.
    pub(crate) fn service(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        let Some(backend) = &self.backend else {
            return Ok(None);
        };
        match backend.object("service")? {
            Some(service) => service.string("name"),
            None => backend.string("serviceName"),
        }
    }
}
