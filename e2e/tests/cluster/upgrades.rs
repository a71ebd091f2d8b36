//! Upgrades of a policy whose module, settings and rules change: no object goes unchecked.
//!
//! The suite does what Kubewarden's controller does after a change of a ClusterAdmissionPolicy
//! (`internal/controller` of kubewarden-controller 1.36):
//!
//! - It writes module and settings to one ConfigMap, and starts a rolling update of the policy server
//!   (`policyserver_controller_configmap.go`, `policyserver_controller_deployment.go`). With the defaults of a
//!   Deployment, a new replica starts beside the old one, which ends when the new one is ready.
//! - It patches the webhook in place when only new replicas are left (`isPolicyUniquelyReachable` in
//!   `policy_subreconciler.go`), or already before: it may see the policy before the ConfigMap has changed.

use std::collections::BTreeSet;
use std::slice;

use serde_json::{Map, Value, json};

use crate::client::path;
use crate::cluster::{APPS, TestCluster};
use crate::fixtures::{HOSTNAME_ANNOTATION, object, route_to};
use crate::load::{Counts, Load, under_load, until_loaded};
use crate::policies::{self, DOMAIN, Mode, Policy, Profile};
use crate::process::until;
use crate::scenario::{Requirement, Scenario};
use crate::webhook_server::Replica;
use crate::webhooks::{self, UNREACHABLE, Webhooks};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "upgrades/apply",
        "applying the new ClusterAdmissionPolicy replaces module, settings and rules at once, but keeps settings \
         that another field manager added",
        apply,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "upgrades/settings",
        "while the module, settings and rules of a policy change under load, and change back, no object that \
         both versions reject is accepted, and none that both accept is rejected",
        settings,
    )
    .requires(Requirement::OwnPolicyServer),
    Scenario::new(
        "upgrades/invalid-settings",
        "if the new version rejects the settings, the old version continues; if that ends too, objects are \
         rejected until the settings are fixed",
        invalid_settings,
    )
    .requires(Requirement::OwnPolicyServer),
    Scenario::new(
        "upgrades/monitor",
        "a copy of the new version in monitor mode warns about what it would reject, while the old version is \
         enforced",
        monitor,
    )
    .requires(Requirement::OwnPolicyServer),
    Scenario::new(
        "upgrades/permissions",
        "until the policy server has the permissions of the new version, objects are rejected",
        permissions,
    )
    .requires(Requirement::OwnPolicyServer),
];

/// A namespace to which the policies delegate the host of the same name.
const OWNER: &str = "cr8tor";

fn hostname() -> String {
    format!("{OWNER}.{DOMAIN}")
}

fn annotated(mut object: Value) -> Value {
    object["metadata"]["annotations"][HOSTNAME_ANNOTATION] = hostname().into();
    object
}

/// Returns a Service with a hostname. Only the current version checks Services.
fn service(namespace: &str, name: &str) -> Value {
    let mut service = object("v1", "Service", namespace, name);
    service["spec"] = json!({"ports": [{"port": 80}]});
    annotated(service)
}

/// The objects on which both versions agree.
const LOADS: [Load; 2] = [
    Load {
        name: "routes",
        object: |_, name| route_to("HTTPRoute", OWNER, name, &hostname()),
        is_valid: |_| true,
        rejected: false,
    },
    Load {
        name: "routes with the hostname of another namespace",
        object: |_, name| route_to("HTTPRoute", APPS, name, &hostname()),
        is_valid: |_| false,
        rejected: true,
    },
];

/// A version of hostname-ownership, with a replica of the policy server that serves it.
struct Version {
    name: &'static str,
    policy: Policy,
    replica: Replica,
}

const PREVIOUS: &str = "previous";
const CURRENT: &str = "current";

/// When the controller updates the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WebhookUpdate {
    BeforeRollout,
    AfterRollout,
}

/// Returns the installed policy.
fn current() -> Policy {
    let policies = policies::of(Profile::K3s, Mode::Protect).into_iter();
    let mut policies = policies.filter(|it| it.name == "hostname-ownership");
    policies.next().expect("a policy of the plane")
}

/// Returns the policy with the module, settings and rules of `e2e/guests/previous`.
fn previous() -> Policy {
    let current = current();
    let delegation = current.settings()["delegation"].as_array();
    let owners = delegation.expect("a list").iter().map(|it| {
        let namespace = it["namespace"].as_str().expect("a name");
        (namespace.to_owned(), it["hosts"].clone())
    });
    let owners: Map<String, Value> = owners.collect();
    current.with_spec(|spec| {
        spec["module"] = "registry://example.org/previous:v0.0.1".into();
        spec["settings"] = json!({"domain": DOMAIN, "owners": owners});
        spec["contextAwareResources"] = json!([]);
        let rules = spec["rules"].as_array_mut().expect("rules");
        rules.retain(|rule| rule["apiGroups"] == json!(["gateway.networking.k8s.io"]));
    })
}

/// Starts a replica with these policies, and those of the suite that have other ids.
fn start(cluster: &TestCluster, changed: &[&Policy]) -> Result<Replica, String> {
    let is_changed = |policy: &Policy| changed.iter().any(|it| it.id() == policy.id());
    let mut policies = cluster.webhooks().policies().to_vec();
    policies.retain(|it| !is_changed(it));
    policies.extend(changed.iter().copied().cloned());
    Replica::start(cluster, policies).map_err(|error| error.to_string())
}

/// Replaces the installed version with the previous one. Returns both.
fn install_previous(cluster: &TestCluster) -> (Version, Version) {
    cluster.namespace(OWNER, &json!({}));
    let [previous, current] =
        [(PREVIOUS, previous()), (CURRENT, current())].map(|(name, policy)| {
            let replica = start(cluster, &[&policy]).expect("valid settings");
            Version {
                name,
                policy,
                replica,
            }
        });
    roll_out(
        cluster,
        [&current, &previous],
        WebhookUpdate::AfterRollout,
        &|| {},
    );
    (previous, current)
}

/// Upgrades from one version to another, and calls `observe` in every state of the cluster.
fn roll_out(
    cluster: &TestCluster,
    [old, new]: [&Version; 2],
    update: WebhookUpdate,
    observe: &dyn Fn(),
) {
    let webhooks = cluster.webhooks();
    if update == WebhookUpdate::BeforeRollout {
        update_webhook(cluster, new);
        observe();
    }
    webhooks.set_replicas(&[old.replica.clone(), new.replica.clone()]);
    let mut seen = BTreeSet::new();
    until("both versions serve", || {
        seen.insert(serving_version(cluster)?);
        match seen.len() {
            2 => Ok(()),
            _ => Err(format!("only {seen:?}")),
        }
    });
    observe();
    webhooks.set_replicas(slice::from_ref(&new.replica));
    assert_eq!(serving_version(cluster).as_deref(), Ok(new.name));
    observe();
    if update == WebhookUpdate::AfterRollout {
        update_webhook(cluster, new);
        observe();
    }
    check_verdicts(cluster, new);
}

fn patch_webhook(cluster: &TestCluster, policy: &Policy) {
    let mut webhook = webhooks::configuration(cluster, policy);
    let changes = json!({"webhooks": webhook["webhooks"].take()});
    cluster.admin.merge(&path(&webhook), &changes).accepted();
}

/// Patches the webhook, and waits until the API server sends Services to the policy if, and only if, the rules
/// of the version match them.
fn update_webhook(cluster: &TestCluster, version: &Version) {
    patch_webhook(cluster, &version.policy);
    until("the rules take effect", || {
        let response = cluster.developer.dry_run_create(&service(APPS, "probe"));
        let mut warnings = response.warnings.iter();
        let is_sent = !response.is_success() || warnings.any(|it| it.contains("previous version"));
        match is_sent == (version.name == CURRENT) {
            true => Ok(()),
            false => Err(format!("{response:?}")),
        }
    });
}

/// Returns the version that responds to a route on which the versions disagree.
fn serving_version(cluster: &TestCluster) -> Result<String, String> {
    let route = annotated(route_to("HTTPRoute", OWNER, "probe", &hostname()));
    let response = cluster.developer.dry_run_create(&route);
    match response.message() {
        _ if response.is_success() => Ok(CURRENT.to_owned()),
        message if message.contains("previous version: unsupported") => Ok(PREVIOUS.to_owned()),
        message => Err(message.to_owned()),
    }
}

/// Checks that the version is enforced: its verdicts on routes and Services.
fn check_verdicts(cluster: &TestCluster, version: &Version) {
    assert_eq!(serving_version(cluster).as_deref(), Ok(version.name));
    let [valid, invalid] = LOADS.each_ref().map(|it| (it.object)(APPS, "probe"));
    cluster.developer.dry_run_create(&valid).accepted();
    let message = cluster.developer.dry_run_create(&invalid).rejected();
    assert!(message.contains(&version.policy.id()), "{message}");
    let admit = |namespace| {
        let service = service(namespace, "probe");
        cluster.developer.dry_run_create(&service)
    };
    admit(OWNER).accepted();
    match version.name {
        PREVIOUS => drop(admit(APPS).accepted()),
        _ => {
            let message = admit(APPS).rejected();
            assert!(message.contains("[delegation]"), "{message}");
        }
    }
}

fn assert_no_failures(counts: &[Counts]) {
    for (load, counts) in LOADS.iter().zip(counts) {
        let failures = counts.failures();
        assert!(failures.is_empty(), "{}: {failures:#?}", load.name);
    }
}

fn apply(cluster: &mut TestCluster) {
    let [previous, current] = [previous(), current()].map(|it| it.resource());
    let created = cluster.admin.apply(&previous).accepted();
    assert_eq!(created["spec"]["settings"], previous["spec"]["settings"]);
    let applied = cluster.admin.apply(&current).accepted();
    for field in ["module", "settings", "rules", "contextAwareResources"] {
        assert_eq!(applied["spec"][field], current["spec"][field], "{field}");
    }

    let path = path(&current);
    let edited = json!({"spec": {"settings": {"edited": true}}});
    cluster.admin.merge(&path, &edited).accepted();
    let applied = cluster.admin.apply(&current).accepted();
    assert_eq!(applied["spec"]["settings"]["edited"], true);
    cluster.admin.delete_path(&path).accepted();
}

fn settings(cluster: &mut TestCluster) {
    let (previous, current) = install_previous(cluster);
    let counts = under_load(cluster, "upgrade", &LOADS, |cluster, counts| {
        for (versions, update) in [
            ([&previous, &current], WebhookUpdate::AfterRollout),
            ([&current, &previous], WebhookUpdate::BeforeRollout),
            ([&previous, &current], WebhookUpdate::BeforeRollout),
        ] {
            roll_out(cluster, versions, update, &|| until_loaded(counts));
        }
    });
    assert_no_failures(&counts);
}

fn invalid_settings(cluster: &mut TestCluster) {
    let (previous, current) = install_previous(cluster);
    let with_settings = |policy: &Policy, of: &Policy| {
        policy.with_spec(|spec| spec["settings"] = of.settings().clone())
    };
    let counts = under_load(cluster, "invalid-settings", &LOADS, |cluster, counts| {
        let policy = with_settings(&current.policy, &previous.policy);
        update_webhook(cluster, &current);
        let error = start(cluster, &[&policy]).err().expect("invalid settings");
        assert!(error.contains("owners"), "{error}");
        until_loaded(counts);
        // Going back to the previous module alone fails, too.
        let policy = with_settings(&previous.policy, &current.policy);
        let error = start(cluster, &[&policy]).err().expect("invalid settings");
        assert!(error.contains("unknown field"), "{error}");
        check_verdicts(cluster, &previous);
    });
    assert_no_failures(&counts);

    // A replica that restarts reads the new settings.
    cluster.webhooks().set_replicas(&[]);
    for load in &LOADS {
        let object = (load.object)(APPS, "unserved");
        let message = cluster.developer.create(&object).rejected();
        assert!(message.contains(UNREACHABLE), "{message}");
    }
    cluster
        .webhooks()
        .set_replicas(slice::from_ref(&current.replica));
    update_webhook(cluster, &current);
    check_verdicts(cluster, &current);
}

fn monitor(cluster: &mut TestCluster) {
    let (previous, current) = install_previous(cluster);
    let mut next = current
        .policy
        .with_spec(|spec| spec["mode"] = "monitor".into());
    next.name.push_str("-next");
    next.mode = Mode::Monitor;
    let replica = start(cluster, &[&previous.policy, &next]).expect("valid settings");
    cluster.webhooks().set_replicas(&[replica]);
    let webhook = webhooks::configuration(cluster, &next);
    cluster.admin.create(&webhook).accepted();
    let is_warned = || {
        let response = cluster.developer.dry_run_create(&service(APPS, "probe"));
        let warnings = response.warnings.join("\n");
        response.accepted();
        warnings.contains("not delegated")
    };
    let until_warned = |expected: bool| {
        until("the webhook takes effect", || {
            match is_warned() == expected {
                true => Ok(()),
                false => Err(format!("expected a warning: {expected}")),
            }
        });
    };
    until_warned(true);
    check_verdicts(cluster, &previous);

    // Kubewarden deletes the webhook before it changes the ConfigMap (`reconcilePolicyDeletion`).
    cluster.admin.delete(&webhook).accepted();
    until_warned(false);
    roll_out(
        cluster,
        [&previous, &current],
        WebhookUpdate::AfterRollout,
        &|| {},
    );
}

fn permissions(cluster: &mut TestCluster) {
    let (_, current) = install_previous(cluster);
    for mut object in policies::rbac() {
        if object["kind"] == "ClusterRole" {
            let rules = object["rules"].as_array_mut().expect("rules");
            rules.retain(|rule| rule["resources"] != json!(["ingresses"]));
            cluster.admin.apply(&object).accepted();
        }
    }
    cluster
        .webhooks()
        .set_replicas(slice::from_ref(&current.replica));
    patch_webhook(cluster, &current.policy);
    let [valid, invalid] = LOADS
        .each_ref()
        .map(|it| (it.object)(APPS, "not-permitted"));
    until("the permission is gone", || {
        let response = cluster.developer.dry_run_create(&valid);
        match response.message().contains(UNREACHABLE) {
            true => Ok(()),
            false => Err(format!("{response:?}")),
        }
    });
    for object in [&valid, &invalid] {
        cluster.developer.create(object).rejected();
    }

    Webhooks::grant(cluster);
    until("the permission takes effect", || {
        let response = cluster.developer.dry_run_create(&valid);
        match response.is_success() {
            true => Ok(()),
            false => Err(response.message().to_owned()),
        }
    });
    update_webhook(cluster, &current);
    check_verdicts(cluster, &current);
}
