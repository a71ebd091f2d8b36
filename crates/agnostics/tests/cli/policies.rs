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

fn conditions(conditions: &[(&str, &str)]) -> String {
    let conditions = conditions.iter();
    let conditions: Vec<_> = conditions
        .map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect();
    format!("matchConditions: {}", json!(conditions))
}

#[test]
fn requests_are_selected_by_match_conditions() {
    let count = |all: &[(&str, &str)]| matched(&claim("gp3"), &[&conditions(all)]);
    let yes = ("yes", "object.spec.storageClassName == 'gp3'");
    let no = (
        "no",
        "request.resource.resource != 'persistentvolumeclaims'",
    );
    let error = ("error", "object.spec.volumeName == 'a'");
    assert_eq!(count(&[yes]), 1);
    assert_eq!(count(&[no]), 0);
    assert_eq!(count(&[yes, no]), 0);
    // As in the API server, a false condition decides even after an error.
    assert_eq!(count(&[error, no]), 0);
    // The API server sets the namespace of the object.
    let manifest = claim("gp3").replace(", namespace: app", "");
    let default = ("default", "object.metadata.namespace == 'default'");
    assert_eq!(matched(&manifest, &[&conditions(&[default])]), 1);
}

#[test]
fn a_match_condition_that_cannot_be_evaluated_is_an_error() {
    for mutating in ["mutating: true", "mutating: false"] {
        let error = ("a", "object.spec.volumeName == 'a'");
        let policies = policy("mine", &[&conditions(&[("b", "true"), error])]);
        let policies = policies.replace("mutating: true", mutating);
        let run = check(&claim("gp3"), &policies, &["--output", "json"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        let row = &run.json()["results"][0];
        assert_eq!(row["verdict"], "error");
        assert_eq!(row["patch"], json!([]));
        assert_eq!(
            row["message"],
            "policy `mine`: matchConditions `a`: no such key: `volumeName`; test for it with `has()` or `in`"
        );
    }
}

#[test]
fn match_conditions_see_the_mutated_object() {
    let set = |name: &str, class: &str, condition: &str| {
        let settings = format!("settings: {{classes: {{ReadWriteOnce: {class}}}}}");
        policy(name, &[&settings, &conditions(&[("c", condition)])])
    };
    let original = "object.spec.storageClassName == 'gp3'";
    let first = set("a", "first", original);
    let unmatched = set("b", "second", original);
    assert_eq!(rows(&claim("gp3"), &format!("{first}{unmatched}")).len(), 1);
    // Without its condition, the first policy would change the class back when it is reinvoked.
    let second = set("b", "second", "object.spec.storageClassName == 'first'");
    let rows = rows(&claim("gp3"), &format!("{first}{second}"));
    let classes: Vec<_> = rows.iter().map(|row| &row["patch"][0]["value"]).collect();
    assert_eq!(classes, ["first", "second"]);
}

#[test]
fn invalid_match_conditions_are_an_error() {
    let true_ = |name: &str| json!({"name": name, "expression": "true"});
    let expression = |expression: &str| json!([{"name": "a", "expression": expression}]);
    let many: Vec<_> = (0..65).map(|number| true_(&format!("a{number}"))).collect();
    for (conditions, problem) in [
        (
            json!(many),
            "matchConditions: 65 conditions; use at most 64",
        ),
        (
            json!([true_("a"), true_("a")]),
            "matchConditions[1].name: `a` is not unique",
        ),
        (
            json!([true_("-a")]),
            "matchConditions[0].name: `-a` is not a name: use letters, digits, `-`, `_` and `.`, at most 63 \
             characters",
        ),
        (json!([true_("")]), "matchConditions[0].name: is not set"),
        (expression(" "), "matchConditions[0].expression: is not set"),
        (
            expression("object.spec["),
            "matchConditions `a`: line 1, column 13: Syntax error: mismatched input '<EOF>' expecting expression",
        ),
        (
            expression("object.spec.paused"),
            "matchConditions `a`: must return a Boolean; compare the value, for example with `== true`",
        ),
        (
            expression("params.a == 1"),
            "matchConditions `a`: undeclared reference to `params`",
        ),
        (
            expression("has(request.username)"),
            "matchConditions `a`: `request` has no field `username`",
        ),
        (
            expression("quantity(object.spec.size).isGreaterThan(quantity('1Gi'))"),
            "matchConditions `a`: function `quantity` is unknown or not supported offline",
        ),
        (
            expression("authorizer.path('/healthz').check('get').allowed()"),
            "matchConditions `a`: `authorizer` asks the API server, so it is not supported offline",
        ),
    ] {
        let policies = policy("mine", &[&format!("matchConditions: {conditions}")]);
        let error = format!("error: policies.yaml:2: policy `mine`: {problem}\n");
        assert_error(&policies, &error);
    }
    let qualified = true_("k8tre.io/not-kube-system");
    let qualified = format!("matchConditions: {}", json!([qualified]));
    assert_eq!(matched(&claim("gp3"), &[&qualified]), 1);
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
