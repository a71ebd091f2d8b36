//! What is down lets nothing in.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::{Client, path};
use crate::ending::Ending;
use crate::foreign::of_nobody;
use crate::own::own;
use crate::plane::{APPS, Plane};
use crate::policies::{Mode, Profile};
use crate::process::until;

pub(crate) const SCENARIOS: [Scenario; 4] = [
    (
        "while the policy server is down, what the policies judge is refused, in either mode, and all else \
         goes on",
        policy_server_down,
    ),
    (
        "kube-system and Kubewarden's namespace are not locked out meanwhile",
        not_locked_out,
    ),
    (
        "a policy server that does not answer in time has everything that it judges refused; one that is \
         slow and in time does its work",
        slow,
    ),
    (
        "nothing wrong is let in while the policy server restarts under load",
        restarted_under_load,
    ),
];

/// For an API server that one may restart.
pub(crate) const RESTARTS: [Scenario; 1] = [(
    "nothing wrong is let in while the API server restarts under load",
    api_server_restarted,
)];

fn claim(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

fn service(namespace: &str, name: &str) -> Value {
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    });
    of_nobody(&mut service);
    service
}

fn config(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": own(namespace)},
        "data": {"a": "b"},
    })
}

fn secret(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "secret-store"},
            "data": [{"secretKey": "password", "remoteRef": {"key": "db"}}],
        },
    })
}

fn route(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {"parentRefs": [{"name": "internal-gateway", "namespace": own("gateway")}]},
    })
}

fn ingress(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
    })
}

fn policy_server_down(plane: &mut Plane) {
    plane.install_in(Profile::K3s, Mode::Monitor);
    plane.stop_policy_server();
    let refused = plane.admin.create(&claim(APPS, "monitored")).refused();
    assert!(refused.contains("failed calling webhook"), "{refused}");
    plane.start_policy_server();
    plane.install(Profile::K3s);

    plane.stop_policy_server();
    for object in [
        claim(APPS, "down"),
        service(APPS, "down"),
        secret(APPS, "down"),
        route(APPS, "down"),
        ingress(APPS, "down"),
    ] {
        let refused = plane.admin.create(&object).refused();
        assert!(refused.contains("failed calling webhook"), "{refused}");
        assert_eq!(plane.admin.get(&path(&object)).status, 404);
    }
    plane.person.create(&config(APPS, "goes-on")).accepted();
    plane.start_policy_server();
    let answer = plane.admin.create(&claim(APPS, "down")).accepted();
    assert_eq!(answer["spec"]["storageClassName"], "rwo-default");
}

fn not_locked_out(plane: &mut Plane) {
    plane.stop_policy_server();
    // The cluster's own storage, and what brings Kubewarden back.
    plane.admin.create(&claim("kube-system", "own")).accepted();
    plane.namespace("kubewarden", &Value::Null);
    let mut dns = service("kube-system", "dns");
    dns["spec"] = json!({"ports": [{"port": 53, "protocol": "UDP"}]});
    plane.admin.create(&dns).accepted();
    let ports = json!({"spec": {"ports": [{"port": 53, "protocol": "TCP"}]}});
    plane.admin.merge(&path(&dns), &ports).accepted();
    for object in [
        claim("kubewarden", "cache"),
        service("kubewarden", "policy-server"),
        config("kubewarden", "policies"),
        config("kube-system", "anything"),
    ] {
        plane.admin.create(&object).accepted();
    }
    plane.start_policy_server();
}

/// How long the policy server thinks where it is slow and in time, of the 10 seconds that it has.
const SLOW: Duration = Duration::from_secs(3);

fn slow(plane: &mut Plane) {
    let judged = [
        claim(APPS, "slow"),
        service(APPS, "slow"),
        secret(APPS, "slow"),
        route(APPS, "slow"),
    ];
    plane.pause_policy_server();
    let person = plane.person.clone();
    std::thread::scope(|scope| {
        // All at once: each takes as long as its policy may.
        let asked = judged.each_ref().map(|object| {
            let person = &person;
            scope.spawn(move || person.create(object))
        });
        plane.person.create(&config(APPS, "not-slow")).accepted();
        plane
            .admin
            .create(&claim("kube-system", "not-slow"))
            .accepted();
        for answer in asked {
            let refused = answer.join().expect("an answer").refused();
            assert!(refused.contains("failed calling webhook"), "{refused}");
            // Kubernetes' own limit, which the policies leave as it is.
            assert!(refused.contains("timeout=10s"), "{refused}");
            // Of the answer, or of the connection itself.
            let late = ["deadline exceeded", "TLS handshake timeout"];
            assert!(late.iter().any(|it| refused.contains(it)), "{refused}");
        }
    });
    for object in &judged {
        assert_eq!(plane.admin.get(&path(object)).status, 404);
    }
    let made = std::thread::scope(|scope| {
        let asked = scope.spawn(|| person.create(&judged[0]));
        // What is slow, and a claim that comes while it is.
        std::thread::sleep(SLOW);
        assert!(!asked.is_finished(), "nobody has judged it yet");
        plane.resume_policy_server();
        asked.join().expect("an answer").accepted()
    });
    assert_eq!(made["spec"]["storageClassName"], "rwo-default");
}

/// What people go on making while something restarts.
struct Sort {
    name: &'static str,
    make: fn(&str, &str) -> Value,
    /// Whether it may be stored as it is.
    right: fn(&Value) -> bool,
    /// Whether the policies refuse it.
    wrong: bool,
}

const SORTS: [Sort; 3] = [
    Sort {
        name: "claims",
        make: claim,
        right: |it| it["spec"]["storageClassName"] == "rwo-default",
        wrong: false,
    },
    Sort {
        name: "balancers",
        make: service,
        right: |it| it["metadata"]["annotations"]["metallb.io/address-pool"] == "default-pool",
        wrong: false,
    },
    Sort {
        name: "wrong secrets",
        make: |namespace, name| {
            let mut secret = secret(namespace, name);
            secret["spec"]["secretStoreRef"] = json!({"name": "secret-store"});
            secret
        },
        right: |_| false,
        wrong: true,
    },
];

/// How often a sort has had a verdict, and why it had none where it had none.
#[derive(Default)]
struct Count {
    verdicts: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Count {
    fn failures(&self) -> usize {
        self.failures.lock().expect("no panic").len()
    }

    fn last_failure(&self) -> Option<String> {
        self.failures.lock().expect("no panic").last().cloned()
    }
}

/// What makes a load of it: so many verdicts of each sort.
const LOAD: usize = 5;

/// Waits until each sort has had its verdicts, from now on.
fn until_loaded(counts: &[Count; 3]) {
    let verdicts = || {
        counts
            .each_ref()
            .map(|it| it.verdicts.load(Ordering::SeqCst))
    };
    let before = verdicts();
    until("every sort gets verdicts", || {
        let now = verdicts();
        let mut both = now.iter().zip(&before);
        match both.all(|(now, before)| *now >= before + LOAD) {
            true => Ok(()),
            false => Err(format!(
                "{before:?} {now:?} {:?}",
                counts.each_ref().map(Count::last_failure)
            )),
        }
    });
}

/// Makes objects of every sort, one after the other, before, while and after `disturb`, which is given
/// what each sort has had so far. What is stored in the end has to be right, and as much as was said to
/// be.
fn under_load(plane: &mut Plane, prefix: &str, disturb: impl FnOnce(&mut Plane, &[Count; 3])) {
    let ended = AtomicBool::new(false);
    let counts: [Count; 3] = Default::default();
    let client = plane.person.clone();
    let stored = std::thread::scope(|scope| {
        let loads = [0, 1, 2].map(|at| {
            let (client, ended, count) = (client.clone(), &ended, &counts[at]);
            let prefix = format!("{prefix}-{at}");
            scope.spawn(move || load(&client, &SORTS[at], &prefix, ended, count))
        });
        let ending = Ending(&ended);
        until_loaded(&counts);
        disturb(plane, &counts);
        until_loaded(&counts);
        drop(ending);
        loads.map(|it| it.join().expect("nothing wrong was let in"))
    });
    for (at, sort) in SORTS.iter().enumerate() {
        assert!(counts[at].failures() > 0, "{} noticed nothing", sort.name);
        let example = (sort.make)(APPS, "any");
        let list = path(&example);
        let list = list.strip_suffix("/any").expect("a name");
        let list = plane.admin.get(list).accepted();
        let mut found = 0;
        for item in list["items"].as_array().expect("a list") {
            let name = item["metadata"]["name"].as_str().expect("a name");
            if name.starts_with(&format!("{prefix}-{at}-")) {
                assert!((sort.right)(item), "{item:#}");
                found += 1;
            }
        }
        // One whose answer was lost may be there, too.
        assert!(found >= stored[at], "{}: {found} {}", sort.name, stored[at]);
        assert_eq!(found > 0, !sort.wrong, "{}", sort.name);
    }
}

/// How many were stored, by their answers.
fn load(client: &Client, sort: &Sort, prefix: &str, ended: &AtomicBool, count: &Count) -> usize {
    let mut stored = 0;
    for number in 0.. {
        if ended.load(Ordering::SeqCst) {
            return stored;
        }
        let object = (sort.make)(APPS, &format!("{prefix}-{number}"));
        let verdict = match client.try_create(&object) {
            Ok(answer) if answer.status < 300 => {
                assert!((sort.right)(&answer.body), "{answer:#?}");
                stored += 1;
                Ok(())
            }
            Ok(answer) if sort.wrong && answer.message().contains("denied the request") => Ok(()),
            Ok(answer) => Err(answer.message().to_owned()),
            Err(error) => Err(error),
        };
        match verdict {
            Ok(()) => {
                count.verdicts.fetch_add(1, Ordering::SeqCst);
            }
            Err(why) => {
                count.failures.lock().expect("no panic").push(why);
                // Whoever is refused the connection leaves it a moment to come back.
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    unreachable!("numbers do not end")
}

/// Waits until every sort has been left without a verdict.
fn until_noticed(counts: &[Count; 3]) {
    until("the loss is noticed", || {
        match counts.iter().all(|it| it.failures() > 0) {
            true => Ok(()),
            false => Err(format!("{:?}", counts.each_ref().map(Count::failures))),
        }
    });
}

fn restarted_under_load(plane: &mut Plane) {
    under_load(plane, "webhook", |plane, counts| {
        plane.stop_policy_server();
        until_noticed(counts);
        plane.start_policy_server();
    });
}

fn api_server_restarted(plane: &mut Plane) {
    // From the first request on that it answers at all: it is not ready before the policies are known.
    under_load(plane, "api-server", |plane, counts| {
        plane.kill_api_server();
        until_noticed(counts);
        plane.start_api_server();
    });
}
