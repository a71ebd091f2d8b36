//! The admission plugin DefaultStorageClass sets a class before policies run.

use serde_json::{Value, json};

use crate::harness::{Dir, claim, only_row, policy};

fn classless() -> String {
    claim("").replace("  storageClassName: \n", "")
}

fn row(manifest: &str, arguments: &[&str]) -> Value {
    only_row(&Dir::with(manifest).json(arguments))
}

const NOT_SET: &str =
    "spec.storageClassName: not set; uses `rwo-default` for ReadWriteOnce [class-not-set]";

/// The warning about a default class that is replaced.
fn replaced(default: &str) -> String {
    format!(
        "spec.storageClassName: not set; uses `rwo-default` for ReadWriteOnce, not the default `{default}` [class-not-set]"
    )
}

#[test]
fn each_profile_has_its_default_class() {
    for (profile, warning) in [
        ("azure", replaced("rwx-default")),
        ("k3s", replaced("rwx-default")),
        ("aws", NOT_SET.to_owned()),
    ] {
        let row = row(&classless(), &["--profile", profile]);
        assert_eq!(row["warnings"], json!([warning]), "{profile}");
        // The file does not contain the default, so the patch adds instead of replacing.
        let patch =
            json!([{"op": "add", "path": "/spec/storageClassName", "value": "rwo-default"}]);
        assert_eq!(row["patch"], patch, "{profile}");
    }
}

#[test]
fn a_suitable_default_needs_no_mutation() {
    let manifest = classless().replace("ReadWriteOnce", "ReadWriteMany");
    let row = row(&manifest, &["--profile", "azure"]);
    // The API server sets the class, so the policy and the file need no change.
    assert_eq!(
        (&row["verdict"], &row["patch"]),
        (&json!("accepted"), &json!([]))
    );
}

#[test]
fn the_option_overrides_the_default() {
    for profile in ["azure", "aws", "k3s"] {
        let row = row(
            &classless(),
            &["--profile", profile, "--default-storage-class", "gp3"],
        );
        let warning = replaced("gp3");
        assert_eq!(row["warnings"], json!([warning]), "{profile}");
    }
}

#[test]
fn an_empty_option_means_no_default() {
    let row = row(
        &classless(),
        &["--profile", "azure", "--default-storage-class", ""],
    );
    assert_eq!(row["warnings"], json!([NOT_SET]));
}

#[test]
fn an_explicit_class_is_kept() {
    for (field, expected) in [
        ("rwx-default", "accepted"),
        ("\"\"", "accepted"),
        ("gp3", "mutated"),
    ] {
        let row = row(&claim(field), &["--profile", "azure"]);
        assert_eq!(row["verdict"], expected, "{field}");
    }
    let manifest = classless().replace(
        "namespace: app",
        "namespace: app, annotations: {volume.beta.kubernetes.io/storage-class: rwx-default}",
    );
    let row = row(
        &manifest,
        &["--profile", "azure", "--default-storage-class", "gp3"],
    );
    let patch = json!([{"op": "add", "path": "/spec/storageClassName", "value": "rwx-default"}]);
    assert_eq!(row["patch"], patch, "the annotation sets the class");
}

#[test]
fn a_null_class_gets_the_default() {
    let row = row(&claim("null"), &["--profile", "azure"]);
    assert_eq!(row["warnings"], json!([replaced("rwx-default")]));
    let patch =
        json!([{"op": "replace", "path": "/spec/storageClassName", "value": "rwo-default"}]);
    assert_eq!(row["patch"], patch);
}

#[test]
fn custom_policies_have_no_default_unless_a_profile_is_set() {
    let dir = Dir::with(&classless()).file("policies.yaml", policy("p", &[]));
    let warning = |arguments: &[&str]| {
        only_row(&dir.json(&[&["--policies", "policies.yaml"], arguments].concat()))["warnings"][0]
            .clone()
    };
    assert_eq!(warning(&[]), json!(NOT_SET));
    assert_eq!(
        warning(&["--profile", "azure"]),
        json!(replaced("rwx-default"))
    );
}

/// In a claim exported from a cluster, managedFields show whether the client or the API server set the class.
#[test]
fn managed_fields_of_exported_objects_are_used() {
    let exported = |fields: &str| {
        claim("rwx-default").replace(
            "namespace: app",
            &format!("namespace: app, managedFields: [{{manager: kubectl, operation: Update, apiVersion: v1, fieldsType: FieldsV1, fieldsV1: {{'f:spec': {fields}}}}}]"),
        )
    };
    let sent = row(
        &exported("{'f:accessModes': {}, 'f:storageClassName': {}}"),
        &["--profile", "azure"],
    );
    assert_eq!(
        (&sent["verdict"], &sent["patch"]),
        (&json!("accepted"), &json!([]))
    );
    let defaulted = row(&exported("{'f:accessModes': {}}"), &["--profile", "azure"]);
    assert_eq!(
        defaulted["patch"],
        json!([{"op": "replace", "path": "/spec/storageClassName", "value": "rwo-default"}])
    );
}
