//! Secret stores and storage classes.

use serde_json::json;

use crate::tree;

/// The namespaces of K8TRE's apps that have ExternalSecrets.
const READERS: [&str; 7] = [
    "backend",
    "cr8tor",
    "gitea",
    "jupyterhub",
    "keycloak",
    "object-storage",
    "observability",
];

#[test]
fn every_store_serves_listed_namespaces_only_and_has_an_alias() {
    for item in tree::of_kind("ClusterSecretStore") {
        // External Secrets serves a namespace if one condition selects it, so each must name namespaces, or
        // labels that they have. Labels that they lack would also select a namespace that is labelled late.
        let allowed = json!([
            {"namespaces": READERS},
            {"namespaceSelector": {"matchLabels": {"k8tre.io/secret-store": "allowed"}}},
        ]);
        let conditions = &item.object.value["spec"]["conditions"];
        assert_eq!(*conditions, allowed, "{}", item.name());
        let alias = tree::of_kind("ClusterSecretStore")
            .into_iter()
            .find(|it| it.overlay == item.overlay && it.object.name() == "secret-store");
        let alias = alias.unwrap_or_else(|| panic!("{} has no alias", item.name()));
        assert_eq!(alias.object.value["spec"], item.object.value["spec"]);
    }
}

#[test]
fn every_profile_has_rwo_default_and_rwx_default() {
    for profile in agnostics::bootstrap::PROFILES {
        for environment in agnostics::bootstrap::ENVIRONMENTS {
            let classes: Vec<_> = tree::of_kind("StorageClass")
                .into_iter()
                .filter(|it| (it.overlay.profile, it.overlay.environment) == (profile, environment))
                .collect();
            if classes.is_empty() {
                assert!(tree::all_objects().is_empty());
                return;
            }
            let annotation = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
            let default: Vec<_> = classes
                .iter()
                .filter(|it| it.text(annotation) == "true")
                .collect();
            let default: Vec<_> = default.iter().map(|it| it.object.name()).collect();
            let expected: &[&str] = if profile == "aws" {
                &[]
            } else {
                &["rwx-default"]
            };
            assert_eq!(default, expected, "{profile}");
            for name in ["rwo-default", "rwx-default"] {
                let class = classes.iter().find(|it| it.object.name() == name).unwrap();
                assert_eq!(class.text("/reclaimPolicy"), "Delete", "{}", class.name());
                assert_eq!(
                    class.object.value["allowVolumeExpansion"],
                    true,
                    "{}",
                    class.name()
                );
            }
        }
    }
}

/// A volume without replicas is lost with its node.
#[test]
fn longhorn_replicates_except_in_dev() {
    for item in tree::of_kind("StorageClass") {
        if item.text("/provisioner") == "driver.longhorn.io" {
            let copies = item.text("/parameters/numberOfReplicas");
            let expected = if item.overlay.environment == "dev" {
                "1"
            } else {
                "3"
            };
            assert_eq!(copies, expected, "{}", item.name());
        }
    }
}
