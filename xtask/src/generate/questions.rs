//! `questions-ui.yml`: the form that Rancher shows for a module's settings. Its types are those of
//! Rancher's question component; a trailing `[` is part of their names.

use serde_json::{Value, json};

use super::setting::{Kind, Setting};

const GROUP: &str = "Settings";

/// The questions for `settings`.
pub(super) fn of(settings: &[Setting]) -> Value {
    let questions = settings.iter().map(|setting| question(setting, "", GROUP));
    json!({ "questions": questions.collect::<Value>() })
}

/// `prefix` is the path of the objects around the setting.
fn question(setting: &Setting, prefix: &str, group: &str) -> Value {
    let variable = format!("{prefix}{}", setting.name);
    let group = setting.group.as_deref().unwrap_or(group);
    let mut form = json!({
        "variable": variable,
        "type": kind(&setting.kind),
        "label": setting.label,
        "description": setting.description,
        "group": group,
        "default": setting.default,
        "required": setting.required,
    });
    let nested = |prefix: &str, fields: &[Setting]| -> Value {
        fields
            .iter()
            .map(|field| question(field, prefix, group))
            .collect()
    };
    let (key, value) = match &setting.kind {
        Kind::Enum(options) => ("options", json!(options)),
        Kind::Object(fields) => ("subquestions", nested(&format!("{variable}."), fields)),
        // Within an item, variables are relative to it.
        Kind::Sequence(fields) => ("sequence_questions", nested("", fields)),
        _ => return form,
    };
    if let Some(form) = form.as_object_mut() {
        if matches!(setting.kind, Kind::Object(_) | Kind::Sequence(_)) {
            form.insert("hide_input".to_owned(), true.into());
        }
        form.insert(key.to_owned(), value);
    }
    form
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::Integer => "int",
        Kind::Number => "float",
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

    fn asked(variable: &str) -> Value {
        let questions = of(&example());
        let questions = questions["questions"].as_array().unwrap();
        let found = questions
            .iter()
            .find(|question| question["variable"] == variable);
        found.unwrap().clone()
    }

    #[test]
    fn a_plain_setting() {
        assert_eq!(
            asked("greeting"),
            json!({
                "variable": "greeting",
                "type": "string",
                "label": "Greeting",
                "description": "Says something.",
                "group": "Words",
                "default": "",
                "required": false,
            })
        );
    }

    #[test]
    fn an_enum_lists_its_options() {
        let mode = asked("mode");
        assert_eq!(mode["type"], "enum");
        assert_eq!(mode["options"], json!(["reject", "warn"]));
        assert_eq!(mode["default"], "reject");
        assert_eq!(mode["group"], "Settings");
    }

    #[test]
    fn fields_of_an_object_have_paths_and_those_of_an_item_names() {
        let fields = |question: Value, key: &str| -> Vec<String> {
            let fields = question[key].as_array().unwrap();
            let names = fields
                .iter()
                .map(|field| field["variable"].as_str().unwrap());
            names.map(str::to_owned).collect()
        };
        assert_eq!(
            fields(asked("maybe"), "subquestions"),
            ["maybe.namespace", "maybe.times"]
        );
        assert_eq!(
            fields(asked("exceptions"), "sequence_questions"),
            ["namespace", "times"]
        );
    }
}
