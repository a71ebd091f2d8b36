//! Context-aware policies look up objects in the manifests instead of a cluster.

use serde_json::json;

use crate::harness::Dir;

const STORE: &str = "\
apiVersion: external-secrets.io/v1beta1
kind: ClusterSecretStore
metadata: {name: secret-store}
spec: {provider: {aws: {}}, conditions: [{namespaceSelector: {matchLabels: {team: genomics}}}]}
";

const NAMESPACE: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: research, labels: {team: genomics}}
";

fn secret(name: &str) -> String {
    format!(
        "\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{name: {name}, namespace: research}}
spec:
  secretStoreRef: {{kind: ClusterSecretStore, name: secret-store}}
  data: [{{secretKey: password, remoteRef: {{key: db}}}}]
"
    )
}

const STORE_NOT_CHECKED: &str =
    "existence, readiness and conditions of ClusterSecretStore `secret-store` (no cluster data)";

#[test]
fn skipped_look_ups_are_reported_once() {
    let dir = Dir::with(&[secret("a"), secret("b")].join("---\n"));
    let run = dir.check(&["app.yaml", "--profile", "aws"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout.ends_with(&format!(
            "\n2 objects: 2 accepted, 0 mutated, 0 rejected\nnot checked: {STORE_NOT_CHECKED}\n"
        )),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.matches("not checked").count(), 1);
    let run = dir.check(&["app.yaml", "--profile", "aws", "--output", "json"]);
    assert_eq!(run.json()["notChecked"], json!([STORE_NOT_CHECKED]));
}

#[test]
fn stores_and_namespaces_in_the_manifests_are_looked_up() {
    let matching = [STORE, NAMESPACE, &secret("a")].join("---\n");
    let not_matching = matching.replace("team: genomics}}\n", "team: imaging}}\n");
    for (manifests, code) in [(matching, 0), (not_matching, 1)] {
        let run = Dir::with(&manifests).check(&["app.yaml", "--profile", "aws"]);
        assert_eq!(run.code, code, "{}", run.stdout);
        assert!(!run.stdout.contains("not checked"), "{}", run.stdout);
        let rejection = "ClusterSecretStore `secret-store` does not serve namespace `research`";
        assert_eq!(run.stdout.contains(rejection), code == 1, "{}", run.stdout);
    }
}

#[test]
fn namespaces_have_the_name_label_that_the_api_server_sets() {
    let by_name = STORE.replace("team: genomics", "kubernetes.io/metadata.name: research");
    for namespace in [
        NAMESPACE,
        &NAMESPACE.replace(", labels: {team: genomics}", ""),
        "",
    ] {
        let manifests = [&by_name, namespace, &secret("a")].join("---\n");
        let run = Dir::with(&manifests).check(&["app.yaml", "--profile", "aws"]);
        assert_eq!(run.code, 0, "{}", run.stdout);
        assert!(!run.stdout.contains("not checked"), "{}", run.stdout);
    }
}

/// Manifests may lack some stores of the cluster, so each store is looked up by name.
#[test]
fn several_stores_of_an_object_are_looked_up() {
    let policy = "\
apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {name: stores}
spec:
  module: registry://ghcr.io/k8tre/agnostics/secret-store-references:v0.1.0
  mutating: false
  rules: [{apiGroups: [external-secrets.io], apiVersions: [v1], resources: [externalsecrets], operations: [CREATE]}]
  contextAwareResources: [{apiVersion: external-secrets.io/v1, kind: ClusterSecretStore}]
  settings:
    allowedStores:
      - {kind: ClusterSecretStore, name: secret-store}
      - {kind: ClusterSecretStore, name: vault}
";
    let open = STORE.replace(
        ", conditions: [{namespaceSelector: {matchLabels: {team: genomics}}}]",
        "",
    );
    let closed = open.replace("secret-store", "vault").replace(
        "{provider:",
        "{conditions: [{namespaces: [imaging]}], provider:",
    );
    let both = secret("a").replace(
        "data: [",
        "data: [{secretKey: key, remoteRef: {key: db}, \
         sourceRef: {storeRef: {kind: ClusterSecretStore, name: vault}}}, ",
    );
    let check = |manifests: &[&str]| {
        let dir = Dir::with(&manifests.join("---\n")).file("policy.yaml", policy);
        dir.check(&["app.yaml", "--policies", "policy.yaml"])
    };
    let run = check(&[&open, &closed, &both]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let rejection = "ClusterSecretStore `vault` does not serve namespace `research`";
    assert!(run.stdout.contains(rejection), "{}", run.stdout);
    assert!(!run.stdout.contains("not checked"), "{}", run.stdout);

    let run = check(&[&open, &both]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    let unknown = STORE_NOT_CHECKED.replace("secret-store", "vault");
    assert!(
        run.stdout.ends_with(&format!("\nnot checked: {unknown}\n")),
        "{}",
        run.stdout
    );
    assert_eq!(
        run.stdout.matches("not checked").count(),
        1,
        "{}",
        run.stdout
    );
}

#[test]
fn named_ports_of_old_ingresses_are_resolved_with_services_in_the_manifests() {
    let ingress = "\
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: portal, namespace: backend}
spec:
  rules: [{host: portal.k8tre.internal, http: {paths: [{backend: {serviceName: portal, servicePort: http}}]}}]
";
    let service = "\
apiVersion: v1
kind: Service
metadata: {name: portal, namespace: backend}
spec: {ports: [{name: http, port: 8080}]}
";
    let both = [ingress, service].join("---\n");
    let run = Dir::with(&both).check(&["app.yaml", "--profile", "k3s"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains("\n        - name: portal\n          port: 8080\n"),
        "{}",
        run.stdout
    );

    let run = Dir::with(ingress).check(&["app.yaml", "--profile", "k3s"]);
    assert_eq!(run.code, 1);
    let why = "cannot resolve port `http` of Service `portal`: the Service could not be looked up; set the port number in the route";
    assert!(run.stdout.contains(why), "{}", run.stdout);
}

#[test]
fn ingresses_of_the_same_host_in_the_manifests_are_looked_up() {
    let ingress = |name: &str, metadata: &str, path: &str| {
        format!(
            "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: backend{metadata}}}
spec:
  ingressClassName: nginx
  rules:
  - host: portal.k8tre.internal
    http:
      paths:
      - path: {path}
        pathType: ImplementationSpecific
        backend: {{service: {{name: {name}, port: {{number: 80}}}}}}
"
        )
    };
    let regex = ", annotations: {nginx.ingress.kubernetes.io/use-regex: 'true'}";
    let both = [
        ingress("portal", "", "/app"),
        ingress("images", regex, "/[0-9]+"),
    ];
    let run = Dir::with(&both.join("---\n")).check(&["app.yaml", "--profile", "k3s"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("value: \"(?i)/app.*\""),
        "{}",
        run.stdout
    );
    let not_checked = "\nnot checked: Ingress objects outside the manifests\n";
    assert!(run.stdout.contains(not_checked), "{}", run.stdout);
    let run = Dir::with(&both[0]).check(&["app.yaml", "--profile", "k3s"]);
    assert!(run.stdout.contains("value: /app\n"), "{}", run.stdout);
    assert!(run.stdout.contains(not_checked), "{}", run.stdout);
}
