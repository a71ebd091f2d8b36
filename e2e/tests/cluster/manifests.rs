//! What `bootstrap/` renders, as the API server reads it.

use std::collections::BTreeSet;

use kubewarden::kinds::resource;
use serde_json::{Value, json};

use crate::Scenario;
use crate::client::path;
use crate::own::{self, own};
use crate::plane::Plane;
use crate::policies::Profile;
use crate::rendered;

pub(crate) const SCENARIOS: [Scenario; 2] = [
    (
        "everything that bootstrap/ renders for each vendor and environment, and what may be added to it, \
         is accepted under strict field validation, by that vendor's policies too, with no warnings but \
         those that are expected",
        strict,
    ),
    (
        "a field that a kind does not have is refused by the same check",
        strict_is_strict,
    ),
];

/// What the policies or the API server say of our own objects, and of which object, by profile and
/// component. Every one of them has to be said.
const EXPECTED: [(&str, &str, &str); 0] = [];

fn strict(plane: &mut Plane) {
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    let mut groups = BTreeSet::new();
    let mut changed = false;
    for profile in Profile::ALL {
        plane.install(profile);
        changed |= make_room(plane, profile);
        let plain = agnostics::bootstrap::ENVIRONMENTS.map(|it| (it, all(profile, it)));
        for (environment, objects) in &plain {
            let count = objects.len();
            assert!(count > 20, "{profile:?} {environment}: {count} objects");
        }
        let options = ("with options", named(rendered::with_options(profile)));
        for (environment, objects) in plain.into_iter().chain([options]) {
            for (component, object) in &objects {
                groups.insert(group(object).to_owned());
                let answer = plane.admin.would_apply(object);
                let mut said = answer.warnings.clone();
                said.retain(|warning| {
                    let known = EXPECTED.iter().position(|(of, by, text)| {
                        *of == profile.name() && by == component && warning.contains(text)
                    });
                    expected.extend(known);
                    known.is_none()
                });
                if answer.status >= 300 || !said.is_empty() {
                    let (path, message) = (path(object), answer.message());
                    wrong.push(format!(
                        "{profile:?} {environment} {component} {path}: {message} {said:?}"
                    ));
                }
            }
        }
    }
    if changed {
        for object in rendered::of("k3s", "storage-class") {
            plane.admin.apply(&object).accepted();
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(expected.len(), EXPECTED.len(), "warnings that nobody says");
    // Not vacuous: the kinds of others are among them.
    for group in ["cilium.io", "external-secrets.io", "policies.kubewarden.io"] {
        assert!(groups.contains(group), "{groups:?}");
    }
}

fn group(object: &Value) -> &str {
    let version = object["apiVersion"].as_str().expect("an apiVersion");
    version.split_once('/').map_or("", |(group, _)| group)
}

/// What a profile makes, by names of the suite's own.
fn all(profile: Profile, environment: &str) -> Vec<(&'static str, Value)> {
    named(rendered::all(profile.name(), environment))
}

/// The same objects, by names of the suite's own.
fn named(mut objects: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    for (_, object) in &mut objects {
        own::rename(object);
        if object["metadata"]["namespace"].is_null() {
            rename(&mut object["metadata"]["name"]);
        }
        if object["roleRef"]["kind"] == "ClusterRole" {
            rename(&mut object["roleRef"]["name"]);
        }
        // An address of K3s' Services; a cluster of others may have theirs elsewhere.
        if own::run().is_some()
            && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
            && spec.get("clusterIP").is_some_and(|it| it != "None")
        {
            spec.remove("clusterIP");
        }
    }
    objects
}

/// The kinds of others that the suite makes objects of.
pub(crate) fn kinds() -> BTreeSet<String> {
    let all = Profile::ALL.map(|it| rendered::all(it.name(), "prd"));
    let rendered = all.into_iter().flatten();
    let rendered = rendered.filter_map(|(_, it)| Some(it["kind"].as_str()?.to_owned()));
    let others = ["ExternalSecret", "GRPCRoute", "HTTPRoute", "SecretStore"];
    rendered.chain(others.map(str::to_owned)).collect()
}

fn rename(name: &mut Value) {
    *name = own(name.as_str().expect("a name")).into();
}

/// Makes the namespaces, which a dry run does not, and takes away what another vendor's cluster has
/// and what is not to be changed to this one's; tells whether there was anything.
fn make_room(plane: &Plane, profile: Profile) -> bool {
    let mut changed = false;
    for (_, object) in all(profile, "prd") {
        let kept = !matches!(
            object["kind"].as_str(),
            Some("StorageClass" | "ClusterSecretStore")
        );
        if !kept && plane.admin.get(&path(&object)).status == 200 {
            plane.admin.delete(&object).accepted();
            changed = true;
        }
    }
    for (_, object) in rendered::all(profile.name(), "prd") {
        let metadata = &object["metadata"];
        if object["kind"] == "Namespace" {
            let name = metadata["name"].as_str().expect("a name");
            plane.namespace(name, &metadata["labels"]);
        }
        if let Some(namespace) = metadata["namespace"].as_str() {
            let path = format!("/api/v1/namespaces/{}", own(namespace));
            if plane.admin.get(&path).status == 404 {
                plane.namespace(namespace, &json!({}));
            }
        }
    }
    changed
}

fn strict_is_strict(plane: &mut Plane) {
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
        let (_, mut object) = object.unwrap_or_else(|| panic!("no {}", resource(kind)));
        object["spec"]["misspelt"] = true.into();
        let refused = plane.admin.would_apply(&object).refused();
        assert!(refused.contains("misspelt"), "{kind}: {refused}");
    }
}
