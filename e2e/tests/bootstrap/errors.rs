//! The renderer's errors about missing and invalid variables.

use std::collections::BTreeMap;

use crate::tree;

/// Renders with valid values and these `changes`; an empty value removes a variable.
fn problems(profile: &str, changes: &[(&str, &str)]) -> Option<Vec<String>> {
    let kustomize = tree::kustomize()?;
    let root = tree::root();
    let mut values: BTreeMap<String, String> = tree::values(profile);
    for (name, value) in changes {
        match value.is_empty() {
            true => values.remove(*name),
            false => values.insert((*name).to_owned(), (*value).to_owned()),
        };
    }
    let mut overlays = agnostics::bootstrap::of_profile(&root, profile, "dev").unwrap();
    // Their line numbers change with every new policy.
    overlays.retain(|it| it.component != "policies");
    let rendered = agnostics::bootstrap::render(&kustomize, &root, &overlays, &values);
    let problems = rendered.map_or_else(|error| error.problems, |_| Vec::new());
    let root = format!("{}/", e2e::workspace::root().display());
    Some(problems.iter().map(|it| it.replace(&root, "")).collect())
}

/// Asserts the number of problems, and the start and end of each.
fn assert_problems(profile: &str, changes: &[(&str, &str)], expected: &[(&str, &str)]) {
    let Some(problems) = problems(profile, changes) else {
        return;
    };
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, (start, end)) in problems.iter().zip(expected) {
        assert!(problem.starts_with(start), "{problem}\n{start}");
        assert!(problem.ends_with(end), "{problem}\n{end}");
    }
}

#[test]
fn a_missing_variable_is_reported_with_its_file() {
    assert_problems(
        "k3s",
        &[("DOMAIN", ""), ("METALLB_IP_RANGE", "")],
        &[
            (
                "bootstrap/gateway/base/gateway.yaml:17: `DOMAIN` is not set",
                "for example `DOMAIN=dev.k8tre.org`",
            ),
            (
                "bootstrap/gateway/k3s/base/address-pool.yaml:8: `METALLB_IP_RANGE` is not set",
                "for example `METALLB_IP_RANGE=192.168.0.240-192.168.0.250`",
            ),
        ],
    );
}

#[test]
fn unknown_and_unused_variables_are_errors() {
    assert_problems(
        "k3s",
        &[
            ("DOMIAN", "k8tre.org"),
            ("REGION", "eu-west-2"),
            ("ENVIRONMENT", "dev"),
        ],
        &[
            ("`REGION` is set but not used by these overlays", ""),
            (
                "`DOMIAN` is not a known variable",
                "`DNS_CLIENTS`, `DOMAIN`, `KARE_DNS_IP`, `METALLB_IP_RANGE`, `SERVICE_CIDR`",
            ),
            ("`ENVIRONMENT` cannot be set as a variable", ""),
        ],
    );
}

#[test]
fn an_invalid_value_is_reported_with_its_file_and_the_expected_form() {
    assert_problems(
        "aws",
        &[
            ("DOMAIN", "Dev.k8tre.org"),
            ("REGION", "uksouth"),
            ("EFS_FILE_SYSTEM_ID", "efs-1"),
        ],
        &[
            (
                "bootstrap/gateway/aws/base/ingress.yaml:14: `DOMAIN` is `Dev.k8tre.org`",
                "no trailing dot",
            ),
            (
                "bootstrap/storage-class/aws/base/classes.yaml:24: `EFS_FILE_SYSTEM_ID` is `efs-1`",
                "hexadecimal digits",
            ),
            (
                "bootstrap/secret-store/aws/base/store.yaml:23: `REGION` is `uksouth`",
                "a region code such as `eu-west-2`",
            ),
        ],
    );
}

#[test]
fn addresses_must_be_consistent() {
    let outside =
        "`KARE_DNS_IP` is `10.96.0.53`, outside of `SERVICE_CIDR`, which is `10.43.0.0/16`";
    assert_problems("k3s", &[("KARE_DNS_IP", "10.96.0.53")], &[(outside, "")]);
    let taken = "`KARE_DNS_IP` is `10.43.0.10`, one of the first ten";
    assert_problems("k3s", &[("KARE_DNS_IP", "10.43.0.10")], &[(taken, "")]);
    let range = "`METALLB_IP_RANGE` is `10.43.200.1-10.44.0.1`, which overlaps";
    assert_problems(
        "k3s",
        &[("METALLB_IP_RANGE", "10.43.200.1-10.44.0.1")],
        &[(range, "")],
    );
    assert_problems(
        "k3s",
        &[
            ("KARE_DNS_IP", "10.96.0.53"),
            ("SERVICE_CIDR", "10.96.0.0/12"),
        ],
        &[],
    );
}

#[test]
fn values_override_defaults() {
    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    let root = tree::root();
    let mut values = tree::values("k3s");
    values.insert("KARE_DNS_IP".into(), "10.43.7.7".into());
    values.insert("DNS_CLIENTS".into(), "10.42.0.0/16 192.168.7.0/24".into());
    let overlays = agnostics::bootstrap::of_profile(&root, "k3s", "dev").unwrap();
    let rendered = agnostics::bootstrap::render(&kustomize, &root, &overlays, &values).unwrap();
    let all: String = rendered.iter().map(|it| it.yaml.as_str()).collect();
    assert_eq!(all.matches("10.43.7.7").count(), 3);
    assert!(all.contains("allow net 10.42.0.0/16 192.168.7.0/24\n"));
    for absent in ["10.43.0.53", "10.0.0.0/8", "${"] {
        assert!(!all.contains(absent), "{absent}");
    }
}

#[test]
fn unknown_placeholders_are_errors() {
    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let overlay = root.path().join("gateway/k3s/envs/dev");
    std::fs::create_dir_all(&overlay).unwrap();
    std::fs::write(overlay.join("kustomization.yaml"), "resources: [a.yaml]\n").unwrap();
    let object = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a${DOMIAN}\n";
    std::fs::write(overlay.join("a.yaml"), object).unwrap();
    let overlays = agnostics::bootstrap::of_profile(root.path(), "k3s", "dev").unwrap();
    let error = agnostics::bootstrap::render(&kustomize, root.path(), &overlays, &BTreeMap::new());
    let message = error.unwrap_err().to_string();
    assert!(
        message.ends_with("gateway/k3s/envs/dev/a.yaml:4: `${DOMIAN}` is not a known variable"),
        "{message}"
    );
}
