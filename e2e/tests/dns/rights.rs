//! Plays the API server's authorizer for one ServiceAccount, with the rendered roles.

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding};
use k8s_openapi::api::rbac::v1::{RoleRef, Subject};
use manifest::Object;
use serde_json::from_value;

/// What an account may do: rules, each with the namespace it holds for, or for all.
#[derive(Debug, Default)]
pub(crate) struct Rights(Vec<(Option<String>, PolicyRule)>);

/// Something that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    pub(crate) resource: String,
    /// `None` for all of them at once.
    pub(crate) namespace: Option<String>,
}

impl Rights {
    /// The rights that bindings among the objects give an account.
    pub(crate) fn of(objects: &[Object], namespace: &str, account: &str) -> Self {
        let is_account = |subjects: Option<Vec<Subject>>| {
            subjects.into_iter().flatten().any(|subject| {
                subject.kind == "ServiceAccount"
                    && subject.name == account
                    && subject.namespace.as_deref() == Some(namespace)
            })
        };
        let mut rights = Vec::new();
        for object in objects {
            let value = object.value.clone();
            let (holds_for, role) = match object.kind() {
                "ClusterRoleBinding" => {
                    let binding: ClusterRoleBinding = from_value(value).unwrap();
                    (
                        None,
                        is_account(binding.subjects).then_some(binding.role_ref),
                    )
                }
                "RoleBinding" => {
                    let binding: RoleBinding = from_value(value).unwrap();
                    let namespace = object.namespace().to_owned();
                    (
                        Some(namespace),
                        is_account(binding.subjects).then_some(binding.role_ref),
                    )
                }
                _ => continue,
            };
            let rules = role.map(|role| rules_of(objects, &role, holds_for.as_deref()));
            let rules = rules.into_iter().flatten();
            rights.extend(rules.map(|rule| (holds_for.clone(), rule)));
        }
        assert!(!rights.is_empty(), "{namespace}/{account} has no rights");
        Self(rights)
    }

    pub(crate) fn allow(&self, request: &Request) -> bool {
        let lists =
            |list: &Option<Vec<String>>, wanted: &str| list.iter().flatten().any(|it| it == wanted);
        self.0.iter().any(|(namespace, rule)| {
            (namespace.is_none() || *namespace == request.namespace)
                && lists(&rule.api_groups, &request.group)
                && lists(&rule.resources, &request.resource)
                && rule.verbs.iter().any(|verb| verb == request.verb)
        })
    }
}

fn rules_of(objects: &[Object], role: &RoleRef, namespace: Option<&str>) -> Vec<PolicyRule> {
    let found = objects.iter().find(|it| {
        it.kind() == role.kind
            && it.name() == role.name
            && (role.kind == "ClusterRole" || Some(it.namespace()) == namespace)
    });
    let value = found.expect("the role of a binding").value.clone();
    let rules = match role.kind.as_str() {
        "ClusterRole" => from_value::<ClusterRole>(value).unwrap().rules,
        _ => from_value::<Role>(value).unwrap().rules,
    };
    rules.unwrap_or_default()
}
