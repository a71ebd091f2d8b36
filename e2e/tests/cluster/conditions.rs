//! `matchConditions`: the API server evaluates them as `agnostics check` does.

use serde_json::{Value, json};

use crate::client::Response;
use crate::cluster::{APPS, TestCluster};
use crate::prefix::prefixed;
use crate::process::until;
use crate::scenario::Scenario;
use crate::webhooks::UNREACHABLE;

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new(
    "conditions/offline",
    "matchConditions have the same results on the API server as offline",
    offline,
)];

/// The table that `crates/simulate` evaluates offline.
const TABLE: &str = "crates/simulate/tests/match-conditions.yaml";

/// The label that selects the webhook for an object.
const LABEL: &str = "agnostics-condition";

fn offline(cluster: &mut TestCluster) {
    let text = std::fs::read(e2e::workspace::root().join(TABLE)).expect("a file");
    let document = manifest::read(TABLE, &text).next().expect("a document");
    let table = document.expect("YAML").value().expect("a value");
    let rows = table["conditions"].as_array().expect("rows");

    let (invalid, valid): (Vec<_>, Vec<_>) = rows
        .iter()
        .enumerate()
        .partition(|(_, row)| row["expect"] == "invalid");
    for row in &invalid {
        let response = cluster.admin.create(&configuration(&[*row]));
        assert_eq!(response.status, 422, "{}: {response:#?}", row.1);
    }
    let configuration = configuration(&valid);
    cluster.admin.create(&configuration).accepted();

    let attempt = |(index, row): (usize, &Value)| {
        let name = row["object"].as_str().expect("a name");
        let mut object = table["objects"][name].clone();
        object["metadata"]["namespace"] = prefixed(APPS).into();
        object["metadata"]["labels"][LABEL] = index.to_string().into();
        cluster.admin.dry_run_create(&object)
    };
    // All webhooks of a configuration take effect at once.
    let calling = valid.iter().find(|(_, row)| row["expect"] == true);
    until("the webhooks take effect", || {
        match result(&attempt(*calling.expect("a row"))) {
            Value::Bool(true) => Ok(()),
            other => Err(other.to_string()),
        }
    });
    for row in &valid {
        let response = attempt(*row);
        assert_eq!(
            result(&response),
            row.1["expect"],
            "{}: {response:#?}",
            row.1
        );
    }
    cluster.admin.delete(&configuration).accepted();
}

/// Returns webhooks with the conditions of some rows. None can be reached, so that the API server rejects the
/// objects for which it calls them.
fn configuration(rows: &[(usize, &Value)]) -> Value {
    let webhooks = rows.iter().map(|(index, row)| {
        json!({
            "name": format!("condition-{index}.agnostics.test"),
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "timeoutSeconds": 1,
            "sideEffects": "None",
            "objectSelector": {"matchLabels": {LABEL: index.to_string()}},
            "rules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "resources": ["services", "configmaps"],
                "operations": ["CREATE"],
            }],
            "matchConditions": [{"name": "condition", "expression": row["expression"]}],
        })
    });
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": prefixed("match-conditions")},
        "webhooks": webhooks.collect::<Vec<_>>(),
    })
}

/// Returns the result of a condition, as the table writes it.
fn result(response: &Response) -> Value {
    match response.message() {
        message if message.contains(UNREACHABLE) => true.into(),
        message if message.contains("resulted in error") => "error".into(),
        _ if response.is_success() => false.into(),
        message => message.into(),
    }
}
