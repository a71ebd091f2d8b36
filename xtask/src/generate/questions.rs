//! `questions-ui.yml`: the form that Rancher shows for the settings of a policy. The types are those of
//! Rancher's question component; a trailing `[` is part of their names.

use serde_json::{Map, Value, json};

use super::setting::{Kind, Setting};

const GROUP: &str = "Settings";

/// Returns the questions for `settings`.
pub(super) fn of(settings: &[Setting]) -> Value {
    let questions = settings.iter().map(|setting| {
        let context = Context {
            prefix: "",
            group: GROUP,
            parent_is_null: false,
            show_if: show_if(setting, settings),
        };
        question(setting, &context)
    });
    json!({ "questions": questions.collect::<Value>() })
}

/// Returns the condition for showing an object: one with the name of an enum value, such as the provider
/// `azure`, is shown only for that value.
fn show_if(setting: &Setting, all: &[Setting]) -> Option<String> {
    let name = &setting.name;
    let offers =
        |other: &&Setting| matches!(&other.kind, Kind::Enum(names) if names.contains(name));
    let choice = all.iter().find(offers)?;
    matches!(setting.kind, Kind::Object(_)).then(|| format!("{}={name}", choice.name))
}

/// The objects around a question.
struct Context<'a> {
    /// The path of the enclosing objects.
    prefix: &'a str,
    group: &'a str,
    /// Whether the enclosing object defaults to null: a default of one of its fields would set it.
    parent_is_null: bool,
    show_if: Option<String>,
}

fn question(setting: &Setting, context: &Context<'_>) -> Value {
    let variable = format!("{}{}", context.prefix, setting.name);
    let group = setting.group.as_deref().unwrap_or(context.group);
    let default = match context.parent_is_null {
        true => &Value::Null,
        false => &setting.default,
    };
    let mut form = Map::new();
    let mut insert = |key: &str, value: Value| form.insert(key.to_owned(), value);
    insert("variable", variable.as_str().into());
    insert("type", kind(&setting.kind).into());
    insert("label", setting.label.as_str().into());
    insert(
        "description",
        description(setting, context.parent_is_null).into(),
    );
    insert("group", group.into());
    insert("default", default.clone());
    insert(
        "required",
        (setting.required && !context.parent_is_null).into(),
    );
    if let Some(condition) = &context.show_if {
        insert("show_if", condition.as_str().into());
    }
    let nested = |prefix: &str, parent_is_null: bool, fields: &[Setting]| -> Value {
        let context = Context {
            prefix,
            group,
            parent_is_null,
            show_if: context.show_if.clone(),
        };
        fields
            .iter()
            .map(|field| question(field, &context))
            .collect()
    };
    let (key, value) = match &setting.kind {
        Kind::Enum(options) => ("options", json!(options)),
        Kind::Object(fields) => {
            insert("hide_input", true.into());
            let prefix = format!("{variable}.");
            ("subquestions", nested(&prefix, default.is_null(), fields))
        }
        Kind::Sequence(fields) => {
            insert("hide_input", true.into());
            // Variables are relative to the item.
            ("sequence_questions", nested("", false, fields))
        }
        _ => return form.into(),
    };
    insert(key, value);
    form.into()
}

/// Returns the description of a setting, with details that the form does not show elsewhere.
fn description(setting: &Setting, parent_is_null: bool) -> String {
    // A form cannot enter `null`: an emptied field is an empty string, and an untouched one has its default.
    let mut text = (setting.description).replace("`null`", "`null` (only in YAML)");
    if let Kind::List(items) | Kind::Map(items) = &setting.kind
        && let Kind::Enum(options) = items.as_ref()
    {
        text.push_str(&format!(" Any of: `{}`.", options.join("`, `")));
    }
    if let (true, Value::String(default)) = (parent_is_null, &setting.default) {
        text.push_str(&format!(" Defaults to `{default}`."));
    }
    text
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::Integer => "int",
        Kind::Enum(_) => "enum",
        Kind::List(_) => "array[",
        Kind::Sequence(_) => "sequence[",
        Kind::Map(_) | Kind::Object(_) => "map[",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::setting::tests::example;
    use crate::modules;
    use crate::workspace::Workspace;

    fn question_for(variable: &str) -> Value {
        let questions = of(&example());
        let mut questions = questions["questions"].as_array().unwrap().iter();
        let found = questions.find(|question| question["variable"] == variable);
        found.unwrap().clone()
    }

    #[test]
    fn a_question_has_the_type_of_its_setting() {
        let greeting = json!({
            "variable": "greeting",
            "type": "string",
            "label": "Greeting",
            "description": "Says something.",
            "group": "Words",
            "default": "",
            "required": false,
        });
        assert_eq!(question_for("greeting"), greeting);
        let mode = question_for("mode");
        assert_eq!(mode["type"], "enum");
        assert_eq!(mode["options"], json!(["reject", "warn"]));
        assert_eq!(mode["default"], "reject");
        assert_eq!(mode["group"], "Settings");
    }

    #[test]
    fn variables_of_object_fields_are_paths_and_those_of_items_are_names() {
        // Fields of an object that defaults to null have no defaults.
        let maybe = question_for("maybe");
        assert_eq!(maybe["default"], Value::Null);
        for (field, name) in [(0, "maybe.namespace"), (1, "maybe.times")] {
            let field = &maybe["subquestions"][field];
            assert_eq!(field["variable"], name);
            assert_eq!(field["default"], Value::Null);
            assert_eq!(field["required"], false);
        }
        let exception = &question_for("exceptions")["sequence_questions"];
        assert_eq!(exception[0]["variable"], "namespace");
        assert_eq!(exception[0]["required"], true);
        assert_eq!(exception[1]["variable"], "times");
        assert_eq!(exception[1]["default"], 0);
    }

    #[test]
    fn the_description_has_details_that_the_form_does_not_show() {
        let mut setting = example().remove(0);
        setting.description = "The class; `null` for none.".to_owned();
        let options = Kind::Enum(vec!["a".to_owned(), "b".to_owned()]);
        setting.kind = Kind::List(Box::new(options));
        assert_eq!(
            description(&setting, false),
            "The class; `null` (only in YAML) for none. Any of: `a`, `b`."
        );
        setting.default = "a".into();
        assert!(description(&setting, true).ends_with(" Defaults to `a`."));
    }

    #[test]
    fn an_object_for_one_enum_value_is_shown_only_for_it() {
        let mut settings = example();
        let mut reject = settings[3].clone();
        reject.name = "reject".to_owned();
        settings.push(reject);
        let form = of(&settings);
        let questions = form["questions"].as_array().unwrap();
        let (last, others) = questions.split_last().unwrap();
        assert_eq!(last["show_if"], "mode=reject");
        assert_eq!(last["subquestions"][0]["show_if"], "mode=reject");
        assert!(others.iter().all(|it| it["show_if"].is_null()));
    }

    /// Returns the settings that an untouched form submits: all defaults, without empty values.
    fn submitted(questions: &Value) -> Value {
        fn set(settings: &mut Value, questions: &Value) {
            for question in questions.as_array().unwrap() {
                let mut at = &mut *settings;
                for part in question["variable"].as_str().unwrap().split('.') {
                    if !at.is_object() {
                        *at = json!({});
                    }
                    at = &mut at[part];
                }
                if !is_empty(&question["default"]) {
                    *at = question["default"].clone();
                }
                if let Some(fields) = question.get("subquestions") {
                    set(settings, fields);
                }
            }
        }
        let mut settings = json!({});
        set(&mut settings, questions);
        without_empties(settings)
    }

    fn is_empty(value: &Value) -> bool {
        [Value::Null, json!(""), json!([]), json!({})].contains(value)
    }

    fn without_empties(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields = fields.map(|(name, value)| (name, without_empties(value)));
                Value::Object(fields.filter(|(_, value)| !is_empty(value)).collect())
            }
            Value::Array(items) => items.into_iter().map(without_empties).collect(),
            other => other,
        }
    }

    #[test]
    fn an_untouched_form_submits_the_defaults() {
        for module in modules::all(&Workspace::load().unwrap()).unwrap() {
            let settings = module.settings().unwrap();
            let defaults = settings
                .iter()
                .map(|it| (it.name.clone(), it.default.clone()));
            let expected = without_empties(Value::Object(defaults.collect()));
            let sent = submitted(&of(&settings)["questions"]);
            assert_eq!(sent, expected, "{}", module.name);

            // The policy validates it like the required setting alone, or like no settings.
            let builtin = simulate::builtin::policy(&module.name).unwrap();
            let validate = |settings: &Value| {
                let response = (builtin.validate_settings)(settings.to_string().as_bytes());
                serde_json::from_slice::<Value>(&response).unwrap()
            };
            let required: Vec<&Setting> = settings.iter().filter(|it| it.required).collect();
            match required.as_slice() {
                [] => assert_eq!(validate(&sent), json!({"valid": true})),
                [
                    Setting {
                        name,
                        kind: Kind::Enum(options),
                        ..
                    },
                ] => {
                    for option in options {
                        let alone = json!({ name: option });
                        let mut filled = sent.clone();
                        filled[name] = option.as_str().into();
                        assert_eq!(
                            validate(&filled),
                            validate(&alone),
                            "{}: {option}",
                            module.name
                        );
                    }
                }
                others => panic!("{}: no default for {others:?}", module.name),
            }
        }
    }
}
