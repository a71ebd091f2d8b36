//! Evaluates the table of `matchConditions`. The end-to-end suite `cluster` evaluates the same table on a real API
//! server, so that both agree.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use serde_json::{Value, json};
use simulate::{Builtin, Context, Policies, Policy, Simulator, Verdict};

const TABLE: &str = include_str!("match-conditions.yaml");

#[test]
fn expressions_have_the_results_of_the_api_server() {
    let document = manifest::read("match-conditions.yaml", TABLE.as_bytes()).next();
    let table = document.expect("a document").expect("YAML").value();
    let table = table.expect("a value");
    let rows = table["conditions"].as_array().expect("rows");
    for row in rows {
        let object = &table["objects"][row["object"].as_str().expect("a name")];
        let result = evaluate(&row["expression"], object);
        assert_eq!(result, row["expect"], "{}", row["expression"]);
    }
    assert!(rows.len() > 30);
}

/// Returns `true` if the policy runs, `false` if it does not, `error` or `invalid`.
fn evaluate(expression: &Value, object: &Value) -> Value {
    let everything = json!({
        "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"],
    });
    let policy = json!({
        "apiVersion": "policies.kubewarden.io/v1",
        "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": "p"},
        "spec": {
            "module": "registry://ghcr.io/k8tre/agnostics/storage-class",
            "mutating": true,
            "rules": [everything],
            "matchConditions": [{"name": "c", "expression": expression}],
        },
    });
    let (policies, problems) = Policy::read_all("policies.yaml", &policy.to_string());
    assert_eq!(problems, []);
    let Ok(policies) = Policies::load(policies, &mut Builtin) else {
        return "invalid".into();
    };
    let context = Context::new(&policies);
    let simulator = Simulator::new(policies, context, None).expect("a simulator");
    let text = object.to_string();
    let document = manifest::read("object.yaml", text.as_bytes()).next();
    let objects = document.expect("a document").expect("YAML").objects();
    let objects: Vec<_> = objects.collect::<Result<_, _>>().expect("objects");
    let rows = simulator.simulate(&objects[0]);
    match rows.as_slice() {
        [] => false.into(),
        [row] if row.verdict == Verdict::Error => "error".into(),
        [_] => true.into(),
        rows => panic!("{rows:?}"),
    }
}
