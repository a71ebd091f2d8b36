//! Claims: DefaultStorageClass comes before the webhook.

use serde_json::{Value, json};

use crate::Scenario;
use crate::accounts::Account;
use crate::client::{Client, path};
use crate::foreign::owned_by;
use crate::kubectl::{WAYS, kubectl, manifest};
use crate::own::own;
use crate::plane::{APPS, Plane};

/// For clusters with a default class.
pub(crate) const DEFAULT: [Scenario; 1] = [(
    "a claim that names no class gets the class for its access mode, though the API server has \
     filled in the cluster's default before",
    no_class,
)];

/// Where the default class is the plane's own: a cluster of others is given none, which its controller
/// would write into every claim that waits for one.
pub(crate) const OWN_DEFAULT: [Scenario; 2] = [
    (
        "the same claim that asks for the cluster's default keeps it",
        the_default_by_name,
    ),
    (
        "a claim older than the cluster's default class can be given it later",
        retroactive_default,
    ),
];

pub(crate) const SCENARIOS: [Scenario; 4] = [
    (
        "the difference is told by managedFields, for every way to make a claim",
        managed_fields,
    ),
    (
        "the unchanged manifest applies again, and labels can be changed",
        applied_again,
    ),
    (
        "a claim that a StatefulSet's controller makes, or that has a generated name, is treated alike",
        made_by_controllers,
    ),
    (
        "a dry run answers with the class that would be stored, and stores nothing",
        dry_run,
    ),
];

fn claim(name: &str, mode: &str, class: Option<&str>) -> Value {
    let mut claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": own(APPS)},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}},
    });
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = class.into();
    }
    claim
}

/// A claim from before the cluster had classes or policies.
pub(crate) fn before(plane: &Plane) {
    let old = claim("old", "ReadWriteOnce", None);
    let stored = plane.admin.create(&old).accepted();
    assert!(stored["spec"]["storageClassName"].is_null(), "{stored:#}");
}

/// The plane's classes, of which the shared one is the default of the suite's own cluster, as on Azure
/// and K3s.
pub(crate) fn classes(plane: &Plane) {
    for name in ["rwo-default", "rwx-default"] {
        let default = plane.is_own() && name == "rwx-default";
        let class = json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": name,
                "annotations": {"storageclass.kubernetes.io/is-default-class": default.to_string()},
            },
            "provisioner": "example.org/none",
        });
        plane.admin.create(&class).accepted();
    }
}

fn stored(plane: &Plane, name: &str) -> Value {
    plane.admin.get(&path(&claim(name, "", None))).accepted()
}

fn class(claim: &Value) -> &str {
    claim["spec"]["storageClassName"]
        .as_str()
        .unwrap_or_default()
}

/// Makes a claim by each of kubectl's ways and by a program's own client, and hands over what is
/// stored.
fn every_way(plane: &Plane, wanted: Option<&str>) -> Vec<(String, Value)> {
    let sort = wanted.unwrap_or("none");
    let mut made = Vec::new();
    for (way, arguments) in WAYS {
        let name = format!("{sort}-{way}");
        let claim = claim(&name, "ReadWriteOnce", wanted);
        // Another scenario may have made it.
        if plane.admin.get(&path(&claim)).status == 404 {
            kubectl(plane, arguments, &manifest(&claim)).success();
        }
        made.push((way.to_owned(), stored(plane, &name)));
    }
    let name = format!("{sort}-program");
    let claim = claim(&name, "ReadWriteOnce", wanted);
    if plane.admin.get(&path(&claim)).status == 404 {
        plane.person.create(&claim).accepted();
    }
    made.push(("program".to_owned(), stored(plane, &name)));
    made
}

fn no_class(plane: &mut Plane) {
    for (way, claim) in every_way(plane, None) {
        assert_eq!(class(&claim), "rwo-default", "{way}");
    }
    // Without the policy, which leaves kube-system alone, it is the cluster's default.
    let mut unseen = claim("unseen", "ReadWriteOnce", None);
    unseen["metadata"]["namespace"] = own("kube-system").into();
    let unseen = plane.admin.would_create(&unseen).accepted();
    assert_eq!(Some(class(&unseen)), plane.default_class().as_deref());
    // And who wants to share gets what is shared.
    let shared = claim("shared", "ReadWriteMany", None);
    let shared = plane.person.would_create(&shared).accepted();
    assert_eq!(class(&shared), "rwx-default");
}

fn the_default_by_name(plane: &mut Plane) {
    for (way, claim) in every_way(plane, Some("rwx-default")) {
        assert_eq!(class(&claim), "rwx-default", "{way}");
    }
}

/// Whether a manager of the claim's fields owns its class.
fn is_class_owned(claim: &Value) -> bool {
    let managers = claim["metadata"]["managedFields"].as_array();
    let managers = managers.expect("managers");
    assert!(!managers.is_empty());
    let mut managers = managers.iter();
    managers.any(|it| !it["fieldsV1"]["f:spec"]["f:storageClassName"].is_null())
}

fn managed_fields(plane: &mut Plane) {
    for (way, claim) in every_way(plane, Some("rwx-default")) {
        assert!(is_class_owned(&claim), "{way}: {claim:#}");
    }
    // What the API server or a webhook filled in belongs to nobody.
    for (way, claim) in every_way(plane, None) {
        assert!(!is_class_owned(&claim), "{way}: {claim:#}");
    }
}

fn applied_again(plane: &mut Plane) {
    for wanted in [None, Some("rwx-default")] {
        every_way(plane, wanted);
        let sort = wanted.unwrap_or("none");
        for (way, arguments) in &WAYS[1..] {
            let name = format!("{sort}-{way}");
            let claim = claim(&name, "ReadWriteOnce", wanted);
            let before = stored(plane, &name);
            kubectl(plane, arguments, &manifest(&claim)).success();
            let after = stored(plane, &name);
            assert_eq!(after["spec"], before["spec"], "{way}");
        }
        // Programs put back what they have read, and say so of every field then.
        let name = format!("{sort}-program");
        let before = stored(plane, &name);
        let after = plane.person.replace(&before).accepted();
        assert_eq!(after["spec"], before["spec"], "{name}");
    }
    for way in ["create", "client-side", "server-side", "program"] {
        let name = format!("none-{way}");
        let change = json!({"metadata": {"labels": {"changed": "yes"}}});
        let path = path(&claim(&name, "", None));
        let changed = plane.person.merge(&path, &change).accepted();
        assert_eq!(changed["metadata"]["labels"]["changed"], "yes");
        assert_eq!(class(&stored(plane, &name)), "rwo-default", "{way}");
    }
    // The field stays as immutable as it is.
    let change = json!({"spec": {"storageClassName": "rwx-default"}});
    let path = path(&claim("none-create", "", None));
    let refused = plane.person.merge(&path, &change).refused();
    assert!(refused.contains("spec is immutable"), "{refused}");
}

fn retroactive_default(plane: &mut Plane) {
    let mut old = stored(plane, "old");
    assert_eq!(class(&old), "");
    // As the controller of volumes does: the whole claim, with the cluster's default.
    old["spec"]["storageClassName"] = "rwx-default".into();
    let given = plane.admin.replace(&old).accepted();
    assert_eq!(class(&given), "rwx-default");
    assert_eq!(class(&stored(plane, "old")), "rwx-default");
}

/// The controller of StatefulSets, by the account and the rights that the API server has for it. In
/// another's cluster nobody may play it.
fn stateful_sets(plane: &Plane) -> Client {
    if !plane.is_own() {
        return plane.admin.clone();
    }
    let controller = Account {
        namespace: "kube-system",
        name: "statefulset-controller",
    };
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": controller.name, "namespace": controller.namespace},
    });
    plane.admin.apply(&account).accepted();
    controller.client(plane)
}

fn made_by_controllers(plane: &mut Plane) {
    // What the controller makes of a volumeClaimTemplate: labels of the set, the set as owner.
    let mut made = claim("data-database-0", "ReadWriteOnce", None);
    made["metadata"]["labels"] = json!({"app": "database"});
    owned_by(
        &mut made,
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "database"}),
    );
    let answer = stateful_sets(plane).create(&made);
    assert_eq!(class(&answer.accepted()), "rwo-default");
    assert_eq!(class(&stored(plane, "data-database-0")), "rwo-default");

    let mut unnamed = claim("", "ReadWriteOnce", None);
    unnamed["metadata"] = json!({"generateName": "scratch-", "namespace": own(APPS)});
    let made = plane.person.create(&unnamed).accepted();
    let name = made["metadata"]["name"].as_str().expect("a name");
    assert!(name.starts_with("scratch-"), "{name}");
    assert_eq!(class(&stored(plane, name)), "rwo-default");
}

fn dry_run(plane: &mut Plane) {
    let tried = claim("tried", "ReadWriteOnce", Some("gp3"));
    let answer = plane.person.would_create(&tried);
    let warned = answer.warnings.join("\n");
    assert_eq!(class(&answer.accepted()), "rwo-default");
    assert!(warned.contains("`gp3`"), "{warned}");
    assert_eq!(plane.person.get(&path(&tried)).status, 404);

    let arguments = ["apply", "--dry-run=server", "-o", "json", "-f", "-"];
    let terminal = kubectl(plane, &arguments, &manifest(&tried)).success();
    let shown: Value = serde_json::from_str(&terminal.output).expect("JSON");
    assert_eq!(class(&shown), "rwo-default");
    assert!(
        terminal.errors.starts_with("Warning: "),
        "{}",
        terminal.errors
    );
    assert_eq!(plane.person.get(&path(&tried)).status, 404);
}
