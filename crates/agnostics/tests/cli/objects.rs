//! Objects in lists, and objects without a name.

use serde_json::json;

use crate::harness::{Dir, only_row};

#[test]
fn items_of_lists_are_checked() {
    let item = |name: &str| {
        format!(
            "- apiVersion: v1\n  kind: PersistentVolumeClaim\n  metadata: {{name: {name}}}\n  \
             spec: {{accessModes: [ReadWriteOnce], storageClassName: gp3}}\n"
        )
    };
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}",
        item("a"),
        item("b")
    );
    let report = Dir::with(&list).json(&["--profile", "aws"]);
    for (index, (name, line)) in [("a", 4), ("b", 8)].into_iter().enumerate() {
        let row = &report["results"][index];
        assert_eq!((&row["name"], &row["line"]), (&json!(name), &json!(line)));
        // The patch is relative to the item, not to the list.
        assert_eq!(row["patch"][0]["path"], "/spec/storageClassName");
    }
}

#[test]
fn items_of_a_typed_list_need_no_kind() {
    let list = "\
apiVersion: v1
kind: PersistentVolumeClaimList
items:
  - metadata: {name: a}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: gp3
";
    let dir = Dir::with(list);
    assert_eq!(
        only_row(&dir.json(&["--profile", "aws"]))["kind"],
        "PersistentVolumeClaim"
    );
    let text = dir.check(&["app.yaml", "--profile", "aws"]).stdout;
    assert!(text.contains("@@ -4,4 +4,4 @@\n"), "{text}");
}

/// A list is one document. If each mutation parsed the whole list again, this would take minutes.
#[test]
fn a_long_list_is_reported_item_by_item() {
    let item = "- apiVersion: v1\n  kind: PersistentVolumeClaim\n  metadata: {name: x}\n  \
                spec: {accessModes: [ReadWriteOnce], storageClassName: gp3}\n";
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}", item.repeat(3000));
    let run = Dir::with(&list).check(&["app.yaml", "--profile", "aws"]);
    let last = "\
@@ -12000,4 +12000,4 @@
 - apiVersion: v1
   kind: PersistentVolumeClaim
   metadata: {name: x}
-  spec: {accessModes: [ReadWriteOnce], storageClassName: gp3}
+  spec: {accessModes: [ReadWriteOnce], storageClassName: rwo-default}

3000 objects: 0 accepted, 3000 mutated, 0 rejected; 3000 with warnings
";
    assert!(
        run.stdout.ends_with(last),
        "{}",
        &run.stdout[run.stdout.len() - 600..]
    );
}

#[test]
fn objects_without_name_or_metadata_are_checked() {
    for (metadata, shown) in [
        (
            "metadata: {generateName: scratch-, namespace: app}\n",
            "PersistentVolumeClaim app/scratch-*",
        ),
        ("metadata: null\n", "PersistentVolumeClaim (no name)"),
        ("metadata: []\n", "PersistentVolumeClaim (no name)"),
        ("metadata: {name: 5}\n", "PersistentVolumeClaim (no name)"),
        ("", "PersistentVolumeClaim (no name)"),
    ] {
        let manifest = format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\n{metadata}spec: {{accessModes: [ReadWriteOnce]}}\n"
        );
        let run = Dir::with(&manifest).check(&["app.yaml", "--profile", "aws"]);
        assert!(
            run.stdout.contains(&format!("  {shown}  app.yaml:1\n")),
            "{}",
            run.stdout
        );
        assert!(run.code < 2, "{}", run.stderr);
    }
}
