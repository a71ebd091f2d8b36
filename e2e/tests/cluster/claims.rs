//! PersistentVolumeClaims. The admission plugin DefaultStorageClass mutates them before the webhooks run.

use serde_json::{Value, json};

use crate::client::{Client, path};
use crate::cluster::{APPS, TestCluster};
use crate::existing::set_owner;
use crate::fixtures;
use crate::kubectl::{APPLY_COMMANDS, kubectl, manifest};
use crate::prefix::prefixed;
use crate::scenario::{Requirement, Scenario};
use crate::service_accounts::ServiceAccount;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "claims/class-for-access-mode",
        "a claim without a class gets the class for its access mode, even though the API server has already \
         set the cluster's default class",
        no_class,
    )
    .requires(Requirement::DefaultClass),
    Scenario::new(
        "claims/managed-fields",
        "managedFields show whether a claim sets its class, for every client that creates claims",
        managed_fields,
    ),
    Scenario::new(
        "claims/apply-again",
        "an unchanged manifest can be applied again, and labels can be changed",
        applied_again,
    ),
    Scenario::new(
        "claims/controllers",
        "claims of the StatefulSet controller and claims with generateName get the class too",
        created_by_controllers,
    ),
    Scenario::new(
        "claims/dry-run",
        "a dry run returns the class that would be stored, and stores nothing",
        dry_run,
    ),
    Scenario::new(
        "claims/default-by-name",
        "a claim that sets the cluster's default class keeps it",
        default_by_name,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "claims/retroactive-default",
        "the default class can be assigned later to a claim that is older than that class",
        retroactive_default,
    )
    .requires(Requirement::OwnApiServer),
];

fn claim(name: &str, mode: &str, class: Option<&str>) -> Value {
    let mut claim = fixtures::claim(APPS, name);
    claim["spec"]["accessModes"] = json!([mode]);
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = class.into();
    }
    claim
}

/// Creates a claim before the cluster has classes or policies.
pub(crate) fn before(cluster: &TestCluster) {
    let old = claim("old", "ReadWriteOnce", None);
    let stored = cluster.admin.create(&old).accepted();
    assert!(stored["spec"]["storageClassName"].is_null(), "{stored:#}");
}

/// Creates the plane's classes. `rwx-default` is the cluster's default, as on Azure and K3s, but not on an
/// existing cluster, where it would become the class of all other claims.
pub(crate) fn classes(cluster: &TestCluster) {
    for name in ["rwo-default", "rwx-default"] {
        let default = !cluster.is_existing() && name == "rwx-default";
        let class = json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": name,
                "annotations": {"storageclass.kubernetes.io/is-default-class": default.to_string()},
            },
            "provisioner": "example.org/none",
        });
        cluster.admin.create(&class).accepted();
    }
}

fn stored(cluster: &TestCluster, name: &str) -> Value {
    cluster.admin.get(&path(&claim(name, "", None))).accepted()
}

fn class(claim: &Value) -> &str {
    claim["spec"]["storageClassName"]
        .as_str()
        .unwrap_or_default()
}

/// Creates a claim with each kubectl command and as a controller does. Returns the stored claims.
fn create_with_every_client(cluster: &TestCluster, wanted: Option<&str>) -> Vec<(String, Value)> {
    let prefix = wanted.unwrap_or("none");
    let mut created = Vec::new();
    for (way, arguments) in APPLY_COMMANDS {
        let name = format!("{prefix}-{way}");
        let claim = claim(&name, "ReadWriteOnce", wanted);
        // Another scenario may already have created it.
        if cluster.admin.get(&path(&claim)).status == 404 {
            kubectl(cluster, arguments, &manifest(&claim)).success();
        }
        created.push((way.to_owned(), stored(cluster, &name)));
    }
    let name = format!("{prefix}-controller");
    let claim = claim(&name, "ReadWriteOnce", wanted);
    if cluster.admin.get(&path(&claim)).status == 404 {
        cluster.developer.create(&claim).accepted();
    }
    created.push(("controller".to_owned(), stored(cluster, &name)));
    created
}

fn no_class(cluster: &mut TestCluster) {
    for (way, claim) in create_with_every_client(cluster, None) {
        assert_eq!(class(&claim), "rwo-default", "{way}");
    }
    // In kube-system, which the policy skips, a claim gets the cluster's default class.
    let mut skipped = claim("skipped", "ReadWriteOnce", None);
    skipped["metadata"]["namespace"] = prefixed("kube-system").into();
    let skipped = cluster.admin.dry_run_create(&skipped).accepted();
    assert_eq!(Some(class(&skipped)), cluster.default_class().as_deref());
    // A ReadWriteMany claim gets the class for shared volumes.
    let shared = claim("shared", "ReadWriteMany", None);
    let shared = cluster.developer.dry_run_create(&shared).accepted();
    assert_eq!(class(&shared), "rwx-default");
}

fn default_by_name(cluster: &mut TestCluster) {
    for (way, claim) in create_with_every_client(cluster, Some("rwx-default")) {
        assert_eq!(class(&claim), "rwx-default", "{way}");
    }
}

/// Returns whether a field manager owns the class of a claim.
fn is_class_owned(claim: &Value) -> bool {
    let managers = claim["metadata"]["managedFields"].as_array();
    let managers = managers.expect("managers");
    assert!(!managers.is_empty());
    let mut managers = managers.iter();
    managers.any(|it| !it["fieldsV1"]["f:spec"]["f:storageClassName"].is_null())
}

fn managed_fields(cluster: &mut TestCluster) {
    for (way, claim) in create_with_every_client(cluster, Some("rwx-default")) {
        assert!(is_class_owned(&claim), "{way}: {claim:#}");
    }
    // No manager owns a field that the API server or a webhook has set.
    for (way, claim) in create_with_every_client(cluster, None) {
        assert!(!is_class_owned(&claim), "{way}: {claim:#}");
    }
}

fn applied_again(cluster: &mut TestCluster) {
    for wanted in [None, Some("rwx-default")] {
        create_with_every_client(cluster, wanted);
        let prefix = wanted.unwrap_or("none");
        for (way, arguments) in &APPLY_COMMANDS[1..] {
            let name = format!("{prefix}-{way}");
            let claim = claim(&name, "ReadWriteOnce", wanted);
            let before = stored(cluster, &name);
            kubectl(cluster, arguments, &manifest(&claim)).success();
            let after = stored(cluster, &name);
            assert_eq!(after["spec"], before["spec"], "{way}");
        }
        // Controllers send the whole object that they have read, and then own every field.
        let name = format!("{prefix}-controller");
        let before = stored(cluster, &name);
        let after = cluster.developer.replace(&before).accepted();
        assert_eq!(after["spec"], before["spec"], "{name}");
    }
    for way in ["create", "client-side", "server-side", "controller"] {
        let name = format!("none-{way}");
        let change = json!({"metadata": {"labels": {"changed": "yes"}}});
        let path = path(&claim(&name, "", None));
        let changed = cluster.developer.merge(&path, &change).accepted();
        assert_eq!(changed["metadata"]["labels"]["changed"], "yes");
        assert_eq!(class(&stored(cluster, &name)), "rwo-default", "{way}");
    }
    // The field stays immutable.
    let change = json!({"spec": {"storageClassName": "rwx-default"}});
    let path = path(&claim("none-create", "", None));
    let message = cluster.developer.merge(&path, &change).rejected();
    assert!(message.contains("spec is immutable"), "{message}");
}

fn retroactive_default(cluster: &mut TestCluster) {
    let mut old = stored(cluster, "old");
    assert_eq!(class(&old), "");
    // The volume controller sends the whole claim with the default class.
    old["spec"]["storageClassName"] = "rwx-default".into();
    let assigned = cluster.admin.replace(&old).accepted();
    assert_eq!(class(&assigned), "rwx-default");
    assert_eq!(class(&stored(cluster, "old")), "rwx-default");
}

/// Returns a client of the StatefulSet controller, with the permissions that the API server grants to it. An
/// existing cluster runs its own controller, so the client there is the administrator.
fn stateful_set_controller(cluster: &TestCluster) -> Client {
    if cluster.is_existing() {
        return cluster.admin.clone();
    }
    let controller = ServiceAccount {
        namespace: "kube-system",
        name: "statefulset-controller",
    };
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": controller.name, "namespace": controller.namespace},
    });
    cluster.admin.apply(&account).accepted();
    controller.client(&cluster.admin)
}

fn created_by_controllers(cluster: &mut TestCluster) {
    // The controller creates it from a volumeClaimTemplate, with the labels of the set and the set as owner.
    let mut created = claim("data-database-0", "ReadWriteOnce", None);
    created["metadata"]["labels"] = json!({"app": "database"});
    set_owner(
        &mut created,
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "database"}),
    );
    let response = stateful_set_controller(cluster).create(&created);
    assert_eq!(class(&response.accepted()), "rwo-default");
    assert_eq!(class(&stored(cluster, "data-database-0")), "rwo-default");

    let mut unnamed = claim("", "ReadWriteOnce", None);
    unnamed["metadata"] = json!({"generateName": "scratch-", "namespace": prefixed(APPS)});
    let created = cluster.developer.create(&unnamed).accepted();
    let name = created["metadata"]["name"].as_str().expect("a name");
    assert!(name.starts_with("scratch-"), "{name}");
    assert_eq!(class(&stored(cluster, name)), "rwo-default");
}

fn dry_run(cluster: &mut TestCluster) {
    let tried = claim("tried", "ReadWriteOnce", Some("gp3"));
    let response = cluster.developer.dry_run_create(&tried);
    let warnings = response.warnings.join("\n");
    assert_eq!(class(&response.accepted()), "rwo-default");
    assert!(warnings.contains("`gp3`"), "{warnings}");
    assert_eq!(cluster.developer.get(&path(&tried)).status, 404);

    let arguments = ["apply", "--dry-run=server", "-o", "json", "-f", "-"];
    let terminal = kubectl(cluster, &arguments, &manifest(&tried)).success();
    let shown: Value = serde_json::from_str(&terminal.output).expect("JSON");
    assert_eq!(class(&shown), "rwo-default");
    assert!(
        terminal.errors.starts_with("Warning: "),
        "{}",
        terminal.errors
    );
    assert_eq!(cluster.developer.get(&path(&tried)).status, 404);
}
