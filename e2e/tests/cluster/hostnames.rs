//! Hostnames: only one namespace can use a hostname.

use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::{APPS, TestCluster};
use crate::fixtures::route_to;
use crate::kubectl::{kubectl, manifest};
use crate::policies::DOMAIN;
use crate::prefix::prefixed;
use crate::process::until;
use crate::scenario::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "hostnames/conflict",
        "a hostname that a route in another namespace uses is rejected, across HTTPRoutes and GRPCRoutes, \
         until that route is deleted",
        conflict,
    ),
    Scenario::new(
        "hostnames/delegated",
        "a namespace can use the hostnames that are delegated to it and no others",
        delegated,
    ),
];

/// The namespace to which the policies of K3s delegate the hostname `portal`.
const OWNER: &str = "backend";

fn portal(kind: &str, namespace: &str, name: &str) -> Value {
    route_to(kind, namespace, name, &format!("portal.{DOMAIN}"))
}

fn strays() -> [Value; 2] {
    [
        portal("HTTPRoute", APPS, "stray"),
        portal("GRPCRoute", APPS, "stray"),
    ]
}

/// Creates routes before the policies are installed, for a hostname that the policies delegate to another
/// namespace.
pub(crate) fn before(cluster: &TestCluster) {
    cluster.namespace(OWNER, &json!({}));
    for stray in strays() {
        cluster.developer.create(&stray).accepted();
    }
}

fn conflict(cluster: &mut TestCluster) {
    let wanted = [
        portal("HTTPRoute", OWNER, "portal"),
        portal("GRPCRoute", OWNER, "portal"),
    ];
    for stray in strays() {
        let (kind, name) = (stray["kind"].as_str(), stray["metadata"]["name"].as_str());
        let taken = format!(
            "is taken by {} `{}/{}`",
            kind.expect("a kind"),
            prefixed(APPS),
            name.expect("a name")
        );
        for wanted in &wanted {
            until("the policy knows the stray route", || {
                let response = cluster.developer.dry_run_create(wanted);
                match response.message().contains(&taken) {
                    true => Ok(()),
                    false => Err(format!("{response:?}")),
                }
            });
            let terminal = kubectl(cluster, &["apply", "-f", "-"], &manifest(wanted));
            assert!(!terminal.succeeded, "{terminal:#?}");
            assert!(terminal.errors.contains(&taken), "{}", terminal.errors);
            assert_eq!(cluster.admin.get(&path(wanted)).status, 404);
        }
        cluster.developer.delete(&stray).accepted();
    }
    for wanted in &wanted {
        until("the host is free", || {
            let response = cluster.developer.dry_run_create(wanted);
            match response.is_success() {
                true => Ok(()),
                false => Err(response.message().to_owned()),
            }
        });
        // Routes of one namespace may share a host.
        let response = cluster.developer.create(wanted);
        assert!(response.warnings.is_empty(), "{:?}", response.warnings);
        response.accepted();
    }
}

fn delegated(cluster: &mut TestCluster) {
    for kind in ["HTTPRoute", "GRPCRoute"] {
        let message = cluster
            .developer
            .create(&portal(kind, APPS, "second"))
            .rejected();
        assert!(message.contains("[delegation]"), "{kind}: {message}");
    }
    let mut outside = portal("HTTPRoute", OWNER, "outside");
    outside["spec"]["hostnames"] = json!(["portal.example.org"]);
    let message = cluster.developer.create(&outside).rejected();
    assert!(message.contains("[domain]"), "{message}");
}
