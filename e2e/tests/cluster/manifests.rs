//! What `bootstrap/` renders, as the API server reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Scenario;
use crate::client::{path, plural};
use crate::plane::Plane;
use crate::policies::Profile;
use crate::rendered;

pub(crate) const SCENARIOS: [Scenario; 2] = [
    (
        "everything that bootstrap/ renders for each vendor, but for the kinds of Cilium and Kubewarden, \
         is accepted under strict field validation, by that vendor's policies too, without a warning",
        strict,
    ),
    (
        "a field that a kind does not have is refused by the same check",
        strict_is_strict,
    ),
];

/// Groups whose kinds no module of the Go proxy has, or only with much else.
const NOT_SERVED: [&str; 2] = ["cilium.io", "policies.kubewarden.io"];

fn group(object: &Value) -> &str {
    let version = object["apiVersion"].as_str().expect("an apiVersion");
    version.split_once('/').map_or("", |(group, _)| group)
}

fn strict(plane: &mut Plane) {
    let mut wrong = Vec::new();
    let mut not_served = BTreeSet::new();
    for profile in Profile::ALL {
        plane.install(profile);
        let objects = rendered::all(&profile.to_string());
        assert!(objects.len() > 20, "{profile}: {} objects", objects.len());
        // What another vendor's cluster has is not to be changed to this one's.
        for (_, object) in &objects {
            if matches!(
                object["kind"].as_str(),
                Some("StorageClass" | "ClusterSecretStore")
            ) && plane.admin.get(&path(object)).status == 200
            {
                plane.admin.delete(object).accepted();
            }
        }
        // A dry run of a namespace makes none, and its objects need it.
        for (_, namespace) in objects.iter().filter(|(_, it)| it["kind"] == "Namespace") {
            plane.admin.apply(namespace).accepted();
        }
        for (_, object) in &objects {
            if let Some(namespace) = object["metadata"]["namespace"].as_str() {
                let labels = plane.admin.get(&format!("/api/v1/namespaces/{namespace}"));
                if labels.status == 404 {
                    plane.namespace(namespace, &Value::Null);
                }
            }
        }
        for (component, object) in &objects {
            if NOT_SERVED.contains(&group(object)) {
                not_served.insert(group(object).to_owned());
                continue;
            }
            let answer = plane.admin.would_apply(object);
            if answer.status >= 300 || !answer.warnings.is_empty() {
                let (path, said) = (path(object), answer.message());
                wrong.push(format!(
                    "{profile} {component} {path}: {said} {:?}",
                    answer.warnings
                ));
            }
        }
    }
    for object in rendered::of("k3s", "storage-class") {
        plane.admin.apply(&object).accepted();
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // Not vacuous, and no longer than it has to be.
    assert!(not_served.iter().eq(NOT_SERVED.iter()), "{not_served:?}");
}

fn strict_is_strict(plane: &mut Plane) {
    for kind in ["Gateway", "ClusterSecretStore", "Deployment", "Certificate"] {
        let objects = rendered::all("k3s").into_iter();
        let mut objects = objects.map(|(_, it)| it).filter(|it| it["kind"] == kind);
        let mut object = objects
            .next()
            .unwrap_or_else(|| panic!("no {}", plural(kind)));
        object["spec"]["misspelt"] = true.into();
        let refused = plane.admin.would_apply(&object).refused();
        assert!(refused.contains("misspelt"), "{kind}: {refused}");
    }
}
