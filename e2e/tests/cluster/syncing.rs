//! External Secrets' controller, which reads as much as `bootstrap/` lets it.

use std::process::Command;

use serde_json::{Value, json};

use crate::Scenario;
use crate::accounts::Account;
use crate::client::{once_allowed, path};
use crate::plane::{APPS, Plane, address};
use crate::process::{Process, tool, until};
use crate::rendered;

pub(crate) const SCENARIOS: [Scenario; 4] = [
    (
        "the account that External Secrets reads with gets Secrets of secret-store by name, and none \
         elsewhere",
        reader,
    ),
    (
        "External Secrets may have a token of that account and of no other",
        tokens,
    ),
    (
        "a Secret of secret-store is synced to an app's namespace, and what becomes of it later too, until \
         the account's right is taken away",
        synced,
    ),
    (
        "a store that is pointed at another namespace gets nothing from it",
        elsewhere,
    ),
];

const READER: Account = Account {
    namespace: "secret-store",
    name: "eso-reader",
};
const CONTROLLER: Account = Account {
    namespace: "external-secrets",
    name: "external-secrets",
};

/// A namespace that has nothing to do with the store.
const FOREIGN: &str = "payroll";

fn object(version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    })
}

fn secret(namespace: &str, name: &str) -> Value {
    object("v1", "Secret", namespace, name)
}

/// What the chart gives the controller beside `bootstrap/`'s values: its own kinds, and Secrets to write
/// to. Tokens are not among it, by `serviceAccountTokenCreate: false`.
fn chart(plane: &Plane) {
    let Account { namespace, name } = CONTROLLER;
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
        plane.admin.apply(&object).accepted();
    }
}

/// The tree's store with its account and rights, in a cluster with the chart.
fn populate(plane: &Plane) {
    plane.namespace(CONTROLLER.namespace, &json!({}));
    chart(plane);
    for object in rendered::of("k3s", "secret-store") {
        if object["kind"] != "ClusterSecretStore" {
            plane.admin.apply(&object).accepted();
        }
    }
    // What the cluster's controllers put in every namespace.
    let mut authority = object("v1", "ConfigMap", READER.namespace, "kube-root-ca.crt");
    authority["data"] = json!({"ca.crt": plane.admin.access.authority});
    plane.admin.apply(&authority).accepted();
    put(plane, READER.namespace, "first");
    plane.namespace(FOREIGN, &json!({}));
    put(plane, FOREIGN, "not to be read");
}

/// The store as the tree has it, but for the API server's address, which no name leads to here.
fn store(plane: &Plane) -> Value {
    let mut objects = rendered::of("k3s", "secret-store").into_iter();
    let store = objects.find(|it| it["kind"] == "ClusterSecretStore");
    let mut store = store.expect("a store");
    let url = &mut store["spec"]["provider"]["kubernetes"]["server"]["url"];
    assert_eq!(*url, "https://kubernetes.default.svc");
    *url = plane.admin.access.server.clone().into();
    store
}

/// Stores a password in the Secret `db` of a namespace.
fn put(plane: &Plane, namespace: &str, password: &str) {
    let mut secret = secret(namespace, "db");
    secret["stringData"] = json!({"password": password});
    plane.admin.apply(&secret).accepted();
}

/// Asks for the password of `db` as often as may be.
fn external(name: &str) -> Value {
    let mut external = object("external-secrets.io/v1", "ExternalSecret", APPS, name);
    external["spec"] = json!({
        "refreshInterval": "1s",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "secret-store"},
        "data": [{"secretKey": "password", "remoteRef": {"key": "db", "property": "password"}}],
    });
    external
}

/// The controller as its ServiceAccount, with the flags that the chart gives it for `bootstrap/`'s values.
fn controller(plane: &Plane, more: &[&str]) -> Process {
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
        .env("KUBECONFIG", CONTROLLER.kubeconfig(plane));
    let mut process = Process::start("external-secrets", &mut command, plane.path());
    process.ready((address, 8082).into(), "/healthz");
    process
}

/// Waits until the controller says of an object whether it is ready.
fn ready(plane: &Plane, object: &Value, expected: &str) {
    until("the controller has judged", || {
        let stored = plane.admin.get(&path(object)).accepted();
        let conditions = stored["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        match conditions.find(|it| it["type"] == "Ready") {
            Some(ready) if ready["status"] == expected => Ok(()),
            _ => Err(stored["status"].to_string()),
        }
    });
}

/// Waits until an event of an object has a text in it: conditions name no causes.
fn told(plane: &Plane, object: &Value, text: &str) -> String {
    let name = object["metadata"]["name"].as_str().expect("a name");
    let path = format!("/api/v1/events?fieldSelector=involvedObject.name={name}");
    until("the controller tells why", || {
        let events = plane.admin.get(&path).accepted();
        let events = events["items"].as_array().into_iter().flatten();
        let mut messages = events.filter_map(|it| it["message"].as_str());
        let found = messages.find(|it| it.contains(text)).map(str::to_owned);
        found.ok_or_else(|| format!("no event of {name} with `{text}`"))
    })
}

/// Waits until the controller has written a password to the app's Secret.
fn delivered(plane: &Plane, name: &str, password: &str) {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(password);
    until("the password is there", || {
        let secret = plane.admin.get(&path(&secret(APPS, name)));
        match secret.body["data"]["password"] == encoded {
            true => Ok(()),
            false => Err(format!("{secret:?}")),
        }
    });
}

fn reader(plane: &mut Plane) {
    populate(plane);
    let reader = READER.client(plane);
    let db = path(&secret(READER.namespace, "db"));
    let read = once_allowed(|| reader.get(&db));
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
        let answer = reader.get(forbidden);
        assert_eq!(answer.status, 403, "{forbidden}: {answer:?}");
    }
    let secret = secret(READER.namespace, "db");
    assert_eq!(reader.merge(&db, &json!({"data": null})).status, 403);
    assert_eq!(reader.delete(&secret).status, 403);
    assert_eq!(reader.create(&secret).status, 403);
}

fn tokens(plane: &mut Plane) {
    populate(plane);
    let controller = CONTROLLER.client(plane);
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 3600},
    });
    let ask = |namespace: &str, name: &str| {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        controller.post(&path, &request)
    };
    let given = once_allowed(|| ask(READER.namespace, READER.name));
    assert!(given["status"]["token"].is_string(), "{given}");
    for (namespace, name) in [
        (READER.namespace, "default"),
        (CONTROLLER.namespace, CONTROLLER.name),
        (FOREIGN, READER.name),
        ("kube-system", "default"),
    ] {
        let answer = ask(namespace, name);
        assert_eq!(answer.status, 403, "{namespace}/{name}: {answer:?}");
    }
}

fn synced(plane: &mut Plane) {
    populate(plane);
    let _controller = controller(plane, &[]);
    let (store, external) = (store(plane), external("synced"));
    plane.admin.apply(&store).accepted();
    ready(plane, &store, "True");
    plane.person.create(&external).accepted();
    delivered(plane, "synced", "first");
    ready(plane, &external, "True");
    put(plane, READER.namespace, "second");
    delivered(plane, "synced", "second");

    // The right to read is the account's own: without it nothing is read.
    let binding = object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        READER.namespace,
        READER.name,
    );
    plane.admin.delete(&binding).accepted();
    let refused = told(plane, &external, "forbidden");
    let who = "system:serviceaccount:secret-store:eso-reader";
    assert!(refused.contains(who), "{refused}");
    ready(plane, &external, "False");
    plane.admin.delete(&external).accepted();
    plane.admin.delete(&store).accepted();
}

fn elsewhere(plane: &mut Plane) {
    populate(plane);
    // Or it would leave it at the store's own state, and not ask the API server at all.
    let _controller = controller(plane, &["--enable-flood-gate=false"]);
    let (mut store, external) = (store(plane), external("elsewhere"));
    store["spec"]["provider"]["kubernetes"]["remoteNamespace"] = FOREIGN.into();
    plane.admin.apply(&store).accepted();
    ready(plane, &store, "False");
    told(plane, &store, "not allowed to get secrets");
    plane.person.create(&external).accepted();
    ready(plane, &external, "False");
    let refused = told(plane, &external, "forbidden");
    assert!(refused.contains(&format!("\"{FOREIGN}\"")), "{refused}");
    let made = plane.admin.get(&path(&secret(APPS, "elsewhere")));
    assert_eq!(made.status, 404, "{made:?}");
    plane.admin.delete(&external).accepted();
    plane.admin.delete(&store).accepted();
}
