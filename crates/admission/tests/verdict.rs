//! Responses are those of Kubewarden's protocol.
//!
//! Source: `ValidationResponse` in the policy SDK: `accepted`, `message`, `code`, `mutated_object`,
//! `audit_annotations`, `warnings`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use std::collections::HashMap;

use admission::{Decision, Malformed, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

fn response(verdict: &Verdict) -> Value {
    serde_json::from_slice(&verdict.to_response()).expect("the response is JSON")
}

#[test]
fn acceptance() {
    assert_eq!(response(&Verdict::accept()), json!({"accepted": true}));
    assert_eq!(
        response(&Verdict::accept().warn("one").warn("two")),
        json!({"accepted": true, "warnings": ["one", "two"]})
    );
}

#[test]
fn mutation_carries_its_warning_and_the_object_as_it_is() {
    let verdict = Verdict::mutate("{ \"n\": 1.0 }".to_owned(), "n: changed")
        .audit("n", "2 -> 1")
        .audit("by", "test");
    assert_eq!(
        String::from_utf8(verdict.to_response()).as_deref(),
        Ok(concat!(
            r#"{"accepted":true,"mutated_object":{ "n": 1.0 },"warnings":["n: changed"],"#,
            r#""audit_annotations":{"n":"2 -> 1","by":"test"}}"#
        ))
    );
}

#[test]
fn rejection_warns_with_the_first_line_of_its_message() {
    let message = "spec.host: `a` is taken\nby:\n  - b/c";
    assert_eq!(
        response(&Verdict::reject(message).warn("and more")),
        json!({
            "accepted": false,
            "message": message,
            "warnings": ["spec.host: `a` is taken", "and more"],
        })
    );
}

#[test]
fn what_cannot_be_read_is_rejected() {
    let malformed = Malformed::new("spec.a[0]", "must be a string, not null");
    let verdict = Verdict::from(malformed);
    let message = "spec.a[0] must be a string, not null";
    assert_eq!(verdict.decision, Decision::Reject(message.to_owned()));
    assert_eq!(verdict.warnings, [message]);
}

#[test]
fn warnings_are_made_printable() {
    let verdict = Verdict::accept().warn("a\nb\r\n\tc\u{0}\u{1b}[31m\u{7f}\u{85}d");
    assert_eq!(verdict.warnings, ["a b   c  [31m  d"]);
}

proptest! {
    #[test]
    fn any_strings_come_back(
        message in any::<String>(),
        warnings in vec(any::<String>(), 0..4),
        audit in vec((any::<String>(), any::<String>()), 0..4),
        reject in any::<bool>(),
    ) {
        let verdict = match reject {
            true => Verdict::reject(message.clone()),
            false => Verdict::mutate(Value::from(message.as_str()).to_string(), "changed"),
        };
        let verdict = warnings.iter().fold(verdict, |verdict, warning| verdict.warn(warning.as_str()));
        let verdict = audit.iter().cloned().fold(verdict, |verdict, (key, value)| verdict.audit(key, value));
        let response = response(&verdict);

        prop_assert_eq!(&response["accepted"], &json!(!reject));
        let text = if reject { "message" } else { "mutated_object" };
        prop_assert_eq!(&response[text], &json!(message));
        let mut fields = vec!["accepted", text, "warnings"];
        if !audit.is_empty() {
            fields.push("audit_annotations");
            let audit: HashMap<_, _> = audit.into_iter().collect();
            prop_assert_eq!(&response["audit_annotations"], &json!(audit));
        }
        let object = response.as_object().expect("an object");
        prop_assert!(object.keys().all(|key| fields.contains(&key.as_str())));
        prop_assert_eq!(object.len(), fields.len());

        let said: Vec<String> = serde_json::from_value(response["warnings"].clone()).expect("strings");
        prop_assert_eq!(said.len(), warnings.len() + 1);
        prop_assert!(said.iter().all(|warning| !warning.contains(char::is_control)));
        for (said, warning) in said.iter().skip(1).zip(&warnings) {
            prop_assert_eq!(said.chars().count(), warning.chars().count());
            let kept = said.chars().zip(warning.chars()).all(|(a, b)| a == b || (b.is_control() && a == ' '));
            prop_assert!(kept, "{} became {}", warning, said);
        }
    }
}
