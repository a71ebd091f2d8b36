//! The permissions of the tree's ServiceAccounts.

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use serde_json::from_value;

use crate::tree::{self, TreeObject};

/// Returns every RBAC rule of the tree, and whether it is cluster-wide.
fn rules() -> Vec<(&'static TreeObject, bool, PolicyRule)> {
    let mut rules = Vec::new();
    for item in tree::all_objects() {
        let value = item.object.value.clone();
        let (cluster_wide, of_role) = match item.object.kind() {
            "ClusterRole" => (true, from_value::<ClusterRole>(value).unwrap().rules),
            "Role" => (false, from_value::<Role>(value).unwrap().rules),
            _ => continue,
        };
        let of_role = of_role.unwrap_or_default().into_iter();
        rules.extend(of_role.map(|rule| (item, cluster_wide, rule)));
    }
    rules
}

fn has(list: &Option<Vec<String>>, wanted: &str) -> bool {
    list.iter().flatten().any(|it| it == wanted)
}

#[test]
fn the_tree_has_no_jobs_and_no_exec_permissions() {
    for item in tree::all_objects() {
        let kind = item.object.kind();
        let unwanted = ["Job", "CronJob", "Pod", "DaemonSet", "ReplicaSet"];
        assert!(!unwanted.contains(&kind), "{}", item.name());
    }
    for (item, _, rule) in rules() {
        for resource in rule.resources.iter().flatten() {
            let interactive = [
                "pods/exec",
                "pods/attach",
                "pods/portforward",
                "pods/ephemeralcontainers",
            ];
            assert!(!interactive.contains(&resource.as_str()), "{}", item.name());
        }
    }
}

#[test]
fn permissions_are_read_only_without_wildcards() {
    let all = rules();
    assert!(all.len() > 20 || tree::all_objects().is_empty());
    for (item, _, rule) in all {
        let name = item.name();
        for list in [&rule.api_groups, &rule.resources, &Some(rule.verbs.clone())] {
            assert!(!has(list, "*"), "{name}");
        }
        assert!(rule.non_resource_urls.is_none(), "{name}");
        let reads = |verb: &String| ["get", "list", "watch"].contains(&verb.as_str());
        if !rule.verbs.iter().all(reads) {
            // The only other permission: a token of the account that the store reads with.
            assert!(has(&rule.resources, "serviceaccounts/token"), "{name}");
            assert_eq!(rule.verbs, ["create"], "{name}");
            assert_eq!(
                rule.resource_names.as_deref(),
                Some(&["eso-reader".to_owned()][..]),
                "{name}"
            );
            assert_eq!(item.object.namespace(), "secret-store", "{name}");
        }
    }
}

#[test]
fn secrets_can_be_read_only_by_name_in_one_namespace() {
    let mut readers = 0;
    for (item, cluster_wide, rule) in rules() {
        if has(&rule.resources, "secrets") {
            readers += 1;
            let name = item.name();
            assert!(!cluster_wide, "{name}");
            assert_eq!(item.object.namespace(), "secret-store", "{name}");
            assert_eq!(item.overlay.profile, "k3s", "{name}");
            assert_eq!(rule.verbs, ["get"], "{name}");
        }
    }
    assert!(readers == 3 || tree::all_objects().is_empty(), "{readers}");
}

#[test]
fn bindings_refer_to_existing_service_accounts() {
    // Created by the charts external-secrets and kubewarden-defaults.
    let chart_accounts = [
        ("external-secrets", "external-secrets"),
        ("kubewarden", "policy-server"),
    ];
    let bindings = ["RoleBinding", "ClusterRoleBinding"]
        .map(tree::of_kind)
        .concat();
    for binding in bindings {
        let subjects = binding.object.value["subjects"].as_array().unwrap();
        for subject in subjects {
            let at = |field: &str| subject[field].as_str().unwrap();
            assert_eq!(at("kind"), "ServiceAccount", "{}", binding.name());
            let account = (at("namespace"), at("name"));
            let exists = tree::of_kind("ServiceAccount").iter().any(|it| {
                it.overlay == binding.overlay
                    && (it.object.namespace(), it.object.name()) == account
            });
            assert!(
                exists || chart_accounts.contains(&account),
                "{} {account:?}",
                binding.name()
            );
        }
    }
}

#[test]
fn the_tree_contains_no_secrets_and_no_account_ids() {
    for rendered in ["Secret", "ClusterIssuer"] {
        assert!(
            tree::all_objects()
                .iter()
                .all(|item| item.object.kind() != rendered)
        );
    }
    let mut files = Vec::new();
    list(&tree::root(), &mut files);
    assert!(files.len() > 80, "{}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let file = file.display();
            let is_hex = |c: char| c.is_ascii_hexdigit();
            let lengths: Vec<usize> = word.split('-').map(str::len).collect();
            let uuid = lengths == [8, 4, 4, 4, 12] && word.chars().all(|c| is_hex(c) || c == '-');
            assert!(!uuid, "{file}: {word}");
            let account = word.len() == 12 && word.chars().all(|c| c.is_ascii_digit());
            assert!(!account, "{file}: {word}");
        }
    }
}

fn list(directory: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|it| it != "md") {
            files.push(path);
        }
    }
}
