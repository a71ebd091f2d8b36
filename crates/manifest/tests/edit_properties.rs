//! An edited text reads as the patched value, for any value.

mod common;

use common::{object, object_with, value};
use manifest::render;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Reads the object of an edited text.
fn edited(source: &str, patch: &json_patch::Patch) -> Option<Value> {
    object(source)
        .edit(&patch.0)
        .map(|text| object(&text).value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn rendered_documents_can_be_edited(before in value(), after in value()) {
        let (before, after) = (object_with(&before), object_with(&after));
        let source = render(&before);
        let patch = json_patch::diff(&before, &after);
        prop_assert_eq!(edited(&source, &patch), Some(after), "{}", source);
    }

    #[test]
    fn json_documents_can_be_edited(before in value(), after in value(), pretty in any::<bool>()) {
        let (before, after) = (object_with(&before), object_with(&after));
        let source = if pretty {
            serde_json::to_string_pretty(&before).unwrap()
        } else {
            before.to_string()
        };
        let patch = json_patch::diff(&before, &after);
        let text = object(&source).edit(&patch.0);
        prop_assert!(text.is_some(), "{}", source);
        let text = text.unwrap();
        prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "JSON stays JSON: {}", text);
        prop_assert_eq!(object(&text).value, after);
    }

    #[test]
    fn edits_keep_windows_line_breaks(before in value(), after in value()) {
        let (before, after) = (object_with(&before), object_with(&after));
        let source = render(&before).replace('\n', "\r\n");
        let patch = json_patch::diff(&before, &after);
        if let Some(text) = object(&source).edit(&patch.0) {
            prop_assert_eq!(&object(&text).value, &after);
            prop_assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        }
    }

    #[test]
    fn edits_of_a_list_item_keep_the_others(before in value(), after in value()) {
        let (before, after) = (object_with(&before), object_with(&after));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [before, before]});
        let source = render(&list);
        let patch = json_patch::diff(&before, &after);
        let objects = common::objects(&source);
        prop_assert_eq!(objects.len(), 2);
        let text = objects[1].edit(&patch.0);
        prop_assert!(text.is_some(), "{}", source);
        let read = common::objects(&text.unwrap());
        prop_assert_eq!(&read[0].value, &before);
        prop_assert_eq!(&read[1].value, &after);
    }
}
