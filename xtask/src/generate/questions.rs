//! `questions-ui.yml`: the form that Rancher shows for a module's settings. Its types are those of
//! Rancher's question component; a trailing `[` is part of their names.

use serde_json::{Map, Value, json};

use super::setting::{Kind, Setting};

const GROUP: &str = "Settings";

/// The questions for `settings`.
pub(super) fn of(settings: &[Setting]) -> Value {
    let questions = settings.iter().map(|setting| {
        let place = Place {
            prefix: "",
            group: GROUP,
            unset: false,
            show_if: shown_if(setting, settings),
        };
        question(setting, &place)
    });
    json!({ "questions": questions.collect::<Value>() })
}

/// The condition under which an object is of use: one that has the name of a choice, such as the provider
/// `azure`, is for that choice.
fn shown_if(setting: &Setting, all: &[Setting]) -> Option<String> {
    let name = &setting.name;
    let offers =
        |other: &&Setting| matches!(&other.kind, Kind::Enum(names) if names.contains(name));
    let choice = all.iter().find(offers)?;
    matches!(setting.kind, Kind::Object(_)).then(|| format!("{}={name}", choice.name))
}

/// Where a question stands.
struct Place<'a> {
    /// The path of the objects around it.
    prefix: &'a str,
    group: &'a str,
    /// Whether the object around it has no value by itself: a default within would give it one.
    unset: bool,
    show_if: Option<String>,
}

fn question(setting: &Setting, place: &Place<'_>) -> Value {
    let variable = format!("{}{}", place.prefix, setting.name);
    let group = setting.group.as_deref().unwrap_or(place.group);
    let default = match place.unset {
        true => &Value::Null,
        false => &setting.default,
    };
    let mut form = Map::new();
    let mut say = |key: &str, value: Value| form.insert(key.to_owned(), value);
    say("variable", variable.as_str().into());
    say("type", kind(&setting.kind).into());
    say("label", setting.label.as_str().into());
    say("description", description(setting, place.unset).into());
    say("group", group.into());
    say("default", default.clone());
    say("required", (setting.required && !place.unset).into());
    if let Some(condition) = &place.show_if {
        say("show_if", condition.as_str().into());
    }
    let nested = |prefix: &str, unset: bool, fields: &[Setting]| -> Value {
        let place = Place {
            prefix,
            group,
            unset,
            show_if: place.show_if.clone(),
        };
        fields.iter().map(|field| question(field, &place)).collect()
    };
    let (key, value) = match &setting.kind {
        Kind::Enum(options) => ("options", json!(options)),
        Kind::Object(fields) => {
            say("hide_input", true.into());
            let prefix = format!("{variable}.");
            ("subquestions", nested(&prefix, default.is_null(), fields))
        }
        Kind::Sequence(fields) => {
            say("hide_input", true.into());
            // Within an item, variables are relative to it.
            ("sequence_questions", nested("", false, fields))
        }
        _ => return form.into(),
    };
    say(key, value);
    form.into()
}

/// What a setting means, with what the form does not say in another place.
fn description(setting: &Setting, unset: bool) -> String {
    // A field that was emptied holds the empty text, and one that is left alone its default.
    let mut text = (setting.description).replace("`null`", "`null`, which only YAML can say,");
    if let Kind::List(items) | Kind::Map(items) = &setting.kind
        && let Kind::Enum(options) = items.as_ref()
    {
        text.push_str(&format!(" Any of: `{}`.", options.join("`, `")));
    }
    if let (true, Value::String(usual)) = (unset, &setting.default) {
        text.push_str(&format!(" Usually `{usual}`."));
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

    fn asked(variable: &str) -> Value {
        let questions = of(&example());
        let mut questions = questions["questions"].as_array().unwrap().iter();
        let found = questions.find(|question| question["variable"] == variable);
        found.unwrap().clone()
    }

    #[test]
    fn a_setting_is_asked_for_by_its_kind() {
        let greeting = json!({
            "variable": "greeting",
            "type": "string",
            "label": "Greeting",
            "description": "Says something.",
            "group": "Words",
            "default": "",
            "required": false,
        });
        assert_eq!(asked("greeting"), greeting);
        let mode = asked("mode");
        assert_eq!(mode["type"], "enum");
        assert_eq!(mode["options"], json!(["reject", "warn"]));
        assert_eq!(mode["default"], "reject");
        assert_eq!(mode["group"], "Settings");
    }

    #[test]
    fn fields_of_an_object_have_paths_and_those_of_an_item_names() {
        // An object without a value gets none from its fields.
        let maybe = asked("maybe");
        assert_eq!(maybe["default"], Value::Null);
        for (field, name) in [(0, "maybe.namespace"), (1, "maybe.times")] {
            let field = &maybe["subquestions"][field];
            assert_eq!(field["variable"], name);
            assert_eq!(field["default"], Value::Null);
            assert_eq!(field["required"], false);
        }
        let exception = &asked("exceptions")["sequence_questions"];
        assert_eq!(exception[0]["variable"], "namespace");
        assert_eq!(exception[0]["required"], true);
        assert_eq!(exception[1]["variable"], "times");
        assert_eq!(exception[1]["default"], 0);
    }

    #[test]
    fn what_a_form_cannot_show_is_in_the_description() {
        let mut setting = example().remove(0);
        setting.description = "The class; `null` for none.".to_owned();
        let options = Kind::Enum(vec!["a".to_owned(), "b".to_owned()]);
        setting.kind = Kind::List(Box::new(options));
        assert_eq!(
            description(&setting, false),
            "The class; `null`, which only YAML can say, for none. Any of: `a`, `b`."
        );
        setting.default = "a".into();
        assert!(description(&setting, true).ends_with(" Usually `a`."));
    }

    #[test]
    fn an_object_for_one_choice_is_shown_with_it() {
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

    /// What the form sends where nobody touches it: every default, without what is empty.
    fn untouched(questions: &Value) -> Value {
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
    fn a_form_that_nobody_touched_means_no_settings() {
        for module in modules::all(&Workspace::load().unwrap()).unwrap() {
            let settings = module.settings().unwrap();
            let defaults = settings
                .iter()
                .map(|it| (it.name.clone(), it.default.clone()));
            let expected = without_empties(Value::Object(defaults.collect()));
            let sent = untouched(&of(&settings)["questions"]);
            assert_eq!(sent, expected, "{}", module.name);

            // The module says of it what it says of the one setting that must be chosen, where there is one.
            let calls = simulate::builtin::policy(&module.name).unwrap();
            let says = |settings: &Value| {
                let answer = (calls.validate_settings)(settings.to_string().as_bytes());
                serde_json::from_slice::<Value>(&answer).unwrap()
            };
            let required: Vec<&Setting> = settings.iter().filter(|it| it.required).collect();
            match required.as_slice() {
                [] => assert_eq!(says(&sent), json!({"valid": true})),
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
                        assert_eq!(says(&filled), says(&alone), "{}: {option}", module.name);
                    }
                }
                others => panic!("{}: no default for {others:?}", module.name),
            }
        }
    }
}
