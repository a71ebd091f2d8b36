//! Context-aware modules, with the manifests in place of a cluster.

use serde_json::json;

use crate::run::Dir;

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

const NOTHING_KNOWN: &str = "whether ClusterSecretStores exist, are ready and serve the namespace: the cluster gave no answer";

#[test]
fn what_nothing_is_known_of_is_said_once() {
    let dir = Dir::with(&[secret("a"), secret("b")].join("---\n"));
    let run = dir.check(&["app.yaml", "--profile", "aws"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout.ends_with(&format!(
            "\n2 objects: 2 accepted, 0 mutated, 0 rejected\nnot checked: {NOTHING_KNOWN}\n"
        )),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.matches("not checked").count(), 1);
    let run = dir.check(&["app.yaml", "--profile", "aws", "--output", "json"]);
    assert_eq!(run.json()["notChecked"], json!([NOTHING_KNOWN]));
}

#[test]
fn stores_and_namespaces_among_the_manifests_are_seen() {
    let serving = [STORE, NAMESPACE, &secret("a")].join("---\n");
    let leaving_out = serving.replace("team: genomics}}\n", "team: imaging}}\n");
    for (manifests, code) in [(serving, 0), (leaving_out, 1)] {
        let run = Dir::with(&manifests).check(&["app.yaml", "--profile", "aws"]);
        assert_eq!(run.code, code, "{}", run.stdout);
        assert!(!run.stdout.contains("not checked"), "{}", run.stdout);
        let refused = "ClusterSecretStore `secret-store` does not serve namespace `research`";
        assert_eq!(run.stdout.contains(refused), code == 1, "{}", run.stdout);
    }
}
