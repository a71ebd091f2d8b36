//! Checks every object against the published schema of its kind: the types of k8s-openapi, gateway-api and
//! k8s-crds-cert-manager. Other kinds have no published types; see [`crate::shapes`].

use gateway_api::apis::standard::gatewayclasses::GatewayClass;
use gateway_api::apis::standard::gateways::Gateway;
use gateway_api::apis::standard::httproutes::HttpRoute;
use k8s_crds_cert_manager::{certificates::Certificate, issuers::Issuer};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::api::storage::v1::StorageClass;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{shapes, tree};

/// Returns the schema errors of an object, including unknown fields.
pub(crate) fn errors<T: DeserializeOwned + Serialize>(value: &Value) -> Vec<String> {
    match serde_json::from_value::<T>(value.clone()) {
        Err(error) => vec![error.to_string()],
        Ok(object) => {
            let back = serde_json::to_value(object).expect("it was JSON");
            let mut lost = Vec::new();
            compare(value, &back, "", &mut lost);
            lost
        }
    }
}

/// Finds values that a round trip through the type loses: fields that the type does not have.
fn compare(value: &Value, back: &Value, path: &str, lost: &mut Vec<String>) {
    match (value, back) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, member) in members {
                let path = format!("{path}.{name}");
                match others.get(name) {
                    Some(other) => compare(member, other, &path, lost),
                    None => lost.push(format!("{path}: no such field")),
                }
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                compare(item, other, &format!("{path}[{index}]"), lost);
            }
        }
        _ if value == back => {}
        _ => lost.push(format!("{path}: {value} is read as {back}")),
    }
}

fn errors_of(api_version: &str, kind: &str, value: &Value) -> Vec<String> {
    let check = match (api_version, kind) {
        ("v1", "ConfigMap") => errors::<ConfigMap>,
        ("v1", "Namespace") => errors::<Namespace>,
        ("v1", "Service") => errors::<Service>,
        ("v1", "ServiceAccount") => errors::<ServiceAccount>,
        ("apps/v1", "Deployment") => errors::<Deployment>,
        ("apps/v1", "StatefulSet") => errors::<StatefulSet>,
        ("networking.k8s.io/v1", "Ingress") => errors::<Ingress>,
        ("networking.k8s.io/v1", "NetworkPolicy") => errors::<NetworkPolicy>,
        ("policy/v1", "PodDisruptionBudget") => errors::<PodDisruptionBudget>,
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => errors::<ClusterRole>,
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => errors::<ClusterRoleBinding>,
        ("rbac.authorization.k8s.io/v1", "Role") => errors::<Role>,
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => errors::<RoleBinding>,
        ("storage.k8s.io/v1", "StorageClass") => errors::<StorageClass>,
        ("gateway.networking.k8s.io/v1", "Gateway") => errors::<Gateway>,
        ("gateway.networking.k8s.io/v1", "GatewayClass") => errors::<GatewayClass>,
        ("gateway.networking.k8s.io/v1", "HTTPRoute") => errors::<HttpRoute>,
        ("cert-manager.io/v1", "Certificate") => errors::<Certificate>,
        ("cert-manager.io/v1", "Issuer") => errors::<Issuer>,
        _ => return shapes::errors(api_version, kind, value),
    };
    check(value)
}

#[test]
fn every_object_matches_the_schema_of_its_kind() {
    let mut wrong = Vec::new();
    for item in tree::all_objects() {
        let object = &item.object;
        for error in errors_of(object.api_version(), object.kind(), &object.value) {
            wrong.push(format!("{}: {error}", item.name()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn an_unknown_field_is_an_error() {
    let service = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"ports": [{"port": 53, "targetport": "dns"}]},
    });
    assert_eq!(
        errors_of("v1", "Service", &service),
        [".spec.ports[0].targetport: no such field"]
    );
    let route = serde_json::json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "a"},
        "spec": {"rules": [{"filters": [{"type": "RequestRedirect", "redirect": {}}]}]},
    });
    assert_eq!(
        errors_of("gateway.networking.k8s.io/v1", "HTTPRoute", &route),
        [".spec.rules[0].filters[0].redirect: no such field"]
    );
    let job = serde_json::json!({"apiVersion": "batch/v1", "kind": "Job"});
    assert!(!errors_of("batch/v1", "Job", &job).is_empty());
}
