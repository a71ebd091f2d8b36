//! A module's settings, read from the JSON schema of its settings type: what the table and the
//! questions need of it, without references.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// What a form calls it: the schema's title, else the name.
    pub(crate) label: String,
    /// One line.
    pub(crate) description: String,
    /// The part of a form it stands in: `#[schemars(extend("x-ui-group" = …))]`.
    pub(crate) group: Option<String>,
    pub(crate) kind: Kind,
    /// `null` for what need not be set.
    pub(crate) default: Value,
    pub(crate) required: bool,
}

/// What a setting holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    String,
    Boolean,
    Integer,
    Number,
    /// One of these strings.
    Enum(Vec<String>),
    /// A list of values without a structure of their own.
    List(Box<Kind>),
    /// A list of objects.
    Sequence(Vec<Setting>),
    /// Names to values.
    Map(Box<Kind>),
    Object(Vec<Setting>),
}

/// The settings of a schema, in its order.
///
/// # Errors
/// A setting without description or default, or of a type that no form can show.
pub(crate) fn read(schema: &Value) -> Result<Vec<Setting>> {
    let root = Node {
        root: schema,
        value: schema,
    };
    root.properties()
}

#[derive(Clone, Copy)]
struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
}

impl<'a> Node<'a> {
    fn at(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }

    fn properties(self) -> Result<Vec<Setting>> {
        let Some(properties) = self.value.get("properties").and_then(Value::as_object) else {
            return Ok(Vec::new());
        };
        let required = self.value.get("required").and_then(Value::as_array);
        let required = |name: &str| {
            required.is_some_and(|names| names.iter().any(|other| other.as_str() == Some(name)))
        };
        properties
            .iter()
            .map(|(name, value)| {
                self.at(value)
                    .setting(name, required(name))
                    .with_context(|| format!("setting `{name}`"))
            })
            .collect()
    }

    fn setting(self, name: &str, required: bool) -> Result<Setting> {
        let resolved = self.resolve()?;
        let text = |key: &str| {
            let own = self.value.get(key).or_else(|| resolved.value.get(key));
            own.and_then(Value::as_str).map(one_line)
        };
        let kind = resolved.kind()?;
        let default = match (self.value.get("default"), &kind) {
            (Some(default), _) => default.clone(),
            // Its fields have defaults of their own.
            (None, Kind::Object(_)) => Value::Object(serde_json::Map::new()),
            (None, _) if required => Value::Null,
            (None, _) => bail!(
                "has no default in the schema: schemars takes it from `Default` if the type is \
                 `Serialize`, so derive that where `JsonSchema` is derived"
            ),
        };
        let description = text("description").unwrap_or_default();
        ensure!(
            !description.is_empty(),
            "has no doc comment, which users read as its meaning"
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

    /// Follows references and the `null` that stands for an unset option.
    fn resolve(self) -> Result<Self> {
        if let Some(reference) = self.value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.trim_start_matches('#');
            let target = self.root.pointer(pointer);
            let target = target.with_context(|| format!("`{reference}` leads nowhere"))?;
            return self.at(target).resolve();
        }
        if let Some(choices) = self.value.get("anyOf").and_then(Value::as_array) {
            let is_null = |choice: &&Value| choice.get("type") == Some(&Value::from("null"));
            let mut others = choices.iter().filter(|choice| !is_null(choice));
            if let (Some(only), None) = (others.next(), others.next()) {
                return self.at(only).resolve();
            }
        }
        Ok(self)
    }

    fn kind(self) -> Result<Kind> {
        if let Some(names) = self.enumeration() {
            return Ok(Kind::Enum(names));
        }
        match self.type_name() {
            Some("string") => Ok(Kind::String),
            Some("boolean") => Ok(Kind::Boolean),
            Some("integer") => Ok(Kind::Integer),
            Some("number") => Ok(Kind::Number),
            Some("array") => {
                let items = self.value.get("items").context("a list of anything")?;
                Ok(match self.at(items).resolve()?.kind()? {
                    Kind::Object(fields) => Kind::Sequence(fields),
                    kind => Kind::List(Box::new(kind)),
                })
            }
            Some("object") => match self.value.get("additionalProperties") {
                Some(values) if values.is_object() => {
                    let kind = self.at(values).resolve()?.kind()?;
                    Ok(Kind::Map(Box::new(kind)))
                }
                _ => self.properties().map(Kind::Object),
            },
            _ => bail!("is of a type that no form can show: {}", self.value),
        }
    }

    fn type_name(self) -> Option<&'a str> {
        match self.value.get("type")? {
            Value::String(name) => Some(name),
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .find(|&name| name != "null"),
            _ => None,
        }
    }

    /// The strings of an enum: `enum` where no variant is documented, `oneOf` else.
    fn enumeration(self) -> Option<Vec<String>> {
        let string = |value: &Value| value.as_str().map(str::to_owned);
        if let Some(names) = self.value.get("enum").and_then(Value::as_array) {
            return Some(names.iter().filter_map(string).collect());
        }
        let variants = self.value.get("oneOf")?.as_array()?;
        let mut names = Vec::new();
        for variant in variants {
            match (
                variant.get("const"),
                variant.get("enum").and_then(Value::as_array),
            ) {
                (Some(name), _) => names.push(string(name)?),
                (None, Some(some)) => names.extend(some.iter().filter_map(string)),
                (None, None) => return None,
            }
        }
        Some(names)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use schemars::{JsonSchema, schema_for};
    use serde::Serialize;
    use std::collections::BTreeMap;

    use super::*;

    /// One setting of each kind.
    #[derive(Serialize, JsonSchema, Default)]
    #[serde(default, rename_all = "camelCase")]
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
        /// Refuses.
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
    fn reads_every_kind() {
        let settings = example();
        let kinds: Vec<(&str, &Kind)> = settings
            .iter()
            .map(|setting| (setting.name.as_str(), &setting.kind))
            .collect();
        let nested = vec![
            Setting {
                name: "namespace".into(),
                label: "namespace".into(),
                description: "Where.".into(),
                group: None,
                kind: Kind::String,
                default: Value::Null,
                required: true,
            },
            Setting {
                name: "times".into(),
                label: "times".into(),
                description: "How often.".into(),
                group: None,
                kind: Kind::Integer,
                default: 0.into(),
                required: false,
            },
        ];
        assert_eq!(
            kinds,
            [
                ("greeting", &Kind::String),
                ("mode", &Kind::Enum(vec!["reject".into(), "warn".into()])),
                ("names", &Kind::List(Box::new(Kind::String))),
                ("maybe", &Kind::Object(nested.clone())),
                ("labels", &Kind::Map(Box::new(Kind::String))),
                ("exceptions", &Kind::Sequence(nested)),
            ]
        );
    }

    #[test]
    fn reads_what_is_said_of_a_setting() {
        let greeting = example().remove(0);
        assert_eq!(greeting.label, "Greeting");
        assert_eq!(greeting.description, "Says something.");
        assert_eq!(greeting.group.as_deref(), Some("Words"));
        assert_eq!(greeting.default, Value::from(""));
    }

    #[test]
    fn a_setting_without_doc_comment_or_default_is_refused_by_name() {
        #[derive(JsonSchema)]
        struct Undocumented {
            #[allow(dead_code)]
            bare: String,
        }
        let said = format!(
            "{:#}",
            read(&schema_for!(Undocumented).to_value()).unwrap_err()
        );
        assert_eq!(
            said,
            "setting `bare`: has no doc comment, which users read as its meaning"
        );

        let schema = serde_json::json!({
            "properties": {"mode": {"type": "string", "description": "What happens."}}
        });
        let said = format!("{:#}", read(&schema).unwrap_err());
        assert!(said.starts_with("setting `mode`: has no default"), "{said}");
    }
}
