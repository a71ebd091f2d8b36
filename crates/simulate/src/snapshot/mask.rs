use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use kubewarden::ContextAwareResource;

/// A tree of the fields that a policy requests with `field_masks`, which are dot-separated paths. Paths apply
/// to every item of an array.
///
/// As in the policy server, `apiVersion`, `kind` and `metadata` are always included in full, and an empty
/// mask selects everything.
#[derive(Debug, Default)]
pub struct FieldMask(BTreeMap<String, FieldMask>);

impl FieldMask {
    /// Creates the mask of these paths. Without paths, it selects everything.
    pub fn new<'a>(paths: impl Iterator<Item = &'a String>) -> Self {
        let mut root = Self::default();
        for path in paths {
            path.split('.').fold(&mut root, |mask, field| {
                mask.0.entry(field.to_owned()).or_default()
            });
        }
        root
    }

    /// Returns the response to `get_resource`.
    ///
    /// # Errors
    /// Returns an error if serialization fails.
    pub fn object(&self, object: &Map<String, Value>) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Object {
            fields: object,
            mask: self,
            listed: false,
        })
    }

    /// Returns the response to a list call: a `List` as from the API server. Like the policy server, it omits
    /// `managedFields` and the last-applied annotation to save space.
    ///
    /// # Errors
    /// Returns an error if serialization fails.
    pub fn list(
        &self,
        kind: &ContextAwareResource,
        objects: &[&Map<String, Value>],
    ) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct List<'a> {
            api_version: &'a str,
            kind: String,
            metadata: Map<String, Value>,
            items: Vec<Object<'a>>,
        }
        serde_json::to_vec(&List {
            api_version: &kind.api_version,
            kind: format!("{}List", kind.kind),
            metadata: Map::new(),
            items: objects
                .iter()
                .map(|fields| Object {
                    fields,
                    mask: self,
                    listed: true,
                })
                .collect(),
        })
    }
}

struct Object<'a> {
    fields: &'a Map<String, Value>,
    mask: &'a FieldMask,
    listed: bool,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.fields {
            match (key.as_str(), value, self.mask.0.get(key)) {
                ("metadata", Value::Object(fields), _) if self.listed => {
                    map.serialize_entry(key, &Metadata(fields))?
                }
                ("apiVersion" | "kind" | "metadata", ..) => map.serialize_entry(key, value)?,
                (_, _, Some(mask)) => map.serialize_entry(key, &Masked { value, mask })?,
                (_, _, None) if self.mask.0.is_empty() => map.serialize_entry(key, value)?,
                _ => {}
            }
        }
        map.end()
    }
}

/// The `metadata` of a listed object.
struct Metadata<'a>(&'a Map<String, Value>);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.iter().filter(|(key, _)| *key != "managedFields") {
            match (key.as_str(), value) {
                ("annotations", Value::Object(annotations))
                    if annotations.contains_key(LAST_APPLIED) =>
                {
                    let kept: Vec<_> = annotations
                        .iter()
                        .filter(|(key, _)| *key != LAST_APPLIED)
                        .collect();
                    map.serialize_entry(key, &Entries(&kept))?;
                }
                _ => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

struct Entries<'a>(&'a [(&'a String, &'a Value)]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

struct Masked<'a> {
    value: &'a Value,
    mask: &'a FieldMask,
}

impl Serialize for Masked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            _ if self.mask.0.is_empty() => self.value.serialize(serializer),
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().filter_map(|(key, value)| {
                    self.mask
                        .0
                        .get(key)
                        .map(|mask| (key, Masked { value, mask }))
                }))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(|value| Masked {
                value,
                mask: self.mask,
            })),
            scalar => scalar.serialize(serializer),
        }
    }
}
