//! Types for kinds that no crate publishes, with the fields that the tree uses: External Secrets, MetalLB,
//! Cilium and Kubewarden. They are written from the API reference pages, so they find misspelt fields but not
//! misunderstood ones.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! shape {
    ($($name:ident { $($field:ident $(as $json:literal)?: $type:ty,)* })*) => {$(
        #[derive(Deserialize, Serialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct $name {
            $($(#[serde(rename = $json)])? #[serde(skip_serializing_if = "is_null")] $field: $type,)*
        }
    )*};
}

fn is_null(value: &impl Serialize) -> bool {
    serde_json::to_value(value).is_ok_and(|value| value.is_null())
}

shape! {
    ClusterSecretStore { conditions: Vec<Condition>, provider: Provider, }
    Condition { namespace_selector: Option<LabelSelector>, namespaces: Option<Vec<String>>, }
    Provider { kubernetes: Option<Kubernetes>, azurekv: Option<KeyVault>, aws: Option<Aws>, }
    Kubernetes { remote_namespace: String, server: Server, auth: KubernetesAuth, }
    Server { url: String, ca_provider: CaProvider, }
    CaProvider { kind as "type": String, namespace: String, name: String, key: String, }
    KubernetesAuth { service_account: Reference, }
    Reference { name: String, namespace: String, }
    KeyVault { auth_type: String, vault_url: String, service_account_ref: Reference, }
    Aws { service: String, region: String, auth: Option<AwsAuth>, }
    AwsAuth { jwt: Jwt, }
    Jwt { service_account_ref: Reference, }

    IpAddressPool { addresses: Vec<String>, }
    L2Advertisement { ip_address_pools: Vec<String>, }
    CiliumGatewayClassConfig { service: CiliumService, }
    CiliumService { kind as "type": String, }

    ClusterAdmissionPolicy {
        module: String,
        mode: String,
        mutating: bool,
        rules: Vec<Rule>,
        settings: Value,
        namespace_selector: Option<LabelSelector>,
        object_selector: Option<LabelSelector>,
        context_aware_resources: Option<Vec<Resource>>,
        background_audit: Option<bool>,
        failure_policy: Option<String>,
        timeout_seconds: Option<u8>,
        match_conditions: Option<Vec<BTreeMap<String, String>>>,
    }
    Rule {
        api_groups: Vec<String>,
        api_versions: Vec<String>,
        resources: Vec<String>,
        operations: Vec<String>,
        scope: Option<String>,
    }
    Resource { api_version: String, kind: String, }
}

pub(crate) fn errors(api_version: &str, kind: &str, value: &Value) -> Vec<String> {
    let check = match (api_version, kind) {
        ("external-secrets.io/v1", "ClusterSecretStore") => spec_errors::<ClusterSecretStore>,
        ("metallb.io/v1beta1", "IPAddressPool") => spec_errors::<IpAddressPool>,
        ("metallb.io/v1beta1", "L2Advertisement") => spec_errors::<L2Advertisement>,
        ("cilium.io/v2alpha1", "CiliumGatewayClassConfig") => {
            spec_errors::<CiliumGatewayClassConfig>
        }
        ("policies.kubewarden.io/v1", "ClusterAdmissionPolicy") => {
            spec_errors::<ClusterAdmissionPolicy>
        }
        _ => return vec![format!("no schema for {api_version} {kind}")],
    };
    check(value)
}

fn spec_errors<T: DeserializeOwned + Serialize>(object: &Value) -> Vec<String> {
    let members = object.as_object().expect("an object").keys();
    let mut errors: Vec<String> = members
        .filter(|name| !["apiVersion", "kind", "metadata", "spec"].contains(&name.as_str()))
        .map(|name| format!(".{name}: no such field"))
        .collect();
    errors.extend(crate::schema::errors::<T>(&object["spec"]));
    errors
}
