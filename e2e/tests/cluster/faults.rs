//! Servers that are down or slow: the policies fail closed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::{APPS, TestCluster};
use crate::fixtures::{claim, config_map, external_secret, ingress, load_balancer, route_to};
use crate::load::{Counts, Load, under_load};
use crate::policies::{DOMAIN, Mode, Profile};
use crate::process::until;
use crate::scenario::{Requirement, Scenario};
use crate::webhooks::UNREACHABLE;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "faults/policy-server-down",
        "while the policy server is down, objects that the policies check are rejected in both modes, and all \
         others are accepted",
        policy_server_down,
    ),
    Scenario::new(
        "faults/no-lockout",
        "while the policy server is down, objects in kube-system and Kubewarden's namespace can be created and \
         changed",
        no_lockout,
    ),
    Scenario::new(
        "faults/slow-policy-server",
        "if the policy server exceeds the timeout, objects that the policies check are rejected; if it is \
         slow but responds in time, they are accepted",
        slow,
    ),
    Scenario::new(
        "faults/policy-server-restart",
        "no invalid object is accepted while the policy server restarts under load",
        policy_server_restart,
    ),
    Scenario::new(
        "faults/api-server-restart",
        "no invalid object is accepted while the API server restarts under load",
        api_server_restart,
    )
    .requires(Requirement::OwnApiServer),
];

/// Returns a route that the policies check.
fn route(namespace: &str, name: &str) -> Value {
    route_to("HTTPRoute", namespace, name, &format!("web.{DOMAIN}"))
}

fn policy_server_down(cluster: &mut TestCluster) {
    cluster.install_in(Profile::K3s, Mode::Monitor);
    cluster.stop_policy_server();
    let message = cluster.admin.create(&claim(APPS, "monitored")).rejected();
    assert!(message.contains(UNREACHABLE), "{message}");
    cluster.start_policy_server();
    cluster.install(Profile::K3s);

    cluster.stop_policy_server();
    for object in [
        claim(APPS, "down"),
        load_balancer(APPS, "down"),
        external_secret(APPS, "down"),
        route(APPS, "down"),
        ingress(APPS, "down"),
    ] {
        let message = cluster.admin.create(&object).rejected();
        assert!(message.contains(UNREACHABLE), "{message}");
        assert_eq!(cluster.admin.get(&path(&object)).status, 404);
    }
    cluster
        .developer
        .create(&config_map(APPS, "goes-on"))
        .accepted();
    cluster.start_policy_server();
    let created = cluster.admin.create(&claim(APPS, "down")).accepted();
    assert_eq!(created["spec"]["storageClassName"], "rwo-default");
}

fn no_lockout(cluster: &mut TestCluster) {
    cluster.stop_policy_server();
    // The cluster's own storage, and the objects that restart Kubewarden.
    cluster
        .admin
        .create(&claim("kube-system", "own"))
        .accepted();
    cluster.namespace("kubewarden", &Value::Null);
    let mut dns = load_balancer("kube-system", "dns");
    dns["spec"] = json!({"ports": [{"port": 53, "protocol": "UDP"}]});
    cluster.admin.create(&dns).accepted();
    let ports = json!({"spec": {"ports": [{"port": 53, "protocol": "TCP"}]}});
    cluster.admin.merge(&path(&dns), &ports).accepted();
    for object in [
        claim("kubewarden", "cache"),
        load_balancer("kubewarden", "policy-server"),
        config_map("kubewarden", "policies"),
        config_map("kube-system", "anything"),
    ] {
        cluster.admin.create(&object).accepted();
    }
    cluster.start_policy_server();
}

/// The response time of a slow policy server, within the timeout of 10 seconds.
const DELAY: Duration = Duration::from_secs(3);

fn slow(cluster: &mut TestCluster) {
    let objects = [
        claim(APPS, "slow"),
        load_balancer(APPS, "slow"),
        external_secret(APPS, "slow"),
        route(APPS, "slow"),
    ];
    cluster.pause_policy_server();
    let developer = cluster.developer.clone();
    std::thread::scope(|scope| {
        // In parallel, because each request takes the whole timeout.
        let requests = objects.each_ref().map(|object| {
            let developer = &developer;
            scope.spawn(move || developer.create(object))
        });
        cluster
            .developer
            .create(&config_map(APPS, "not-slow"))
            .accepted();
        cluster
            .admin
            .create(&claim("kube-system", "not-slow"))
            .accepted();
        for request in requests {
            let message = request.join().expect("a response").rejected();
            assert!(message.contains(UNREACHABLE), "{message}");
            // Kubernetes' default, which the policies do not change.
            assert!(message.contains("timeout=10s"), "{message}");
            // The deadline of the response or of the connection.
            let late = ["deadline exceeded", "TLS handshake timeout"];
            assert!(late.iter().any(|it| message.contains(it)), "{message}");
        }
    });
    for object in &objects {
        assert_eq!(cluster.admin.get(&path(object)).status, 404);
    }
    let created = std::thread::scope(|scope| {
        let request = scope.spawn(|| developer.create(&objects[0]));
        std::thread::sleep(DELAY);
        assert!(
            !request.is_finished(),
            "the policy server has not responded"
        );
        cluster.resume_policy_server();
        request.join().expect("a response").accepted()
    });
    assert_eq!(created["spec"]["storageClassName"], "rwo-default");
}

const LOADS: [Load; 3] = [
    Load {
        name: "claims",
        object: claim,
        is_valid: |it| it["spec"]["storageClassName"] == "rwo-default",
        rejected: false,
    },
    Load {
        name: "balancers",
        object: load_balancer,
        is_valid: |it| it["metadata"]["annotations"]["metallb.io/address-pool"] == "default-pool",
        rejected: false,
    },
    Load {
        name: "invalid secrets",
        object: |namespace, name| {
            let mut secret = external_secret(namespace, name);
            secret["spec"]["secretStoreRef"] = json!({"name": "secret-store"});
            secret
        },
        is_valid: |_| false,
        rejected: true,
    },
];

/// Waits until every load has a failed request.
fn until_failing(counts: &[Counts]) {
    until("requests of every load fail", || {
        match counts.iter().all(|it| !it.failures().is_empty()) {
            true => Ok(()),
            false => Err(format!("{counts:?}")),
        }
    });
}

fn policy_server_restart(cluster: &mut TestCluster) {
    under_load(cluster, "webhook", &LOADS, |cluster, counts| {
        cluster.stop_policy_server();
        until_failing(counts);
        cluster.start_policy_server();
    });
}

fn api_server_restart(cluster: &mut TestCluster) {
    // The API server is not ready before it has loaded the webhooks.
    under_load(cluster, "api-server", &LOADS, |cluster, counts| {
        cluster.kill_api_server();
        until_failing(counts);
        cluster.start_api_server();
    });
}
