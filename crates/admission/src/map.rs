//! A map in the settings.

/// A map from names that the user chooses to values, in the order of the settings. It has few entries, and a
/// map of the standard library would add 7 KB to a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Map<T>(pub(crate) Vec<(String, T)>);

impl<T> Map<T> {
    /// Creates an empty map.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value of `key`.
    pub fn get(&self, key: &str) -> Option<&T> {
        let mut entries = self.iter();
        entries.find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Iterates over names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns whether the map is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> FromIterator<(String, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde::{Serialize, Serializer};

    use super::Map;

    impl<T: Serialize> Serialize for Map<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.iter())
        }
    }

    impl<T: JsonSchema> JsonSchema for Map<T> {
        fn inline_schema() -> bool {
            BTreeMap::<String, T>::inline_schema()
        }

        fn schema_name() -> Cow<'static, str> {
            BTreeMap::<String, T>::schema_name()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            BTreeMap::<String, T>::json_schema(generator)
        }
    }
}
