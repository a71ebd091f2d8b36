//! Hostnames, of which each belongs to one namespace.

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::path;
use crate::kubectl::{kubectl, manifest};
use crate::own::own;
use crate::plane::{APPS, Plane};
use crate::policies::DOMAIN;
use crate::process::until;

pub(crate) const SCENARIOS: [Scenario; 2] = [
    (
        "a hostname that a route of another namespace has is refused, between HTTPRoutes and GRPCRoutes \
         too, until that route is deleted",
        taken,
    ),
    (
        "a namespace gets the hosts that are delegated to it and no others",
        delegated,
    ),
];

/// The namespace that the policies of K3s give the host `portal`.
const OWNER: &str = "backend";

fn route(kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": own(namespace)},
        "spec": {
            "parentRefs": [{"name": "internal-gateway", "namespace": own("gateway")}],
            "hostnames": [format!("portal.{DOMAIN}")],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
        },
    })
}

fn strays() -> [Value; 2] {
    [
        route("HTTPRoute", APPS, "stray-http"),
        route("GRPCRoute", APPS, "stray-grpc"),
    ]
}

/// Routes from before the policies, to a host that the policies give to another namespace.
pub(crate) fn before(plane: &Plane) {
    plane.namespace(OWNER, &json!({}));
    for stray in strays() {
        plane.person.create(&stray).accepted();
    }
}

fn taken(plane: &mut Plane) {
    let wanted = [
        route("HTTPRoute", OWNER, "portal"),
        route("GRPCRoute", OWNER, "portal"),
    ];
    for stray in strays() {
        let (kind, name) = (stray["kind"].as_str(), stray["metadata"]["name"].as_str());
        let owner = format!(
            "is taken by {} `{}/{}`",
            kind.expect("a kind"),
            own(APPS),
            name.expect("a name")
        );
        for wanted in &wanted {
            until("the stray route is seen", || {
                let answer = plane.person.would_create(wanted);
                match answer.message().contains(&owner) {
                    true => Ok(()),
                    false => Err(format!("{answer:?}")),
                }
            });
            let terminal = kubectl(plane, &["apply", "-f", "-"], &manifest(wanted));
            assert!(!terminal.succeeded, "{terminal:#?}");
            assert!(terminal.errors.contains(&owner), "{}", terminal.errors);
            assert_eq!(plane.admin.get(&path(wanted)).status, 404);
        }
        plane.person.delete(&stray).accepted();
    }
    for wanted in &wanted {
        until("the host is free", || {
            let answer = plane.person.would_create(wanted);
            match answer.status {
                ..300 => Ok(()),
                _ => Err(answer.message().to_owned()),
            }
        });
        // The second is of the same namespace, which may share its host.
        let answer = plane.person.create(wanted);
        assert!(answer.warnings.is_empty(), "{:?}", answer.warnings);
        answer.accepted();
    }
}

fn delegated(plane: &mut Plane) {
    for kind in ["HTTPRoute", "GRPCRoute"] {
        let refused = plane.person.create(&route(kind, APPS, "second"));
        let refused = refused.refused();
        assert!(refused.contains("[delegation]"), "{kind}: {refused}");
    }
    let mut outside = route("HTTPRoute", OWNER, "outside");
    outside["spec"]["hostnames"] = json!(["portal.example.org"]);
    let refused = plane.person.create(&outside).refused();
    assert!(refused.contains("[domain]"), "{refused}");
}
