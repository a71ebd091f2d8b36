//! Metadata is written into modules and read back.
#![allow(clippy::unwrap_used, reason = "test helpers")]

use kubewarden::{
    ContextAwareResource, Error, ExecutionMode, Metadata, Operation, PolicyType, Rule, SECTION,
    read, write,
};

/// A module with a memory and an unrelated custom section.
fn module() -> Vec<u8> {
    wat::parse_str(r#"(module (memory (export "memory") 1) (@custom "producers" "rustc"))"#)
        .unwrap()
}

fn metadata() -> Metadata {
    Metadata {
        protocol_version: Some("v1".to_owned()),
        rules: vec![Rule {
            api_groups: vec![String::new()],
            api_versions: vec!["v1".to_owned()],
            resources: vec!["persistentvolumeclaims".to_owned()],
            operations: vec![Operation::Create, Operation::All],
        }],
        annotations: [(
            "io.kubewarden.policy.title".to_owned(),
            "storage-class".to_owned(),
        )]
        .into(),
        mutating: true,
        background_audit: false,
        context_aware_resources: [ContextAwareResource::new("v1", "Namespace")].into(),
        minimum_kubewarden_version: Some("1.19.0".to_owned()),
        ..Metadata::default()
    }
}

#[test]
fn metadata_round_trips() {
    let annotated = write(&module(), &metadata()).unwrap();
    assert_eq!(read(&annotated).unwrap(), Some(metadata()));
    assert!(
        annotated.starts_with(&module()),
        "the rest of the module is unchanged"
    );
}

#[test]
fn a_module_that_is_not_annotated_has_no_metadata() {
    assert_eq!(read(&module()).unwrap(), None);
}

#[test]
fn writing_replaces_existing_metadata() {
    let once = write(&module(), &metadata()).unwrap();
    assert_eq!(write(&once, &metadata()).unwrap(), once);
    let changed = write(&once, &Metadata::default()).unwrap();
    assert_eq!(read(&changed).unwrap(), Some(Metadata::default()));
    let name = SECTION.as_bytes();
    assert_eq!(
        changed
            .windows(name.len())
            .filter(|window| *window == name)
            .count(),
        1
    );
}

#[test]
fn the_json_equals_that_of_kwctl() {
    let annotated = write(&module(), &metadata()).unwrap();
    let json = concat!(
        r#"{"protocolVersion":"v1","rules":[{"apiGroups":[""],"apiVersions":["v1"],"#,
        r#""resources":["persistentvolumeclaims"],"operations":["CREATE","*"]}],"#,
        r#""annotations":{"io.kubewarden.policy.title":"storage-class"},"mutating":true,"backgroundAudit":false,"#,
        r#""executionMode":"kubewarden-wapc","policyType":"kubernetes","#,
        r#""contextAwareResources":[{"apiVersion":"v1","kind":"Namespace"}],"minimumKubewardenVersion":"1.19.0"}"#,
    );
    assert!(
        annotated.ends_with(json.as_bytes()),
        "{}",
        String::from_utf8_lossy(&annotated)
    );
}

#[test]
fn missing_fields_get_the_defaults_of_kubewarden() {
    let text = r#"(module (@custom "io.kubewarden.metadata" "{\"protocolVersion\":\"v1\",\"rules\":[],\"annotations\":null,\"mutating\":false,\"news\":1}"))"#;
    let read = read(&wat::parse_str(text).unwrap()).unwrap().unwrap();
    assert!(read.background_audit);
    assert_eq!(read.execution_mode, ExecutionMode::KubewardenWapc);
    assert_eq!(read.policy_type, PolicyType::Kubernetes);
    assert!(read.context_aware_resources.is_empty() && read.annotations.is_empty());
}

#[test]
fn the_first_of_several_sections_wins() {
    let text = r#"(module (@custom "io.kubewarden.metadata" "{\"rules\":[],\"mutating\":true}")
                          (@custom "io.kubewarden.metadata" "{\"rules\":[],\"mutating\":false}"))"#;
    assert!(
        read(&wat::parse_str(text).unwrap())
            .unwrap()
            .unwrap()
            .mutating
    );
}

#[test]
fn invalid_modules_and_metadata_are_errors() {
    let component = wat::parse_str("(component)").unwrap();
    for bytes in [&b""[..], b"(module)", &module()[..12]] {
        assert!(matches!(read(bytes), Err(Error::NotWasm(_))), "{bytes:?}");
        assert!(
            matches!(write(bytes, &metadata()), Err(Error::NotWasm(_))),
            "{bytes:?}"
        );
    }
    assert!(matches!(read(&component), Err(Error::Component)));
    assert!(matches!(
        write(&component, &metadata()),
        Err(Error::Component)
    ));
    let text = r#"(module (@custom "io.kubewarden.metadata" "{}"))"#;
    let error = read(&wat::parse_str(text).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)));
    assert!(error.to_string().contains("missing field"), "{error}");
}
