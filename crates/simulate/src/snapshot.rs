//! Objects in place of a cluster, and the answers that context-aware policies get from them: the same for
//! built-in policies and for modules in the embedded interpreter.

mod mask;
mod query;

use std::collections::BTreeMap;
use std::sync::Arc;

use kubewarden::ContextAwareResource;
use serde_json::{Map, Value};

pub use mask::Mask;
pub use query::{Query, SelectorError};

/// The objects that Kubernetes host calls are answered from, in place of a cluster.
///
/// A cluster knows all of its objects; files hold some. So a look-up has three ends besides an
/// answer, and the module is told which:
/// - *not found*: the snapshot holds all objects of the kind ([`complete`](Self::complete),
///   [`know_all`](Self::know_all)), and not this one;
/// - *not permitted*: neither metadata nor policy name the kind (decided by what runs the module);
/// - *could not ask*: the object may well be in the cluster, the snapshot cannot tell. An
///   [`insert`](Self::insert)ed object answers a look-up of itself, and says nothing of others of
///   its kind.
///
/// Cloning is cheap: clones share their objects until one of them is changed.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    kinds: Arc<BTreeMap<ContextAwareResource, Objects>>,
}

/// Objects of one kind, by namespace and name; cluster-scoped ones have no namespace.
#[derive(Clone, Debug, Default)]
struct Objects {
    complete: bool,
    by_name: BTreeMap<(Option<String>, String), Map<String, Value>>,
}

/// Why an object cannot be part of a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// It is a list, a string or the like.
    #[error("an object of the cluster is not a mapping")]
    NotAnObject,
    /// It lacks a field that says which object it is.
    #[error("an object of the cluster has no `{0}`, or not as a text")]
    Unidentified(&'static str),
}

/// Why a look-up has no answer; the words are those of the policy server where it has any.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// All objects of the kind are known, and this is none of them.
    #[error("Cannot find {kind} named '{name}' inside of namespace '{namespace:?}'")]
    NotFound {
        /// The kind asked for.
        kind: ContextAwareResource,
        /// The name asked for.
        name: String,
        /// The namespace asked in.
        namespace: Option<String>,
    },
    /// The object may well be in the cluster.
    #[error("cannot ask for {0} objects: there is no cluster, and not all of them were given")]
    Unknown(ContextAwareResource),
    /// The kind stands in namespaces, and none was named.
    #[error("Resource {0} is namespaced, but no namespace was provided")]
    Namespaced(ContextAwareResource),
    /// The kind stands in no namespace, and one was named.
    #[error("resource {0} is cluster wide. Cannot search for it inside of a namespace")]
    ClusterWide(ContextAwareResource),
    /// The selector cannot be used.
    #[error(transparent)]
    Selector(SelectorError),
    /// The answer cannot be written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Snapshot {
    /// A snapshot that holds nothing and knows of no kind: every look-up ends in *could not ask*.
    pub fn new() -> Self {
        Self::default()
    }

    /// A snapshot of `objects`, which are all there are of each of their kinds.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert).
    pub fn complete(objects: impl IntoIterator<Item = Value>) -> Result<Self, ObjectError> {
        let mut snapshot = Self::new();
        for object in objects {
            let kind = snapshot.insert(object)?;
            snapshot.know_all(kind);
        }
        Ok(snapshot)
    }

    /// Adds one object, in place of one of the same kind, namespace and name, and returns its kind.
    ///
    /// An object without `metadata.namespace` is taken as cluster-scoped: namespaced manifests that
    /// leave the namespace to the command line need it filled in first.
    ///
    /// # Errors
    /// `object` is no mapping, or has no `apiVersion`, `kind` or `metadata.name`.
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
            text(object.get("apiVersion")).ok_or(ObjectError::Unidentified("apiVersion"))?;
        let kind = text(object.get("kind")).ok_or(ObjectError::Unidentified("kind"))?;
        let name = metadata("name").ok_or(ObjectError::Unidentified("metadata.name"))?;
        let key = (metadata("namespace"), name);
        let kind = ContextAwareResource { api_version, kind };
        Arc::make_mut(&mut self.kinds)
            .entry(kind.clone())
            .or_default()
            .by_name
            .insert(key, object);
        Ok(kind)
    }

    /// Declares that the snapshot holds all objects of `kind`, be it none.
    pub fn know_all(&mut self, kind: ContextAwareResource) {
        Arc::make_mut(&mut self.kinds)
            .entry(kind)
            .or_default()
            .complete = true;
    }

    /// The answer to a list call as a module gets it, for code that runs without a module around it.
    /// `fields` are dot paths; none is all.
    ///
    /// # Errors
    /// When the snapshot cannot tell, or the question cannot be asked; it displays as the text that a
    /// module gets.
    pub fn list_answer(
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
        let answer = Mask::new(fields.iter()).list(kind, &found)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The object of a kind by its name.
    ///
    /// # Errors
    /// When there is none, or the snapshot cannot tell.
    pub fn get(
        &self,
        kind: &ContextAwareResource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<&Map<String, Value>, LookupError> {
        let objects = self
            .kinds
            .get(kind)
            .ok_or_else(|| LookupError::Unknown(kind.clone()))?;
        let in_scope = |namespace: Option<&str>| {
            objects
                .by_name
                .get(&(namespace.map(str::to_owned), name.to_owned()))
        };
        // A namespace that comes with a cluster-scoped kind is passed over, as by the policy
        // server.
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

    /// The objects of a kind that a query selects, by namespace and name.
    ///
    /// # Errors
    /// When the snapshot cannot tell.
    pub fn list(
        &self,
        kind: &ContextAwareResource,
        namespace: Option<&str>,
        query: &Query,
    ) -> Result<Vec<&Map<String, Value>>, LookupError> {
        let objects = self
            .kinds
            .get(kind)
            .ok_or_else(|| LookupError::Unknown(kind.clone()))?;
        if namespace.is_some() && objects.all(|namespace| namespace.is_none()) {
            return Err(LookupError::ClusterWide(kind.clone()));
        }
        let mut found = Vec::new();
        let mut settled = objects.complete;
        for ((object_namespace, name), object) in &objects.by_name {
            if namespace.is_some() && namespace != object_namespace.as_deref() {
                continue;
            }
            if query.matches(object_namespace.as_deref(), name, object) {
                found.push(object);
            }
            // There cannot be a second object of this name in this scope.
            settled |= query.asks_only_for(name)
                && (namespace.is_some()
                    || object_namespace.is_none()
                    || query.pins_namespace(object_namespace.as_deref()));
        }
        if settled {
            Ok(found)
        } else {
            Err(LookupError::Unknown(kind.clone()))
        }
    }
}

impl Objects {
    /// Whether there are objects and the namespaces of all of them satisfy `test`.
    fn all(&self, test: impl Fn(&Option<String>) -> bool) -> bool {
        !self.by_name.is_empty() && self.by_name.keys().all(|(namespace, _)| test(namespace))
    }
}
