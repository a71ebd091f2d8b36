//! Runs the suite on an existing cluster: a second API server with the objects of such a cluster.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::client::{Client, path};
use crate::cluster::TestCluster;
use crate::existing;
use crate::kubeconfig;
use crate::process::until;
use crate::scenario::{Requirement, Scenario};
use crate::stop::StopOnDrop;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "existing-cluster/unchanged",
        "the suite runs on an existing cluster and leaves every object as it was",
        unchanged,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "existing-cluster/interrupted",
        "an interrupted run leaves nothing on an existing cluster",
        interrupted,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "existing-cluster/plane-installed",
        "the suite does not start on a cluster with the plane",
        plane_installed,
    )
    .requires(Requirement::OwnApiServer),
];

/// The offset of the addresses of the existing cluster.
const OFFSET: u8 = 10;

/// Returns the command of `cargo xtask e2e cluster --kubeconfig FILE --context e2e`.
fn suite(cluster: &TestCluster, server: &ApiServer) -> Command {
    let kubeconfig = cluster.path().join("existing.kubeconfig");
    kubeconfig::write(&server.admin(), &kubeconfig);
    let mut suite = Command::new(std::env::current_exe().expect("this program"));
    suite
        .env(existing::KUBECONFIG, kubeconfig)
        .env(existing::CONTEXT, "e2e")
        .env_remove(crate::suite::WRITE_REPORT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    suite
}

/// Runs the suite while acting as the controllers of the existing cluster. Calls `meanwhile` until it returns
/// true.
fn run(
    admin: &Client,
    mut suite: Command,
    mut meanwhile: impl FnMut(u32) -> bool + Send,
) -> Output {
    let ended = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ending = StopOnDrop(ended);
        let suite = suite.spawn().expect("this program runs");
        let id = suite.id();
        let controllers = scope.spawn(move || {
            let mut done = false;
            loop {
                empty_namespaces(admin);
                done = done || meanwhile(id);
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            assert!(done, "the suite ended too early");
        });
        let output = suite.wait_with_output().expect("this program ends");
        drop(ending);
        controllers.join().expect("namespaces are emptied");
        output
    })
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Asserts that the same objects exist, unchanged.
#[track_caller]
fn assert_same(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    for (path, object) in before {
        assert_eq!(after.get(path), Some(object), "{path}");
    }
    let mut added = after.keys().filter(|it| !before.contains_key(*it));
    assert_eq!(added.next(), None);
}

fn unrelated_claim(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

fn class(name: &str) -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": name,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "example.org/other",
    })
}

fn unchanged(cluster: &mut TestCluster) {
    let server = ApiServer::start(OFFSET);
    let admin = Client::new(server.admin()).expect("a kubeconfig");
    // kind and k3d have a default class. A claim shows that it works.
    admin.create(&class("standard")).accepted();
    let create_claim = |name: &str| {
        let claim = admin.create(&unrelated_claim(name)).accepted();
        assert_eq!(claim["spec"]["storageClassName"], "standard");
        claim
    };
    create_claim("before");
    // A CRD that the suite needs too.
    let mut crd = cluster.admin.get(GATEWAYS).accepted();
    crd["metadata"] = json!({
        "name": crd["metadata"]["name"], "annotations": crd["metadata"]["annotations"],
    });
    admin.create(&crd).accepted();

    let before = settled(&admin);
    assert!(before.len() > 100, "{} objects", before.len());
    // The suite's classes and policies do not affect other claims that are created meanwhile.
    let output = run(&admin, suite(cluster, &server), |_| {
        let installed = has_webhooks(&admin);
        if installed {
            let claim = create_claim("meanwhile");
            admin.delete(&claim).accepted();
            let released = json!({"metadata": {"finalizers": null}});
            admin.merge(&path(&claim), &released);
        }
        installed
    });
    let (stdout, stderr) = text(&output);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let passed = stdout.matches("... ok\n").count();
    assert!(passed > 20, "{stdout}");
    assert_same(&before, &everything(&admin));
}

/// Returns whether a cluster has webhooks.
fn has_webhooks(admin: &Client) -> bool {
    ["mutating", "validating"].into_iter().any(|kind| {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations");
        !admin.list(&path).is_empty()
    })
}

fn interrupted(cluster: &mut TestCluster) {
    let server = ApiServer::start(OFFSET);
    let admin = Client::new(server.admin()).expect("a kubeconfig");
    admin.create(&class("standard")).accepted();
    let before = settled(&admin);
    let output = run(&admin, suite(cluster, &server), |id| {
        let installed = has_webhooks(&admin);
        if installed {
            let sent = Command::new("kill").arg(id.to_string()).status();
            assert!(sent.is_ok_and(|it| it.success()));
        }
        installed
    });
    let (stdout, stderr) = text(&output);
    assert!(!output.status.success(), "{stdout}\n{stderr}");
    assert!(
        stdout.contains("interrupted") || stderr.contains("interrupted"),
        "{stdout}\n{stderr}"
    );
    assert_same(&before, &everything(&admin));
}

fn plane_installed(cluster: &mut TestCluster) {
    let server = ApiServer::start(OFFSET);
    let admin = Client::new(server.admin()).expect("a kubeconfig");
    admin.create(&class("rwo-default")).accepted();
    let before = settled(&admin);
    let output = run(&admin, suite(cluster, &server), |_| true);
    let (stdout, _) = text(&output);
    assert!(!output.status.success(), "{stdout}");
    assert!(stdout.starts_with("error: "), "{stdout}");
    assert!(stdout.contains("storageclasses/rwo-default"), "{stdout}");
    assert_eq!(everything(&admin), before);
}

const GATEWAYS: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.gateway.networking.k8s.io";

/// Returns everything that the API server stores, by path, except objects that it updates continuously.
fn everything(admin: &Client) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (group, resource) in resources(admin) {
        for item in admin.list(&format!("{group}/{resource}")) {
            let text = |field: &str| {
                item["metadata"][field]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let path = format!("{group}/{resource} {}/{}", text("namespace"), text("name"));
            all.insert(path, item);
        }
    }
    all
}

/// Waits until a new API server has created its own objects, and returns [`everything`].
fn settled(admin: &Client) -> BTreeMap<String, Value> {
    let mut last = everything(admin);
    until("the API server settles", || {
        let now = everything(admin);
        let same = now == last && now.keys().any(|it| it.contains("clusterrolebindings"));
        last = now;
        match same {
            true => Ok(()),
            false => Err("it still creates objects".to_owned()),
        }
    });
    last
}

/// Returns the resources that can be listed, each with the path of its group.
fn resources(admin: &Client) -> Vec<(String, String)> {
    let mut groups = vec!["/api/v1".to_owned()];
    let listed = admin.get("/apis").accepted();
    for group in listed["groups"].as_array().expect("groups") {
        let version = &group["preferredVersion"]["groupVersion"];
        groups.push(format!("/apis/{}", version.as_str().expect("a version")));
    }
    let mut resources = Vec::new();
    for group in groups {
        // A group may have disappeared with its last CRD, or be new and still empty.
        let listed = admin.get(&group);
        for resource in listed.body["resources"].as_array().into_iter().flatten() {
            let name = resource["name"].as_str().expect("a name");
            let verbs = resource["verbs"].as_array().expect("verbs");
            let kept = !matches!(name, "events" | "leases" | "componentstatuses");
            if kept && verbs.contains(&json!("list")) {
                resources.push((group.clone(), name.to_owned()));
            }
        }
    }
    resources
}

/// Acts as the controllers of namespaces and claims: deletes the objects in terminating namespaces, including
/// those with finalizers, and then the namespaces.
fn empty_namespaces(admin: &Client) {
    for mut namespace in admin.list("/api/v1/namespaces") {
        if namespace["metadata"]["deletionTimestamp"].is_null() {
            continue;
        }
        let name = namespace["metadata"]["name"].clone();
        let name = name.as_str().expect("a name");
        for (group, resource) in resources(admin) {
            let collection = format!("{group}/namespaces/{name}/{resource}");
            let list = admin.get(&collection);
            // Cluster-scoped resources have no such collection.
            for item in list.body["items"].as_array().into_iter().flatten() {
                let item = item["metadata"]["name"].as_str().expect("a name");
                let path = format!("{collection}/{item}");
                let none = json!({"metadata": {"finalizers": null}});
                // Either request may find that it is already gone.
                admin.merge(&path, &none);
                admin.delete_path(&path);
            }
        }
        namespace["apiVersion"] = "v1".into();
        namespace["kind"] = "Namespace".into();
        namespace["spec"]["finalizers"] = json!([]);
        let path = format!("{}/finalize", path(&namespace));
        admin.put(&path, &namespace);
    }
}
