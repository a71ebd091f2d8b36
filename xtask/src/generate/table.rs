//! The settings table in a module's README.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;

use super::markers;
use super::setting::{Kind, Setting};

/// `readme` with the table of `settings` between its markers.
pub(super) fn replace(readme: &str, settings: &[Setting]) -> Result<String> {
    markers::fill(readme, "settings", &table(settings))
}

fn table(settings: &[Setting]) -> String {
    if settings.is_empty() {
        return "There are no settings.\n".to_owned();
    }
    let mut table = "| setting | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    rows(&mut table, settings, "");
    table
}

fn rows(table: &mut String, settings: &[Setting], prefix: &str) {
    for setting in settings {
        let path = format!("{prefix}{}", setting.name);
        let cells = [
            format!("`{path}`"),
            kind(&setting.kind),
            default(setting),
            setting.description.clone(),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(table, "| {} |", cells.join(" | "));
        match &setting.kind {
            Kind::Object(fields) => rows(table, fields, &format!("{path}.")),
            Kind::Sequence(fields) => rows(table, fields, &format!("{path}[].")),
            _ => {}
        }
    }
}

fn kind(of: &Kind) -> String {
    match of {
        Kind::String => "string".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Integer => "integer".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Enum(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        }
        Kind::List(items) => format!("list of {}", plural(items)),
        Kind::Sequence(_) => "list of objects".to_owned(),
        Kind::Map(values) => format!("map to {}", plural(values)),
        Kind::Object(_) => "object".to_owned(),
    }
}

fn plural(of: &Kind) -> String {
    match of {
        Kind::Enum(_) | Kind::List(_) | Kind::Sequence(_) | Kind::Map(_) => kind(of),
        _ => format!("{}s", kind(of)),
    }
}

fn default(setting: &Setting) -> String {
    match (&setting.default, &setting.kind) {
        _ if setting.required => "required".to_owned(),
        (Value::Null, _) => "none".to_owned(),
        (Value::String(text), _) if !text.is_empty() => format!("`{text}`"),
        // Its fields say theirs.
        (Value::Object(_), Kind::Object(_)) => String::new(),
        (value, _) => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::setting::tests::example;

    #[test]
    fn a_row_for_each_setting_and_field() {
        let readme = "# Title\n\n<!-- settings -->\nold\n<!-- /settings -->\n\nrest\n";
        let expected = "# Title\n\n<!-- settings -->
| setting | type | default | meaning |
|---|---|---|---|
| `greeting` | string | `\"\"` | Says something. |
| `mode` | `reject`, `warn` | `reject` | What happens. |
| `names` | list of strings | `[]` | Names. |
| `maybe` | object | none | The name if there is one. |
| `maybe.namespace` | string | required | Where. |
| `maybe.times` | integer | `0` | How often. |
| `labels` | map to strings | `{}` | Labels. |
| `exceptions` | list of objects | `[]` | Exceptions. |
| `exceptions[].namespace` | string | required | Where. |
| `exceptions[].times` | integer | `0` | How often. |
<!-- /settings -->\n\nrest\n";
        let once = replace(readme, &example()).unwrap();
        assert_eq!(once, expected);
        assert_eq!(replace(&once, &example()).unwrap(), expected);
    }

    #[test]
    fn a_pipe_does_not_end_a_cell() {
        let mut settings = example();
        settings.truncate(1);
        settings[0].description = "a | b".into();
        assert!(table(&settings).ends_with("| a \\| b |\n"));
    }
}
