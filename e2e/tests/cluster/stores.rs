//! External Secrets' objects, whose policy asks the cluster for stores and namespaces.

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::path;
use crate::kubectl::{kubectl, manifest};
use crate::own::own;
use crate::plane::{APPS, Plane};
use crate::process::until;
use crate::rendered;

pub(crate) const SCENARIOS: [Scenario; 4] = [
    (
        "a reference whose kind is omitted is refused in the terminal, with the kind that was meant",
        kind_omitted,
    ),
    (
        "a store that is created later ends the warning that it is missing",
        created_later,
    ),
    (
        "a store that leaves the namespace out refuses, one that serves it does not",
        conditions,
    ),
    (
        "a change of the namespace's labels changes the verdict, both ways",
        labels,
    ),
];

/// What marks the namespaces that K8TRE's store leaves out.
const PROJECT: &str = "k8tre.io/resource-type";

fn secret(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "secret-store"},
            "data": [{"secretKey": "password", "remoteRef": {"key": "db", "property": "password"}}],
        },
    })
}

fn kind_omitted(plane: &mut Plane) {
    let mut secret = secret(APPS, "kind-omitted");
    secret["spec"]["secretStoreRef"] = json!({"name": "secret-store"});
    let terminal = kubectl(plane, &["apply", "-f", "-"], &manifest(&secret));
    assert!(!terminal.succeeded, "{terminal:#?}");
    let told = "did you mean `kind: ClusterSecretStore`?";
    assert!(terminal.errors.contains(told), "{}", terminal.errors);
    assert_eq!(plane.admin.get(&path(&secret)).status, 404);
}

fn created_later(plane: &mut Plane) {
    let secret = secret(APPS, "early");
    let answer = plane.person.create(&secret);
    let warned = answer.warnings.join("\n");
    answer.accepted();
    assert!(warned.contains("`secret-store`"), "{warned}");

    // K8TRE's own, as bootstrap/ renders it.
    let stores = rendered::of("k3s", "secret-store");
    let mut stores = stores.into_iter();
    let store = stores.find(|it| it["kind"] == "ClusterSecretStore");
    let store = store.expect("a store");
    plane.admin.create(&store).accepted();
    // As External Secrets' controller says once it has reached the provider.
    let status = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let path = format!("{}/status", path(&store));
    let changed = plane.admin.merge(&path, &status);
    changed.accepted();
    until("the store is seen", || {
        match plane.person.would_apply(&secret).warnings.as_slice() {
            [] => Ok(()),
            warnings => Err(warnings.join("\n")),
        }
    });
}

fn conditions(plane: &mut Plane) {
    plane.namespace("project", &json!({PROJECT: "project-namespace"}));
    let refusal = until("the namespace is seen", || {
        let answer = plane.person.would_create(&secret("project", "kept-out"));
        match answer.status {
            ..300 => Err(format!("{answer:?}")),
            _ => Ok(answer.message().to_owned()),
        }
    });
    assert!(
        refusal.contains(&format!("`{}`", own("project"))),
        "{refusal}"
    );
    plane
        .person
        .create(&secret("project", "kept-out"))
        .refused();
    let answer = plane.person.create(&secret(APPS, "let-in"));
    assert!(answer.warnings.is_empty(), "{:?}", answer.warnings);
    answer.accepted();
}

fn labels(plane: &mut Plane) {
    plane.namespace("moving", &json!({}));
    plane.person.create(&secret("moving", "first")).accepted();
    let path = format!("/api/v1/namespaces/{}", own("moving"));
    let verdict = |expected: bool| {
        until("the labels are seen", || {
            let answer = plane.person.would_create(&secret("moving", "second"));
            match (answer.status < 300) == expected {
                true => Ok(()),
                false => Err(format!("{answer:?}")),
            }
        });
    };
    let label = |value: Value| {
        let change = json!({"metadata": {"labels": {PROJECT: value}}});
        plane.admin.merge(&path, &change).accepted();
    };
    label("project-namespace".into());
    verdict(false);
    label(Value::Null);
    verdict(true);
}
