//! Prints the CRD of Kubewarden's ClusterAdmissionPolicy, generated from the types of the policy SDK with the
//! transforms that kube's derive macro applies.

use kube_core::schema::{OptionalEnum, StructuralSchemaRewriter};
use kubewarden_policy_sdk::crd::policies::cluster_admission_policy::ClusterAdmissionPolicySpec;
use schemars::generate::SchemaSettings;
use serde_json::json;

fn main() {
    let settings = SchemaSettings::openapi3().with(|it| {
        it.inline_subschemas = true;
        it.meta_schema = None;
    });
    let generator = settings
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum)
        .into_generator();
    let schema = generator.into_root_schema_for::<ClusterAdmissionPolicySpec>();
    let mut spec = schema.to_value();
    // The content of the settings depends on the module.
    spec["properties"]["settings"]["x-kubernetes-preserve-unknown-fields"] = true.into();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "clusteradmissionpolicies.policies.kubewarden.io"},
        "spec": {
            "group": "policies.kubewarden.io",
            "names": {
                "kind": "ClusterAdmissionPolicy",
                "listKind": "ClusterAdmissionPolicyList",
                "plural": "clusteradmissionpolicies",
                "singular": "clusteradmissionpolicy",
            },
            "scope": "Cluster",
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    });
    println!("{definition:#}");
}
