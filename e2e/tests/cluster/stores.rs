//! References to secret stores. Their policy looks up stores and namespaces.

use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::{APPS, TestCluster};
use crate::fixtures::external_secret;
use crate::kubectl::{kubectl, manifest};
use crate::prefix::prefixed;
use crate::process::until;
use crate::rendered;
use crate::scenario::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "stores/missing-kind",
        "a reference without a kind is rejected, and kubectl shows the kind to set",
        missing_kind,
    ),
    Scenario::new(
        "stores/created-later",
        "the warning about a missing store stops when the store is created",
        created_later,
    ),
    Scenario::new(
        "stores/conditions",
        "a reference to a store whose conditions exclude the namespace is rejected, and one to a store that \
         serves the namespace is accepted",
        conditions,
    ),
    Scenario::new(
        "stores/namespace-labels",
        "changing the labels of the namespace changes the verdict, in both directions",
        labels,
    ),
];

/// The label of the namespaces that the tree's store serves, with the value `allowed`.
pub(crate) const LABEL: &str = "k8tre.io/secret-store";

fn missing_kind(cluster: &mut TestCluster) {
    let mut secret = external_secret(APPS, "missing-kind");
    secret["spec"]["secretStoreRef"] = json!({"name": "secret-store"});
    let terminal = kubectl(cluster, &["apply", "-f", "-"], &manifest(&secret));
    assert!(!terminal.succeeded, "{terminal:#?}");
    let hint = "use `kind: ClusterSecretStore` [wrong-store-kind]";
    assert!(terminal.errors.contains(hint), "{}", terminal.errors);
    assert_eq!(cluster.admin.get(&path(&secret)).status, 404);
}

fn created_later(cluster: &mut TestCluster) {
    let secret = external_secret(APPS, "early");
    let response = cluster.developer.create(&secret);
    let warnings = response.warnings.join("\n");
    response.accepted();
    assert!(warnings.contains("`secret-store`"), "{warnings}");

    let store = rendered::store();
    cluster.admin.create(&store).accepted();
    // The External Secrets controller sets this status after it has reached the provider.
    let status = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let path = format!("{}/status", path(&store));
    cluster.admin.merge(&path, &status).accepted();
    until("the policy knows the store", || {
        match cluster.developer.dry_run_apply(&secret).warnings.as_slice() {
            [] => Ok(()),
            warnings => Err(warnings.join("\n")),
        }
    });
}

fn conditions(cluster: &mut TestCluster) {
    cluster.namespace("project", &json!({}));
    let message = until("the policy knows the namespace", || {
        let response = cluster
            .developer
            .dry_run_create(&external_secret("project", "excluded"));
        match response.is_success() {
            true => Err(format!("{response:?}")),
            false => Ok(response.message().to_owned()),
        }
    });
    assert!(
        message.contains(&format!("`{}`", prefixed("project"))),
        "{message}"
    );
    cluster
        .developer
        .create(&external_secret("project", "excluded"))
        .rejected();
    let response = cluster.developer.create(&external_secret(APPS, "served"));
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
    response.accepted();
}

fn labels(cluster: &mut TestCluster) {
    cluster.namespace("moving", &json!({LABEL: "allowed"}));
    cluster
        .developer
        .create(&external_secret("moving", "first"))
        .accepted();
    let path = format!("/api/v1/namespaces/{}", prefixed("moving"));
    let verdict = |expected: bool| {
        until("the policy knows the labels", || {
            let response = cluster
                .developer
                .dry_run_create(&external_secret("moving", "second"));
            match response.is_success() == expected {
                true => Ok(()),
                false => Err(format!("{response:?}")),
            }
        });
    };
    let label = |value: Value| {
        let change = json!({"metadata": {"labels": {LABEL: value}}});
        cluster.admin.merge(&path, &change).accepted();
    };
    label(Value::Null);
    verdict(false);
    label("allowed".into());
    verdict(true);
}
