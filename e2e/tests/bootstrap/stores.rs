//! Secret stores and storage classes.

use crate::tree;

#[test]
fn every_store_has_conditions_and_apps_name_one_store() {
    for made in tree::of_kind("ClusterSecretStore") {
        let conditions = made.object.value["spec"]["conditions"].as_array();
        assert!(
            conditions.is_some_and(|it| !it.is_empty()),
            "{}",
            made.name()
        );
        let alias = tree::of_kind("ClusterSecretStore")
            .into_iter()
            .find(|it| it.overlay == made.overlay && it.object.name() == "secret-store");
        let alias = alias.unwrap_or_else(|| panic!("{} has no alias", made.name()));
        assert_eq!(alias.object.value["spec"], made.object.value["spec"]);
    }
}

#[test]
fn claims_have_a_class_for_one_node_and_one_for_many() {
    for profile in agnostics::bootstrap::PROFILES {
        for environment in agnostics::bootstrap::ENVIRONMENTS {
            let classes: Vec<_> = tree::of_kind("StorageClass")
                .into_iter()
                .filter(|it| (it.overlay.profile, it.overlay.environment) == (profile, environment))
                .collect();
            if classes.is_empty() {
                assert!(tree::made().is_empty());
                return;
            }
            let mark = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
            let default: Vec<_> = classes
                .iter()
                .filter(|it| it.text(mark) == "true")
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

/// Volumes on one node's disk alone are lost with it.
#[test]
fn longhorn_keeps_copies_where_there_are_nodes() {
    for made in tree::of_kind("StorageClass") {
        if made.text("/provisioner") == "driver.longhorn.io" {
            let copies = made.text("/parameters/numberOfReplicas");
            let expected = if made.overlay.environment == "dev" {
                "1"
            } else {
                "3"
            };
            assert_eq!(copies, expected, "{}", made.name());
        }
    }
}
