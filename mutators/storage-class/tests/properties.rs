//! What holds for every claim, against an oracle written from the module's decision table.
//!
//! Claims are made as JSON text, with fields that no type knows, odd spellings and odd white space;
//! the text expected is put together from the same parts.
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

/// A claim as it arrives, and the settings that judge it.
#[derive(Debug, Clone)]
struct Scenario {
    plane: Plane,
    unknown_class: &'static str,
    /// Whether `allowedClasses` holds `fast-scratch`.
    allowed: bool,
    cluster_default: Option<&'static str>,
    field: Option<&'static str>,
    annotation: Option<&'static str>,
    modes: Vec<&'static str>,
    volume_mode: Option<&'static str>,
    tie: Option<&'static str>,
    evidence: Evidence,
    /// White space wherever there may be some.
    space: &'static str,
    /// Members of the spec, of the metadata and of the root that nobody knows.
    unknown: [Option<&'static str>; 3],
    /// Where among its members the spec's `storageClassName` stands, if it is there.
    at: usize,
}

/// The setting `classes`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Plane {
    /// K8TRE's two.
    K8tre,
    /// One for each access mode.
    Own,
    /// The same for all.
    One,
}

/// What `metadata.managedFields` tells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Evidence {
    Absent,
    Empty,
    StatusAlone,
    /// The client's fields, without the class.
    Defaulted,
    Sent,
    /// One manager without the class, another with it.
    SentByOther,
}

fn scenario() -> impl Strategy<Value = Scenario> {
    prop_oneof![2 => Just(Plane::K8tre), 1 => Just(Plane::Own), 1 => Just(Plane::One)]
        .prop_flat_map(scenario_of)
}

fn scenario_of(plane: Plane) -> impl Strategy<Value = Scenario> {
    let classes = || {
        prop_oneof![
            5 => select(plane.classes().to_vec()),
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
        prop::option::weighted(
            0.15,
            select(vec![
                r#""volumeName":"pv-7""#,
                r#""selector":{"matchLabels":{"tier":"archive"}}"#,
                r#""dataSource":{"kind":"PersistentVolumeClaim","name":"source"}"#,
                r#""dataSourceRef":{"kind":"PersistentVolumeClaim","name":"source"}"#,
            ]),
        ),
        select(vec![
            Evidence::Absent,
            Evidence::Empty,
            Evidence::StatusAlone,
            Evidence::Defaulted,
            Evidence::Sent,
            Evidence::SentByOther,
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
            (field, annotation, modes, volume_mode, tie, evidence),
            (space, unknown, at),
        )| Scenario {
            plane,
            unknown_class,
            allowed,
            cluster_default,
            field,
            annotation,
            modes,
            volume_mode,
            tie,
            evidence,
            space,
            unknown,
            at,
        },
    )
}

impl Plane {
    /// Its classes by name.
    fn classes(self) -> &'static [&'static str] {
        match self {
            Self::K8tre => &["rwo-default", "rwx-default"],
            Self::Own => &["faster", "fast", "archive", "shared"],
            Self::One => &["one"],
        }
    }
}

impl Scenario {
    fn settings(&self) -> Value {
        let classes = match self.plane {
            Plane::K8tre => json!({}),
            Plane::Own => json!({
                "ReadWriteOncePod": "faster",
                "ReadWriteOnce": "fast",
                "ReadOnlyMany": "archive",
                "ReadWriteMany": "shared",
            }),
            Plane::One => json!({"ReadWriteOnce": "one", "ReadWriteMany": "one"}),
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

    /// The claim's text with `class` in its field, and in the annotation where there is one.
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
        spec.extend(self.tie.map(str::to_owned));
        spec.extend(self.unknown[0].map(str::to_owned));
        let at = self.at.min(spec.len());
        let mut added = String::new();
        match (self.field, field) {
            (None, None) => {}
            // A new member goes before the brace, without white space of its own.
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
        metadata.extend(self.evidence.text());
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

    /// Whether many nodes are to share a block device.
    fn shared_block(&self) -> bool {
        let shared = ["ReadWriteMany", "ReadOnlyMany"];
        self.volume_mode == Some(r#""Block""#)
            && self.modes.iter().any(|mode| shared.contains(mode))
    }

    fn with(&self, evidence: Evidence) -> Self {
        Self {
            evidence,
            ..self.clone()
        }
    }

    /// The same claim after it was given `class`.
    fn given(&self, class: &'static str) -> Self {
        Self {
            field: Some(class),
            annotation: self.annotation.map(|_| class),
            ..self.clone()
        }
    }
}

impl Evidence {
    fn text(self) -> Option<String> {
        let client = |fields: Value| json!({"manager": "kubectl", "operation": "Update", "fieldsV1": fields});
        let status = client(json!({"f:status": {}}));
        let without = client(json!({"f:spec": {"f:accessModes": {}, "f:resources": {}}}));
        let with = client(json!({"f:spec": {"f:accessModes": {}, "f:storageClassName": {}}}));
        let entries = match self {
            Self::Absent => return None,
            Self::Empty => vec![],
            Self::StatusAlone => vec![status],
            Self::Defaulted => vec![status, without],
            Self::Sent => vec![with],
            Self::SentByOther => vec![with, without],
        };
        Some(format!(r#""managedFields":{}"#, Value::from(entries)))
    }
}

/// What the table says of a new claim.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Left,
    Class(&'static str),
    Refused,
}

/// The table, by exception and in its own order; knows nothing of the module's code.
fn expected(claim: &Scenario) -> Expected {
    let class = claim.annotation.or(claim.field);
    if class == Some("") || claim.tie.is_some() {
        return Expected::Left;
    }
    let has = |mode| claim.modes.contains(&mode);
    // Of several modes the strongest decides; from weak to strong, which plane's class is for it.
    let (needed, wanted) = if has("ReadWriteMany") {
        (3, ["rwx-default", "shared", "one"])
    } else if has("ReadOnlyMany") {
        (2, ["rwx-default", "archive", "one"])
    } else if has("ReadWriteOnce") {
        (1, ["rwo-default", "fast", "one"])
    } else {
        (0, ["rwo-default", "faster", "one"])
    };
    let wanted = wanted[match claim.plane {
        Plane::K8tre => 0,
        Plane::Own => 1,
        Plane::One => 2,
    }];
    let shared_block = claim.shared_block();

    let defaulted = claim.annotation.is_none()
        && match claim.evidence {
            Evidence::Sent | Evidence::SentByOther => false,
            Evidence::Defaulted => true,
            Evidence::Absent | Evidence::Empty | Evidence::StatusAlone => {
                class == claim.cluster_default
            }
        };
    let Some(sent) = class.filter(|_| !defaulted) else {
        return match shared_block {
            true => Expected::Refused,
            false => Expected::Class(wanted),
        };
    };
    // The strength of the plane's classes; what is not here is unknown to it.
    let strength = match (claim.plane, sent) {
        (Plane::K8tre, "rwo-default") | (Plane::Own, "fast") => Some(1),
        (Plane::K8tre, "rwx-default") | (Plane::Own, "shared") | (Plane::One, "one") => Some(3),
        (Plane::Own, "faster") => Some(0),
        (Plane::Own, "archive") => Some(2),
        _ => None,
    };
    let allowed = claim.unknown_class == "allow" || (claim.allowed && sent == "fast-scratch");
    let block = claim.volume_mode == Some(r#""Block""#);
    match strength {
        None if allowed => Expected::Class(sent),
        None if claim.unknown_class == "reject" => Expected::Refused,
        // A file class cannot serve it, so what the client named is left.
        _ if shared_block => Expected::Class(sent),
        None => Expected::Class(wanted),
        Some(strength) if strength < needed => Expected::Class(wanted),
        // Nor can it serve one node's block device, but another class can.
        Some(strength) if block && strength >= 2 => Expected::Class(wanted),
        Some(_) => Expected::Class(sent),
    }
}

/// A response as the policy server reads it, but for the object's text.
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
        !response.audit_annotations.is_empty(),
        response.mutated_object.is_some(),
        "{response:?}"
    );
    response
}

fn create(claim: &Scenario) -> Response {
    respond(&claim.settings(), "CREATE", &claim.object(), "null")
}

/// The object as it is stored after `response`.
fn stored(claim: &Scenario, response: Response) -> String {
    match response.mutated_object {
        Some(object) => object.get().to_owned(),
        None => claim.object(),
    }
}

/// Field and annotation of a claim.
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

    /// The decision is the table's, it changes no other byte, and what comes of it is a claim.
    #[test]
    fn new_claims_get_the_class_of_the_table(claim in scenario()) {
        let response = create(&claim);
        let expected = expected(&claim);
        prop_assert_eq!(response.accepted, expected != Expected::Refused, "{:?}", response);
        let changed = response.mutated_object.is_some();
        let quiet = response.warnings.is_empty();
        let stored = stored(&claim, response);
        match expected {
            Expected::Left | Expected::Refused => prop_assert!(!changed, "{}", stored),
            Expected::Class(class) => {
                let text = claim.object_with(class);
                prop_assert_eq!(&stored, &text);
                prop_assert_eq!(changed, text != claim.object());
                // A right class stays without a word; of a shared block device there is one to say.
                prop_assert!(changed || quiet || claim.shared_block());
                let annotation = claim.annotation.map(|_| class.to_owned());
                prop_assert_eq!(classes(&stored), (Some(class.to_owned()), annotation));
            }
        }
    }

    /// A second run changes nothing, whether managedFields are as they were, were worked out anew
    /// with the class as sent or as filled in, or are gone.
    #[test]
    fn a_second_run_changes_nothing(claim in scenario()) {
        let response = create(&claim);
        if response.mutated_object.is_none() {
            return Ok(());
        }
        let Expected::Class(class) = expected(&claim) else {
            panic!("changed against the table");
        };
        let given = claim.given(class);
        for evidence in [claim.evidence, Evidence::Sent, Evidence::Defaulted, Evidence::Absent] {
            let again = create(&given.with(evidence));
            prop_assert!(again.accepted, "{:?}", again);
            prop_assert!(again.mutated_object.is_none(), "{:?}", again);
        }
        // The very bytes that came out.
        let stored = stored(&claim, response);
        let again = respond(&claim.settings(), "CREATE", &stored, "null");
        prop_assert!(again.accepted && again.mutated_object.is_none(), "{:?}", again);
    }

    /// Applying the manifest again yields what is stored, or the API server would refuse it.
    #[test]
    fn manifests_can_be_applied_again(claim in scenario(), bound in any::<bool>()) {
        let response = create(&claim);
        if !response.accepted || claim.tie.is_some() {
            return Ok(());
        }
        let changed = response.mutated_object.is_some();
        let mut stored = stored(&claim, response);
        let mut manifests = vec![claim.clone()];
        if bound {
            let name = r#""spec":{"volumeName":"pvc-7","#;
            stored = stored.replacen(r#""spec":{"#, name, 1);
            let tie = Some(r#""volumeName":"pvc-7""#);
            manifests.push(Scenario { tie, ..claim.clone() });
        }
        if matches!(claim.evidence, Evidence::Defaulted) {
            // The manifest itself, as `kubectl replace` sends it: the class came by default.
            let field = None;
            let sent_none = Scenario { field, ..claim.clone() };
            if matches!(expected(&claim), Expected::Class(_)) {
                manifests.push(sent_none);
            }
        }
        for manifest in manifests {
            let object = manifest.object();
            let again = respond(&claim.settings(), "UPDATE", &object, &stored);
            prop_assert!(again.accepted, "{:?}", again);
            let result = again.mutated_object.map_or(object, |object| object.get().to_owned());
            prop_assert_eq!(classes(&result), classes(&stored), "changed at creation: {}", changed);
        }
    }

    /// Where an update is changed, the stored class is put back and no other chosen; a claim whose
    /// class does not change is left alone.
    #[test]
    fn updates_choose_no_class(new in scenario(), old in scenario()) {
        let settings = new.settings();
        let (object, old_object) = (new.object(), old.object());
        let response = respond(&settings, "UPDATE", &object, &old_object);
        prop_assert!(response.accepted, "{:?}", response);
        if let Some(result) = response.mutated_object {
            let (field, annotation) = classes(result.get());
            prop_assert_ne!((&field, &annotation), (&new.field.map(str::to_owned), &new.annotation.map(str::to_owned)));
            prop_assert_eq!(field.as_deref(), old.field);
            // Only a class that creation makes of the new claim, and puts where it stands.
            prop_assert!(old.annotation.is_none() || old.annotation == old.field);
            let unknown_class = if new.unknown_class == "reject" { "remap" } else { new.unknown_class };
            let creation = expected(&Scenario { unknown_class, tie: None, ..new.clone() });
            match creation {
                Expected::Class(class) => prop_assert_eq!(Some(class), old.field),
                Expected::Left => prop_assert!(false, "the empty class was never mapped"),
                // Today's settings would refuse it, but it exists.
                Expected::Refused => {}
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

    /// Any part of a claim may be replaced by any JSON, in the new object or the stored one.
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
