//! The settings of a policy, read from the JSON schema of its settings type, for the table and the form.
//! References are resolved.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// The label in forms: the schema's title, or the name.
    pub(crate) label: String,
    /// The description, in one line.
    pub(crate) description: String,
    /// The group in forms: `#[schemars(extend("x-ui-group" = …))]`.
    pub(crate) group: Option<String>,
    pub(crate) kind: Kind,
    /// The default, or `null` for an optional setting without one.
    pub(crate) default: Value,
    pub(crate) required: bool,
}

/// The type of a setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    String,
    Boolean,
    Integer,
    /// One of these strings.
    Enum(Vec<String>),
    /// A list of values other than objects.
    List(Box<Kind>),
    /// A list of objects.
    Sequence(Vec<Setting>),
    /// A map from names to values.
    Map(Box<Kind>),
    Object(Vec<Setting>),
}

/// Returns the settings of a schema, in schema order.
///
/// # Errors
/// Returns an error if a setting has no description, no default, or a type that forms do not support.
pub(crate) fn read(schema: &Value) -> Result<Vec<Setting>> {
    settings(schema, schema)
}

/// Returns the settings of an object in the schema `root`.
fn settings(root: &Value, object: &Value) -> Result<Vec<Setting>> {
    let properties = object["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, value)| {
            let required = items(&object["required"]).any(|other| other == name);
            setting(root, name, value, required).with_context(|| format!("setting `{name}`"))
        })
        .collect()
}

fn setting(root: &Value, name: &str, value: &Value, required: bool) -> Result<Setting> {
    let resolved = resolve(root, value)?;
    let text = |key: &str| {
        let text = value.get(key).or_else(|| resolved.get(key))?.as_str()?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let kind = kind(root, value)?;
    let default = match (value.get("default"), &kind) {
        (Some(default), _) => default.clone(),
        // The fields have their own defaults.
        (None, Kind::Object(_)) => Map::new().into(),
        (None, _) if required => Value::Null,
        (None, _) => bail!(
            "has no default in the schema; derive `Serialize` where `JsonSchema` is derived, so that schemars \
             uses `Default`"
        ),
    };
    let description = text("description").unwrap_or_default();
    ensure!(
        !description.is_empty(),
        "has no doc comment, which is its description for users"
    );
    Ok(Setting {
        name: name.to_owned(),
        label: text("title").unwrap_or_else(|| name.to_owned()),
        description,
        group: text("x-ui-group"),
        kind,
        default,
        required,
    })
}

fn kind(root: &Value, value: &Value) -> Result<Kind> {
    let value = resolve(root, value)?;
    // schemars writes `enum` if no variant is documented, and `oneOf` otherwise.
    let names =
        items(&value["oneOf"]).flat_map(|it| it.get("const").into_iter().chain(items(&it["enum"])));
    let names = items(&value["enum"]).chain(names).filter_map(Value::as_str);
    let names: Vec<String> = names.map(str::to_owned).collect();
    if !names.is_empty() {
        return Ok(Kind::Enum(names));
    }
    // An `Option` has its type or `null`.
    let mut types = std::iter::once(&value["type"]).chain(items(&value["type"]));
    match types.find_map(Value::as_str) {
        Some("string") => Ok(Kind::String),
        Some("boolean") => Ok(Kind::Boolean),
        Some("integer") => Ok(Kind::Integer),
        Some("array") => Ok(match kind(root, &value["items"])? {
            Kind::Object(fields) => Kind::Sequence(fields),
            kind => Kind::List(Box::new(kind)),
        }),
        Some("object") => match &value["additionalProperties"] {
            values @ Value::Object(_) => Ok(Kind::Map(Box::new(kind(root, values)?))),
            _ => settings(root, value).map(Kind::Object),
        },
        _ => bail!("has a type that forms do not support: {value}"),
    }
}

/// Resolves references, and options to their type without `null`.
fn resolve<'a>(root: &'a Value, value: &'a Value) -> Result<&'a Value> {
    if let Some(reference) = value["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        let target =
            target.with_context(|| format!("`{reference}` does not exist in the schema"))?;
        return resolve(root, target);
    }
    match items(&value["anyOf"]).find(|choice| choice["type"] != "null") {
        Some(choice) => resolve(root, choice),
        None => Ok(value),
    }
}

/// Returns the items of a list, or none for any other value.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use schemars::{JsonSchema, schema_for};
    use serde::Serialize;

    use super::*;

    /// A setting of each type, for the tests of the README and of the form.
    #[derive(Serialize, JsonSchema, Default)]
    #[serde(default)]
    struct Example {
        /// Says
        /// something.
        #[schemars(title = "Greeting", extend("x-ui-group" = "Words"))]
        greeting: String,
        /// What happens.
        mode: Mode,
        /// Names.
        names: Vec<String>,
        /// The name if there is one.
        maybe: Option<Nested>,
        /// Labels.
        labels: BTreeMap<String, String>,
        /// Exceptions.
        exceptions: Vec<Nested>,
    }

    #[derive(Serialize, JsonSchema, Default)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        /// Rejects.
        #[default]
        Reject,
        /// Warns.
        #[allow(dead_code, reason = "only its name counts")]
        Warn,
    }

    #[derive(Serialize, JsonSchema)]
    struct Nested {
        /// Where.
        namespace: String,
        /// How often.
        #[serde(default)]
        times: u32,
    }

    pub(crate) fn example() -> Vec<Setting> {
        read(&schema_for!(Example).to_value()).unwrap()
    }

    #[test]
    fn a_setting_needs_a_doc_comment_and_a_default() {
        let error_of = |mode: Value| {
            let schema = serde_json::json!({"properties": {"mode": mode}, "required": ["other"]});
            format!("{:#}", read(&schema).unwrap_err())
        };
        assert_eq!(
            error_of(serde_json::json!({"type": "string", "default": ""})),
            "setting `mode`: has no doc comment, which is its description for users"
        );
        let no_default = error_of(serde_json::json!({"type": "string", "description": "What."}));
        assert!(
            no_default.starts_with("setting `mode`: has no default"),
            "{no_default}"
        );
    }
}
