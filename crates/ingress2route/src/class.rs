//! The Ingress class.

use std::borrow::Cow;

use admission::{Malformed, Object};

const ANNOTATION: &str = "kubernetes.io/ingress.class";

/// The class that an Ingress requests, in the field and in the annotation. Both must be checked, because
/// controllers honour either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class<'a> {
    /// `spec.ingressClassName`.
    pub field: Option<Cow<'a, str>>,
    /// The deprecated annotation `kubernetes.io/ingress.class`.
    pub annotation: Option<Cow<'a, str>>,
}

impl<'a> Class<'a> {
    /// Reads the field and the annotation of an Ingress.
    ///
    /// # Errors
    /// Returns an error if one of them is not a string.
    pub fn read(ingress: &Object<'a>) -> Result<Self, Malformed> {
        let spec = ingress.object("spec")?;
        let metadata = ingress.object("metadata")?;
        let annotations = match metadata {
            Some(metadata) => metadata.object("annotations")?,
            None => None,
        };
        Self::of(spec.as_ref(), annotations.as_ref())
    }

    /// Reads the field in `spec` and the annotation in `annotations`.
    ///
    /// # Errors
    /// Returns an error if one of them is not a string.
    pub fn of(
        spec: Option<&Object<'a>>,
        annotations: Option<&Object<'a>>,
    ) -> Result<Self, Malformed> {
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

    /// Returns the distinct class names: two if field and annotation differ, none if the cluster's default
    /// applies.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let annotation = self.annotation.as_deref();
        let annotation = annotation.filter(|it| Some(*it) != self.field.as_deref());
        self.field.as_deref().into_iter().chain(annotation)
    }

    /// Whether one controller may serve Ingresses with both classes: they are equal, or one is the default.
    pub fn is_compatible(&self, other: &Self) -> bool {
        let is_equal = |name| other.names().all(|other| other == name);
        self.names().all(is_equal)
    }

    /// Whether field and annotation name different classes.
    pub fn is_contradictory(&self) -> bool {
        self.names().nth(1).is_some()
    }
}
