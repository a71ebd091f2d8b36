//! The hostnames that an object publishes, and their paths.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};

use crate::settings::Settings;

/// The kinds that publish hostnames of the Gateway.
pub(crate) const KINDS: [&str; 2] = ["HTTPRoute", "GRPCRoute"];

/// A hostname and its field.
pub(crate) type Hostname<'a> = (Node<'a>, Cow<'a, str>);

/// What an object publishes.
pub(crate) struct Published<'a> {
    /// The annotations that publish hostnames in addition to those of the spec.
    pub(crate) annotations: Vec<Node<'a>>,
    /// The path of the hostnames in the spec.
    pub(crate) list: &'static str,
    /// The hostnames in the spec.
    pub(crate) hostnames: Vec<Hostname<'a>>,
}

impl<'a> Published<'a> {
    /// Reads an HTTPRoute or GRPCRoute.
    ///
    /// # Errors
    /// Returns an error if a field has another type than Gateway API gives it.
    pub(crate) fn of_route(settings: &Settings, root: &Object<'a>) -> Result<Self, Malformed> {
        let annotations = annotations(settings, root)?;
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        let mut hostnames = Vec::new();
        for node in spec.array("hostnames")?.unwrap_or_default() {
            hostnames.push((node, node.string()?));
        }
        Ok(Self {
            annotations: annotations.into_iter().map(|(_, node)| node).collect(),
            list: "spec.hostnames",
            hostnames,
        })
    }
}

/// Returns the annotations that publish hostnames, with their keys.
///
/// # Errors
/// Returns an error if `metadata` or its annotations are not objects.
pub(crate) fn annotations<'s, 'a>(
    settings: &'s Settings,
    root: &Object<'a>,
) -> Result<Vec<(&'s str, Node<'a>)>, Malformed> {
    let annotations = match root.object("metadata")? {
        Some(metadata) => metadata.object("annotations")?,
        None => None,
    };
    let mut found = Vec::new();
    for annotations in annotations.iter() {
        for key in &settings.hostname_annotations {
            let node = annotations.get(key)?;
            found.extend(node.map(|node| (key.as_str(), node)));
        }
    }
    Ok(found)
}
