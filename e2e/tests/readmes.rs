//! The examples in the READMEs of the policies work.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

use e2e::hosts::Native;
use e2e::{Case, code_blocks, workspace};
use serde_json::{Value, json};
use simulate::builtin::POLICIES;

/// Returns the documents in the YAML blocks of a policy's README.
fn documents(policy: &str) -> Vec<Value> {
    let file = workspace::module_dir(policy).join("README.md");
    let text = std::fs::read_to_string(file).unwrap();
    let yaml = code_blocks(&text, "yaml").join("\n---\n");
    let documents = manifest::read(policy, yaml.as_bytes());
    documents.map(|it| it.unwrap().value().unwrap()).collect()
}

#[test]
fn settings_are_valid_and_the_objects_after_them_are_accepted() {
    let mut count = 0;
    for policy in POLICIES {
        let documents = documents(policy.name);
        let (example, objects) = documents.split_first().unwrap();
        let settings = &example["settings"];
        assert!(settings.is_object(), "{}", policy.name);
        let response = (policy.validate_settings)(settings.to_string().as_bytes());
        let response = String::from_utf8(response).unwrap();
        assert_eq!(response, r#"{"valid":true}"#, "{}", policy.name);
        for object in objects {
            let others: Vec<_> = objects.iter().filter(|it| *it != object).collect();
            let case: Case = serde_json::from_value(json!({
                "name": "example", "description": "", "expect": "accepted",
                "settings": settings,
                "cluster": others,
                "object": object,
            }))
            .unwrap();
            let findings = Native::verdict(policy.name, &case).unwrap().findings;
            assert!(findings.is_empty(), "{}: {findings:?}", policy.name);
            count += 1;
        }
    }
    assert!(count > 0);
}
