//! Checks the manifests of the plane with its own policies.

use std::process::Command;

use crate::tree;

/// Returns a command for the `agnostics` binary in the same target directory as this test.
fn agnostics() -> Command {
    let test = std::env::current_exe().expect("this test has a path");
    let directory = test.ancestors().nth(2).expect("deps/ is in the profile's");
    let program = directory.join("agnostics");
    assert!(
        program.is_file(),
        "build it with `cargo build --release --workspace --bin agnostics`"
    );
    Command::new(program)
}

/// If the policies mutated the manifests, the cluster would always differ from git.
#[test]
fn policies_accept_every_overlay_unchanged() {
    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    for profile in agnostics::bootstrap::PROFILES {
        for environment in agnostics::bootstrap::ENVIRONMENTS {
            let directory = tempfile::tempdir().unwrap();
            for rendered in tree::render(&kustomize, profile, environment) {
                let file = format!("{}.yaml", rendered.overlay.component);
                std::fs::write(directory.path().join(file), rendered.yaml).unwrap();
            }
            let output = agnostics()
                .args(["check", "--output", "json", "--profile", profile])
                .arg("--modules")
                .arg(e2e::workspace::root().join("target/modules"))
                .arg(directory.path())
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{profile} {environment}: {stderr}");
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let count = |what: &str| report["summary"][what].as_u64().unwrap();
            assert_eq!(count("accepted"), count("objects"), "{report:#}");
            assert_eq!(count("warned"), 0, "{report:#}");
            let kinds: Vec<&str> = report["results"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["kind"].as_str().unwrap())
                .collect();
            assert!(kinds.contains(&"Gateway"), "{kinds:?}");
            assert!(kinds.contains(&"ClusterSecretStore"), "{kinds:?}");
        }
    }
}

/// The listeners that the setting `gateway.sectionNames` lists are those on which apps receive traffic.
#[test]
fn routes_may_name_only_the_listener_that_serves_apps() {
    for profile in agnostics::bootstrap::PROFILES {
        for (listener, is_accepted) in [("http", profile == "aws"), ("https", profile != "aws")] {
            let route = format!(
                "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: portal, namespace: backend}}
spec:
  parentRefs: [{{name: internal-gateway, namespace: gateway, sectionName: {listener}}}]
  hostnames: [\"portal.${{DOMAIN}}\"]
  rules: [{{backendRefs: [{{name: portal, port: 80}}]}}]
"
            );
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("route.yaml");
            std::fs::write(&file, route).unwrap();
            let output = agnostics()
                .args(["check", "--profile", profile])
                .arg(file)
                .output()
                .unwrap();
            let report = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.success(), is_accepted, "{profile}: {report}");
            assert_eq!(
                report.contains("[section-names]"),
                !is_accepted,
                "{profile}: {report}"
            );
        }
    }
}

/// On AWS, a redirect without a scheme would lead to plain HTTP, and one with a scheme elsewhere nowhere.
#[test]
fn redirects_lead_to_https() {
    let ingress = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: portal
  namespace: backend
  annotations: {nginx.ingress.kubernetes.io/app-root: /app}
spec:
  rules:
  - host: portal.tre.example.org
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: portal, port: {number: 80}}}}]}
";
    for profile in agnostics::bootstrap::PROFILES {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ingress.yaml");
        std::fs::write(&file, ingress).unwrap();
        let output = agnostics()
            .args([
                "convert",
                "--domain",
                "tre.example.org",
                "--profile",
                profile,
            ])
            .arg(file)
            .output()
            .unwrap();
        let route = String::from_utf8_lossy(&output.stdout);
        for part in ["sectionName: http\n", "scheme: https\n"] {
            assert_eq!(route.contains(part), profile == "aws", "{profile}: {route}");
        }
        assert!(route.contains("statusCode: 302"), "{profile}: {route}");
    }
}
