use host::{ContextAwareResource, Module, Response, Snapshot};
use serde_json::{Value, json};

use crate::{guest, host, probe, probe_for, request, resources, settings_for};

const NAMESPACE: (&str, &str) = ("v1", "Namespace");
const CONFIG_MAP: (&str, &str) = ("v1", "ConfigMap");

/// Three ConfigMaps in two namespaces, out of order, and the two namespaces.
fn cluster() -> Snapshot {
    Snapshot::complete([
        config_map("tools", "b", json!({"tier": "db"})),
        config_map("apps", "b", json!({"tier": "web"})),
        config_map("apps", "a", json!({"tier": "web", "canary": "yes"})),
        namespace("tools"),
        namespace("apps"),
    ])
    .unwrap()
}

fn config_map(namespace: &str, name: &str, labels: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {"kept": "yes", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "managedFields": [{"manager": "kubectl"}],
        },
        "data": {"key": "value", "other": "value"},
        "items": [{"name": "x", "size": 1}, {"name": "y", "size": 2}],
    })
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn host_call(namespace: &str, operation: &str, payload: Value) -> Value {
    json!({"binding": "kubewarden", "namespace": namespace, "operation": operation, "payload": payload})
}

fn run(module: &Module, cluster: &Snapshot, calls: &[Value]) -> Response {
    module
        .validate(&settings_for(json!({ "call": calls })), &request(), cluster)
        .unwrap()
}

/// The response to a call to `kubernetes`.
fn look_up(module: &Module, cluster: &Snapshot, operation: &str, payload: Value) -> Value {
    let response = run(
        module,
        cluster,
        &[host_call("kubernetes", operation, payload)],
    );
    assert!(response.accepted, "{:?}", response.message);
    serde_json::from_str(&response.message.unwrap()).unwrap()
}

/// The error that the guest receives when the call fails.
fn look_up_error(module: &Module, cluster: &Snapshot, operation: &str, payload: Value) -> String {
    let response = run(
        module,
        cluster,
        &[host_call("kubernetes", operation, payload)],
    );
    assert!(!response.accepted, "{:?}", response.message);
    let message = response.message.unwrap();
    message
        .strip_prefix("Host error: ")
        .unwrap_or(&message)
        .to_owned()
}

fn get((api_version, kind): (&str, &str), namespace: Option<&str>, name: &str) -> Value {
    json!({
        "api_version": api_version, "kind": kind, "name": name, "namespace": namespace,
        "disable_cache": false, "field_masks": null,
    })
}

fn list((api_version, kind): (&str, &str), labels: &str, fields: &str) -> Value {
    json!({"api_version": api_version, "kind": kind, "label_selector": labels, "field_selector": fields})
}

fn names(list: &Value) -> Vec<String> {
    let name = |item: &Value| {
        let metadata = &item["metadata"];
        [&metadata["namespace"], &metadata["name"]]
            .iter()
            .filter_map(|part| part.as_str())
            .collect::<Vec<_>>()
            .join("/")
    };
    list["items"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn an_object_is_found_by_kind_namespace_and_name() {
    let module = probe_for(&[NAMESPACE, CONFIG_MAP]);
    let found = look_up(
        &module,
        &cluster(),
        "get_resource",
        get(CONFIG_MAP, Some("apps"), "b"),
    );
    assert_eq!(
        found,
        config_map("apps", "b", json!({"tier": "web"})),
        "the whole object, including the fields that lists omit"
    );
    assert_eq!(
        look_up(
            &module,
            &cluster(),
            "get_resource",
            get(NAMESPACE, None, "apps")
        ),
        namespace("apps")
    );
    let with_namespace = get(NAMESPACE, Some("tools"), "apps");
    assert_eq!(
        look_up(&module, &cluster(), "get_resource", with_namespace),
        namespace("apps"),
        "the namespace is ignored for cluster-scoped kinds"
    );
}

#[test]
fn not_found_not_permitted_and_unknown_are_different_errors() {
    let module = probe_for(&[NAMESPACE, CONFIG_MAP]);
    assert_eq!(
        look_up_error(
            &module,
            &cluster(),
            "get_resource",
            get(NAMESPACE, None, "gone")
        ),
        "Callback evaluation failure: Cannot find v1/Namespace named 'gone' inside of namespace 'None'"
    );
    assert_eq!(
        look_up_error(
            &module,
            &cluster(),
            "get_resource",
            get(CONFIG_MAP, Some("apps"), "gone")
        ),
        "Callback evaluation failure: Cannot find v1/ConfigMap named 'gone' inside of namespace 'Some(\"apps\")'"
    );
    assert_eq!(
        look_up_error(
            &module,
            &cluster(),
            "get_resource",
            get(("v1", "Secret"), Some("apps"), "s")
        ),
        "Policy has not been granted access to Kubernetes v1/Secret resources. The violation has been reported."
    );
    assert_eq!(
        look_up_error(
            &module,
            &Snapshot::new(),
            "get_resource",
            get(NAMESPACE, None, "apps")
        ),
        "Callback evaluation failure: cannot look up v1/Namespace objects: there is no cluster, and the snapshot does not hold all of them"
    );
}

#[test]
fn lists_distinguish_empty_not_permitted_and_unknown() {
    let module = probe_for(&[NAMESPACE]);
    let mut known = Snapshot::new();
    known.mark_complete(ContextAwareResource::new("v1", "Namespace"));
    let everything = list(NAMESPACE, "", "");
    assert_eq!(
        look_up(&module, &known, "list_resources_all", everything.clone()),
        json!({"apiVersion": "v1", "kind": "NamespaceList", "metadata": {}, "items": []})
    );
    let unknown = look_up_error(&module, &Snapshot::new(), "list_resources_all", everything);
    assert!(
        unknown.contains("cannot look up v1/Namespace objects"),
        "{unknown}"
    );
    let not_granted = look_up_error(
        &module,
        &known,
        "list_resources_all",
        list(CONFIG_MAP, "", ""),
    );
    assert!(
        not_granted.contains("has not been granted access to Kubernetes v1/ConfigMap"),
        "{not_granted}"
    );
}

#[test]
fn a_partial_snapshot_only_serves_look_ups_of_its_own_objects() {
    let module = probe_for(&[NAMESPACE, CONFIG_MAP]);
    let mut partial = Snapshot::new();
    partial.insert(namespace("apps")).unwrap();
    partial.insert(config_map("apps", "a", json!({}))).unwrap();

    assert_eq!(
        look_up(
            &module,
            &partial,
            "get_resource",
            get(NAMESPACE, None, "apps")
        ),
        namespace("apps")
    );
    let by_name = |name| list(NAMESPACE, "", &format!("metadata.name={name}"));
    assert_eq!(
        names(&look_up(
            &module,
            &partial,
            "list_resources_all",
            by_name("apps")
        )),
        ["apps"]
    );
    let labelled = list(NAMESPACE, "tier=web", "metadata.name=apps");
    assert!(
        names(&look_up(&module, &partial, "list_resources_all", labelled)).is_empty(),
        "the object is known not to have the label"
    );

    let in_any_namespace = list(CONFIG_MAP, "", "metadata.name=a");
    for (operation, payload) in [
        ("get_resource", get(NAMESPACE, None, "tools")),
        ("list_resources_all", by_name("tools")),
        ("list_resources_all", list(NAMESPACE, "", "")),
        ("list_resources_all", in_any_namespace),
    ] {
        let error = look_up_error(&module, &partial, operation, payload);
        assert!(error.contains("cannot look up v1/"), "{error}");
    }
    let pinned = list(CONFIG_MAP, "", "metadata.namespace=apps,metadata.name=a");
    assert_eq!(
        names(&look_up(&module, &partial, "list_resources_all", pinned)),
        ["apps/a"]
    );
}

#[test]
fn lists_are_sorted_and_omit_bulky_metadata() {
    let module = probe_for(&[CONFIG_MAP]);
    let all = look_up(
        &module,
        &cluster(),
        "list_resources_all",
        list(CONFIG_MAP, "", ""),
    );
    assert_eq!(all["apiVersion"], "v1");
    assert_eq!(all["kind"], "ConfigMapList");
    assert_eq!(names(&all), ["apps/a", "apps/b", "tools/b"]);
    let metadata = &all["items"][0]["metadata"];
    assert_eq!(metadata["annotations"], json!({"kept": "yes"}));
    assert_eq!(metadata.get("managedFields"), None);
    assert_eq!(
        all["items"][0]["data"],
        json!({"key": "value", "other": "value"})
    );

    let mut in_apps = list(CONFIG_MAP, "", "");
    in_apps["namespace"] = json!("apps");
    let in_apps = look_up(&module, &cluster(), "list_resources_by_namespace", in_apps);
    assert_eq!(names(&in_apps), ["apps/a", "apps/b"]);
}

#[test]
fn lists_apply_label_and_field_selectors() {
    let module = probe_for(&[CONFIG_MAP]);
    for (labels, fields, expected) in [
        ("tier=web", "", &["apps/a", "apps/b"][..]),
        ("tier in (db, cache),!canary", "", &["tools/b"]),
        ("tier!=db,canary", "", &["apps/a"]),
        ("canary notin (yes)", "", &["apps/b", "tools/b"]),
        ("", "metadata.name=b", &["apps/b", "tools/b"]),
        ("", "metadata.name!=b", &["apps/a"]),
        (
            "tier=web",
            "metadata.name==b,metadata.namespace=apps",
            &["apps/b"],
        ),
        ("tier=nowhere", "", &[]),
    ] {
        let found = look_up(
            &module,
            &cluster(),
            "list_resources_all",
            list(CONFIG_MAP, labels, fields),
        );
        assert_eq!(names(&found), expected, "`{labels}` `{fields}`");
    }
    let broken = look_up_error(
        &module,
        &cluster(),
        "list_resources_all",
        list(CONFIG_MAP, "a in b", ""),
    );
    assert!(
        broken.contains("unable to parse the label selector `a in b`"),
        "{broken}"
    );
    let unknown = look_up_error(
        &module,
        &cluster(),
        "list_resources_all",
        list(CONFIG_MAP, "", "data.key=value"),
    );
    assert!(
        unknown.contains("field label not supported: data.key"),
        "{unknown}"
    );
}

#[test]
fn masks_keep_the_listed_fields_and_the_identity_of_the_object() {
    let module = probe_for(&[CONFIG_MAP]);
    let mut masked = get(CONFIG_MAP, Some("apps"), "b");
    masked["field_masks"] = json!(["data.key", "items.name", "missing.field"]);
    let found = look_up(&module, &cluster(), "get_resource", masked);
    let whole = config_map("apps", "b", json!({"tier": "web"}));
    assert_eq!(
        found,
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": whole["metadata"],
            "data": {"key": "value"}, "items": [{"name": "x"}, {"name": "y"}],
        })
    );

    let mut masked = list(CONFIG_MAP, "", "");
    masked["field_masks"] = json!(["metadata.name"]);
    let found = look_up(&module, &cluster(), "list_resources_all", masked);
    assert_eq!(names(&found), ["apps/a", "apps/b", "tools/b"]);
    assert_eq!(found["items"][0].get("data"), None);

    let mut empty = list(CONFIG_MAP, "", "");
    empty["field_masks"] = json!([]);
    let found = look_up(&module, &cluster(), "list_resources_all", empty);
    assert_eq!(
        found["items"][0]["data"]["key"], "value",
        "an empty mask hides nothing"
    );
}

#[test]
fn scope_errors_are_those_of_the_policy_server() {
    let module = probe_for(&[NAMESPACE, CONFIG_MAP]);
    assert_eq!(
        look_up_error(
            &module,
            &cluster(),
            "get_resource",
            get(CONFIG_MAP, None, "b")
        ),
        "Callback evaluation failure: Resource v1/ConfigMap is namespaced, but no namespace was provided"
    );
    let mut in_apps = list(NAMESPACE, "", "");
    in_apps["namespace"] = json!("apps");
    assert_eq!(
        look_up_error(&module, &cluster(), "list_resources_by_namespace", in_apps),
        "Callback evaluation failure: resource v1/Namespace is cluster wide. Cannot search for it inside of a namespace"
    );
}

#[test]
fn a_policy_can_restrict_but_not_extend_the_access_in_the_metadata() {
    let module = probe_for(&[NAMESPACE]);
    let can_list = |module: &Module, kind| {
        run(
            module,
            &cluster(),
            &[host_call(
                "kubernetes",
                "list_resources_all",
                list(kind, "", ""),
            )],
        )
        .accepted
    };
    assert!(can_list(&module, NAMESPACE));
    assert!(!can_list(
        &module.with_context_aware_resources([]),
        NAMESPACE
    ));
    let extended = module.with_context_aware_resources(resources(&[NAMESPACE, CONFIG_MAP]));
    assert!(can_list(&extended, NAMESPACE));
    assert!(!can_list(&extended, CONFIG_MAP));

    let bare = host().load("bare", &guest("probe")).unwrap();
    assert!(!can_list(&bare, CONFIG_MAP));
    assert!(can_list(
        &bare.with_context_aware_resources(resources(&[CONFIG_MAP])),
        CONFIG_MAP
    ));
}

#[test]
fn calls_that_need_a_network_are_not_available_offline() {
    for (namespace, operation) in [
        ("kubernetes", "can_i"),
        ("oci", "v1/verify"),
        ("oci", "v1/manifest_digest"),
        ("net", "v1/dns_lookup_host"),
        ("crypto", "v1/is_certificate_trusted"),
    ] {
        let response = run(
            &probe(),
            &cluster(),
            &[host_call(namespace, operation, json!({}))],
        );
        assert!(!response.accepted);
        let message = response.message.unwrap();
        assert!(
            message.ends_with(&format!(
                "`{namespace}/{operation}` is not available offline"
            )),
            "{message}"
        );
        assert_eq!(
            response.activity.host_calls[&format!("{namespace}/{operation}")],
            1
        );
    }
}

#[test]
fn unknown_calls_fail_as_in_the_policy_server() {
    let module = probe_for(&[NAMESPACE]);
    let error = |call: Value| run(&module, &cluster(), &[call]).message.unwrap();
    let mut other_binding = host_call("kubernetes", "get_resource", json!({}));
    other_binding["binding"] = json!("elsewhere");
    assert!(error(other_binding).ends_with("unknown binding: elsewhere"));
    assert!(
        error(host_call("weather", "today", json!({}))).ends_with("unknown namespace: weather")
    );
    assert!(
        error(host_call("kubernetes", "delete", json!({}))).ends_with("unknown operation: delete")
    );
    assert!(
        error(host_call(
            "kubernetes",
            "get_resource",
            json!({"kind": "Namespace"})
        ))
        .contains("missing field `api_version`")
    );
    let without_name = json!({"api_version": "v1", "kind": "Namespace"});
    assert!(
        error(host_call("kubernetes", "get_resource", without_name))
            .contains("missing field `name`")
    );
}

#[test]
fn activity_records_host_calls_unanswered_kinds_and_log_events() {
    let module = probe_for(&[NAMESPACE, CONFIG_MAP]);
    let mut partial = Snapshot::new();
    partial.insert(namespace("apps")).unwrap();
    let lookup = host_call("kubernetes", "get_resource", get(NAMESPACE, None, "apps"));
    let unanswered = host_call("kubernetes", "list_resources_all", list(CONFIG_MAP, "", ""));
    let log = host_call("tracing", "log", json!({"message": "hello"}));
    let activity = run(
        &module,
        &partial,
        &[lookup.clone(), unanswered, lookup, log],
    )
    .activity;
    let calls: Vec<_> = activity
        .host_calls
        .iter()
        .map(|(call, times)| (call.as_str(), *times))
        .collect();
    assert_eq!(
        calls,
        [
            ("kubernetes/get_resource v1/Namespace", 2),
            ("kubernetes/list_resources_all v1/ConfigMap", 1)
        ]
    );
    assert_eq!(
        activity.unanswered.into_iter().collect::<Vec<_>>(),
        resources(&[CONFIG_MAP]).collect::<Vec<_>>()
    );
    assert_eq!(activity.log, [r#"{"message":"hello"}"#]);
}

#[test]
fn clones_of_a_snapshot_are_independent() {
    let module = probe_for(&[NAMESPACE]);
    let before = cluster();
    let mut after = before.clone();
    after.insert(namespace("new")).unwrap();
    let all = |cluster| {
        names(&look_up(
            &module,
            cluster,
            "list_resources_all",
            list(NAMESPACE, "", ""),
        ))
    };
    assert_eq!(all(&before), ["apps", "tools"]);
    assert_eq!(all(&after), ["apps", "new", "tools"]);
}

#[test]
fn a_snapshot_rejects_objects_without_identity() {
    let mut cluster = Snapshot::new();
    for (object, expected) in [
        (json!([]), "a cluster object is not a mapping"),
        (
            json!({"kind": "Namespace"}),
            "a cluster object has no string `apiVersion`",
        ),
        (
            json!({"apiVersion": "v1", "kind": 3}),
            "a cluster object has no string `kind`",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "a-"}}),
            "a cluster object has no string `metadata.name`",
        ),
    ] {
        assert_eq!(cluster.insert(object).unwrap_err().to_string(), expected);
    }
}
