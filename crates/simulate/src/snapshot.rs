//! An offline snapshot of a cluster, from which the look-ups of context-aware policies are answered. Built-in
//! policies and modules in the embedded interpreter get the same answers.

mod mask;
mod query;

use std::collections::BTreeMap;
use std::sync::Arc;

use kubewarden::ContextAwareResource;
use serde_json::{Map, Value};

pub use mask::FieldMask;
pub use query::{Query, SelectorError};

/// The objects from which Kubernetes host calls are answered, instead of a cluster.
///
/// A cluster has all its objects, but manifests contain only some of them. A look-up can therefore fail in
/// four ways, and the policy learns which:
/// - *not installed*: the cluster does not have the kind ([`mark_missing`](Self::mark_missing));
/// - *not found*: the snapshot holds all objects of the kind ([`complete`](Self::complete),
///   [`mark_complete`](Self::mark_complete)), but not this one;
/// - *not permitted*: neither the module's metadata nor the policy lists the kind (checked by the caller);
/// - *could not ask*: the object may be in the cluster, but is not in the snapshot. An
///   [`insert`](Self::insert)ed object answers look-ups of itself, not of other objects of its kind.
///
/// Cloning is cheap: clones share their objects until one of them changes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    kinds: Arc<BTreeMap<ContextAwareResource, Objects>>,
}

/// Objects of one kind, by namespace and name. Cluster-scoped objects have no namespace.
#[derive(Clone, Debug, Default)]
struct Objects {
    missing: bool,
    complete: bool,
    partial: bool,
    by_name: BTreeMap<(Option<String>, String), Map<String, Value>>,
}

/// Why an object cannot be part of a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The value is not a mapping.
    #[error("a cluster object is not a mapping")]
    NotAnObject,
    /// An identifying field is missing, empty or not a string.
    #[error("a cluster object has no string `{0}`")]
    MissingField(&'static str),
}

/// Why a look-up failed. The texts are those of the policy server, where it has the same error.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The cluster does not have the kind, because its CRD is not installed.
    #[error("Cannot find resource {0}")]
    NotInstalled(ContextAwareResource),
    /// The snapshot holds all objects of the kind, but not this one.
    #[error("Cannot find {kind} named '{name}' inside of namespace '{namespace:?}'")]
    NotFound {
        /// The requested kind.
        kind: ContextAwareResource,
        /// The requested name.
        name: String,
        /// The requested namespace.
        namespace: Option<String>,
    },
    /// The object may be in the cluster, but is not in the snapshot.
    #[error(
        "cannot look up {0} objects: there is no cluster, and the snapshot does not hold all of them"
    )]
    Unknown(ContextAwareResource),
    /// The kind is namespaced, but the request has no namespace.
    #[error("Resource {0} is namespaced, but no namespace was provided")]
    Namespaced(ContextAwareResource),
    /// The kind is cluster-scoped, but the request has a namespace.
    #[error("resource {0} is cluster wide. Cannot search for it inside of a namespace")]
    ClusterWide(ContextAwareResource),
    /// The selector is invalid.
    #[error(transparent)]
    Selector(SelectorError),
    /// The response cannot be serialized.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Snapshot {
    /// Creates a snapshot without objects. Every look-up fails with *could not ask*.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a snapshot of `objects`, which are all the objects of their kinds.
    ///
    /// # Errors
    /// Returns an error as for [`insert`](Self::insert).
    pub fn complete(objects: impl IntoIterator<Item = Value>) -> Result<Self, ObjectError> {
        let mut snapshot = Self::new();
        for object in objects {
            let kind = snapshot.insert(object)?;
            snapshot.mark_complete(kind);
        }
        Ok(snapshot)
    }

    /// Adds an object and returns its kind. Replaces an object with the same kind, namespace and name.
    ///
    /// An object without `metadata.namespace` is treated as cluster-scoped, so callers set the namespace of
    /// namespaced manifests that omit it.
    ///
    /// # Errors
    /// Returns an error if `object` is not a mapping, or has no `apiVersion`, `kind` or `metadata.name`.
    pub fn insert(&mut self, object: Value) -> Result<ContextAwareResource, ObjectError> {
        let Value::Object(object) = object else {
            return Err(ObjectError::NotAnObject);
        };
        let text = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let metadata = |field| {
            text(
                object
                    .get("metadata")
                    .and_then(|metadata| metadata.get(field)),
            )
        };
        let api_version =
            text(object.get("apiVersion")).ok_or(ObjectError::MissingField("apiVersion"))?;
        let kind = text(object.get("kind")).ok_or(ObjectError::MissingField("kind"))?;
        let name = metadata("name").ok_or(ObjectError::MissingField("metadata.name"))?;
        let key = (metadata("namespace"), name);
        let kind = ContextAwareResource { api_version, kind };
        Arc::make_mut(&mut self.kinds)
            .entry(kind.clone())
            .or_default()
            .by_name
            .insert(key, object);
        Ok(kind)
    }

    /// Declares that the snapshot contains every object of `kind` in the cluster.
    pub fn mark_complete(&mut self, kind: ContextAwareResource) {
        Arc::make_mut(&mut self.kinds)
            .entry(kind)
            .or_default()
            .complete = true;
    }

    /// Answers lists of `kind` with the objects of the snapshot, even though the cluster may have others.
    pub fn mark_partial(&mut self, kind: ContextAwareResource) {
        Arc::make_mut(&mut self.kinds)
            .entry(kind)
            .or_default()
            .partial = true;
    }

    /// Whether lists of `kind` may lack objects of the cluster; see [`mark_partial`](Self::mark_partial).
    pub fn is_partial(&self, kind: &ContextAwareResource) -> bool {
        let objects = self.kinds.get(kind);
        objects.is_some_and(|objects| objects.partial && !objects.complete)
    }

    /// Declares that the cluster does not have `kind`.
    pub fn mark_missing(&mut self, kind: ContextAwareResource) {
        Arc::make_mut(&mut self.kinds)
            .entry(kind)
            .or_default()
            .missing = true;
    }

    /// Returns the response to a list call as a module receives it, for policies that run natively.
    /// `fields` are dot-separated paths; an empty slice selects all fields.
    ///
    /// # Errors
    /// Returns an error if the look-up fails. It displays as the text that a module receives.
    pub fn list_json(
        &self,
        kind: &ContextAwareResource,
        namespace: Option<&str>,
        name: Option<&str>,
        fields: &[&str],
    ) -> Result<String, LookupError> {
        let selector = name.map(|name| format!("metadata.name={name}"));
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        let query = Query::parse(None, selector.as_deref()).map_err(LookupError::Selector)?;
        let found = self.list(kind, namespace, &query)?;
        let json = FieldMask::new(fields.iter()).list(kind, &found)?;
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    /// Returns the object with this kind, namespace and name.
    ///
    /// # Errors
    /// Returns an error if there is no such object, or if the snapshot does not hold all objects of the kind.
    pub fn get(
        &self,
        kind: &ContextAwareResource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<&Map<String, Value>, LookupError> {
        let objects = self.objects(kind)?;
        let in_scope = |namespace: Option<&str>| {
            objects
                .by_name
                .get(&(namespace.map(str::to_owned), name.to_owned()))
        };
        // A namespace is ignored for a cluster-scoped kind, as in the policy server.
        if let Some(object) = in_scope(namespace).or_else(|| in_scope(None)) {
            return Ok(object);
        }
        Err(
            if namespace.is_none() && objects.all(|namespace| namespace.is_some()) {
                LookupError::Namespaced(kind.clone())
            } else if objects.complete {
                LookupError::NotFound {
                    kind: kind.clone(),
                    name: name.to_owned(),
                    namespace: namespace.map(str::to_owned),
                }
            } else {
                LookupError::Unknown(kind.clone())
            },
        )
    }

    /// Returns the objects of a kind that a query selects, sorted by namespace and name.
    ///
    /// # Errors
    /// Returns an error if the result may be incomplete, or if the kind is cluster-scoped and `namespace` is
    /// set.
    pub fn list(
        &self,
        kind: &ContextAwareResource,
        namespace: Option<&str>,
        query: &Query,
    ) -> Result<Vec<&Map<String, Value>>, LookupError> {
        let objects = self.objects(kind)?;
        if namespace.is_some() && objects.all(|namespace| namespace.is_none()) {
            return Err(LookupError::ClusterWide(kind.clone()));
        }
        let mut found = Vec::new();
        let mut is_complete = objects.complete || objects.partial;
        for ((object_namespace, name), object) in &objects.by_name {
            if namespace.is_some() && namespace != object_namespace.as_deref() {
                continue;
            }
            if query.matches(object_namespace.as_deref(), name, object) {
                found.push(object);
            }
            // A scope has only one object of this name.
            is_complete |= query.requires_name(name)
                && (namespace.is_some()
                    || object_namespace.is_none()
                    || query.requires_namespace(object_namespace.as_deref()));
        }
        if is_complete {
            Ok(found)
        } else {
            Err(LookupError::Unknown(kind.clone()))
        }
    }

    fn objects(&self, kind: &ContextAwareResource) -> Result<&Objects, LookupError> {
        match self.kinds.get(kind) {
            Some(objects) if objects.missing => Err(LookupError::NotInstalled(kind.clone())),
            Some(objects) => Ok(objects),
            None => Err(LookupError::Unknown(kind.clone())),
        }
    }
}

impl Objects {
    /// Reports whether there are objects and `predicate` is true for all their namespaces.
    fn all(&self, predicate: impl Fn(&Option<String>) -> bool) -> bool {
        !self.by_name.is_empty()
            && self
                .by_name
                .keys()
                .all(|(namespace, _)| predicate(namespace))
    }
}
