//! In a directory, exactly the files of other programs are skipped.

mod trees;

use std::collections::BTreeSet;

use manifest::walk::walk;
use trees::{files, problems, skipped, tree_of};

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const JSON_PATCH: &str = "- op: remove\n  path: /spec/a\n";

#[test]
fn files_that_a_kustomization_uses_but_does_not_apply_are_skipped() {
    let kustomization = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [object.yaml, ../base]
patches:
  - path: used/patch.yaml
    target: {kind: Deployment}
  - patch: '[{op: remove, path: /spec}]'
patchesJson6902: [{path: used/json6902.json}]
patchesStrategicMerge:
  - used/strategic.yaml
  - |
    kind: ConfigMap
replacements: [{path: used/replacement.yaml}, {source: {kind: A}}]
helmCharts:
  - name: a
    valuesFile: used/chart.yaml
    additionalValuesFiles: [used/more.yaml, used/most.yaml]
helmChartInflationGenerator: [{values: used/old-chart.yaml}]
configMapGenerator:
  - name: a
    files: [used/file.json, key.json=used/keyed.json]
    envs: [used/env.yaml]
    env: used/old-env.yaml
secretGenerator:
  - name: a
    files: [used/secret.json, key.json=used/keyed-secret.json]
    envs: [used/secret-env.yaml]
    env: used/old-secret-env.yaml
generators: [used/generator.yaml]
transformers: [used/transformer.yaml]
validators: [used/validator.yaml]
configurations: [used/configuration.yaml]
crds: [used/crd.json]
openapi: {path: used/schema.json}
";
    let used = [
        "used/chart.yaml",
        "used/configuration.yaml",
        "used/crd.json",
        "used/env.yaml",
        "used/file.json",
        "used/generator.yaml",
        "used/json6902.json",
        "used/keyed-secret.json",
        "used/keyed.json",
        "used/more.yaml",
        "used/most.yaml",
        "used/old-chart.yaml",
        "used/old-env.yaml",
        "used/old-secret-env.yaml",
        "used/patch.yaml",
        "used/replacement.yaml",
        "used/schema.json",
        "used/secret-env.yaml",
        "used/secret.json",
        "used/strategic.yaml",
        "used/transformer.yaml",
        "used/validator.yaml",
    ];
    let mut contents = vec![
        ("kustomization.yaml", kustomization),
        ("object.yaml", OBJECT),
        ("used/object.yaml", OBJECT),
    ];
    // All are valid objects, so only the kustomization distinguishes them from manifests.
    contents.extend(used.map(|file| (file, OBJECT)));
    let root = tree_of(&contents);
    let found = walk([root.path()]);
    assert_eq!(
        files(&found, root.path()),
        ["object.yaml", "used/object.yaml"]
    );
    let mut expected = vec!["kustomization.yaml"];
    expected.extend(used);
    assert_eq!(skipped(&found, root.path()), expected);
    assert_eq!(problems(&found, root.path()), [""; 0]);
}

#[test]
fn every_file_name_of_a_kustomization_is_recognized() {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let root = tree_of(&[
            // Field names are case-insensitive, and a component has the same fields.
            (name, "kind: Component\nPatches: [{path: a.yaml}]\n"),
            ("a.yaml", JSON_PATCH),
            ("b.yaml", OBJECT),
        ]);
        let found = walk([root.path()]);
        assert_eq!(files(&found, root.path()), ["b.yaml"], "{name}");
        let skipped: BTreeSet<&str> = skipped(&found, root.path()).into_iter().collect();
        assert_eq!(skipped, BTreeSet::from([name, "a.yaml"]));
    }
}

#[test]
fn files_outside_the_directory_of_the_kustomization_are_skipped() {
    let contents = [
        ("base/kustomization.yaml", "resources: [app.yaml]\n"),
        ("base/app.yaml", OBJECT),
        ("base/patch.yaml", OBJECT),
        (
            "env/dev/kustomization.yaml",
            "resources: [../../base]\npatches: [{path: ../../base/patch.yaml}]\n",
        ),
    ];
    let root = tree_of(&contents);
    assert_eq!(files(&walk([root.path()]), root.path()), ["base/app.yaml"]);
    // Each kustomization applies to all paths, in any order and spelling.
    for paths in [["base", "env"], ["env", "base"], ["env", "env/../base/"]] {
        let found = walk(paths.map(|path| root.path().join(path)));
        let names: Vec<_> = found
            .files
            .iter()
            .map(|path| path.file_name().unwrap())
            .collect();
        assert_eq!(names, ["app.yaml"], "{paths:?}");
    }
    // Kustomizations outside the paths are ignored.
    let found = walk([root.path().join("base")]);
    assert_eq!(
        files(&found, root.path()),
        ["base/app.yaml", "base/patch.yaml"]
    );
}

#[test]
fn a_file_that_is_a_resource_of_any_kustomization_is_included() {
    let root = tree_of(&[
        ("a/kustomization.yaml", "resources: [object.yaml]\n"),
        ("a/object.yaml", OBJECT),
        (
            "b/kustomization.yaml",
            "configMapGenerator: [{name: docs, files: [../a/object.yaml]}]\n",
        ),
    ]);
    assert_eq!(files(&walk([root.path()]), root.path()), ["a/object.yaml"]);
}

#[test]
fn given_files_are_included_even_if_a_kustomization_uses_them() {
    let root = tree_of(&[
        ("kustomization.yaml", "patches: [{path: patch.yaml}]\n"),
        ("patch.yaml", JSON_PATCH),
        ("object.yaml", OBJECT),
        ("my-values.yaml", "a: 1\n"),
        ("mkdocs.yml", "a: 1\n"),
    ]);
    let given = ["patch.yaml", "my-values.yaml", "mkdocs.yml"].map(|it| root.path().join(it));
    assert_eq!(walk(&given).files, given);
    // The same file is skipped in its directory.
    let found = walk([root.path(), &given[0]]);
    assert_eq!(files(&found, root.path()), ["object.yaml", "patch.yaml"]);
}

#[cfg(unix)]
#[test]
fn links_to_used_files_are_skipped() {
    use std::os::unix::fs::symlink;

    let root = tree_of(&[
        ("a/kustomization.yaml", "patches: [{path: link.yaml}]\n"),
        ("a/object.yaml", OBJECT),
        ("b/patch.yaml", OBJECT),
    ]);
    symlink("../b/patch.yaml", root.path().join("a/link.yaml")).unwrap();
    symlink("b", root.path().join("c")).unwrap();
    let found = walk([root.path()]);
    assert_eq!(files(&found, root.path()), ["a/object.yaml"]);
    assert_eq!(
        skipped(&found, root.path()),
        [
            "a/kustomization.yaml",
            "a/link.yaml",
            "b/patch.yaml",
            "c/patch.yaml"
        ]
    );
}

#[test]
fn the_files_of_an_unreadable_kustomization_are_included() {
    for (content, position, cause) in [
        ("patches: [{path: a.yaml}\n", ":2:1", "not valid YAML: "),
        (
            "patches: [{path: a.yaml}]\npatches: []\n",
            ":2:1",
            "duplicate key `patches`",
        ),
        ("# a list\n- patches\n", ":2", "it is not a mapping"),
        ("\0", ":1", "this is a binary file"),
    ] {
        let root = tree_of(&[("kustomization.yaml", content), ("a.yaml", OBJECT)]);
        let found = walk([root.path()]);
        assert_eq!(files(&found, root.path()), ["a.yaml"]);
        assert_eq!(skipped(&found, root.path()), ["kustomization.yaml"]);
        let [problem] = problems(&found, root.path()).try_into().unwrap();
        let expected = format!(
            "warning kustomization.yaml{position}: this kustomization cannot be read, so its patches are read as manifests: {cause}"
        );
        assert!(problem.starts_with(&expected), "{problem}");
    }
}

#[test]
fn kustomization_fields_of_an_unexpected_type_are_ignored() {
    for content in [
        "",
        "patches:\n",
        "patches: a.yaml\n",
        "patches: {path: a.yaml}\n",
        "patches: [a.yaml, {path: [a.yaml]}, {path: 1}, null]\n",
        "patches: [{path: ''}, {path: .}, {path: https://example.com/a.yaml}]\n",
        "configMapGenerator: [{files: [=, '=a=a.yaml', 'b=']}]\n",
        "openapi: a.yaml\n",
    ] {
        let root = tree_of(&[("kustomization.yaml", content), ("a.yaml", OBJECT)]);
        let found = walk([root.path()]);
        assert_eq!(files(&found, root.path()), ["a.yaml"], "{content}");
        assert_eq!(problems(&found, root.path()), [""; 0], "{content}");
    }
}

#[test]
fn helm_values_are_recognized_by_name_and_content() {
    let values = "image:\n  tag: v1\nmetadata: {}\n";
    let root = tree_of(&[
        ("Values.prod.yml", values),
        ("app/operator-values.yaml", "# why\n---\na: 1\n---\nb: 2\n"),
        ("app/values-dev.yaml", values),
        ("app/values.schema.json", "{\"type\": \"object\"}"),
        ("read/1-values.yaml", OBJECT),
        ("read/2-values.yaml", "apiVersion: v1\nmetadata: {}\n"),
        ("read/3-values.yaml", "a: 1\n---\nkind: ConfigMap\n"),
        ("read/4-values.yaml", "a: {{ .Values.a }}\n"),
        ("read/5-values.yaml", "- a\n"),
        (
            "read/6-values.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"A\"}",
        ),
    ]);
    let found = walk([root.path()]);
    assert_eq!(
        skipped(&found, root.path()),
        [
            "Values.prod.yml",
            "app/operator-values.yaml",
            "app/values-dev.yaml",
            "app/values.schema.json"
        ]
    );
    assert_eq!(
        files(&found, root.path()),
        [
            "read/1-values.yaml",
            "read/2-values.yaml",
            "read/3-values.yaml",
            "read/4-values.yaml",
            "read/5-values.yaml",
            "read/6-values.json"
        ]
    );
    assert_eq!(problems(&found, root.path()), [""; 0]);
}

#[test]
fn files_that_cannot_be_manifests_are_skipped_with_a_warning() {
    let root = tree_of(&[
        ("mkdocs.yml", "site_name: K8TRE\nnav: []\n"),
        ("package.json", "{\"name\": \"a\"}"),
        ("patch.yaml", JSON_PATCH),
        // Incomplete or invalid manifests are included, so that reading them reports the problem.
        ("read/1.yaml", "metadata:\n  name: a\n"),
        ("read/2.yaml", "spec: {}\n"),
        ("read/3.yaml", "- a\n"),
        ("read/4.yaml", "a\n"),
        ("read/5.yaml", "a: [\n"),
        ("read/6.yaml", "a: 1\n---\nkind: A\n"),
        ("read/7.yaml", "a: 1\n---\n- op: add\n  path: /a\n"),
        ("read/8.yaml", "# nothing\n"),
    ]);
    let found = walk([root.path()]);
    assert_eq!(
        problems(&found, root.path()),
        [
            "warning mkdocs.yml: skipped this file: it contains no object, since it has neither `apiVersion` nor `kind`",
            "warning package.json: skipped this file: it contains no object, since it has neither `apiVersion` nor `kind`",
            "warning patch.yaml: skipped this JSON patch: it is not an object, and no kustomization found here uses it",
        ]
    );
    let read: Vec<String> = (1..=8).map(|it| format!("read/{it}.yaml")).collect();
    assert_eq!(files(&found, root.path()), read);
    assert_eq!(skipped(&found, root.path()), [""; 0]);
}

#[test]
fn the_error_for_a_directory_without_manifests_names_a_skipped_file() {
    for (contents, example, help) in [
        (
            vec![
                ("a.yaml", JSON_PATCH),
                ("kustomization.yaml", "patches: [{path: a.yaml}]"),
            ],
            "kustomization.yaml",
            "kubectl kustomize",
        ),
        (
            vec![("my-values.yaml", "a: 1\n")],
            "my-values.yaml",
            "helm template",
        ),
    ] {
        let root = tree_of(&contents);
        let found = walk([root.path()]);
        assert_eq!(files(&found, root.path()), [""; 0]);
        let [problem] = found.problems.try_into().unwrap();
        assert_eq!(
            problem.message,
            format!("this directory contains no manifests, only files such as `{example}`")
        );
        assert!(problem.help.unwrap().contains(help));
    }
}
