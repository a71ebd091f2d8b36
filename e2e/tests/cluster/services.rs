//! Load balancers, which are internal from their first moment.

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::path;
use crate::foreign::{is_about_nobody, of_nobody, owned_by};
use crate::kubectl::{kubectl, manifest};
use crate::own::own;
use crate::plane::{APPS, Plane};
use crate::policies::Profile;

pub(crate) const SCENARIOS: [Scenario; 5] = [
    (
        "the Service that Cilium makes for a Gateway is internal in its first stored version, on every \
         vendor",
        first_version,
    ),
    (
        "the controller's later merges and updates leave it internal",
        later_updates,
    ),
    (
        "a Service that becomes a load balancer becomes an internal one",
        change_of_type,
    ),
    (
        "a Gateway gets the annotations that its controller hands on, on every vendor, and its manifest \
         applies again",
        gateway,
    ),
    (
        "whoever says public is brought back to internal and sees a warning",
        conflict,
    ),
];

/// The internal set of a vendor; what follows the first is given beside it.
fn internal(profile: Profile) -> &'static [(&'static str, &'static str)] {
    match profile {
        Profile::Azure => &[
            (
                "service.beta.kubernetes.io/azure-load-balancer-internal",
                "true",
            ),
            (
                "service.beta.kubernetes.io/azure-load-balancer-internal-subnet",
                "snet-clusteringressservices",
            ),
        ],
        Profile::Aws => &[
            (
                "service.beta.kubernetes.io/aws-load-balancer-scheme",
                "internal",
            ),
            (
                "service.beta.kubernetes.io/aws-load-balancer-type",
                "external",
            ),
        ],
        Profile::K3s => &[("metallb.io/address-pool", "default-pool")],
    }
}

#[track_caller]
fn assert_internal(annotations: &Value, profile: Profile) {
    for (key, value) in internal(profile) {
        assert_eq!(
            annotations[key], *value,
            "{profile:?} {key} in {annotations:#}"
        );
    }
}

/// What Cilium creates for a Gateway: no annotations, but labels and an owner.
fn of_gateway(name: &str) -> Value {
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": format!("cilium-gateway-{name}"),
            "namespace": own(APPS),
            "labels": {
                "gateway.networking.k8s.io/gateway-name": name,
                "io.cilium.gateway/owning-gateway": name,
            },
        },
        "spec": {
            "type": "LoadBalancer",
            "ports": [
                {"name": "port-80", "port": 80, "protocol": "TCP"},
                {"name": "port-443", "port": 443, "protocol": "TCP"},
            ],
        },
    });
    let owner = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "name": name,
        "controller": true,
    });
    owned_by(&mut service, owner);
    of_nobody(&mut service);
    service
}

fn stored(plane: &Plane, object: &Value) -> Value {
    plane.admin.get(&path(object)).accepted()
}

fn first_version(plane: &mut Plane) {
    for profile in Profile::ALL {
        plane.install(profile);
        let service = of_gateway(&format!("first-{}", profile.name()));
        let made = plane.admin.create(&service).accepted();
        let version = &made["metadata"]["resourceVersion"];
        // No version of it was ever without: the first is the one that is stored.
        let stored = stored(plane, &service);
        assert_eq!(&stored["metadata"]["resourceVersion"], version);
        assert_internal(&stored["metadata"]["annotations"], profile);
        assert_eq!(stored["metadata"]["labels"], service["metadata"]["labels"]);
    }
    assert_eq!(
        Profile::ALL.last(),
        Some(&Profile::K3s),
        "what is installed now"
    );
}

fn later_updates(plane: &mut Plane) {
    let service = of_gateway("updated");
    plane.admin.create(&service).accepted();
    // Merges of the metadata, as the controller does when the Gateway changes.
    let labels = json!({"metadata": {"labels": {"changed": "yes"}, "annotations": {"a": "b"}}});
    plane.admin.merge(&path(&service), &labels).accepted();
    assert_internal(
        &stored(plane, &service)["metadata"]["annotations"],
        Profile::K3s,
    );
    // The spec in whole, the rest as it was read.
    let mut read = stored(plane, &service);
    read["spec"]["ports"] = json!([{"name": "port-8080", "port": 8080, "protocol": "TCP"}]);
    let replaced = plane.admin.replace(&read).accepted();
    assert_internal(&replaced["metadata"]["annotations"], Profile::K3s);
    // A client that takes the annotations away does not get far.
    let none = json!({"metadata": {"annotations": null}});
    let stripped = plane.admin.merge(&path(&service), &none).accepted();
    assert_internal(&stripped["metadata"]["annotations"], Profile::K3s);
}

fn change_of_type(plane: &mut Plane) {
    let mut service = of_gateway("node-port");
    service["spec"] = json!({"type": "NodePort", "ports": service["spec"]["ports"]});
    let made = plane.admin.create(&service).accepted();
    assert!(made["metadata"]["annotations"].is_null(), "{made:#}");
    let mut change = json!({"spec": {"type": "LoadBalancer"}});
    of_nobody(&mut change);
    let changed = plane.person.merge(&path(&service), &change).accepted();
    assert_internal(&changed["metadata"]["annotations"], Profile::K3s);
}

fn gateway_of(name: &str) -> Value {
    let mut gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": own("gateway")},
        "spec": {
            "gatewayClassName": "cilium",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    });
    of_nobody(&mut gateway);
    gateway
}

fn gateway(plane: &mut Plane) {
    let arguments = ["apply", "-f", "-"];
    for profile in Profile::ALL {
        plane.install(profile);
        let gateway = gateway_of(&format!("of-{}", profile.name()));
        kubectl(plane, &arguments, &manifest(&gateway)).success();
        let stored = stored(plane, &gateway);
        let infrastructure = &stored["spec"]["infrastructure"];
        assert_internal(&infrastructure["annotations"], profile);
    }
    let gateway = gateway_of("inner");
    kubectl(plane, &arguments, &manifest(&gateway)).success();
    let first = stored(plane, &gateway);
    assert_internal(
        &first["spec"]["infrastructure"]["annotations"],
        Profile::K3s,
    );
    // Cilium hands them on; its Service is then right without the policy's doing.
    let mut service = of_gateway("inner");
    service["metadata"]["annotations"] = first["spec"]["infrastructure"]["annotations"].clone();
    let mut answer = plane.admin.create(&service);
    answer.warnings.retain(|it| !is_about_nobody(it));
    assert!(answer.warnings.is_empty(), "{:?}", answer.warnings);
    assert_internal(&answer.accepted()["metadata"]["annotations"], Profile::K3s);

    kubectl(plane, &arguments, &manifest(&gateway)).success();
    let again = stored(plane, &gateway);
    assert_eq!(again["spec"], first["spec"]);
    assert_eq!(
        again["metadata"]["generation"],
        first["metadata"]["generation"]
    );
}

fn conflict(plane: &mut Plane) {
    plane.install(Profile::Aws);
    let mut service = of_gateway("public");
    let scheme = "service.beta.kubernetes.io/aws-load-balancer-scheme";
    service["metadata"]["annotations"] = json!({scheme: "internet-facing"});
    let terminal = kubectl(plane, &["apply", "-f", "-"], &manifest(&service)).success();
    assert!(
        terminal.errors.contains("internet-facing"),
        "{}",
        terminal.errors
    );
    let annotations = &stored(plane, &service)["metadata"]["annotations"];
    assert_internal(annotations, Profile::Aws);
    plane.install(Profile::K3s);
}
