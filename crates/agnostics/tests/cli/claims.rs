//! Claims derived from other objects are reported at their template.

use serde_json::{Value, json};

use crate::harness::{Dir, only_row, policy};

/// Applies the unified diffs in a report. Asserts that the context of each hunk matches its line numbers.
fn apply_diff(source: &str, report: &str) -> String {
    let mut lines: Vec<&str> = source.lines().collect();
    let mut at = None;
    for line in report.lines() {
        if let Some(hunk) = line.strip_prefix("@@ -") {
            let new = hunk.split_once('+').unwrap().1;
            at = Some(new.split(',').next().unwrap().parse::<usize>().unwrap() - 1);
            continue;
        }
        let Some(index) = &mut at else { continue };
        match line.split_at_checked(1) {
            Some((" ", text)) => {
                assert_eq!(lines[*index], text, "line {}", *index + 1);
                *index += 1;
            }
            Some(("-", text)) => assert_eq!(lines.remove(*index), text, "line {}", *index + 1),
            Some(("+", text)) => {
                lines.insert(*index, text);
                *index += 1;
            }
            _ => at = None,
        }
    }
    lines.join("\n") + "\n"
}

/// Asserts that the report warns about the one `gp3` in `manifest` at `path`, and that its diff replaces it.
/// Uses aws, which has no default storage class.
fn assert_reported_at(manifest: &str, path: &str) {
    assert_eq!(manifest.matches("gp3").count(), 1);
    let dir = Dir::with(manifest);
    let row = only_row(&dir.json(&["--profile", "aws"]));
    let expected =
        format!("{path}: `gp3` is not a K8TRE class; replaced with `rwo-default` [unknown-class]");
    assert_eq!(row["warnings"], json!([expected]), "{manifest}");
    let text = dir.check(&["app.yaml", "--profile", "aws"]).stdout;
    assert_eq!(
        apply_diff(manifest, &text),
        manifest.replace("gp3", "rwo-default"),
        "{text}"
    );
}

const CLAIM_SPEC: &str = "{accessModes: [ReadWriteOnce], storageClassName: gp3}";

#[test]
fn templates_of_stateful_sets() {
    let manifest = format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  volumeClaimTemplates:\n  \
         - apiVersion: v1\n    kind: PersistentVolumeClaim\n    metadata: {{name: a}}\n    \
         spec: {{accessModes: [ReadWriteOnce], storageClassName: rwo-default}}\n  \
         - metadata: {{name: b}}\n    spec: {CLAIM_SPEC} # here\n"
    );
    assert_reported_at(
        &manifest,
        "spec.volumeClaimTemplates[1].spec.storageClassName",
    );
}

#[test]
fn ephemeral_volumes_of_every_workload() {
    for (api_version, kind, above) in [
        ("v1", "Pod", &["spec"][..]),
        ("v1", "ReplicationController", &["spec", "template", "spec"]),
        ("apps/v1", "Deployment", &["spec", "template", "spec"]),
        ("apps/v1", "StatefulSet", &["spec", "template", "spec"]),
        ("apps/v1", "DaemonSet", &["spec", "template", "spec"]),
        ("apps/v1", "ReplicaSet", &["spec", "template", "spec"]),
        ("batch/v1", "Job", &["spec", "template", "spec"]),
        (
            "batch/v1",
            "CronJob",
            &["spec", "jobTemplate", "spec", "template", "spec"],
        ),
        ("monitoring.coreos.com/v1", "Prometheus", &["spec"]),
        (
            "monitoring.coreos.com/v1alpha1",
            "PrometheusAgent",
            &["spec"],
        ),
        ("monitoring.coreos.com/v1", "Alertmanager", &["spec"]),
        ("monitoring.coreos.com/v1", "ThanosRuler", &["spec"]),
    ] {
        let mut manifest =
            format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: app\n");
        for (depth, field) in above.iter().enumerate() {
            manifest.push_str(&format!("{}{field}:\n", "  ".repeat(depth)));
        }
        let indent = "  ".repeat(above.len());
        manifest.push_str(&format!(
            "{indent}volumes:\n\
             {indent}- name: none\n\
             {indent}  emptyDir: {{}}\n\
             {indent}- name: scratch\n\
             {indent}  ephemeral:\n\
             {indent}    volumeClaimTemplate:\n\
             {indent}      spec:\n\
             {indent}        accessModes: [ReadWriteOnce]\n\
             {indent}        storageClassName: gp3\n"
        ));
        let path = format!(
            "{}.volumes[1].ephemeral.volumeClaimTemplate.spec.storageClassName",
            above.join(".")
        );
        assert_reported_at(&manifest, &path);
    }
}

/// The fields of a Cluster that are a CloudNativePG StorageConfiguration.
const CLOUD_NATIVE_PG: [(&str, &str); 3] = [
    ("  storage:\n", "spec.storage"),
    (
        "  storage: {size: 1Gi, storageClass: rwo-default}\n  walStorage:\n",
        "spec.walStorage",
    ),
    (
        "  storage: {size: 1Gi, storageClass: rwo-default}\n  tablespaces:\n  - name: t\n    storage:\n",
        "spec.tablespaces[0].storage",
    ),
];

fn cloud_native_pg(above: &str, storage: &str) -> String {
    format!(
        "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: db}}\nspec:\n{above}{storage}"
    )
}

#[test]
fn cloud_native_pg_with_a_class() {
    for (above, path) in CLOUD_NATIVE_PG {
        let manifest = cloud_native_pg(above, "      size: 1Gi\n      storageClass: gp3\n");
        assert_reported_at(&manifest, &format!("{path}.storageClass"));
    }
}

#[test]
fn cloud_native_pg_with_a_class_in_the_template() {
    for (above, path) in CLOUD_NATIVE_PG {
        for beside in ["", "      storageClass: null\n"] {
            let storage = format!(
                "      size: 1Gi\n{beside}      pvcTemplate:\n        storageClassName: gp3\n        accessModes: []\n"
            );
            let manifest = cloud_native_pg(above, &storage);
            assert_reported_at(&manifest, &format!("{path}.pvcTemplate.storageClassName"));
        }
    }
}

/// CloudNativePG applies `storageClass` after the template.
#[test]
fn cloud_native_pg_storage_class_overrides_the_template() {
    let storage = "      storageClass: gp3\n      pvcTemplate: {storageClassName: rwx-default}\n";
    assert_reported_at(
        &cloud_native_pg("  storage:\n", storage),
        "spec.storage.storageClass",
    );
}

#[test]
fn cloud_native_pg_without_a_class_gets_it_next_to_the_size() {
    for (above, path) in CLOUD_NATIVE_PG {
        for template in [
            "",
            "      pvcTemplate: null\n",
            "      pvcTemplate: {storageClassName: null}\n",
        ] {
            let manifest = cloud_native_pg(above, &format!("      size: 1Gi\n{template}"));
            let dir = Dir::with(&manifest);
            let row = only_row(&dir.json(&["--profile", "aws"]));
            let warning = format!(
                "{path}.storageClass: not set; uses `rwo-default` for ReadWriteOnce [class-not-set]"
            );
            assert_eq!(row["warnings"], json!([warning]), "{manifest}");
            let text = dir.check(&["app.yaml", "--profile", "aws"]).stdout;
            let expected = format!("{manifest}      storageClass: rwo-default\n");
            assert_eq!(apply_diff(&manifest, &text), expected, "{text}");
        }
    }
}

#[test]
fn cloud_native_pg_uses_the_access_mode_of_the_template() {
    let storage =
        "      pvcTemplate: {accessModes: [ReadWriteMany], storageClassName: rwo-default}\n";
    let row =
        only_row(&Dir::with(&cloud_native_pg("  storage:\n", storage)).json(&["--profile", "aws"]));
    assert_eq!(
        row["patch"],
        json!([{"op": "replace", "path": "/spec/storage/pvcTemplate/storageClassName", "value": "rwx-default"}])
    );
}

const MONITORING: [(&str, &str); 4] = [
    ("v1", "Prometheus"),
    ("v1alpha1", "PrometheusAgent"),
    ("v1", "Alertmanager"),
    ("v1", "ThanosRuler"),
];

fn monitoring(version: &str, kind: &str, storage: &str) -> String {
    format!(
        "apiVersion: monitoring.coreos.com/{version}\nkind: {kind}\nmetadata: {{name: k8s}}\nspec:\n  \
         storage:\n{storage}"
    )
}

#[test]
fn storage_of_the_prometheus_operator() {
    for (version, kind) in MONITORING {
        // The operator defaults to ReadWriteOnce.
        let template =
            "    volumeClaimTemplate:\n      metadata: null\n      spec: {storageClassName: gp3}\n";
        assert_reported_at(
            &monitoring(version, kind, template),
            "spec.storage.volumeClaimTemplate.spec.storageClassName",
        );
        let ephemeral =
            format!("    ephemeral:\n      volumeClaimTemplate:\n        spec: {CLAIM_SPEC}\n");
        assert_reported_at(
            &monitoring(version, kind, &ephemeral),
            "spec.storage.ephemeral.volumeClaimTemplate.spec.storageClassName",
        );
    }
}

/// In the operator, emptyDir overrides ephemeral, and ephemeral overrides the template.
#[test]
fn prometheus_operator_uses_only_one_kind_of_storage() {
    let template = "    volumeClaimTemplate: {spec: {storageClassName: longhorn}}\n";
    let ephemeral = format!("    ephemeral: {{volumeClaimTemplate: {{spec: {CLAIM_SPEC}}}}}\n");
    let ephemeral = ephemeral.as_str();
    let path = "spec.storage.ephemeral.volumeClaimTemplate.spec.storageClassName";
    assert_reported_at(
        &monitoring("v1", "Prometheus", &[ephemeral, template].concat()),
        path,
    );
    assert_reported_at(
        &monitoring(
            "v1",
            "Prometheus",
            &["    emptyDir: null\n", ephemeral].concat(),
        ),
        path,
    );
    for storage in [
        &["    emptyDir: {}\n", ephemeral, template].concat(),
        "    emptyDir: {sizeLimit: 1Gi}\n",
    ] {
        let report =
            Dir::with(&monitoring("v1", "Prometheus", storage)).json(&["--profile", "aws"]);
        assert_eq!(report["results"], json!([]), "{storage}");
        assert_eq!(report["summary"]["accepted"], 1, "{storage}");
    }
}

#[test]
fn an_object_with_several_claims_has_one_row() {
    let manifest = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  template: {spec: {volumes: [{ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteMany], volumeMode: Block}}}}]}}
  volumeClaimTemplates:
  - metadata: {name: a}
    spec: {accessModes: [Sometimes]}
  - metadata: {name: b}
    spec: {accessModes: [ReadWriteOnce]}
";
    let row = only_row(&Dir::with(manifest).json(&["--profile", "aws"]));
    assert_eq!(row["verdict"], "rejected");
    let message = row["message"].as_str().unwrap();
    let paths: Vec<&str> = message
        .lines()
        .filter_map(|line| line.split([':', ' ']).next())
        .collect();
    assert_eq!(
        paths,
        [
            "spec.volumeClaimTemplates[0].spec.accessModes[0]",
            "spec.template.spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeMode",
        ]
    );
    assert_eq!(
        row["patch"][0]["path"],
        "/spec/volumeClaimTemplates/1/spec/storageClassName"
    );
}

#[test]
fn malformed_templates_are_not_reported() {
    for templates in ["5", "[]", "null", "[5, null, text]", "{a: {spec: {}}}"] {
        let manifest = format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec: {{volumeClaimTemplates: {templates}}}\n"
        );
        let report = Dir::with(&manifest).json(&["--profile", "aws"]);
        assert_eq!(report["summary"]["errors"], 0, "{templates}");
        assert_eq!(report["summary"]["objects"], 1, "{templates}");
    }
}

#[test]
fn a_template_without_spec_is_rejected_at_its_path() {
    for template in [
        "{metadata: {name: a}}",
        "{metadata: {name: a}, spec: null}",
        "{metadata: null, spec: text}",
    ] {
        let manifest = format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  volumeClaimTemplates: [{template}]\n"
        );
        let row = only_row(&Dir::with(&manifest).json(&["--profile", "aws"]));
        let message = row["message"].as_str().unwrap_or_default();
        assert!(
            message.starts_with("spec.volumeClaimTemplates[0].spec"),
            "{template}: {row:#}"
        );
    }
}

/// A derived claim has its owner's namespace and the labels of its template.
#[test]
fn selectors_match_derived_claims() {
    let manifest = format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db, namespace: app, labels: {{of: set}}}}\nspec:\n  \
         volumeClaimTemplates: [{{metadata: {{name: a, labels: {{of: claim}}}}, spec: {CLAIM_SPEC}}}]\n"
    );
    let rows = |more: &str| -> Vec<Value> {
        let dir = Dir::with(&manifest).file("p.yaml", policy("p", &[more]));
        dir.json(&["--policies", "p.yaml"])["results"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert_eq!(rows("objectSelector: {matchLabels: {of: claim}}").len(), 1);
    assert_eq!(rows("objectSelector: {matchLabels: {of: set}}").len(), 0);
    let of = |namespace| {
        format!("namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}")
    };
    assert_eq!(rows(&of("app")).len(), 1);
    assert_eq!(rows(&of("default")).len(), 0);
}
