//! The ways round the policies that `docs/threat-model.md` lists, tried by a project admin: an account with the
//! role `edit` in one namespace.

mod hostnames;
mod traffic;

use serde_json::{Value, json};

use crate::client::{Client, Response, path};
use crate::cluster::{APPS, TestCluster};
use crate::crds;
use crate::fixtures::{claim, external_secret, load_balancer, object};
use crate::policies::Profile;
use crate::prefix::prefixed;
use crate::process::until;
use crate::rendered;
use crate::scenario::{Requirement, Scenario};
use crate::service_accounts::ServiceAccount;
use Expected::{Rejected, Stored};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "project-admin/permissions",
        "the role `edit` does not permit what would switch policies off or reach other namespaces",
        permissions,
    ),
    Scenario::new(
        "project-admin/load-balancers",
        "no Service or Ingress of a project admin becomes public, for every provider",
        load_balancers,
    ),
    Scenario::new(
        "project-admin/finalizer",
        "a load balancer that a finalizer keeps after its deletion stays internal, until the finalizer is removed",
        finalizer,
    ),
    Scenario::new(
        "project-admin/storage",
        "a claim for an ignored source gets a class of the plane",
        storage,
    ),
    Scenario::new(
        "project-admin/secrets",
        "a project admin cannot read secrets of other projects or send secrets out",
        secrets,
    ),
    Scenario::new(
        "project-admin/kinds",
        "the threat model lists every namespaced kind of the API groups that publish hostnames or move traffic",
        kinds,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "project-admin/hostnames",
        "no object of a project admin publishes or takes a hostname of another namespace",
        hostnames::run,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "project-admin/traffic",
        "no object of a project admin moves traffic past the Gateway and its policies, for every provider",
        traffic::run,
    )
    .requires(Requirement::OwnApiServer),
];

/// The namespace of the project, which the policies do not list.
const PROJECT: &str = "genomics";

const PROJECT_ADMIN: &str = "project-admin";

/// Returns the rules of the role `edit`. No controller aggregates them here, so this collects them from the same
/// roles. Adds the API groups that charts with CRDs often grant to `edit`.
fn rules_of_edit(cluster: &TestCluster) -> Vec<Value> {
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let roles = cluster.admin.list(roles).into_iter();
    let label = |role: &Value, name: &str| {
        role["metadata"]["labels"][format!("rbac.authorization.k8s.io/aggregate-to-{name}")]
            == "true"
    };
    let roles = roles.filter(|role| label(role, "edit") || label(role, "view"));
    let mut rules: Vec<Value> = roles
        .flat_map(|role| role["rules"].as_array().cloned().unwrap_or_default())
        .collect();
    assert!(rules.len() > 5, "{rules:#?}");
    let groups = [
        "external-secrets.io",
        "externaldns.k8s.io",
        "gateway.networking.k8s.io",
        "generators.external-secrets.io",
    ];
    rules.push(json!({"apiGroups": groups, "resources": ["*"], "verbs": ["*"]}));
    rules
}

/// Creates a project and returns a client of its admin.
fn project_admin(cluster: &TestCluster, namespace: &'static str) -> Client {
    let name = PROJECT_ADMIN;
    cluster.namespace(namespace, &json!({}));
    let rbac = "rbac.authorization.k8s.io";
    let version = format!("{rbac}/v1");
    let mut role = object(&version, "Role", namespace, name);
    role["rules"] = rules_of_edit(cluster).into();
    let mut binding = object(&version, "RoleBinding", namespace, name);
    binding["roleRef"] = json!({"apiGroup": rbac, "kind": "Role", "name": name});
    let account = json!({
        "kind": "ServiceAccount", "name": name, "namespace": prefixed(namespace),
    });
    binding["subjects"] = json!([account]);
    for object in [
        object("v1", "ServiceAccount", namespace, name),
        role,
        binding,
    ] {
        cluster.admin.apply(&object).accepted();
    }
    ServiceAccount { namespace, name }.client(&cluster.admin)
}

fn permissions(cluster: &mut TestCluster) {
    let admin = project_admin(cluster, PROJECT);
    let may = |verb: &str, resource: &str, namespace: &str| {
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": resource,
                "subresource": subresource,
                "namespace": namespace,
            }},
        });
        admin.create(&review).accepted()["status"]["allowed"] == true
    };
    let project = prefixed(PROJECT);
    // The role is in effect.
    assert!(may("create", "services", &project));
    assert!(may(
        "create",
        "externalsecrets.external-secrets.io",
        &project
    ));
    let cluster_scoped = [
        "ciliumclusterwideenvoyconfigs.cilium.io",
        "clusterexternalsecrets.external-secrets.io",
        "clustergenerators.generators.external-secrets.io",
        "clusterroles.rbac.authorization.k8s.io",
        "clustersecretstores.external-secrets.io",
        "gatewayclasses.gateway.networking.k8s.io",
        "ingressclasses.networking.k8s.io",
        "ingressclassparams.elbv2.k8s.aws",
        // Labels of namespaces select what policies and stores apply to, and what AKS exempts from webhooks.
        "namespaces",
        "nodes",
        "persistentvolumes",
        "storageclasses.storage.k8s.io",
        "clusteradmissionpolicies.policies.kubewarden.io",
        "clusteradmissionpolicygroups.policies.kubewarden.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "policyservers.policies.kubewarden.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
    ];
    let in_project = [
        // A policy of the project could undo the changes of the plane's policies.
        "admissionpolicies.policies.kubewarden.io",
        "ciliumenvoyconfigs.cilium.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "globalaccelerators.aga.k8s.aws",
        "loadbalancerconfigurations.gateway.k8s.aws",
        "persistentvolumeclaims/status",
        "rolebindings.rbac.authorization.k8s.io",
        "services/status",
        "targetgroupbindings.elbv2.k8s.aws",
    ];
    let elsewhere = ["externalsecrets.external-secrets.io", "secrets", "services"];
    let all = [
        (cluster_scoped.as_slice(), ""),
        (&in_project, project.as_str()),
        (&elsewhere, &prefixed(APPS)),
    ];
    for (resources, namespace) in all {
        for resource in resources {
            for verb in ["create", "update", "patch"] {
                assert!(
                    !may(verb, resource, namespace),
                    "{verb} {resource} in `{namespace}`"
                );
            }
        }
    }
}

/// The API groups whose kinds publish hostnames or move traffic.
const TRAFFIC_GROUPS: [&str; 6] = [
    "cilium.io",
    "discovery.k8s.io",
    "externaldns.k8s.io",
    "gateway.networking.k8s.io",
    "metallb.io",
    "networking.k8s.io",
];

fn kinds(cluster: &mut TestCluster) {
    crds::install_external_dns(cluster);
    let page = e2e::workspace::root().join("docs/threat-model.md");
    let page = std::fs::read_to_string(page).expect("a page");
    let rows = e2e::table_rows(&page, "Doors");
    let listed: Vec<String> = rows.iter().flat_map(|it| e2e::code_spans(it[0])).collect();
    let mut missing = Vec::new();
    for group in TRAFFIC_GROUPS {
        let served = cluster.admin.get(&format!("/apis/{group}")).accepted();
        for version in served["versions"].as_array().expect("versions") {
            let version = version["groupVersion"].as_str().expect("a version");
            let served = cluster.admin.get(&format!("/apis/{version}")).accepted();
            for resource in served["resources"].as_array().expect("resources") {
                let name = resource["name"].as_str().expect("a name");
                let kind = format!("{name}.{group}");
                // Subresources have a slash. Cluster-scoped kinds are those of the scenario `permissions`.
                let is_kind = resource["namespaced"] == true && !name.contains('/');
                if is_kind && !listed.contains(&kind) {
                    missing.push(kind);
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "not in docs/threat-model.md: {missing:?}"
    );
}

/// What the API server does with an object of the project admin.
enum Expected {
    /// A policy rejects it by this rule.
    Rejected(&'static str),
    /// It would be stored with this value at this JSON pointer.
    Stored(&'static str, Value),
}

/// Whether the rule rejected the request. If several policies reject it, the API server returns the message of one
/// of them, and the warnings of all.
fn is_rejected(response: &Response, rule: &str) -> bool {
    let rule = format!("[{rule}]");
    let warned = response.warnings.iter().any(|it| it.contains(&rule));
    !response.is_success() && (warned || response.message().contains(&rule))
}

#[track_caller]
fn assert_rejected(name: &str, response: &Response, rule: &str) {
    assert!(is_rejected(response, rule), "{name}: {response:#?}");
}

/// Tries to create the objects, in dry runs, so that no controller of an existing cluster acts on them.
fn assert_attempts(
    admin: &Client,
    profile: Profile,
    attempts: impl IntoIterator<Item = (&'static str, Value, Expected)>,
) {
    let mut wrong = Vec::new();
    for (name, object, expected) in attempts {
        let response = admin.dry_run_create(&object);
        let as_expected = match &expected {
            Rejected(rule) => is_rejected(&response, rule),
            Stored(pointer, value) => {
                response.is_success() && response.body.pointer(pointer) == Some(value)
            }
        };
        if !as_expected {
            wrong.push(format!("{profile:?}: {name}: {response:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn load_balancers(cluster: &mut TestCluster) {
    let admin = project_admin(cluster, PROJECT);
    for profile in Profile::ALL {
        cluster.install(profile);
        assert_attempts(&admin, profile, load_balancer_attempts(profile));
    }
}

fn finalizer(cluster: &mut TestCluster) {
    let admin = project_admin(cluster, PROJECT);
    let mut service = load_balancer(PROJECT, "leaving");
    service["metadata"]["finalizers"] = json!(["example.org/kept"]);
    admin.create(&service).accepted();
    admin.delete(&service).accepted();
    let pool = "metallb.io/address-pool";
    let public = json!({"metadata": {"annotations": {pool: "public-pool"}}});
    let changed = admin.merge(&path(&service), &public).accepted();
    assert!(
        !changed["metadata"]["deletionTimestamp"].is_null(),
        "{changed:#}"
    );
    assert_eq!(changed["metadata"]["annotations"][pool], "default-pool");
    let released = json!({"metadata": {"finalizers": null}});
    admin.merge(&path(&service), &released).accepted();
    assert_eq!(admin.get(&path(&service)).status, 404);
}

/// Returns a Service with a spec and annotations.
fn service(spec: Value, annotations: Value) -> Value {
    let mut service = object("v1", "Service", PROJECT, "tried");
    service["metadata"]["annotations"] = annotations;
    service["spec"] = spec;
    service["spec"]["ports"] = json!([{"port": 80}]);
    service
}

fn load_balancer_attempts(profile: Profile) -> Vec<(&'static str, Value, Expected)> {
    let of_type = |kind: &str, annotations: Value| service(json!({"type": kind}), annotations);
    let mut attempts = vec![
        (
            "external IPs",
            service(json!({"externalIPs": ["203.0.113.7"]}), json!({})),
            Rejected("external-ips"),
        ),
        (
            "a load balancer of another controller",
            service(
                json!({"type": "LoadBalancer", "loadBalancerClass": "example.org/public"}),
                json!({}),
            ),
            Rejected("unknown-load-balancer-class"),
        ),
    ];
    match profile {
        Profile::Azure => {
            let internal = "service.beta.kubernetes.io/azure-load-balancer-internal";
            attempts.push((
                "a load balancer that is to be public",
                of_type("LoadBalancer", json!({internal: "false"})),
                Stored(
                    "/metadata/annotations/service.beta.kubernetes.io~1azure-load-balancer-internal",
                    "true".into(),
                ),
            ));
        }
        Profile::Aws => {
            let prefix = "service.beta.kubernetes.io/aws-load-balancer";
            let is_internal = || {
                let pointer =
                    "/metadata/annotations/service.beta.kubernetes.io~1aws-load-balancer-scheme";
                Stored(pointer, "internal".into())
            };
            let scheme = format!("{prefix}-scheme");
            let typed = json!({
                (format!("{prefix}-type")): "external",
                (format!("{prefix}-nlb-target-type")): "ip",
                (scheme.clone()): "internet-facing",
            });
            attempts.extend([
                (
                    "a load balancer that is to be public",
                    of_type("LoadBalancer", json!({scheme: "internet-facing"})),
                    is_internal(),
                ),
                (
                    "a public load balancer for a ClusterIP Service",
                    of_type("ClusterIP", typed.clone()),
                    is_internal(),
                ),
                (
                    "a public load balancer for a NodePort Service",
                    of_type("NodePort", typed),
                    is_internal(),
                ),
            ]);
        }
        Profile::K3s => attempts.push((
            "a load balancer with a public address",
            of_type(
                "LoadBalancer",
                json!({"metallb.io/address-pool": "public-pool"}),
            ),
            Stored(
                "/metadata/annotations/metallb.io~1address-pool",
                "default-pool".into(),
            ),
        )),
    }
    attempts
}

fn storage(cluster: &mut TestCluster) {
    let admin = project_admin(cluster, PROJECT);
    let vendor = |spec: Value| {
        let mut claim = claim(PROJECT, "tried");
        claim["spec"]["storageClassName"] = "gp3".into();
        for (field, value) in spec.as_object().expect("fields") {
            claim["spec"][field] = value.clone();
        }
        claim
    };
    let snapshot = json!({
        "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "nightly",
    });
    let class = |class: &str| Stored("/spec/storageClassName", class.into());
    let mut hidden = vendor(json!({}));
    hidden["metadata"]["annotations"] = json!({"volume.beta.kubernetes.io/storage-class": ""});
    let kept = vendor(json!({"dataSource": snapshot}));
    let mut unset = kept.clone();
    unset["spec"]
        .as_object_mut()
        .expect("a spec")
        .remove("storageClassName");
    let attempts = [
        (
            "a data source of a kind that the API server drops",
            vendor(json!({"dataSource": {"kind": "ConfigMap", "name": "any"}})),
            class("rwo-default"),
        ),
        (
            "a data source in another namespace",
            vendor(json!({"dataSourceRef": {
                "kind": "PersistentVolumeClaim", "name": "any", "namespace": prefixed(APPS),
            }})),
            class("rwo-default"),
        ),
        (
            "a snapshot that is restored with the class of its driver",
            kept,
            class("gp3"),
        ),
        (
            "an empty class annotation that hides a class",
            hidden,
            class(""),
        ),
        (
            "a snapshot that is restored without a class",
            unset,
            class("rwo-default"),
        ),
    ];
    assert_attempts(&admin, Profile::K3s, attempts);
}

fn secrets(cluster: &mut TestCluster) {
    let admin = project_admin(cluster, PROJECT);
    let platform_store = rendered::store();
    cluster.admin.apply(&platform_store).accepted();
    let reads_platform = external_secret(PROJECT, "tried");
    until("the policy knows the store", || {
        let response = admin.dry_run_create(&reads_platform);
        match response.message().contains("[namespace-not-served]") {
            true => Ok(()),
            false => Err(format!("{response:?}")),
        }
    });
    let with = |change: fn(&mut Value)| {
        let mut secret = external_secret(PROJECT, "tried");
        change(&mut secret["spec"]);
        secret
    };
    let generators = "generators.external-secrets.io/v1alpha1";
    let mut state = object(generators, "GeneratorState", PROJECT, "tried");
    // On deletion, the controller reads the Secret and sends it to the URL.
    state["spec"] = json!({
        "resource": {
            "apiVersion": generators,
            "kind": "Grafana",
            "spec": {
                "url": "https://collector.example.org",
                "auth": {"token": {"name": "database", "key": "password"}},
                "serviceAccount": {"name": "any", "role": "Viewer"},
            },
        },
        "state": {},
    });
    let mut push = object(
        "external-secrets.io/v1alpha1",
        "PushSecret",
        PROJECT,
        "tried",
    );
    push["spec"] = json!({
        "secretStoreRefs": [{"kind": "ClusterSecretStore", "name": "secret-store"}],
        "selector": {"secret": {"name": "database"}},
        "data": [{"match": {"secretKey": "password", "remoteRef": {"remoteKey": "any"}}}],
    });
    let mut store = object("external-secrets.io/v1", "SecretStore", PROJECT, "tried");
    store["spec"] = json!({"provider": {"fake": {"data": []}}});
    let attempts = [
        (
            "a GeneratorState",
            state,
            Rejected("generator-state-not-allowed"),
        ),
        ("a PushSecret", push, Rejected("push-not-allowed")),
        (
            "a SecretStore",
            store,
            Rejected("secret-store-outside-platform"),
        ),
        (
            "a token of a service account",
            with(|spec| {
                spec["target"] = json!({"template": {
                    "type": "kubernetes.io/service-account-token",
                    "metadata": {"annotations": {"kubernetes.io/service-account.name": "default"}},
                }});
            }),
            Rejected("secret-type-not-allowed"),
        ),
        (
            "all secrets of the store",
            with(|spec| spec["dataFrom"] = json!([{"find": {"tags": {}}}])),
            Rejected("find-not-allowed"),
        ),
        (
            "another store",
            with(|spec| spec["secretStoreRef"]["name"] = "payroll".into()),
            Rejected("store-not-allowed"),
        ),
    ];
    assert_attempts(&admin, Profile::K3s, attempts);
}
