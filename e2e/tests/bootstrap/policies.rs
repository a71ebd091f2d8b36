//! The policies of the plane, which are also built into `agnostics check`.

use std::collections::BTreeSet;
use std::process::Command;

use kubewarden::kinds;
use manifest::Object;
use serde_json::Value;

use crate::tree;

#[test]
fn the_policy_server_may_read_exactly_what_policies_look_up() {
    for overlay in agnostics::bootstrap::all(&tree::root()).unwrap() {
        let of_overlay = |kind: &str| {
            let all = tree::of_kind(kind).into_iter();
            all.filter(|it| it.overlay == overlay).collect::<Vec<_>>()
        };
        if overlay.component != "policies" || tree::all_objects().is_empty() {
            continue;
        }
        let mut requested = BTreeSet::new();
        for policy in of_overlay("ClusterAdmissionPolicy") {
            let resources = &policy.object.value["spec"]["contextAwareResources"];
            for resource in resources.as_array().into_iter().flatten() {
                let api = resource["apiVersion"].as_str().unwrap();
                let group = api.rsplit_once('/').map_or("", |(group, _)| group);
                requested.insert((
                    group.to_owned(),
                    kinds::plural(resource["kind"].as_str().unwrap()),
                ));
            }
        }
        let mut granted = BTreeSet::new();
        for role in of_overlay("ClusterRole") {
            for rule in role.object.value["rules"].as_array().unwrap() {
                let texts = |field: &str| {
                    let list = rule[field].as_array().unwrap().iter();
                    list.map(|it| it.as_str().unwrap().to_owned())
                        .collect::<Vec<_>>()
                };
                assert_eq!(texts("verbs"), ["list", "watch"]);
                for group in texts("apiGroups") {
                    let resources = texts("resources").into_iter();
                    granted.extend(resources.map(|resource| (group.clone(), resource)));
                }
            }
        }
        assert!(!requested.is_empty());
        assert_eq!(
            granted, requested,
            "bootstrap/policies/base/rbac.yaml and the contextAwareResources of \
             bootstrap/policies/{}/base/policies.yaml",
            overlay.profile
        );
    }
}

/// Runs the command in the runbook that renames the policies of a new version.
#[test]
fn policies_of_a_new_version_can_be_installed_beside_the_old_ones() {
    const PAGE: &str = "docs/runbook.md";
    let page = std::fs::read_to_string(e2e::workspace::root().join(PAGE)).unwrap();
    let blocks = e2e::code_blocks(&page, "sh");
    let mut lines = blocks.iter().flat_map(|it| it.lines());
    let rename = lines.find(|line| line.starts_with("sed ") && line.contains("-next"));
    let (rename, _) = rename.unwrap().rsplit_once(" | ").unwrap();

    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    for profile in ["azure", "aws", "k3s"] {
        let mut rendered = tree::render(&kustomize, profile, "prd");
        rendered.retain(|it| it.overlay.component == "policies");
        let yaml: String = rendered.iter().map(|it| it.yaml.as_str()).collect();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("new.yaml"), &yaml).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", rename]).current_dir(&directory);
        let renamed = shell.output().unwrap();
        assert!(renamed.status.success(), "{renamed:?}");
        let renamed = String::from_utf8(renamed.stdout).unwrap();

        let (before, after) = (
            tree::objects("new.yaml", &yaml),
            tree::objects("renamed.yaml", &renamed),
        );
        let is_policy = |it: &Object| it.kind() == "ClusterAdmissionPolicy";
        // Permissions are applied first.
        assert!(before.is_sorted_by_key(is_policy), "{profile}");
        assert_eq!(before.len(), after.len());
        for (mut before, after) in before.into_iter().zip(after) {
            if is_policy(&before) {
                assert_eq!(before.value["spec"]["mode"], "monitor");
                let name = format!("{}-next", before.name());
                before.value["metadata"]["name"] = name.into();
            }
            assert_eq!(after.value, before.value);
        }
    }
}

/// Returns the resources from which a source of ExternalDNS publishes names.
fn published_by(source: &str) -> &str {
    match source {
        "gateway-httproute" => "httproutes",
        "gateway-grpcroute" => "grpcroutes",
        "ingress" => "ingresses",
        "service" => "services",
        "crd" => "dnsendpoints",
        other => panic!("hostname-ownership does not check what the source `{other}` publishes"),
    }
}

#[test]
fn hostname_ownership_checks_everything_that_external_dns_publishes() {
    let policies = tree::of_kind("ClusterAdmissionPolicy");
    let defaults = hostname_annotations();
    let mut checked = 0;
    for deployment in tree::of_kind("Deployment") {
        if deployment.object.name() != "externaldns" {
            continue;
        }
        let policy = policies.iter().find(|policy| {
            policy.object.name() == "hostname-ownership"
                && policy.overlay.profile == deployment.overlay.profile
        });
        let policy = &policy.unwrap().object.value["spec"];
        let rules = policy["rules"].as_array().unwrap().iter();
        let resources: Vec<_> = rules
            .flat_map(|rule| rule["resources"].as_array().unwrap())
            .map(|resource| resource.as_str().unwrap())
            .collect();
        let args = deployment
            .object
            .value
            .pointer("/spec/template/spec/containers/0/args");
        for arg in args.unwrap().as_array().unwrap() {
            let (flag, value) = arg.as_str().unwrap().split_once('=').unwrap_or_default();
            match flag {
                "--source" => {
                    let resource = published_by(value);
                    assert!(
                        resources.contains(&resource),
                        "{}: {resource}",
                        deployment.name()
                    );
                    checked += 1;
                }
                "--annotation-prefix" => {
                    for name in ["hostname", "internal-hostname"] {
                        let annotation = format!("{value}{name}");
                        assert!(defaults.contains(&annotation), "{annotation}");
                    }
                }
                "--fqdn-template" | "--compatibility" | "--combine-fqdn-annotation" => {
                    panic!(
                        "{flag} publishes other names than those that hostname-ownership checks"
                    );
                }
                _ => {}
            }
        }
    }
    assert!(checked > 20 || policies.is_empty(), "{checked} sources");
}

/// Returns the default of the setting `hostnameAnnotations`, which the plane's policies do not change.
fn hostname_annotations() -> Vec<String> {
    let schema = e2e::workspace::root().join("policies/hostname-ownership/settings.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let default = &schema["properties"]["hostnameAnnotations"]["default"];
    serde_json::from_value(default.clone()).unwrap()
}

#[test]
fn policies_are_in_mode_monitor_by_default() {
    for item in tree::of_kind("ClusterAdmissionPolicy") {
        assert_eq!(item.text("/spec/mode"), "monitor", "{}", item.name());
    }
}

/// A kind that a policy checks but its rules here do not list would pass unchecked.
#[test]
fn the_rules_are_those_in_the_metadata_of_the_policies() {
    for item in tree::of_kind("ClusterAdmissionPolicy") {
        let name = item.object.name();
        let directories = ["policies", "mutators"].map(|it| e2e::workspace::root().join(it));
        let files = directories.map(|it| it.join(name).join("metadata.yml"));
        let file = files.iter().find(|it| it.is_file()).unwrap();
        let metadata = std::fs::read_to_string(file).unwrap();
        let metadata: serde_json::Value = serde_saphyr::from_str(&metadata).unwrap();
        let rules = &item.object.value["spec"]["rules"];
        assert_eq!(*rules, metadata["rules"], "{}", item.name());
    }
}

#[test]
fn the_component_protect_changes_only_the_mode() {
    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    for profile in agnostics::bootstrap::PROFILES {
        let overlay = format!("policies/{profile}/envs/dev");
        let directory = tree::customized(&overlay, "policies/components/protect");
        let protected = tree::objects(profile, &kustomize.build(directory.path()).unwrap());
        // The same policies as those built into `agnostics check`.
        let file = tree::root().join(format!("policies/{profile}/base/policies.yaml"));
        let source = std::fs::read_to_string(file).unwrap();
        for policy in tree::objects(profile, &source) {
            let item = protected
                .iter()
                .find(|it| it.kind() == policy.kind() && it.name() == policy.name());
            let item = item.unwrap_or_else(|| panic!("{profile}: {}", policy.name()));
            assert_eq!(item.value, policy.value, "{profile}");
            assert_eq!(policy.value["spec"]["mode"], "protect", "{profile}");
        }
    }
}

/// The kinds of External Secrets, with group and version. The generators are those of `GeneratorRef` in its
/// `apis/externalsecrets/v1/externalsecret_types.go`.
const EXTERNAL_SECRETS: [(&str, &str, &[&str]); 4] = [
    ("external-secrets.io", "v1", STORED),
    ("external-secrets.io", "v1beta1", STORED),
    (
        "external-secrets.io",
        "v1alpha1",
        &["ClusterPushSecret", "PushSecret"],
    ),
    (
        "generators.external-secrets.io",
        "v1alpha1",
        &[
            "ACRAccessToken",
            "BeyondtrustWorkloadCredentialsDynamicSecret",
            "CloudsmithAccessToken",
            "ClusterGenerator",
            "ECRAuthorizationToken",
            "Fake",
            "GCRAccessToken",
            "GeneratorState",
            "GithubAccessToken",
            "GitlabDeployToken",
            "Grafana",
            "MFA",
            "Password",
            "QuayAccessToken",
            "SSHKey",
            "STSSessionToken",
            "UUID",
            "VaultDynamicSecret",
            "Webhook",
        ],
    ),
];
const STORED: &[&str] = &[
    "ClusterExternalSecret",
    "ClusterSecretStore",
    "ExternalSecret",
    "SecretStore",
];

#[test]
fn every_kind_of_external_secrets_is_matched() {
    for item in tree::of_kind("ClusterAdmissionPolicy") {
        if item.object.name() != "secret-store-references" {
            continue;
        }
        let rules = item.object.value["spec"]["rules"].as_array().unwrap();
        for (group, version, kinds) in EXTERNAL_SECRETS {
            for kind in kinds {
                let resource = kinds::plural(kind);
                let matches = |rule: &serde_json::Value| {
                    let has = |field: &str, value: &str| {
                        let values = rule[field].as_array().unwrap();
                        values.iter().any(|it| it == value)
                    };
                    has("apiGroups", group)
                        && has("apiVersions", version)
                        && has("resources", &resource)
                        && has("operations", "CREATE")
                        && has("operations", "UPDATE")
                };
                assert!(rules.iter().any(matches), "{}: {resource}", item.name());
            }
        }
    }
}
