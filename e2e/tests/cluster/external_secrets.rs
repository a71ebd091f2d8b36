//! The External Secrets controller with the permissions of `bootstrap/`.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::api_server::address;
use crate::client::{path, when_allowed};
use crate::cluster::{APPS, TestCluster};
use crate::fixtures::{external_secret, object};
use crate::process::{Process, tool, until};
use crate::rendered;
use crate::scenario::{Requirement, Scenario};
use crate::service_accounts::ServiceAccount;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "external-secrets/reader",
        "the account that External Secrets reads with can get Secrets of secret-store by name, and no others",
        reader,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "external-secrets/tokens",
        "External Secrets can get tokens of that account and of no other",
        tokens,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "external-secrets/sync",
        "a Secret of secret-store and its later changes are synced to an app's namespace, until the account \
         loses its permission",
        sync,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "external-secrets/other-namespace",
        "a store that points at another namespace gets nothing from it",
        other_namespace,
    )
    .requires(Requirement::OwnApiServer),
];

const READER: ServiceAccount = ServiceAccount {
    namespace: "secret-store",
    name: "eso-reader",
};
const CONTROLLER: ServiceAccount = ServiceAccount {
    namespace: "external-secrets",
    name: "external-secrets",
};

/// A namespace that the store does not serve.
const OTHER: &str = "payroll";

fn secret(namespace: &str, name: &str) -> Value {
    object("v1", "Secret", namespace, name)
}

/// Creates the permissions that the chart grants to the controller for the values in `bootstrap/`: its own
/// kinds and writing Secrets, but no tokens (`serviceAccountTokenCreate: false`).
fn install_chart(cluster: &TestCluster) {
    let ServiceAccount { namespace, name } = CONTROLLER;
    let account = object("v1", "ServiceAccount", namespace, name);
    let reads = ["get", "list", "watch"];
    let writes = [
        "get", "list", "watch", "create", "update", "patch", "delete",
    ];
    let own = ["external-secrets.io", "generators.external-secrets.io"];
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "external-secrets-controller"},
        "rules": [
            {"apiGroups": own, "resources": ["*"], "verbs": writes},
            {
                "apiGroups": [""],
                "resources": ["configmaps", "namespaces", "serviceaccounts"],
                "verbs": reads,
            },
            {"apiGroups": [""], "resources": ["secrets"], "verbs": writes},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "external-secrets-controller"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "external-secrets-controller",
        },
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    });
    for object in [account, role, binding] {
        cluster.admin.apply(&object).accepted();
    }
}

/// Creates the chart's permissions, and the account and permissions of the tree's store.
fn populate(cluster: &TestCluster) {
    cluster.namespace(CONTROLLER.namespace, &json!({}));
    install_chart(cluster);
    for object in rendered::of("k3s", "secret-store") {
        if object["kind"] != "ClusterSecretStore" {
            cluster.admin.apply(&object).accepted();
        }
    }
    // A controller creates it in every namespace of a real cluster.
    let mut authority = object("v1", "ConfigMap", READER.namespace, "kube-root-ca.crt");
    authority["data"] = json!({"ca.crt": cluster.api_server().authority.pem});
    cluster.admin.apply(&authority).accepted();
    put(cluster, READER.namespace, "first");
    cluster.namespace(OTHER, &json!({}));
    put(cluster, OTHER, "not to be read");
}

/// Returns the tree's store with the address of this API server, because its DNS name does not resolve here.
fn store(cluster: &TestCluster) -> Value {
    let mut store = rendered::store();
    let url = &mut store["spec"]["provider"]["kubernetes"]["server"]["url"];
    assert_eq!(*url, "https://kubernetes.default.svc");
    *url = cluster.api_server().url().into();
    store
}

/// Stores a password in the Secret `db` of a namespace.
fn put(cluster: &TestCluster, namespace: &str, password: &str) {
    let mut secret = secret(namespace, "db");
    secret["stringData"] = json!({"password": password});
    cluster.admin.apply(&secret).accepted();
}

/// Returns an ExternalSecret that is refreshed as often as possible.
fn external(name: &str) -> Value {
    let mut external = external_secret(APPS, name);
    external["spec"]["refreshInterval"] = "1s".into();
    external
}

/// Starts the controller with its ServiceAccount and the flags that the chart sets for the values in
/// `bootstrap/`.
fn start_controller(cluster: &TestCluster, more: &[&str]) -> Process {
    let address = address(8);
    let mut command = Command::new(tool("external-secrets"));
    command
        .args([
            "--enable-push-secret-reconciler=false",
            "--enable-cluster-push-secret-reconciler=false",
            "--concurrent=1",
            "--loglevel=info",
            "--zap-time-encoding=epoch",
        ])
        .arg(format!("--metrics-addr={address}:8080"))
        .arg(format!("--live-addr={address}:8082"))
        .args(more)
        .env("KUBECONFIG", CONTROLLER.kubeconfig(cluster));
    let mut process = Process::start("external-secrets", &mut command, cluster.path());
    process.ready((address, 8082).into(), "/healthz");
    process
}

/// Waits until the controller has set the condition `Ready` of an object.
fn wait_for_ready(cluster: &TestCluster, object: &Value, expected: &str) {
    until("the condition is set", || {
        let stored = cluster.admin.get(&path(object)).accepted();
        let conditions = stored["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        match conditions.find(|it| it["type"] == "Ready") {
            Some(ready) if ready["status"] == expected => Ok(()),
            _ => Err(stored["status"].to_string()),
        }
    });
}

/// Waits for an event of an object with a text. Conditions do not contain the cause.
fn wait_for_event(cluster: &TestCluster, object: &Value, text: &str) -> String {
    let name = object["metadata"]["name"].as_str().expect("a name");
    let path = format!("/api/v1/events?fieldSelector=involvedObject.name={name}");
    until("the controller reports the cause", || {
        let events = cluster.admin.list(&path);
        let mut messages = events.iter().filter_map(|it| it["message"].as_str());
        let found = messages.find(|it| it.contains(text)).map(str::to_owned);
        found.ok_or_else(|| format!("no event of {name} with `{text}`"))
    })
}

/// Waits until the app's Secret has the password.
fn wait_for_password(cluster: &TestCluster, name: &str, password: &str) {
    let encoded = BASE64.encode(password);
    until("the Secret has the password", || {
        let secret = cluster.admin.get(&path(&secret(APPS, name)));
        match secret.body["data"]["password"] == encoded {
            true => Ok(()),
            false => Err(format!("{secret:?}")),
        }
    });
}

fn reader(cluster: &mut TestCluster) {
    populate(cluster);
    let reader = READER.client(&cluster.admin);
    let db = path(&secret(READER.namespace, "db"));
    let read = when_allowed(|| reader.get(&db));
    assert!(read["data"]["password"].is_string(), "{read}");
    for forbidden in [
        "/api/v1/secrets",
        "/api/v1/namespaces/secret-store/secrets",
        "/api/v1/namespaces/secret-store/secrets?watch=true",
        "/api/v1/namespaces/secret-store/configmaps/kube-root-ca.crt",
        "/api/v1/namespaces/payroll/secrets",
        "/api/v1/namespaces/payroll/secrets/db",
        "/api/v1/namespaces/kube-system/secrets/db",
        "/api/v1/namespaces/external-secrets/secrets/db",
        "/api/v1/namespaces",
    ] {
        let response = reader.get(forbidden);
        assert_eq!(response.status, 403, "{forbidden}: {response:?}");
    }
    let secret = secret(READER.namespace, "db");
    assert_eq!(reader.merge(&db, &json!({"data": null})).status, 403);
    assert_eq!(reader.delete(&secret).status, 403);
    assert_eq!(reader.create(&secret).status, 403);
}

fn tokens(cluster: &mut TestCluster) {
    populate(cluster);
    let controller = CONTROLLER.client(&cluster.admin);
    let token = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 3600},
    });
    let request = |namespace: &str, name: &str| {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        controller.post(&path, &token)
    };
    let granted = when_allowed(|| request(READER.namespace, READER.name));
    assert!(granted["status"]["token"].is_string(), "{granted}");
    for (namespace, name) in [
        (READER.namespace, "default"),
        (CONTROLLER.namespace, CONTROLLER.name),
        (OTHER, READER.name),
        ("kube-system", "default"),
    ] {
        let response = request(namespace, name);
        assert_eq!(response.status, 403, "{namespace}/{name}: {response:?}");
    }
}

fn sync(cluster: &mut TestCluster) {
    populate(cluster);
    let _controller = start_controller(cluster, &[]);
    let (store, external) = (store(cluster), external("synced"));
    cluster.admin.apply(&store).accepted();
    wait_for_ready(cluster, &store, "True");
    cluster.developer.create(&external).accepted();
    wait_for_password(cluster, "synced", "first");
    wait_for_ready(cluster, &external, "True");
    put(cluster, READER.namespace, "second");
    wait_for_password(cluster, "synced", "second");

    // Without the account's permission, the controller cannot read.
    let binding = object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        READER.namespace,
        READER.name,
    );
    cluster.admin.delete(&binding).accepted();
    let message = wait_for_event(cluster, &external, "forbidden");
    let who = "system:serviceaccount:secret-store:eso-reader";
    assert!(message.contains(who), "{message}");
    wait_for_ready(cluster, &external, "False");
    cluster.admin.delete(&external).accepted();
    cluster.admin.delete(&store).accepted();
}

fn other_namespace(cluster: &mut TestCluster) {
    populate(cluster);
    // With the flood gate, the controller stops at the state of the store and does not read the Secret.
    let _controller = start_controller(cluster, &["--enable-flood-gate=false"]);
    let (mut store, external) = (store(cluster), external("elsewhere"));
    store["spec"]["provider"]["kubernetes"]["remoteNamespace"] = OTHER.into();
    cluster.admin.apply(&store).accepted();
    wait_for_ready(cluster, &store, "False");
    wait_for_event(cluster, &store, "not allowed to get secrets");
    cluster.developer.create(&external).accepted();
    wait_for_ready(cluster, &external, "False");
    let message = wait_for_event(cluster, &external, "forbidden");
    assert!(message.contains(&format!("\"{OTHER}\"")), "{message}");
    let secret = cluster.admin.get(&path(&secret(APPS, "elsewhere")));
    assert_eq!(secret.status, 404, "{secret:?}");
    cluster.admin.delete(&external).accepted();
    cluster.admin.delete(&store).accepted();
}
