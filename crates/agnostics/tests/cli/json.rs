//! The JSON report, a contract with other tools.

use serde_json::{Value, json};

use crate::harness::{Dir, IMPOSSIBLE, claim};

#[test]
fn a_report_has_exactly_these_fields() {
    let dir = Dir::with(&format!("# a comment\n\n{}", claim("gp3")));
    let run = dir.check(&["app.yaml", "--profile", "k3s", "--output", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let expected = json!({
        "summary": {
            "objects": 1, "accepted": 0, "warned": 1, "mutated": 1, "rejected": 0, "errors": 0,
        },
        "results": [{
            "file": "app.yaml",
            "line": 3,
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": "app",
            "name": "data",
            "module": "storage-class",
            "verdict": "mutated",
            "message": null,
            "warnings": [
                "spec.storageClassName: `gp3` is not a K8TRE class; replaced with `rwo-default` [unknown-class]"
            ],
            "findings": [{
                "rule": "unknown-class",
                "severity": "warning",
                "message": "`gp3` is not a K8TRE class; replaced with `rwo-default`",
                "path": "spec.storageClassName",
            }],
            "patch": [{"op": "replace", "path": "/spec/storageClassName", "value": "rwo-default"}],
        }],
    });
    assert_eq!(run.json(), expected);
}

#[test]
fn a_patch_applies_to_the_object_in_the_file() {
    let manifest = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: app}
spec:
  template:
    spec:
      volumes:
        - name: cache
          ephemeral:
            volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: gp3}}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteMany]}
    - metadata:
        name: old
        annotations: {volume.beta.kubernetes.io/storage-class: managed-csi}
      spec: {accessModes: [ReadWriteOnce]}
";
    let row = Dir::with(manifest).json(&["--profile", "aws"])["results"][0].clone();
    let patch: json_patch::Patch = serde_json::from_value(row["patch"].clone()).unwrap();
    let document = manifest::read("app.yaml", manifest.as_bytes())
        .next()
        .unwrap();
    let mut object = document.unwrap().value().unwrap();
    let mut expected = object.clone();
    json_patch::patch(&mut object, &patch).unwrap();
    let spec = &mut expected["spec"];
    spec["template"]["spec"]["volumes"][0]["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"] =
        json!("rwo-default");
    let templates = &mut spec["volumeClaimTemplates"];
    templates[0]["spec"]["storageClassName"] = json!("rwx-default");
    templates[1]["spec"]["storageClassName"] = json!("rwo-default");
    templates[1]["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"] =
        json!("rwo-default");
    assert_eq!(object, expected);
}

#[test]
fn the_summary_counts_each_object_once_by_its_worst_verdict() {
    let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let documents = [
        claim("rwo-default"),
        claim("gp3"),
        IMPOSSIBLE.to_owned(),
        config_map.to_owned(),
        "kind: Nothing\n".to_owned(),
        claim("longhorn"),
    ];
    let report = Dir::with(&documents.join("---\n")).json(&["--profile", "k3s"]);
    let expected = json!({
        "objects": 5, "accepted": 2, "warned": 2, "mutated": 2, "rejected": 1, "errors": 1,
    });
    assert_eq!(report["summary"], expected);
    let rows: Vec<(&Value, &Value)> = (report["results"].as_array().unwrap().iter())
        .map(|row| (&row["line"], &row["verdict"]))
        .collect();
    let expected = [
        (1, "accepted"),
        (9, "mutated"),
        (17, "rejected"),
        (29, "error"),
        (31, "mutated"),
    ];
    let expected: Vec<_> = (expected.iter())
        .map(|&(line, verdict)| (json!(line), json!(verdict)))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(line, verdict)| (line, verdict))
        .collect();
    // No policy matches the ConfigMap on line 25, so it has no row.
    assert_eq!(rows, expected);
}

#[test]
fn a_rejection_has_its_message_and_no_patch() {
    let row = &Dir::with(IMPOSSIBLE).json(&["--profile", "aws"])["results"][0];
    assert_eq!(row["verdict"], "rejected");
    assert_eq!(row["patch"], json!([]));
    let message = row["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "spec.volumeMode: `rwx-default` is a file share, which cannot provide ReadWriteMany"
        ),
        "{message}"
    );
    assert_eq!(
        row["warnings"],
        json!([]),
        "the message is not repeated as a warning"
    );
}

#[test]
fn a_rejection_has_a_finding_for_each_error() {
    let route = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: portal, namespace: app}
spec:
  parentRefs: [{name: internal-gateway, namespace: gateway, port: 443, sectionName: admin}]
  hostnames: [portal.k8tre.internal]
";
    let report = Dir::with(route).json(&["--profile", "k3s"]);
    let rows = report["results"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["module"] == "httproute-attachment");
    let findings = row.unwrap()["findings"].as_array().unwrap();
    let findings: Vec<_> = findings
        .iter()
        .map(|it| [&it["rule"], &it["severity"], &it["path"]].map(|it| it.as_str().unwrap()))
        .collect();
    let expected = [
        ["parent-ports", "error", "spec.parentRefs[0].port"],
        ["section-names", "error", "spec.parentRefs[0].sectionName"],
    ];
    assert_eq!(findings, expected);
}

#[test]
fn paths_of_findings_are_those_of_the_object_that_contains_the_claim() {
    let database = "\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: app}
spec: {storage: {size: 1Gi, storageClass: gp3}}
";
    let report = Dir::with(database).json(&["--profile", "k3s"]);
    let paths: Vec<_> = (report["results"][0]["findings"].as_array().unwrap().iter())
        .map(|finding| finding["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["spec.storage.storageClass"]);
}

#[test]
fn unreadable_input_has_a_row() {
    let run = Dir::new().check(&["missing.yaml", "--output", "json"]);
    assert_eq!(run.code, 2);
    let expected = json!({
        "file": "missing.yaml",
        "line": null,
        "apiVersion": "",
        "kind": "",
        "namespace": "",
        "name": "",
        "module": "",
        "verdict": "error",
        "message": "no such file or directory",
        "warnings": [],
        "findings": [{
            "rule": "input",
            "severity": "error",
            "message": "no such file or directory",
            "path": "",
        }],
        "patch": [],
    });
    assert_eq!(run.row(), expected);
}
