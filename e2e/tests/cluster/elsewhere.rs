//! The suite on a cluster of others: here an API server that it has not started, with what such a
//! cluster has.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::{Client, path};
use crate::ending::Ending;
use crate::foreign;
use crate::plane::{Lab, Plane};
use crate::process::until;

pub(crate) const SCENARIOS: [Scenario; 3] = [
    (
        "the suite runs on a cluster of others, and leaves every object there as it was",
        nothing_left,
    ),
    (
        "a run that is interrupted leaves nothing there either",
        interrupted,
    ),
    (
        "it does not begin on a cluster that has the plane",
        plane_is_there,
    ),
];

/// Where the other cluster's processes listen.
const PLACE: u8 = 10;

/// The suite, as `cargo xtask e2e cluster --kubeconfig FILE --context e2e` runs it.
fn suite(plane: &Plane, lab: &Lab) -> Command {
    let kubeconfig = plane.path().join("elsewhere.kubeconfig");
    let config = lab.admin().kubeconfig();
    std::fs::write(&kubeconfig, config.to_string()).expect("a file");
    let mut suite = Command::new(std::env::current_exe().expect("this program"));
    suite
        .env(foreign::KUBECONFIG, kubeconfig)
        .env(foreign::CONTEXT, "e2e")
        .env_remove(crate::report::FILE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    suite
}

/// Runs the suite beside the other cluster's own controllers, and `meanwhile` again and again until that
/// has done what it is for.
fn run(
    admin: &Client,
    mut suite: Command,
    mut meanwhile: impl FnMut(u32) -> bool + Send,
) -> Output {
    let ended = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ending = Ending(ended);
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
            assert!(done, "the suite has not come to what was waited for");
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

/// Holds what is there to what was there.
#[track_caller]
fn assert_same(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    for (path, object) in before {
        assert_eq!(after.get(path), Some(object), "{path}");
    }
    let mut added = after.keys().filter(|it| !before.contains_key(*it));
    assert_eq!(added.next(), None);
}

fn claim_of_others(name: &str) -> Value {
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
        "provisioner": "example.org/others",
    })
}

fn nothing_left(plane: &mut Plane) {
    let lab = Lab::start(PLACE);
    let admin = Client::new(lab.admin());
    // As kind and k3d have one, of which a claim shows that it serves.
    admin.create(&class("standard")).accepted();
    let served = |name: &str| {
        let claim = admin.create(&claim_of_others(name)).accepted();
        assert_eq!(claim["spec"]["storageClassName"], "standard");
        claim
    };
    served("before");
    // A kind that the suite wants, too.
    let mut kind = plane.admin.get(GATEWAYS).accepted();
    kind["metadata"] = json!({
        "name": kind["metadata"]["name"], "annotations": kind["metadata"]["annotations"],
    });
    admin.create(&kind).accepted();

    let before = settled(&admin);
    assert!(before.len() > 100, "{} objects", before.len());
    // Who makes a claim while the suite's classes and policies are there notices nothing of them.
    let output = run(&admin, suite(plane, &lab), |_| {
        let is_there = has_webhooks(&admin);
        if is_there {
            let claim = served("meanwhile");
            admin.delete(&claim).accepted();
            let released = json!({"metadata": {"finalizers": null}});
            admin.merge(&path(&claim), &released);
        }
        is_there
    });
    let (said, errors) = text(&output);
    assert!(output.status.success(), "{said}\n{errors}");
    let passed = said.matches("... ok\n").count();
    assert!(passed > 20, "{said}");
    assert_same(&before, &everything(&admin));
}

/// Whether a cluster has webhooks.
fn has_webhooks(admin: &Client) -> bool {
    ["mutating", "validating"].into_iter().any(|sort| {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{sort}webhookconfigurations");
        let list = admin.get(&path).accepted();
        list["items"].as_array().is_some_and(|it| !it.is_empty())
    })
}

fn interrupted(plane: &mut Plane) {
    let lab = Lab::start(PLACE);
    let admin = Client::new(lab.admin());
    admin.create(&class("standard")).accepted();
    let before = settled(&admin);
    let output = run(&admin, suite(plane, &lab), |id| {
        let is_there = has_webhooks(&admin);
        if is_there {
            let told = Command::new("kill").arg(id.to_string()).status();
            assert!(told.is_ok_and(|it| it.success()));
        }
        is_there
    });
    let (said, errors) = text(&output);
    assert!(!output.status.success(), "{said}\n{errors}");
    assert!(
        said.contains("interrupted") || errors.contains("interrupted"),
        "{said}\n{errors}"
    );
    assert_same(&before, &everything(&admin));
}

fn plane_is_there(plane: &mut Plane) {
    let lab = Lab::start(PLACE);
    let admin = Client::new(lab.admin());
    admin.create(&class("rwo-default")).accepted();
    let before = settled(&admin);
    let output = run(&admin, suite(plane, &lab), |_| true);
    let (said, _) = text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(said.contains("storageclasses/rwo-default"), "{said}");
    assert_eq!(everything(&admin), before);
}

const GATEWAYS: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.gateway.networking.k8s.io";

/// Everything that the API server stores, by its path, but for what it writes about itself all the time.
fn everything(admin: &Client) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (group, resource) in resources(admin) {
        let list = admin.get(&format!("{group}/{resource}")).accepted();
        for item in list["items"].as_array().expect("a list") {
            let text = |field: &str| {
                item["metadata"][field]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let path = format!("{group}/{resource} {}/{}", text("namespace"), text("name"));
            all.insert(path, item.clone());
        }
    }
    all
}

/// The same, once a new API server has made its own objects.
fn settled(admin: &Client) -> BTreeMap<String, Value> {
    let mut last = everything(admin);
    until("the API server settles", || {
        let now = everything(admin);
        let same = now == last && now.keys().any(|it| it.contains("clusterrolebindings"));
        last = now;
        match same {
            true => Ok(()),
            false => Err("it still makes objects".to_owned()),
        }
    });
    last
}

/// The kinds that can be listed, each with the path of its group.
fn resources(admin: &Client) -> Vec<(String, String)> {
    let mut groups = vec!["/api/v1".to_owned()];
    let listed = admin.get("/apis").accepted();
    for group in listed["groups"].as_array().expect("groups") {
        let version = &group["preferredVersion"]["groupVersion"];
        groups.push(format!("/apis/{}", version.as_str().expect("a version")));
    }
    let mut resources = Vec::new();
    for group in groups {
        // A group may have gone with its last kind, or be so new that it has none yet.
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

/// Plays the controllers of namespaces and of claims: what is in a namespace that is being deleted goes,
/// finalizers or not, and the namespace after it.
fn empty_namespaces(admin: &Client) {
    let list = admin.get("/api/v1/namespaces").accepted();
    for mut namespace in list["items"].as_array().expect("a list").clone() {
        if namespace["metadata"]["deletionTimestamp"].is_null() {
            continue;
        }
        let name = namespace["metadata"]["name"].clone();
        let name = name.as_str().expect("a name");
        for (group, resource) in resources(admin) {
            let collection = format!("{group}/namespaces/{name}/{resource}");
            let list = admin.get(&collection);
            // Of kinds that are in no namespace there are none.
            for item in list.body["items"].as_array().into_iter().flatten() {
                let item = item["metadata"]["name"].as_str().expect("a name");
                let path = format!("{collection}/{item}");
                let none = json!({"metadata": {"finalizers": null}});
                // It may be gone already.
                admin.merge(&path, &none);
                let gone = admin.ask("DELETE", &path, "", None);
                gone.expect("an answer");
            }
        }
        namespace["apiVersion"] = "v1".into();
        namespace["kind"] = "Namespace".into();
        namespace["spec"]["finalizers"] = json!([]);
        let path = format!("{}/finalize", path(&namespace));
        let done = admin.ask("PUT", &path, "application/json", Some(&namespace));
        done.expect("an answer");
    }
}
