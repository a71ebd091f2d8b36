use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use kubewarden::ContextAwareResource;

/// The fields a module wants of an object, as a tree of `field_masks`: dot paths that go through
/// arrays.
///
/// As in the policy server, `apiVersion`, `kind` and `metadata` come whole whatever the mask says,
/// and an empty mask asks for everything.
#[derive(Debug, Default)]
pub struct Mask(BTreeMap<String, Mask>);

impl Mask {
    /// The mask of these paths; of none, everything.
    pub fn new<'a>(paths: impl Iterator<Item = &'a String>) -> Self {
        let mut root = Self::default();
        for path in paths {
            path.split('.').fold(&mut root, |mask, field| {
                mask.0.entry(field.to_owned()).or_default()
            });
        }
        root
    }

    /// The answer to `get_resource`.
    ///
    /// # Errors
    /// Those of the JSON writer.
    pub fn object(&self, object: &Map<String, Value>) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Object {
            fields: object,
            mask: self,
            listed: false,
        })
    }

    /// The answer to a list call: a `List` in the shape of the API server's, and like the policy
    /// server's without what only takes space.
    ///
    /// # Errors
    /// Those of the JSON writer.
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
    mask: &'a Mask,
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

/// `metadata` of a listed object.
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
    mask: &'a Mask,
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
