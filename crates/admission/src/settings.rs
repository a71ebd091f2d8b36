//! A policy's settings.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use crate::edit::push_string;
use crate::json::Node;
use crate::path;

/// The settings of a module: camelCase, unknown ones refused, defaults that are right for K8TRE.
///
/// Types derive `Deserialize` with `#[serde(default, deny_unknown_fields)]`, and read fields that are
/// structs themselves with [`from_object`]; what a type cannot say is said in
/// [`Settings::findings`].
pub trait Settings: Default + DeserializeOwned {
    /// What is wrong with values that have the right type, each finding a sentence that begins with
    /// the setting's name and ends with what is allowed. Empty when all is well.
    fn findings(&self) -> Vec<String>;
}

/// Reads settings from JSON text; `null` and nothing are the defaults.
///
/// # Errors
/// One sentence per wrong setting, each with the setting's name.
pub fn read<S: Settings>(text: &str) -> Result<S, String> {
    let settings: S = match text.trim() {
        "" | "null" => S::default(),
        text => read_object(text)?,
    };
    let findings = settings.findings();
    if findings.is_empty() {
        return Ok(settings);
    }
    Err(findings.join("; "))
}

fn read_object<S: Settings>(text: &str) -> Result<S, String> {
    // Only here is the line of use: everything later is said of a setting by its name.
    Node::parse(text).map_err(|error| format!("settings {error}"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    from_object(&mut deserializer).map_err(|error| complaint(text, &error))
}

/// Reads a struct from an object and nothing else. The reader that serde derives would also take an
/// array, its items for the fields in their order, and `[]` for the defaults.
///
/// For fields: `#[serde(deserialize_with = "admission::from_object")]`.
///
/// # Errors
/// When there is no object, or `T` refuses it.
pub fn from_object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Reader(PhantomData))
}

/// Reads a list whose items are objects and nothing else; see [`from_object`].
///
/// # Errors
/// When there is no list, or an item is no object.
pub fn from_objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Item<T>(T);
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Item<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            from_object(deserializer).map(Self)
        }
    }
    let items = Vec::<Item<T>>::deserialize(deserializer)?;
    Ok(items.into_iter().map(|Item(item)| item).collect())
}

/// serde's complaint with the setting's name in place of line and column.
fn complaint(text: &str, error: &serde_json::Error) -> String {
    let said = error.to_string();
    let what = match said.rfind(" at line ") {
        Some(end) => said.get(..end).unwrap_or(&said),
        None => &said,
    };
    match path::of_error(text, error).as_str() {
        "" => format!("settings: {what}"),
        path => format!("setting `{path}`: {what}"),
    }
}

/// The waPC response of `validate_settings`.
pub(crate) fn to_response(verdict: Result<(), String>) -> Vec<u8> {
    let Err(message) = verdict else {
        return b"{\"valid\":true}".to_vec();
    };
    let mut out = String::from("{\"valid\":false,\"message\":");
    push_string(&mut out, &message);
    out.push('}');
    out.into_bytes()
}
