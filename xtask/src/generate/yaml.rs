//! YAML for the generated files: block style, keys in the order given, always the same bytes.

use serde_json::Value;

/// A mapping as a YAML document.
pub(super) fn block(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text.trim_start_matches('\n').to_owned()
}

/// Writes a value after its key or dash, in which case it begins with the space or line break that
/// sets it apart.
fn write(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                text.push('\n');
                text.push_str(&indent);
                text.push_str(&string(key));
                text.push(':');
                write(text, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(is_scalar) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            text.push_str(" [");
            text.push_str(&items.join(", "));
            text.push(']');
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                text.push('\n');
                text.push_str(&indent);
                text.push('-');
                let mut nested = String::new();
                write(&mut nested, item, depth + 1);
                // The first field of an item stands beside the dash.
                let nested = nested.trim_start();
                text.push(' ');
                text.push_str(nested);
            }
        }
        Value::String(lines) if is_literal(lines) => {
            text.push_str(" |");
            for line in lines.lines() {
                text.push('\n');
                if !line.is_empty() {
                    text.push_str(&indent);
                    text.push_str(line);
                }
            }
        }
        scalar_or_empty => {
            text.push(' ');
            text.push_str(&scalar(scalar_or_empty));
        }
    }
    if depth == 0 {
        text.push('\n');
    }
}

/// Whether a text of several lines comes back as it was from a literal block: printable, ended by one
/// line break, and begun by what cannot be taken for indentation.
fn is_literal(text: &str) -> bool {
    let is_printable = |letter: char| letter == '\n' || !letter.is_control();
    let ends_once = text.ends_with('\n') && !text.ends_with("\n\n");
    ends_once && !text.starts_with([' ', '\n']) && text.chars().all(is_printable)
}

fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

/// Everything but strings is the same in JSON and YAML.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        other => other.to_string(),
    }
}

/// Plain where no reader of YAML, 1.1 or 1.2, could take it for anything but this string; else as in
/// JSON, which every one of them reads.
fn string(text: &str) -> String {
    let starts_as_word = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " ._/-".contains(letter);
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if starts_as_word && text.chars().all(is_plain) && !text.ends_with(' ') && !is_word {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nests_as_people_write_it() {
        let value = json!({
            "rules": [{"groups": [""], "list": ["a", 1]}, {"groups": []}],
            "nested": {"on": true, "empty": {}, "none": null},
            "deep": [{"inner": [{"x": 1, "z": 2}]}],
        });
        let expected = "rules:
  - groups: [\"\"]
    list: [a, 1]
  - groups: []
nested:
  \"on\": true
  empty: {}
  none: null
deep:
  - inner:
      - x: 1
        z: 2
";
        assert_eq!(block(&value), expected);
    }

    #[test]
    fn lines_stand_as_they_are() {
        let value =
            json!({"a": {"text": "one:\n\n  two\n", "no end": "one\ntwo"}, "b": ["x\n", {}]});
        let expected = "a:
  text: |
    one:

      two
  no end: \"one\\ntwo\"
b:
  - |
    x
  - {}
";
        assert_eq!(block(&value), expected);
    }

    #[test]
    fn quotes_what_a_reader_could_mistake() {
        for plain in ["storage-class", "Resource validation", "policies/x_y.z"] {
            assert_eq!(string(plain), plain);
        }
        for quoted in [
            "", "1.19", "No", "a: b", "a #b", "it's", "- x", "a\nb", "é", "end ",
        ] {
            assert_eq!(string(quoted), serde_json::to_string(quoted).unwrap());
        }
    }
}
