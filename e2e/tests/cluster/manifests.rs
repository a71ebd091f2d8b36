//! The rendered manifests of `bootstrap/`, validated by the API server.

use std::collections::BTreeSet;

use kubewarden::kinds::plural;
use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::TestCluster;
use crate::policies::Profile;
use crate::prefix::{self, prefix_name, prefixed};
use crate::rendered;
use crate::scenario::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "manifests/strict",
        "everything that bootstrap/ renders for each provider and environment, with and without its \
         options, passes strict field validation and that provider's policies, without unexpected warnings",
        strict,
    ),
    Scenario::new(
        "manifests/unknown-field",
        "the same check rejects an unknown field",
        unknown_field,
    ),
];

/// The expected warnings, with their profile and component. Each of them must occur.
const EXPECTED: [(&str, &str, &str); 0] = [];

fn strict(cluster: &mut TestCluster) {
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    let mut groups = BTreeSet::new();
    let mut changed = false;
    for profile in Profile::ALL {
        cluster.install(profile);
        changed |= prepare(cluster, profile);
        let plain = agnostics::bootstrap::ENVIRONMENTS.map(|it| (it, all(profile, it)));
        for (environment, objects) in &plain {
            let count = objects.len();
            assert!(count > 20, "{profile:?} {environment}: {count} objects");
        }
        let options = (
            "with options",
            with_prefixes(rendered::with_options(profile)),
        );
        for (environment, objects) in plain.into_iter().chain([options]) {
            for (component, object) in &objects {
                groups.insert(group(object).to_owned());
                let response = cluster.admin.dry_run_apply(object);
                let mut warnings = response.warnings.clone();
                warnings.retain(|warning| {
                    let known = EXPECTED.iter().position(|(of, by, text)| {
                        *of == profile.name() && by == component && warning.contains(text)
                    });
                    expected.extend(known);
                    known.is_none()
                });
                if !response.is_success() || !warnings.is_empty() {
                    let (path, message) = (path(object), response.message());
                    wrong.push(format!(
                        "{profile:?} {environment} {component} {path}: {message} {warnings:?}"
                    ));
                }
            }
        }
    }
    if changed {
        for object in rendered::of("k3s", "storage-class") {
            cluster.admin.apply(&object).accepted();
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(
        expected.len(),
        EXPECTED.len(),
        "every expected warning occurs"
    );
    // Objects of CRDs are among them.
    for group in ["cilium.io", "external-secrets.io", "policies.kubewarden.io"] {
        assert!(groups.contains(group), "{groups:?}");
    }
}

fn group(object: &Value) -> &str {
    let version = object["apiVersion"].as_str().expect("an apiVersion");
    version.split_once('/').map_or("", |(group, _)| group)
}

/// Returns the objects of a profile, with prefixed names.
fn all(profile: Profile, environment: &str) -> Vec<(&'static str, Value)> {
    with_prefixes(rendered::all(profile.name(), environment))
}

/// Prefixes the names of objects on an existing cluster.
fn with_prefixes(mut objects: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    for (_, object) in &mut objects {
        prefix::prefix_namespaces(object);
        if object["metadata"]["namespace"].is_null() {
            prefix_name(&mut object["metadata"]["name"]);
        }
        if object["roleRef"]["kind"] == "ClusterRole" {
            prefix_name(&mut object["roleRef"]["name"]);
        }
        // An existing cluster may have another Service CIDR.
        if prefix::get().is_some()
            && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
            && spec.get("clusterIP").is_some_and(|it| it != "None")
        {
            spec.remove("clusterIP");
        }
    }
    objects
}

/// Returns the kinds of the objects that the suite creates.
pub(crate) fn kinds() -> BTreeSet<String> {
    let all = Profile::ALL.map(|it| rendered::all(it.name(), "prd"));
    let rendered = all.into_iter().flatten();
    let rendered = rendered.filter_map(|(_, it)| Some(it["kind"].as_str()?.to_owned()));
    let own = [
        "ExternalSecret",
        "GRPCRoute",
        "GeneratorState",
        "HTTPRoute",
        "PushSecret",
        "SecretStore",
    ];
    rendered.chain(own.map(str::to_owned)).collect()
}

/// Creates the namespaces, which a dry run does not, and deletes immutable objects of another profile. Returns
/// whether it deleted any.
fn prepare(cluster: &TestCluster, profile: Profile) -> bool {
    let mut changed = false;
    for (_, object) in all(profile, "prd") {
        let kind = object["kind"].as_str();
        let immutable = matches!(kind, Some("StorageClass" | "ClusterSecretStore"));
        if immutable && cluster.admin.get(&path(&object)).status == 200 {
            cluster.admin.delete(&object).accepted();
            changed = true;
        }
    }
    for (_, object) in rendered::all(profile.name(), "prd") {
        let metadata = &object["metadata"];
        if object["kind"] == "Namespace" {
            let name = metadata["name"].as_str().expect("a name");
            cluster.namespace(name, &metadata["labels"]);
        }
        if let Some(namespace) = metadata["namespace"].as_str() {
            let path = format!("/api/v1/namespaces/{}", prefixed(namespace));
            if cluster.admin.get(&path).status == 404 {
                cluster.namespace(namespace, &json!({}));
            }
        }
    }
    changed
}

fn unknown_field(cluster: &mut TestCluster) {
    let kinds = [
        "Certificate",
        "CiliumGatewayClassConfig",
        "ClusterAdmissionPolicy",
        "ClusterSecretStore",
        "Deployment",
        "Gateway",
    ];
    for kind in kinds {
        let all = [Profile::K3s, Profile::Aws].map(|it| all(it, "prd"));
        let mut objects = all.into_iter().flatten();
        let object = objects.find(|(_, it)| it["kind"] == kind);
        let (_, mut object) = object.unwrap_or_else(|| panic!("no {}", plural(kind)));
        object["spec"]["misspelt"] = true.into();
        let message = cluster.admin.dry_run_apply(&object).rejected();
        assert!(message.contains("misspelt"), "{kind}: {message}");
    }
}
