//! The parts of an Ingress that the policy checks itself, without the translation.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};
use ingress2route::Class;

/// An Ingress, parsed.
pub(crate) struct Ingress<'a> {
    pub(crate) root: Object<'a>,
    pub(crate) metadata: Option<Object<'a>>,
    pub(crate) annotations: Option<Object<'a>>,
    pub(crate) spec: Option<Object<'a>>,
    pub(crate) class: Class<'a>,
}

/// One path of an Ingress, a rule without paths, or the default backend.
pub(crate) struct Entry<'a> {
    /// `None` matches every host.
    pub(crate) host: Option<Node<'a>>,
    /// `None` matches every path.
    pub(crate) path: Option<Node<'a>>,
    pub(crate) backend: Option<Object<'a>>,
    /// The whole item of `paths`, or the default backend.
    node: Option<Node<'a>>,
    is_default: bool,
}

impl<'a> Ingress<'a> {
    /// Parses an Ingress.
    ///
    /// # Errors
    /// Returns an error if a field has the wrong type.
    pub(crate) fn read(node: Node<'a>) -> Result<Self, Malformed> {
        let root = node.object()?;
        let metadata = root.object("metadata")?;
        let annotations = match &metadata {
            Some(metadata) => metadata.object("annotations")?,
            None => None,
        };
        let spec = root.object("spec")?;
        Ok(Self {
            class: Class::of(spec.as_ref(), annotations.as_ref())?,
            spec,
            metadata,
            annotations,
            root,
        })
    }

    /// Returns all annotations with their values.
    pub(crate) fn annotations(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        self.annotations.iter().flat_map(Object::iter)
    }

    /// Returns all paths and default backends, in order.
    ///
    /// # Errors
    /// Returns an error if a field has the wrong type.
    pub(crate) fn entries(&self) -> Result<Vec<Entry<'a>>, Malformed> {
        let mut entries = Vec::new();
        let Some(spec) = &self.spec else {
            return Ok(entries);
        };
        for rule in spec.array("rules")?.unwrap_or_default() {
            let rule = rule.object()?;
            let host = rule.get("host")?;
            let paths = match rule.object("http")? {
                Some(http) => http.array("paths")?.unwrap_or_default(),
                None => Vec::new(),
            };
            if paths.is_empty() {
                entries.push(Entry::of(host, None)?);
            }
            for path in paths {
                entries.push(Entry::of(host, Some(path))?);
            }
        }
        // In v1beta1, the field is called `backend`.
        for default in &["defaultBackend", "backend"] {
            if let Some(backend) = spec.object(default)? {
                entries.push(Entry {
                    node: Some(backend.node()),
                    backend: Some(backend),
                    is_default: true,
                    ..Entry::of(None, None)?
                });
            }
        }
        Ok(entries)
    }
}

impl<'a> Entry<'a> {
    fn of(host: Option<Node<'a>>, node: Option<Node<'a>>) -> Result<Self, Malformed> {
        let path = node.map(Node::object).transpose()?;
        let part = |name| match &path {
            Some(path) => path.get(name),
            None => Ok(None),
        };
        Ok(Self {
            host,
            path: part("path")?,
            backend: part("backend")?.map(Node::object).transpose()?,
            node,
            is_default: false,
        })
    }

    /// The host as in the object; empty if it matches every host.
    pub(crate) fn host_text(&self) -> &'a str {
        self.host.map(Node::text).unwrap_or_default()
    }

    /// Whether both send the same requests to the same backend, compared as text.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let texts = |entry: &Self| (entry.host_text(), entry.node.map(Node::text));
        self.is_default == other.is_default && texts(self) == texts(other)
    }

    /// Returns the Service of its backend; `None` if the backend is not a Service.
    ///
    /// # Errors
    /// Returns an error if a field has the wrong type.
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
