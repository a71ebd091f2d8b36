//! What the tree's identities may do.

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use serde_json::from_value;

use crate::tree::{self, Made};

/// Every rule of the tree, and whether it is for every namespace.
fn rules() -> Vec<(&'static Made, bool, PolicyRule)> {
    let mut rules = Vec::new();
    for made in tree::made() {
        let value = made.object.value.clone();
        let (everywhere, of_role) = match made.object.kind() {
            "ClusterRole" => (true, from_value::<ClusterRole>(value).unwrap().rules),
            "Role" => (false, from_value::<Role>(value).unwrap().rules),
            _ => continue,
        };
        let of_role = of_role.unwrap_or_default().into_iter();
        rules.extend(of_role.map(|rule| (made, everywhere, rule)));
    }
    rules
}

fn has(list: &Option<Vec<String>>, wanted: &str) -> bool {
    list.iter().flatten().any(|it| it == wanted)
}

#[test]
fn nothing_runs_a_script_against_the_cluster() {
    for made in tree::made() {
        let kind = made.object.kind();
        let unwanted = ["Job", "CronJob", "Pod", "DaemonSet", "ReplicaSet"];
        assert!(!unwanted.contains(&kind), "{}", made.name());
    }
    for (made, _, rule) in rules() {
        for resource in rule.resources.iter().flatten() {
            let shell = [
                "pods/exec",
                "pods/attach",
                "pods/portforward",
                "pods/ephemeralcontainers",
            ];
            assert!(!shell.contains(&resource.as_str()), "{}", made.name());
        }
    }
}

#[test]
fn rights_are_named_one_by_one_and_to_read() {
    let all = rules();
    assert!(all.len() > 20 || tree::made().is_empty());
    for (made, _, rule) in all {
        let name = made.name();
        for list in [&rule.api_groups, &rule.resources, &Some(rule.verbs.clone())] {
            assert!(!has(list, "*"), "{name}");
        }
        assert!(rule.non_resource_urls.is_none(), "{name}");
        let reads = |verb: &String| ["get", "list", "watch"].contains(&verb.as_str());
        if !rule.verbs.iter().all(reads) {
            // The one right to more: a token of the one account that a store reads with.
            assert!(has(&rule.resources, "serviceaccounts/token"), "{name}");
            assert_eq!(rule.verbs, ["create"], "{name}");
            assert_eq!(
                rule.resource_names.as_deref(),
                Some(&["eso-reader".to_owned()][..]),
                "{name}"
            );
            assert_eq!(made.object.namespace(), "secret-store", "{name}");
        }
    }
}

#[test]
fn secrets_are_read_by_name_and_in_one_namespace() {
    let mut readers = 0;
    for (made, everywhere, rule) in rules() {
        if has(&rule.resources, "secrets") {
            readers += 1;
            let name = made.name();
            assert!(!everywhere, "{name}");
            assert_eq!(made.object.namespace(), "secret-store", "{name}");
            assert_eq!(made.overlay.profile, "k3s", "{name}");
            assert_eq!(rule.verbs, ["get"], "{name}");
        }
    }
    assert!(readers == 3 || tree::made().is_empty(), "{readers}");
}

#[test]
fn rights_go_to_accounts_that_exist() {
    // Of the charts external-secrets and kubewarden-defaults.
    let of_charts = [
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
                exists || of_charts.contains(&account),
                "{} {account:?}",
                binding.name()
            );
        }
    }
}

#[test]
fn no_identity_and_no_secret_is_written_down() {
    for rendered in ["Secret", "ClusterIssuer"] {
        assert!(
            tree::made()
                .iter()
                .all(|made| made.object.kind() != rendered)
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
