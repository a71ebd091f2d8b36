//! What is down lets nothing in.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::path;
use crate::plane::{APPS, Plane};
use crate::process::until;

pub(crate) const SCENARIOS: [Scenario; 4] = [
    (
        "while the policy server is down, what the policies judge is refused and all else goes on",
        policy_server_down,
    ),
    (
        "kube-system and Kubewarden's namespace are not locked out meanwhile",
        not_locked_out,
    ),
    (
        "of the claims made while the policy server restarts, each is refused or has the right class",
        restarted_under_load,
    ),
    (
        "an API server that restarts asks the policies from its first request on",
        api_server_restarted,
    ),
];

fn claim(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

fn service(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    })
}

fn config(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"a": "b"},
    })
}

fn secret(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "secret-store"},
            "data": [{"secretKey": "password", "remoteRef": {"key": "db"}}],
        },
    })
}

fn policy_server_down(plane: &mut Plane) {
    plane.stop_policy_server();
    for object in [
        claim(APPS, "down"),
        service(APPS, "down"),
        secret(APPS, "down"),
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

fn restarted_under_load(plane: &mut Plane) {
    let ended = AtomicBool::new(false);
    let person = plane.person.clone();
    let (admitted, refused) = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let (mut admitted, mut refused) = (0, 0);
            for number in 0.. {
                let last = ended.load(Ordering::SeqCst);
                let answer = person.create(&claim(APPS, &format!("load-{number}")));
                match answer.status {
                    ..300 => {
                        let class = answer.body["spec"]["storageClassName"].clone();
                        assert_eq!(class, "rwo-default");
                        admitted += 1;
                    }
                    _ => {
                        let said = answer.message();
                        assert!(said.contains("failed calling webhook"), "{said}");
                        refused += 1;
                    }
                }
                if last && admitted > 0 && refused > 0 {
                    break;
                }
            }
            (admitted, refused)
        });
        plane.stop_policy_server();
        until("claims are refused", || {
            let answer = plane.admin.would_create(&claim(APPS, "probe"));
            match answer.status {
                ..300 => Err("accepted".to_owned()),
                _ => Ok(()),
            }
        });
        plane.start_policy_server();
        ended.store(true, Ordering::SeqCst);
        load.join().expect("no claim was wrong")
    });
    assert!(admitted > 0 && refused > 0, "{admitted} {refused}");
    let claims = plane
        .admin
        .get(&format!("/api/v1/namespaces/{APPS}/persistentvolumeclaims"));
    let claims = claims.accepted();
    let claims = claims["items"].as_array().expect("a list").iter();
    let loaded = claims.filter(|it| {
        let name = it["metadata"]["name"].as_str();
        name.is_some_and(|name| name.starts_with("load-"))
    });
    let mut count = 0;
    for claim in loaded {
        assert_eq!(claim["spec"]["storageClassName"], "rwo-default");
        count += 1;
    }
    assert_eq!(count, admitted);
}

fn api_server_restarted(plane: &mut Plane) {
    plane.kill_api_server();
    plane.start_api_server();
    // Not one slips through before the webhooks are known: it is ready when they are.
    let made = plane
        .person
        .create(&claim(APPS, "after-restart"))
        .accepted();
    assert_eq!(made["spec"]["storageClassName"], "rwo-default");
    let made = plane
        .person
        .create(&service(APPS, "after-restart"))
        .accepted();
    assert_eq!(
        made["metadata"]["annotations"]["metallb.io/address-pool"],
        "default-pool"
    );
    let mut wrong = secret(APPS, "after-restart");
    wrong["spec"]["secretStoreRef"] = json!({"name": "secret-store"});
    plane.person.create(&wrong).refused();
}
