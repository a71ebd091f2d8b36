//! `render` writes YAML that reads back as the same value.

mod common;

use common::{object, object_with, value, value_of};
use manifest::render;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn the_output_looks_like_a_handwritten_manifest() {
    let claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "home", "annotations": {"note": "a: b", "on": "yes"}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "",
            "selector": {},
            "args": ["--flag=1", "-c", "0777", "2001-01-01"],
            "matrix": [["a", ["b"]], []],
            "terms": [{"key": "zone", "values": [1, 1.5, null, true]}, {"key": "x"}]
        },
        "data": {"script": "#!/bin/sh\n\nexit 0\n", "cut": "a\nb"}
    });
    let expected = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: home
  annotations:
    note: \"a: b\"
    \"on\": \"yes\"
spec:
  accessModes:
  - ReadWriteOnce
  resources:
    requests:
      storage: 10Gi
  storageClassName: \"\"
  selector: {}
  args:
  - --flag=1
  - -c
  - \"0777\"
  - \"2001-01-01\"
  matrix:
  - - a
    - - b
  - []
  terms:
  - key: zone
    values:
    - 1
    - 1.5
    - null
    - true
  - key: x
data:
  script: |
    #!/bin/sh

    exit 0
  cut: |-
    a
    b
";
    assert_eq!(render(&claim), expected);
    assert_eq!(object(expected).value, claim);
}

#[test]
fn a_long_key_is_written_with_a_question_mark() {
    let spec = json!({"k".repeat(2000): {"a": [1]}, "after": 1});
    assert_eq!(object(&render(&object_with(&spec))).value["spec"], spec);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_value_in_an_object_round_trips(spec in value()) {
        let rendered = render(&object_with(&spec));
        prop_assert_eq!(&object(&rendered).value["spec"], &spec, "{}", rendered);
    }

    #[test]
    fn any_document_round_trips(value in value()) {
        let rendered = render(&value);
        // Also proves that the document is not empty.
        prop_assert_eq!(&value_of(&rendered).unwrap(), &value, "{}", rendered);
    }
}
