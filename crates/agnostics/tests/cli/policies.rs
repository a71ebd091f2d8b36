//! `--policies` applies settings, rules, selectors and modes as a cluster would.

use serde_json::{Value, json};

use crate::harness::{Dir, IMPOSSIBLE, Run, claim, policy};

/// Checks `manifest` with these policies.
fn check(manifest: &str, policies: &str, arguments: &[&str]) -> Run {
    let dir = Dir::with(manifest).file("policies.yaml", policies);
    dir.check(&[&["app.yaml", "--policies", "policies.yaml"], arguments].concat())
}

fn rows(manifest: &str, policies: &str) -> Vec<Value> {
    let run = check(manifest, policies, &["--output", "json"]);
    assert!(run.code < 2, "{}", run.stderr);
    run.json()["results"].as_array().unwrap().clone()
}

/// Returns the number of objects in `manifest` matched by a policy with these fields in its `spec`.
fn matched(manifest: &str, more: &[&str]) -> usize {
    rows(manifest, &policy("p", more)).len()
}

/// Asserts exit code 2, this standard error and no standard output.
fn assert_error(policies: &str, stderr: &str) {
    let run = check(&claim("gp3"), policies, &[]);
    assert_eq!(run.stderr, stderr);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
}

#[test]
fn settings_of_the_policy_apply() {
    let policies = policy(
        "p",
        &["settings: {classes: {ReadWriteOnce: block, ReadWriteMany: shared}}"],
    );
    assert_eq!(
        rows(&claim("gp3"), &policies)[0]["patch"][0]["value"],
        "block"
    );
    let policies = policy("p", &["settings: {unknownClass: reject}"]);
    let row = &rows(&claim("gp3"), &policies)[0];
    assert_eq!(
        row["message"],
        "spec.storageClassName: `gp3` is not a K8TRE class; use `rwo-default` for ReadWriteOnce [unknown-class]"
    );
    let policies = policy("p", &["settings: null"]);
    assert_eq!(
        rows(&claim("gp3"), &policies)[0]["patch"][0]["value"],
        "rwo-default"
    );
}

#[test]
fn several_files_add_up() {
    let dir = Dir::with(&claim("gp3"))
        .file(
            "one/a.yaml",
            policy("a", &["settings: {unknownClass: allow}"]),
        )
        .file("b.yaml", policy("b", &[]));
    let report = dir.json(&["--policies", "one", "--policies", "b.yaml"]);
    let verdicts: Vec<_> = (report["results"].as_array().unwrap().iter())
        .map(|row| &row["verdict"])
        .collect();
    assert_eq!(verdicts, ["accepted", "mutated"]);
}

#[test]
fn monitor_mode_keeps_warnings_only() {
    let manifest = format!("{}---\n{IMPOSSIBLE}", claim("gp3"));
    let run = check(
        &manifest,
        &policy("p", &["mode: monitor"]),
        &["--output", "json"],
    );
    assert_eq!(run.code, 0);
    for row in run.json()["results"].as_array().unwrap() {
        assert_eq!(row["verdict"], "accepted");
        assert_eq!(row["message"], Value::Null);
        assert_eq!(row["patch"], json!([]));
        assert_eq!(row["warnings"].as_array().unwrap().len(), 1, "{row:#}");
    }
    let run = check(&manifest, &policy("p", &["mode: protect"]), &[]);
    assert_eq!(run.code, 1);
}

#[test]
fn rules_select_objects() {
    let rule = |groups: &str, versions: &str, resources: &str, operations: &str| {
        let rule = format!(
            "rules: [{{apiGroups: {groups}, apiVersions: {versions}, resources: {resources}, operations: {operations}}}]"
        );
        matched(&claim("gp3"), &[&rule])
    };
    let claims = "[persistentvolumeclaims]";
    assert_eq!(rule("['']", "[v1]", claims, "[CREATE, UPDATE]"), 1);
    assert_eq!(rule("['*']", "['*']", "['*']", "['*']"), 1);
    assert_eq!(rule("['']", "[v1]", "['*/*']", "[CREATE]"), 1);
    assert_eq!(
        rule("['']", "[v1]", "['persistentvolumeclaims/*']", "[CREATE]"),
        1
    );
    assert_eq!(rule("[apps]", "[v1]", claims, "[CREATE]"), 0);
    assert_eq!(rule("['']", "[v1beta1]", claims, "[CREATE]"), 0);
    assert_eq!(rule("['']", "[v1]", "[pods]", "[CREATE]"), 0);
    assert_eq!(
        rule(
            "['']",
            "[v1]",
            "[persistentvolumeclaims/status]",
            "[CREATE]"
        ),
        0
    );
    assert_eq!(rule("['']", "[v1]", claims, "[UPDATE, DELETE]"), 0);
}

#[test]
fn rules_select_by_scope() {
    let cluster = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gp3}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n";
    let all = format!("{}---\n{cluster}---\n{namespace}", claim("gp3"));
    let rule = |scope: &str| {
        let rule = format!(
            "rules: [{{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'], scope: {scope}}}]"
        );
        let rows = rows(&all, &policy("p", &[&rule]));
        rows.iter()
            .map(|row| row["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(rule("Namespaced"), ["PersistentVolumeClaim"]);
    assert_eq!(rule("Cluster"), ["StorageClass", "Namespace"]);
    assert_eq!(
        rule("'*'"),
        ["PersistentVolumeClaim", "StorageClass", "Namespace"]
    );
}

const EVERYTHING: &str =
    "rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}]";

#[test]
fn namespaces_are_selected_by_name() {
    let count =
        |selector: &str| matched(&claim("gp3"), &[&format!("namespaceSelector: {selector}")]);
    assert_eq!(
        count("{matchLabels: {kubernetes.io/metadata.name: app}}"),
        1
    );
    assert_eq!(
        count("{matchLabels: {kubernetes.io/metadata.name: other}}"),
        0
    );
    let expression = |operator: &str, values: &str| {
        count(&format!(
            "{{matchExpressions: [{{key: kubernetes.io/metadata.name, operator: {operator}{values}}}]}}"
        ))
    };
    assert_eq!(expression("In", ", values: [app]"), 1);
    assert_eq!(expression("NotIn", ", values: [app]"), 0);
    assert_eq!(expression("NotIn", ", values: [kube-system]"), 1);
    assert_eq!(expression("Exists", ""), 1);
    assert_eq!(expression("DoesNotExist", ""), 0);
    assert_eq!(count("{}"), 1);
}

#[test]
fn an_object_without_a_namespace_is_in_default() {
    let manifest = claim("gp3").replace(", namespace: app", "");
    let selector = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}";
    assert_eq!(matched(&manifest, &[selector]), 1);
}

#[test]
fn policies_of_profiles_exclude_kube_system() {
    let manifest = claim("gp3").replace("namespace: app", "namespace: kube-system");
    for profile in ["azure", "aws", "k3s"] {
        let report = Dir::with(&manifest).json(&["--profile", profile]);
        assert_eq!(report["results"], json!([]), "{profile}");
    }
}

#[test]
fn warns_about_unknown_labels_of_namespaces() {
    let policies = policy(
        "mine",
        &["namespaceSelector: {matchExpressions: [{key: exempt, operator: DoesNotExist}]}"],
    );
    let run = check(&claim("gp3"), &policies, &[]);
    assert_eq!(
        run.stderr,
        "warning: policies.yaml:2: policy `mine`: its namespaceSelector matches labels, but there is no \
         manifest of namespace `app`; assuming no labels\n  help: also check the Namespace manifests\n"
    );
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("1 mutated"), "{}", run.stdout);
}

/// The Namespace may come after the objects in it.
#[test]
fn namespaces_are_selected_by_labels_in_their_manifests() {
    let selector = &["namespaceSelector: {matchLabels: {team: a}}"];
    let with = |labels: &str| {
        format!(
            "{}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: app, labels: {labels}}}\n",
            claim("gp3")
        )
    };
    assert_eq!(matched(&with("{team: a}"), selector), 1);
    assert_eq!(matched(&with("{team: b}"), selector), 0);
    assert_eq!(matched(&claim("gp3"), selector), 0);
}

#[test]
fn a_namespace_is_selected_by_its_own_labels() {
    let selector = &[EVERYTHING, "namespaceSelector: {matchLabels: {team: a}}"];
    let namespace = |labels: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: app, labels: {labels}}}\n")
    };
    assert_eq!(matched(&namespace("{team: a}"), selector), 1);
    assert_eq!(matched(&namespace("{team: b}"), selector), 0);
}

#[test]
fn namespace_selectors_match_all_cluster_scoped_objects() {
    let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gp3}\n";
    let selector = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: app}}";
    assert_eq!(matched(class, &[EVERYTHING, selector]), 1);
}

#[test]
fn objects_are_selected_by_their_labels() {
    let manifest = claim("gp3").replace("name: data", "name: data, labels: {tier: db}");
    let count = |selector: &str| matched(&manifest, &[&format!("objectSelector: {selector}")]);
    assert_eq!(count("{matchLabels: {tier: db}}"), 1);
    assert_eq!(count("{matchLabels: {tier: web}}"), 0);
    assert_eq!(
        count("{matchExpressions: [{key: tier, operator: NotIn, values: [web]}]}"),
        1
    );
    assert_eq!(
        count("{matchExpressions: [{key: exempt, operator: DoesNotExist}]}"),
        1
    );
    assert_eq!(
        count("{matchExpressions: [{key: exempt, operator: Exists}]}"),
        0
    );
}

#[test]
fn an_admission_policy_applies_to_its_own_namespace() {
    let count = |namespace: &str| {
        let policies = policy("p", &[]).replace("ClusterAdmissionPolicy", "AdmissionPolicy");
        rows(
            &claim("gp3"),
            &policies.replace("{name: p}", &format!("{{name: p{namespace}}}")),
        )
        .len()
    };
    assert_eq!(count(", namespace: app"), 1);
    assert_eq!(count(", namespace: other"), 0);
    assert_eq!(
        count(""),
        0,
        "without a namespace, the policy is in default"
    );
}

#[test]
fn the_message_field_of_the_policy_comes_first() {
    let policies = policy("p", &["message: ask the platform team"]);
    let message = rows(IMPOSSIBLE, &policies)[0]["message"].clone();
    let message = message.as_str().unwrap();
    assert!(
        message.starts_with(
            "ask the platform team (details: spec.volumeMode: `rwx-default` is a file share, "
        ),
        "{message}"
    );
}

#[test]
fn invalid_settings_are_an_error() {
    assert_error(
        &policy("mine", &["settings: {clusterDefaultClass: Not_A_Name}"]),
        "error: policies.yaml:2: policy `mine`: setting `clusterDefaultClass`: `Not_A_Name` is not a name: use \
         lower-case letters, digits, `-` and `.`, at most 253 characters\n",
    );
    let run = check(
        &claim("gp3"),
        &policy("mine", &["settings: {clases: {}}"]),
        &[],
    );
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("policy `mine`: ") && run.stderr.contains("`clases`"),
        "{}",
        run.stderr
    );
}

#[test]
fn modules_are_identified_by_the_last_part_of_their_address() {
    for address in [
        "registry://ghcr.io/k8tre/agnostics/storage-class@sha256:0000",
        "registry://localhost:5000/storage-class",
        "https://example.org/storage-class.wasm",
        "file:///modules/storage-class.wasm",
        "storage-class",
    ] {
        let policies = policy("p", &[]).replace(
            "registry://ghcr.io/k8tre/agnostics/storage-class:v0.1.0",
            address,
        );
        assert_eq!(
            rows(&claim("gp3"), &policies)[0]["module"],
            "storage-class",
            "{address}"
        );
    }
}

#[test]
fn warns_that_match_conditions_are_not_evaluated() {
    let policies = policy(
        "mine",
        &["matchConditions: [{name: a, expression: 'false'}]"],
    );
    let run = check(&claim("gp3"), &policies, &[]);
    assert_eq!(
        run.stderr,
        "warning: policies.yaml:2: policy `mine`: matchConditions are not evaluated offline; the policy runs for \
         every object that its rules and selectors match\n"
    );
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("1 mutated"), "{}", run.stdout);
}

#[test]
fn policy_groups_are_an_error() {
    for kind in ["ClusterAdmissionPolicyGroup", "AdmissionPolicyGroup"] {
        let policies = policy("many", &[]).replace("ClusterAdmissionPolicy", kind);
        assert_error(
            &policies,
            &format!(
                "error: policies.yaml:2: {kind} `many` is not supported\n  \
                 help: to check its members, write them as ClusterAdmissionPolicies\n"
            ),
        );
    }
}

#[test]
fn a_malformed_policy_is_an_error() {
    for (spec, expected) in [
        ("{}", "missing field `module`"),
        (
            "{module: m, rules: [], mutating: perhaps}",
            "expected a boolean",
        ),
        (
            "{module: m, rules: [], mutating: true, mode: loud}",
            "unknown variant `loud`",
        ),
        ("text", "invalid type"),
    ] {
        let policies = format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {{name: mine}}\nspec: {spec}\n"
        );
        let run = check(&claim("gp3"), &policies, &[]);
        assert_eq!(run.code, 2, "{spec}");
        assert!(
            run.stderr
                .starts_with("error: policies.yaml:1: policy `mine`: spec: "),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(expected), "{spec}: {}", run.stderr);
    }
}

#[test]
fn a_file_without_policies_is_an_error() {
    assert_error(
        &claim("gp3"),
        "error: policies.yaml: no policy found\n  \
         help: a policy is a ClusterAdmissionPolicy of policies.kubewarden.io/v1\n",
    );
    assert_error(
        "",
        "error: policies.yaml:1: empty, or contains only comments\n",
    );
    let run = Dir::with(&claim("gp3")).check(&["app.yaml", "--policies", "missing.yaml"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "error: missing.yaml: no such file or directory\n")
    );
}

#[test]
fn other_objects_in_policy_files_are_ignored() {
    let policies = format!(
        "{}{}---\napiVersion: policies.kubewarden.io/v1\nkind: PolicyServer\nmetadata: {{name: default}}\n",
        claim("gp3"),
        policy("p", &[])
    );
    assert_eq!(rows(&claim("gp3"), &policies).len(), 1);
}

#[test]
fn warns_about_placeholders_in_policies() {
    let run = check(
        &claim("gp3"),
        &policy("p", &["policyServer: ${SERVER}"]),
        &[],
    );
    assert!(
        run.stderr
            .starts_with("warning: policies.yaml:9: unresolved placeholder: `${SERVER}`"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, 0);
}

/// Policies run in the order of their names, and each has its row.
#[test]
fn several_policies_can_use_one_module() {
    let policies = [
        policy(
            "b",
            &["settings: {classes: {ReadWriteOnce: second}, allowedClasses: [first]}"],
        ),
        policy(
            "a",
            &["settings: {classes: {ReadWriteOnce: first}, allowedClasses: [second]}"],
        ),
    ];
    let rows = rows(&claim("gp3"), &policies.concat());
    let first = json!([{"op": "replace", "path": "/spec/storageClassName", "value": "first"}]);
    assert_eq!(
        (&rows[0]["verdict"], &rows[0]["patch"]),
        (&json!("mutated"), &first)
    );
    assert_eq!(
        (&rows[1]["verdict"], &rows[1]["patch"]),
        (&json!("accepted"), &json!([]))
    );
}

#[test]
fn policies_that_undo_each_other_are_an_error() {
    let policies = [
        policy("a", &["settings: {classes: {ReadWriteOnce: first}}"]),
        policy("b", &["settings: {classes: {ReadWriteOnce: second}}"]),
    ];
    let run = check(&claim("gp3"), &policies.concat(), &["--output", "json"]);
    assert_eq!(run.code, 2);
    let row = &run.json()["results"][0];
    assert_eq!(
        row["message"],
        "mutating policies keep changing the object back and forth"
    );
}

/// The mutation of the second policy reinvokes the first one, which repeats its rejection.
#[test]
fn a_repeated_rejection_is_reported_once() {
    let policies = [
        policy("a", &["settings: {unknownClass: reject}"]),
        policy("b", &["settings: {allowedClasses: [gp3]}"]),
    ];
    let manifest = claim("null").replace(
        "namespace: app",
        "namespace: app, annotations: {volume.beta.kubernetes.io/storage-class: gp3}",
    );
    let rows = rows(&manifest, &policies.concat());
    assert_eq!(rows[1]["verdict"], "mutated", "{rows:#?}");
    let message = rows[0]["message"].as_str().unwrap();
    assert_eq!(
        message.matches("is not a K8TRE class").count(),
        1,
        "{message}"
    );
}
