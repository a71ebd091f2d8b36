//! The class of an Ingress.

use std::borrow::Cow;

use admission::{Malformed, Object};

const ANNOTATION: &str = "kubernetes.io/ingress.class";

/// Which controller an Ingress asks for, in both places where it can: a check on one alone is no check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class<'a> {
    /// `spec.ingressClassName`.
    pub field: Option<Cow<'a, str>>,
    /// The annotation `kubernetes.io/ingress.class`, which came before the field.
    pub annotation: Option<Cow<'a, str>>,
}

impl<'a> Class<'a> {
    /// Reads both.
    ///
    /// # Errors
    /// When one of them is no string.
    pub fn read(ingress: &Object<'a>) -> Result<Self, Malformed> {
        let spec = ingress.object("spec")?;
        let metadata = ingress.object("metadata")?;
        let annotations = match metadata {
            Some(metadata) => metadata.object("annotations")?,
            None => None,
        };
        Ok(Self {
            field: match spec {
                Some(spec) => spec.string("ingressClassName")?,
                None => None,
            },
            annotation: match annotations {
                Some(annotations) => annotations.string(ANNOTATION)?,
                None => None,
            },
        })
    }

    /// The classes named, each once: two where they contradict, none where the cluster's default counts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let annotation = self.annotation.as_deref();
        let annotation = annotation.filter(|it| Some(*it) != self.field.as_deref());
        self.field.as_deref().into_iter().chain(annotation)
    }

    /// Whether the two places name different classes.
    pub fn is_contradictory(&self) -> bool {
        self.names().nth(1).is_some()
    }
}
