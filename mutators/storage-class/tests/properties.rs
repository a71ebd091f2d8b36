//! Properties of every verdict, checked against a second implementation of the policy.
//!
//! Claims are generated as JSON text with unknown fields, unusual number and string spellings and unusual
//! white space. The expected text is built from the same parts.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use admission::NoCluster;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use storage_class::{Settings, evaluate};

const BETA: &str = "volume.beta.kubernetes.io/storage-class";

/// A claim as the policy receives it, and the settings.
#[derive(Debug, Clone)]
struct Scenario {
    class_set: ClassSet,
    unknown_class: &'static str,
    /// Whether `allowedClasses` contains `fast-scratch`.
    allowed: bool,
    cluster_default: Option<&'static str>,
    field: Option<&'static str>,
    annotation: Option<&'static str>,
    modes: Vec<&'static str>,
    volume_mode: Option<&'static str>,
    /// A field that refers to an existing volume, snapshot or claim, and what it means for the class.
    reference: Option<(&'static str, Reference)>,
    managed_fields: ManagedFields,
    /// White space between tokens.
    space: &'static str,
    /// Unknown members of the spec, the metadata and the root.
    unknown: [Option<&'static str>; 3],
    /// The position of `storageClassName` among the members of the spec.
    at: usize,
}

/// What a reference to a volume, snapshot or claim means for the class.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reference {
    /// The claim keeps its class, even if the client did not set it.
    Static,
    /// The claim keeps its class if the client set it.
    Source,
    /// Nothing.
    Ignored,
}

/// The setting `classes`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ClassSet {
    /// The two defaults.
    K8tre,
    /// One class for each access mode.
    PerMode,
    /// The same class for all access modes.
    Single,
}

/// The content of `metadata.managedFields`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ManagedFields {
    Absent,
    Empty,
    StatusOnly,
    /// The client's fields, without the class.
    WithoutClass,
    WithClass,
    /// One manager without the class, another with it.
    WithClassOfOneManager,
}

const REFERENCES: [(&str, Reference); 12] = [
    (r#""volumeName":"pv-7""#, Reference::Static),
    (
        r#""selector":{"matchLabels":{"tier":"archive"}}"#,
        Reference::Static,
    ),
    (r#""selector":{}"#, Reference::Static),
    (
        r#""dataSource":{"kind":"PersistentVolumeClaim","name":"source"}"#,
        Reference::Source,
    ),
    (
        r#""dataSourceRef":{"kind":"PersistentVolumeClaim","name":"source"}"#,
        Reference::Source,
    ),
    (
        r#""dataSource":{"apiGroup":"snapshot.storage.k8s.io","kind":"VolumeSnapshot","name":"a"}"#,
        Reference::Source,
    ),
    (r#""volumeName":"""#, Reference::Ignored),
    (
        r#""selector":{"matchLabels":{"velero.io/dynamic-pv-restore":"a"}}"#,
        Reference::Ignored,
    ),
    (r#""dataSource":{}"#, Reference::Ignored),
    (
        r#""dataSource":{"kind":"VolumeSnapshot","name":"a"}"#,
        Reference::Ignored,
    ),
    (
        r#""dataSourceRef":{"kind":"PersistentVolumeClaim","name":"a","namespace":"b"}"#,
        Reference::Ignored,
    ),
    (
        r#""dataSourceRef":{"apiGroup":"example.org","kind":"Image","name":"a"}"#,
        Reference::Ignored,
    ),
];

fn scenario() -> impl Strategy<Value = Scenario> {
    prop_oneof![2 => Just(ClassSet::K8tre), 1 => Just(ClassSet::PerMode), 1 => Just(ClassSet::Single)]
        .prop_flat_map(scenario_of)
}

fn scenario_of(class_set: ClassSet) -> impl Strategy<Value = Scenario> {
    let classes = || {
        prop_oneof![
            5 => select(class_set.classes().to_vec()),
            3 => select(vec!["gp3", "managed-csi", "longhorn", "local-path", "efs-ap"]),
            1 => select(vec!["rwo-default", "rwx-default", "fast", "faster", "archive", "shared", "one"]),
            1 => Just("fast-scratch"),
            1 => Just(""),
        ]
    };
    let settings = (
        prop_oneof![2 => Just("remap"), 1 => Just("reject"), 1 => Just("allow")],
        any::<bool>(),
        prop::option::of(select(vec!["rwx-default", "gp3", "one", "shared"])),
    );
    let claim = (
        prop::option::weighted(0.7, classes()),
        prop::option::weighted(0.2, classes()),
        proptest::sample::subsequence(
            vec![
                "ReadWriteOnce",
                "ReadOnlyMany",
                "ReadWriteMany",
                "ReadWriteOncePod",
            ],
            1..=3,
        )
        .prop_shuffle(),
        prop_oneof![
            3 => Just(None),
            1 => Just(Some(r#""Filesystem""#)),
            1 => Just(Some("null")),
            2 => Just(Some(r#""Block""#)),
        ],
        prop::option::weighted(0.3, select(REFERENCES.to_vec())),
        select(vec![
            ManagedFields::Absent,
            ManagedFields::Empty,
            ManagedFields::StatusOnly,
            ManagedFields::WithoutClass,
            ManagedFields::WithClass,
            ManagedFields::WithClassOfOneManager,
        ]),
    );
    let unknown = || {
        prop::option::of(select(vec![
            r#""x-number":1.0"#,
            r#""x-number":-0"#,
            r#""x-number":1e5"#,
            r#""x-number":123456789012345678901234567890"#,
            r#""x-text":"\u00e9\/\ud83d\ude00 é""#,
            r#""x-nested":{"storageClassName":"gp3","a":[ {} , [ ] ]}"#,
            r#""x-null":null"#,
        ]))
    };
    let layout = (
        select(vec!["", " ", "\n\t", "\r\n  "]),
        [unknown(), unknown(), unknown()],
        0..8usize,
    );
    (settings, claim, layout).prop_map(
        move |(
            (unknown_class, allowed, cluster_default),
            (field, annotation, modes, volume_mode, reference, managed_fields),
            (space, unknown, at),
        )| Scenario {
            class_set,
            unknown_class,
            allowed,
            cluster_default,
            field,
            annotation,
            modes,
            volume_mode,
            reference,
            managed_fields,
            space,
            unknown,
            at,
        },
    )
}

impl ClassSet {
    /// The classes of the set.
    fn classes(self) -> &'static [&'static str] {
        match self {
            Self::K8tre => &["rwo-default", "rwx-default"],
            Self::PerMode => &["faster", "fast", "archive", "shared"],
            Self::Single => &["one"],
        }
    }

    /// The rank of the most demanding mode that a class supports; other classes are unknown.
    fn supported(self, class: &str) -> Option<u8> {
        match (self, class) {
            (Self::K8tre, "rwo-default") | (Self::PerMode, "fast") => Some(1),
            (Self::K8tre, "rwx-default") | (Self::PerMode, "shared") | (Self::Single, "one") => {
                Some(3)
            }
            (Self::PerMode, "faster") => Some(0),
            (Self::PerMode, "archive") => Some(2),
            _ => None,
        }
    }
}

impl Scenario {
    fn settings(&self) -> Value {
        let classes = match self.class_set {
            ClassSet::K8tre => json!({}),
            ClassSet::PerMode => json!({
                "ReadWriteOncePod": "faster",
                "ReadWriteOnce": "fast",
                "ReadOnlyMany": "archive",
                "ReadWriteMany": "shared",
            }),
            ClassSet::Single => json!({"ReadWriteOnce": "one", "ReadWriteMany": "one"}),
        };
        let allowed = if self.allowed {
            vec!["fast-scratch"]
        } else {
            vec![]
        };
        json!({
            "classes": classes,
            "unknownClass": self.unknown_class,
            "allowedClasses": allowed,
            "clusterDefaultClass": self.cluster_default,
        })
    }

    fn object(&self) -> String {
        self.text(None, None)
    }

    /// The claim's text with `class` in the field, and in the annotation if there is one.
    fn object_with(&self, class: &str) -> String {
        self.text(
            Some(class),
            Some(class).filter(|_| self.annotation.is_some()),
        )
    }

    fn text(&self, field: Option<&str>, annotation: Option<&str>) -> String {
        let space = self.space;
        let mut spec = vec![
            format!(r#""accessModes":{}"#, json!(self.modes)),
            r#""resources":{"requests":{"storage":"8Gi"}}"#.to_owned(),
        ];
        spec.extend(
            self.volume_mode
                .map(|mode| format!(r#""volumeMode":{mode}"#)),
        );
        spec.extend(self.reference.map(|(field, _)| field.to_owned()));
        spec.extend(self.unknown[0].map(str::to_owned));
        let at = self.at.min(spec.len());
        let mut added = String::new();
        match (self.field, field) {
            (None, None) => {}
            // A new member is inserted before the brace, without white space.
            (None, Some(class)) => added = format!(r#","storageClassName":"{class}""#),
            (Some(class), None) | (_, Some(class)) => {
                spec.insert(at, format!(r#""storageClassName":{space}"{class}""#));
            }
        }
        let spec = format!("{{{space}{}{space}{added}}}", self.join(spec));

        let mut metadata = vec![
            r#""name":"data""#.to_owned(),
            r#""namespace":"research""#.to_owned(),
        ];
        if let Some(class) = annotation.or(self.annotation) {
            metadata.push(format!(
                r#""annotations":{{"a":"b",{space}"{BETA}":"{class}"}}"#
            ));
        }
        metadata.extend(self.managed_fields.text());
        metadata.extend(self.unknown[1].map(str::to_owned));
        let mut root = vec![
            r#""apiVersion":"v1""#.to_owned(),
            r#""kind":"PersistentVolumeClaim""#.to_owned(),
            format!(r#""spec":{spec}"#),
            format!(r#""metadata":{space}{{{}}}"#, self.join(metadata)),
        ];
        root.extend(self.unknown[2].map(str::to_owned));
        format!("{{{space}{}{space}}}", self.join(root))
    }

    fn join(&self, members: Vec<String>) -> String {
        members.join(&format!("{0},{0}", self.space))
    }

    /// Whether the claim asks for a block volume that several nodes share.
    fn is_shared_block(&self) -> bool {
        let shared = ["ReadWriteMany", "ReadOnlyMany"];
        self.volume_mode == Some(r#""Block""#)
            && self.modes.iter().any(|mode| shared.contains(mode))
    }

    /// Whether the class is the cluster's default, not the client's.
    fn is_defaulted(&self) -> bool {
        self.annotation.is_none()
            && match self.managed_fields {
                ManagedFields::WithClass | ManagedFields::WithClassOfOneManager => false,
                ManagedFields::WithoutClass => true,
                ManagedFields::Absent | ManagedFields::Empty | ManagedFields::StatusOnly => {
                    self.field == self.cluster_default
                }
            }
    }

    fn with(&self, managed_fields: ManagedFields) -> Self {
        Self {
            managed_fields,
            ..self.clone()
        }
    }

    /// The claim with `class` in the field, and in the annotation if there is one.
    fn with_class(&self, class: &'static str) -> Self {
        Self {
            field: Some(class),
            annotation: self.annotation.map(|_| class),
            ..self.clone()
        }
    }
}

impl ManagedFields {
    fn text(self) -> Option<String> {
        let client = |fields: Value| json!({"manager": "kubectl", "operation": "Update", "fieldsV1": fields});
        let status = client(json!({"f:status": {}}));
        let without = client(json!({"f:spec": {"f:accessModes": {}, "f:resources": {}}}));
        let with = client(json!({"f:spec": {"f:accessModes": {}, "f:storageClassName": {}}}));
        let entries = match self {
            Self::Absent => return None,
            Self::Empty => vec![],
            Self::StatusOnly => vec![status],
            Self::WithoutClass => vec![status, without],
            Self::WithClass => vec![with],
            Self::WithClassOfOneManager => vec![with, without],
        };
        Some(format!(r#""managedFields":{}"#, Value::from(entries)))
    }
}

/// The expected decision on a new claim.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Accepted,
    Class(&'static str),
    Rejected,
}

/// Computes the expected decision, independently of the policy's code.
fn expected(claim: &Scenario) -> Expected {
    let class = claim.annotation.or(claim.field);
    let reference = claim.reference.map(|(_, reference)| reference);
    if class == Some("") {
        return Expected::Class("");
    }
    if reference == Some(Reference::Static) {
        return Expected::Accepted;
    }
    let has = |mode| claim.modes.contains(&mode);
    // The rank of the most demanding mode, and the class for it in each set.
    let (needed, mode_class) = if has("ReadWriteMany") {
        (3, ["rwx-default", "shared", "one"])
    } else if has("ReadOnlyMany") {
        (2, ["rwx-default", "archive", "one"])
    } else if has("ReadWriteOnce") {
        (1, ["rwo-default", "fast", "one"])
    } else {
        (0, ["rwo-default", "faster", "one"])
    };
    let mode_class = mode_class[match claim.class_set {
        ClassSet::K8tre => 0,
        ClassSet::PerMode => 1,
        ClassSet::Single => 2,
    }];
    let is_shared_block = claim.is_shared_block();

    let Some(requested) = class.filter(|_| !claim.is_defaulted()) else {
        return match is_shared_block {
            true => Expected::Rejected,
            false => Expected::Class(mode_class),
        };
    };
    if reference == Some(Reference::Source) {
        return Expected::Class(requested);
    }
    let supported = claim.class_set.supported(requested);
    let allowed = claim.unknown_class == "allow" || (claim.allowed && requested == "fast-scratch");
    let block = claim.volume_mode == Some(r#""Block""#);
    match supported {
        None if allowed => Expected::Class(requested),
        None if claim.unknown_class == "reject" => Expected::Rejected,
        // No class of the set supports it, so the client's class is kept.
        _ if is_shared_block => Expected::Class(requested),
        None => Expected::Class(mode_class),
        Some(supported) if supported < needed => Expected::Class(mode_class),
        // A file share does not support block volumes, but another class does.
        Some(supported) if block && supported >= 2 => Expected::Class(mode_class),
        Some(_) => Expected::Class(requested),
    }
}

/// A response as the policy server reads it, with the object as text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    accepted: bool,
    message: Option<String>,
    mutated_object: Option<Box<RawValue>>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    audit_annotations: serde_json::Map<String, Value>,
}

fn respond(settings: &Value, operation: &str, object: &str, old_object: &str) -> Response {
    let payload = format!(
        r#"{{"settings":{settings},"request":{{"kind":{{"group":"","version":"v1","kind":"PersistentVolumeClaim"}},"operation":"{operation}","object":{object},"oldObject":{old_object}}}}}"#
    );
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    let response: Response = serde_json::from_slice(&response).expect("a response");
    if !response.accepted || response.mutated_object.is_some() {
        assert!(!response.warnings.is_empty(), "{response:?}");
    }
    assert_eq!(
        response.message.is_some(),
        !response.accepted,
        "{response:?}"
    );
    assert_eq!(
        response.audit_annotations.contains_key("rules"),
        !response.warnings.is_empty(),
        "{response:?}"
    );
    assert_eq!(
        response.audit_annotations.contains_key("storage-class"),
        response.mutated_object.is_some(),
        "{response:?}"
    );
    response
}

fn create(claim: &Scenario) -> Response {
    respond(&claim.settings(), "CREATE", &claim.object(), "null")
}

/// The object after `response`.
fn admitted(claim: &Scenario, response: Response) -> String {
    match response.mutated_object {
        Some(object) => object.get().to_owned(),
        None => claim.object(),
    }
}

/// The class in the field and in the annotation of a claim.
fn classes(object: &str) -> (Option<String>, Option<String>) {
    let claim: PersistentVolumeClaim = serde_json::from_str(object).expect("a claim");
    let annotation = claim
        .metadata
        .annotations
        .and_then(|mut all| all.remove(BETA));
    (
        claim.spec.and_then(|spec| spec.storage_class_name),
        annotation,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// The decision is as expected, no other byte changes, and the result is a valid claim.
    #[test]
    fn new_claims_get_the_expected_class(claim in scenario()) {
        let response = create(&claim);
        let expected = expected(&claim);
        prop_assert_eq!(response.accepted, expected != Expected::Rejected, "{:?}", response);
        let changed = response.mutated_object.is_some();
        let has_no_warning = response.warnings.is_empty();
        let admitted = admitted(&claim, response);
        match expected {
            Expected::Accepted | Expected::Rejected => prop_assert!(!changed, "{}", admitted),
            Expected::Class(class) => {
                let text = claim.object_with(class);
                prop_assert_eq!(&admitted, &text);
                prop_assert_eq!(changed, text != claim.object());
                // Only a shared block volume and a restore have a warning without a mutation.
                let is_restore = matches!(claim.reference, Some((_, Reference::Source)));
                prop_assert!(changed || has_no_warning || claim.is_shared_block() || is_restore);
                let annotation = claim.annotation.map(|_| class.to_owned());
                prop_assert_eq!(classes(&admitted), (Some(class.to_owned()), annotation));
            }
        }
    }

    /// A second run changes nothing, whether managedFields are unchanged, computed again with or without the
    /// class, or missing.
    #[test]
    fn a_second_run_changes_nothing(claim in scenario()) {
        let response = create(&claim);
        if response.mutated_object.is_none() {
            return Ok(());
        }
        let Expected::Class(class) = expected(&claim) else {
            panic!("unexpected mutation");
        };
        let mutated = claim.with_class(class);
        for managed_fields in [claim.managed_fields, ManagedFields::WithClass, ManagedFields::WithoutClass, ManagedFields::Absent] {
            let again = create(&mutated.with(managed_fields));
            prop_assert!(again.accepted, "{:?}", again);
            prop_assert!(again.mutated_object.is_none(), "{:?}", again);
        }
        // The exact bytes of the first result.
        let admitted = admitted(&claim, response);
        let again = respond(&claim.settings(), "CREATE", &admitted, "null");
        prop_assert!(again.accepted && again.mutated_object.is_none(), "{:?}", again);
    }

    /// Applying the manifest again yields the stored classes, whatever classes and allowed classes the
    /// settings have by then; otherwise the API server would reject it.
    #[test]
    fn manifests_can_be_applied_again(
        claim in scenario(),
        now in prop::option::of(scenario()),
        bound in any::<bool>(),
    ) {
        let response = create(&claim);
        if !response.accepted {
            return Ok(());
        }
        let cluster_default = claim.cluster_default;
        let now = now.map_or_else(|| claim.clone(), |now| Scenario { cluster_default, ..now });
        let settings = now.settings();
        let changed = response.mutated_object.is_some();
        let mut admitted = admitted(&claim, response);
        let mut manifests = vec![claim.clone()];
        if bound {
            let name = r#""spec":{"volumeName":"pvc-7","#;
            admitted = admitted.replacen(r#""spec":{"#, name, 1);
            let reference = Some((r#""volumeName":"pvc-7""#, Reference::Static));
            manifests.push(Scenario { reference, ..claim.clone() });
        }
        if matches!(claim.managed_fields, ManagedFields::WithoutClass) {
            // The manifest as `kubectl replace` sends it: the API server added the class.
            let field = None;
            let without_class = Scenario { field, ..claim.clone() };
            if matches!(expected(&claim), Expected::Class(class) if !class.is_empty()) {
                manifests.push(without_class);
            }
        }
        for manifest in manifests {
            let object = manifest.object();
            let again = respond(&settings, "UPDATE", &object, &admitted);
            prop_assert!(again.accepted, "{:?}", again);
            let result = again.mutated_object.map_or(object, |object| object.get().to_owned());
            prop_assert_eq!(classes(&result), classes(&admitted), "changed at creation: {}", changed);
        }
    }

    /// An update is only mutated to restore the stored class. A claim whose class does not change is accepted
    /// as it is.
    #[test]
    fn updates_only_restore_the_class(new in scenario(), old in scenario()) {
        let settings = new.settings();
        let (object, old_object) = (new.object(), old.object());
        let response = respond(&settings, "UPDATE", &object, &old_object);
        prop_assert!(response.accepted, "{:?}", response);
        if let Some(result) = response.mutated_object {
            let (field, annotation) = classes(result.get());
            prop_assert_ne!((&field, &annotation), (&new.field.map(str::to_owned), &new.annotation.map(str::to_owned)));
            prop_assert_eq!(field.as_deref(), old.field);
            // The change from one K8TRE class to another is left, unless the claim could not be created with
            // the new class.
            prop_assert!(old.annotation.is_none() || old.annotation == old.field);
            let unknown_class = if new.unknown_class == "reject" { "remap" } else { new.unknown_class };
            let creation = expected(&Scenario { unknown_class, reference: None, ..new.clone() });
            let class = new.annotation.or(new.field);
            prop_assert_ne!(class, Some(""), "the empty class is never replaced");
            if let (Expected::Class(kept), Some(stored)) = (creation, old.field)
                && class == Some(kept)
                && kept != stored
                && !new.is_defaulted()
            {
                let is_k8tre = |class| new.class_set.supported(class).is_some();
                prop_assert!(!is_k8tre(kept) || !is_k8tre(stored), "{} -> {}", stored, kept);
            }
            prop_assert!([new.annotation, old.annotation].contains(&annotation.as_deref()));
            let again = respond(&settings, "UPDATE", result.get(), &old_object);
            prop_assert!(again.mutated_object.is_none(), "{:?}", again);
        }
        let same = Scenario { field: old.field, annotation: old.annotation, ..new };
        let response = respond(&settings, "UPDATE", &same.object(), &old_object);
        prop_assert!(response.accepted && response.mutated_object.is_none(), "{:?}", response);
        prop_assert!(response.warnings.is_empty(), "{:?}", response);
    }

    /// Every input has a response, whatever JSON replaces a part of the new object or the old one.
    #[test]
    fn garbage_has_a_response(
        claim in scenario(),
        old in scenario(),
        place in select(vec![
            "", "/spec", "/metadata", "/metadata/annotations", "/metadata/managedFields",
            "/metadata/managedFields/0", "/metadata/managedFields/0/fieldsV1",
            "/metadata/managedFields/0/fieldsV1/f:spec", "/spec/accessModes", "/spec/accessModes/0",
            "/spec/storageClassName", "/spec/volumeMode", "/spec/resources",
        ]),
        garbage in any_json(),
    ) {
        let mut object: Value = serde_json::from_str(&claim.object()).expect("JSON");
        if let Some(part) = object.pointer_mut(place) {
            *part = garbage;
        }
        let (object, old) = (object.to_string(), old.object());
        for (operation, object, old_object) in [
            ("CREATE", object.as_str(), "null"),
            ("UPDATE", object.as_str(), old.as_str()),
            ("UPDATE", old.as_str(), object.as_str()),
        ] {
            let response = respond(&claim.settings(), operation, object, old_object);
            if let Some(message) = response.message {
                prop_assert!(["metadata", "spec", "must be an object", "request.o"]
                    .iter()
                    .any(|place| message.starts_with(place)), "{}", message);
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(".{0,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
