//! Load balancers, which are internal in their first stored version.

use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::{APPS, TestCluster};
use crate::existing::{set_owner, set_unhandled_class};
use crate::fixtures::load_balancer_without_class;
use crate::kubectl::{kubectl, manifest};
use crate::policies::Profile;
use crate::prefix::prefixed;
use crate::scenario::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "services/first-version",
        "the Service that Cilium creates for a Gateway is internal in its first stored version, for every \
         provider",
        first_version,
    ),
    Scenario::new(
        "services/later-updates",
        "the Service of a Gateway stays internal when its controller patches or updates it",
        later_updates,
    ),
    Scenario::new(
        "services/change-of-type",
        "a Service whose type changes to LoadBalancer is made internal",
        change_of_type,
    ),
    Scenario::new(
        "services/gateway",
        "a Gateway gets the annotations that its controller copies to the Service, for every provider, and its \
         manifest can be applied again",
        gateway,
    ),
    Scenario::new(
        "services/public-annotation",
        "a Service that requests a public load balancer is made internal, with a warning",
        conflict,
    ),
];

/// Returns the annotations that make a load balancer internal.
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

/// Returns the Service that Cilium creates for a Gateway: with labels and an owner, without annotations.
fn gateway_service(name: &str) -> Value {
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": format!("cilium-gateway-{name}"),
            "namespace": prefixed(APPS),
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
    set_owner(&mut service, owner);
    set_unhandled_class(&mut service);
    service
}

fn stored(cluster: &TestCluster, object: &Value) -> Value {
    cluster.admin.get(&path(object)).accepted()
}

fn first_version(cluster: &mut TestCluster) {
    for profile in Profile::ALL {
        if cluster.is_existing() && profile != Profile::K3s {
            // Only MetalLB reads its annotations for the class of the suite's load balancers.
            continue;
        }
        cluster.install(profile);
        let service = gateway_service(&format!("first-{}", profile.name()));
        let created = cluster.admin.create(&service).accepted();
        let version = &created["metadata"]["resourceVersion"];
        // The stored version is the first one, so no version existed without the annotations.
        let stored = stored(cluster, &service);
        assert_eq!(&stored["metadata"]["resourceVersion"], version);
        assert_internal(&stored["metadata"]["annotations"], profile);
        assert_eq!(stored["metadata"]["labels"], service["metadata"]["labels"]);
    }
    assert_eq!(
        Profile::ALL.last(),
        Some(&Profile::K3s),
        "the installed profile"
    );
}

fn later_updates(cluster: &mut TestCluster) {
    let service = gateway_service("updated");
    cluster.admin.create(&service).accepted();
    // The controller patches the metadata when the Gateway changes.
    let labels = json!({"metadata": {"labels": {"changed": "yes"}, "annotations": {"a": "b"}}});
    cluster.admin.merge(&path(&service), &labels).accepted();
    assert_internal(
        &stored(cluster, &service)["metadata"]["annotations"],
        Profile::K3s,
    );
    // An update that changes only the spec.
    let mut read = stored(cluster, &service);
    read["spec"]["ports"] = json!([{"name": "port-8080", "port": 8080, "protocol": "TCP"}]);
    let replaced = cluster.admin.replace(&read).accepted();
    assert_internal(&replaced["metadata"]["annotations"], Profile::K3s);
    // A patch that removes the annotations.
    let none = json!({"metadata": {"annotations": null}});
    let stripped = cluster.admin.merge(&path(&service), &none).accepted();
    assert_internal(&stripped["metadata"]["annotations"], Profile::K3s);
}

fn change_of_type(cluster: &mut TestCluster) {
    let mut service = gateway_service("node-port");
    service["spec"] = json!({"type": "NodePort", "ports": service["spec"]["ports"]});
    let created = cluster.admin.create(&service).accepted();
    let annotations = &created["metadata"]["annotations"];
    assert!(annotations.is_null(), "{created:#}");
    let mut change = json!({"spec": {"type": "LoadBalancer"}});
    set_unhandled_class(&mut change);
    let changed = cluster.developer.merge(&path(&service), &change).accepted();
    assert_internal(&changed["metadata"]["annotations"], Profile::K3s);
}

fn gateway_of(name: &str) -> Value {
    let mut gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": prefixed("gateway")},
        "spec": {
            "gatewayClassName": "cilium",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    });
    set_unhandled_class(&mut gateway);
    gateway
}

fn gateway(cluster: &mut TestCluster) {
    let arguments = ["apply", "-f", "-"];
    for profile in Profile::ALL {
        cluster.install(profile);
        let gateway = gateway_of(&format!("of-{}", profile.name()));
        kubectl(cluster, &arguments, &manifest(&gateway)).success();
        let stored = stored(cluster, &gateway);
        let infrastructure = &stored["spec"]["infrastructure"];
        assert_internal(&infrastructure["annotations"], profile);
    }
    let gateway = gateway_of("inner");
    kubectl(cluster, &arguments, &manifest(&gateway)).success();
    let first = stored(cluster, &gateway);
    assert_internal(
        &first["spec"]["infrastructure"]["annotations"],
        Profile::K3s,
    );
    // Cilium copies them to its Service, which the policy then does not mutate.
    let mut service = gateway_service("inner");
    service["metadata"]["annotations"] = first["spec"]["infrastructure"]["annotations"].clone();
    let response = cluster.admin.create(&service);
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
    assert_internal(
        &response.accepted()["metadata"]["annotations"],
        Profile::K3s,
    );

    kubectl(cluster, &arguments, &manifest(&gateway)).success();
    let again = stored(cluster, &gateway);
    assert_eq!(again["spec"], first["spec"]);
    assert_eq!(
        again["metadata"]["generation"],
        first["metadata"]["generation"]
    );
}

fn conflict(cluster: &mut TestCluster) {
    cluster.install(Profile::Aws);
    let mut service = load_balancer_without_class(APPS, "public");
    let scheme = "service.beta.kubernetes.io/aws-load-balancer-scheme";
    service["metadata"]["annotations"] = json!({scheme: "internet-facing"});
    let arguments = ["apply", "--dry-run=server", "-o", "json", "-f", "-"];
    let terminal = kubectl(cluster, &arguments, &manifest(&service)).success();
    assert!(
        terminal.errors.contains("internet-facing"),
        "{}",
        terminal.errors
    );
    let shown: Value = serde_json::from_str(&terminal.output).expect("JSON");
    assert_internal(&shown["metadata"]["annotations"], Profile::Aws);
    cluster.install(Profile::K3s);
}
