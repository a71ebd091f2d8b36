//! DefaultStorageClass, which fills in a class before any policy is asked.

use serde_json::{Value, json};

use crate::run::{Dir, claim, only_row, policy};

fn classless() -> String {
    claim("").replace("  storageClassName: \n", "")
}

fn row(manifest: &str, arguments: &[&str]) -> Value {
    only_row(&Dir::with(manifest).json(arguments))
}

const NOT_SET: &str =
    "spec.storageClassName: not set; added `rwo-default` for ReadWriteOnce [class-not-set]";

/// The warning about a default class that is replaced.
fn replaced(default: &str) -> String {
    format!(
        "spec.storageClassName: cluster default `{default}` replaced with `rwo-default` for \
         ReadWriteOnce [class-not-set]"
    )
}

#[test]
fn profiles_know_their_clusters_default() {
    for (profile, warning) in [
        ("azure", replaced("rwx-default")),
        ("k3s", replaced("rwx-default")),
        ("aws", NOT_SET.to_owned()),
    ] {
        let row = row(&classless(), &["--profile", profile]);
        assert_eq!(row["warnings"], json!([warning]), "{profile}");
        // The default was never written in the file, so there is nothing to replace.
        let patch =
            json!([{"op": "add", "path": "/spec/storageClassName", "value": "rwo-default"}]);
        assert_eq!(row["patch"], patch, "{profile}");
    }
}

#[test]
fn a_default_that_suits_the_claim_needs_no_change() {
    let manifest = classless().replace("ReadWriteOnce", "ReadWriteMany");
    let row = row(&manifest, &["--profile", "azure"]);
    // The API server has filled it in, so the module has nothing to change and the file may stay.
    assert_eq!(
        (&row["verdict"], &row["patch"]),
        (&json!("accepted"), &json!([]))
    );
}

#[test]
fn another_default_can_be_named() {
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
fn there_may_be_none() {
    let row = row(
        &classless(),
        &["--profile", "azure", "--default-storage-class", ""],
    );
    assert_eq!(row["warnings"], json!([NOT_SET]));
}

#[test]
fn the_default_is_not_filled_in_where_a_class_is_named() {
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
    assert_eq!(row["patch"], patch, "the annotation names the class");
}

#[test]
fn null_is_no_class() {
    let row = row(&claim("null"), &["--profile", "azure"]);
    assert_eq!(row["warnings"], json!([replaced("rwx-default")]));
    let patch =
        json!([{"op": "replace", "path": "/spec/storageClassName", "value": "rwo-default"}]);
    assert_eq!(row["patch"], patch);
}

#[test]
fn with_policies_of_ones_own_nothing_is_the_default_unless_a_profile_says_so() {
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

/// An exported claim tells by its managedFields who named the class.
#[test]
fn managed_fields_of_exported_objects_are_believed() {
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
    let filled_in = row(&exported("{'f:accessModes': {}}"), &["--profile", "azure"]);
    assert_eq!(
        filled_in["patch"],
        json!([{"op": "replace", "path": "/spec/storageClassName", "value": "rwo-default"}])
    );
}
