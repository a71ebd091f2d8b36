//! The request that policies and their `matchConditions` see.

use kubewarden::kinds;
use serde::Serialize;
use serde_json::{Value, json};

/// The `request` field of an AdmissionReview that creates or updates an object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request<'a> {
    uid: &'a str,
    kind: Value,
    resource: Value,
    request_kind: Value,
    request_resource: Value,
    /// Absent if the API server is to generate it, as in its requests.
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    pub(crate) operation: &'static str,
    user_info: Value,
    pub(crate) object: &'a Value,
    old_object: Option<&'a Value>,
    dry_run: bool,
    options: Value,
    /// Absent for cluster-scoped kinds, as in requests of the API server; the SDK rejects null.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Returns the request that creates `object`, or updates `old_object` to it. It is not a dry run.
    pub(crate) fn new(
        object: &'a Value,
        old_object: Option<&'a Value>,
        namespace: Option<&'a str>,
    ) -> Self {
        let (operation, options) = match old_object {
            None => ("CREATE", "CreateOptions"),
            Some(_) => ("UPDATE", "UpdateOptions"),
        };
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let (group, version) = kinds::group_version(text("/apiVersion").unwrap_or_default());
        let kind = text("/kind").unwrap_or_default();
        let resource = kinds::plural(kind);
        let resource = json!({"group": group, "version": version, "resource": resource});
        let kind = json!({"group": group, "version": version, "kind": kind});
        Self {
            uid: "00000000-0000-0000-0000-000000000000",
            request_kind: kind.clone(),
            kind,
            request_resource: resource.clone(),
            resource,
            name: text("/metadata/name").unwrap_or_default(),
            operation,
            user_info: json!({"username": "agnostics", "groups": ["system:authenticated"]}),
            object,
            old_object,
            dry_run: false,
            options: json!({"kind": options, "apiVersion": "meta.k8s.io/v1"}),
            namespace,
        }
    }
}
