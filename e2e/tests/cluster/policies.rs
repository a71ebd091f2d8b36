//! The policies of the plane, with the configuration that Kubewarden creates for the API server and the policy
//! server.

use host::ContextAwareResource;
use serde_json::{Value, json};

use crate::existing::UNHANDLED_CLASS;
use crate::prefix::{self, prefix_name, prefixed};
use crate::rendered;
use crate::service_accounts::ServiceAccount;

pub(crate) use simulate::{Mode, Profile};

/// The account of the policy server in Kubewarden's chart.
pub(crate) const ACCOUNT: ServiceAccount = ServiceAccount {
    namespace: "kubewarden",
    name: "policy-server",
};

/// The prefix of the ids of ClusterAdmissionPolicies.
pub(crate) const ID_PREFIX: &str = "clusterwide-";

/// The domain of the tests.
pub(crate) const DOMAIN: &str = "dev.k8tre.org";

/// A ClusterAdmissionPolicy of `bootstrap/policies`.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) profile: Profile,
    pub(crate) mode: Mode,
    pub(crate) name: String,
    spec: Value,
}

/// Returns the policies of a profile in the order of installation.
pub(crate) fn of(profile: Profile, mode: Mode) -> Vec<Policy> {
    let policies: Vec<Value> = match mode {
        Mode::Protect => without_overlay(profile),
        // As the profile's overlay renders them.
        Mode::Monitor => rendered::of(profile.name(), "policies"),
    };
    let policies = policies.into_iter();
    let policies = policies.filter(|it| it["kind"] == "ClusterAdmissionPolicy");
    let policies: Vec<Policy> = policies
        .map(|mut policy| {
            let mut spec = policy["spec"].take();
            let expected = match mode {
                Mode::Protect => "protect",
                Mode::Monitor => "monitor",
            };
            assert_eq!(spec["mode"], expected);
            in_own_namespaces(&mut spec);
            Policy {
                profile,
                mode,
                name: policy["metadata"]["name"].as_str().expect("a name").into(),
                spec,
            }
        })
        .collect();
    assert!(!policies.is_empty(), "{profile:?}");
    policies
}

/// Returns the permissions that `bootstrap/` grants to the policy server.
pub(crate) fn rbac() -> Vec<Value> {
    const FILE: &str = "bootstrap/policies/base/rbac.yaml";
    let text = std::fs::read(e2e::workspace::root().join(FILE)).expect("a file");
    let documents = manifest::read(FILE, &text);
    let objects = documents.flat_map(|document| document.expect("YAML").objects());
    let mut objects: Vec<Value> = objects
        .map(|object| object.expect("an object").value)
        .collect();
    for object in &mut objects {
        for name in ["/metadata/name", "/roleRef/name", "/subjects/0/namespace"] {
            if let Some(name) = object.pointer_mut(name) {
                prefix_name(name);
            }
        }
    }
    objects
}

/// On an existing cluster, prefixes the namespaces of a policy, including those that are defaults of its
/// settings, and allows the class of the suite's load balancers. Limits the rules to namespaced objects, because cluster-scoped objects do not belong to the suite.
fn in_own_namespaces(spec: &mut Value) {
    if prefix::get().is_none() {
        return;
    }
    let schema = ["mutators", "policies"].map(|it| {
        let module = module_of(spec).to_owned();
        let file = e2e::workspace::root().join(it).join(module);
        std::fs::read(file.join("settings.schema.json")).ok()
    });
    let schema = schema.into_iter().flatten().next().expect("a schema");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    for (setting, schema) in schema["properties"].as_object().expect("settings") {
        let value = &mut spec["settings"][setting];
        if value.is_null() {
            *value = schema["default"].clone();
        }
    }
    if module_of(spec) == "internal-load-balancer" {
        spec["settings"]["allowedClasses"] = json!([UNHANDLED_CLASS]);
    }
    prefix::prefix_namespaces(spec);
    for rule in spec["rules"].as_array_mut().into_iter().flatten() {
        rule["scope"] = "Namespaced".into();
    }
}

fn module_of(spec: &Value) -> &str {
    let reference = spec["module"].as_str().unwrap_or_default();
    let file = reference.rsplit('/').next().unwrap_or_default();
    file.split(':').next().unwrap_or_default()
}

/// Returns the policies of a profile without an overlay.
fn without_overlay(profile: Profile) -> Vec<Value> {
    let (file, text) = profile.policies();
    let text = text.replace("${DOMAIN}", DOMAIN);
    let documents = manifest::read(file, text.as_bytes());
    let objects = documents.flat_map(|document| document.expect("YAML").objects());
    objects
        .map(|object| object.expect("an object").value)
        .collect()
}

impl Policy {
    /// Returns Kubewarden's id of the policy, which is part of the webhook's name and path. It includes profile
    /// and mode, so that one policy server serves all policies.
    pub(crate) fn id(&self) -> String {
        let mode = match self.mode {
            Mode::Protect => "",
            Mode::Monitor => "-monitor",
        };
        format!("{ID_PREFIX}{}-{}{mode}", self.name, self.profile.name())
    }

    /// Returns the ClusterAdmissionPolicy.
    pub(crate) fn resource(&self) -> Value {
        json!({
            "apiVersion": "policies.kubewarden.io/v1",
            "kind": "ClusterAdmissionPolicy",
            "metadata": {"name": self.name},
            "spec": self.spec,
        })
    }

    /// Returns the policy with a changed `spec`.
    pub(crate) fn with_spec(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut policy = self.clone();
        change(&mut policy.spec);
        policy
    }

    /// Returns the file name of the module.
    pub(crate) fn module(&self) -> &str {
        module_of(&self.spec)
    }

    pub(crate) fn settings(&self) -> &Value {
        &self.spec["settings"]
    }

    pub(crate) fn context_aware_resources(&self) -> Vec<ContextAwareResource> {
        let kinds = self.spec["contextAwareResources"].as_array();
        let text = |kind: &Value, field: &str| kind[field].as_str().unwrap_or_default().to_owned();
        let kinds = kinds.into_iter().flatten();
        kinds
            .map(|kind| ContextAwareResource::new(text(kind, "apiVersion"), text(kind, "kind")))
            .collect()
    }

    /// Returns the policy's entry in the configuration of the policy server.
    pub(crate) fn entry(&self) -> Value {
        let (module, _) = e2e::workspace::built_module(self.module()).expect("a module");
        let resources = &self.spec["contextAwareResources"];
        json!({
            "module": format!("file://{}", module.display()),
            "policyMode": self.spec["mode"],
            "allowedToMutate": self.spec["mutating"],
            "settings": self.settings(),
            "contextAwareResources": resources.as_array().map_or(&[][..], Vec::as_slice),
            // Kubewarden's controller grants this to ClusterAdmissionPolicies.
            "hostCapabilities": ["*"],
        })
    }

    /// Returns the webhook that Kubewarden's controller creates, with a URL in place of a Service, because
    /// Services are not routed here. It excludes Kubewarden's namespace.
    pub(crate) fn webhook(&self, url: &str, authority: &str) -> Value {
        let kind = match self.spec["mutating"] == true {
            true => "MutatingWebhookConfiguration",
            false => "ValidatingWebhookConfiguration",
        };
        let namespaces = &self.spec["namespaceSelector"]["matchExpressions"];
        let mut expressions = vec![json!({
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": [prefixed(ACCOUNT.namespace)],
        })];
        if let Some(run) = prefix::get() {
            // The policies do not apply to other namespaces.
            let own = json!({"key": prefix::LABEL, "operator": "In", "values": [run]});
            expressions.push(own);
        }
        expressions.extend(namespaces.as_array().cloned().unwrap_or_default());
        use base64::Engine as _;
        let authority = base64::engine::general_purpose::STANDARD.encode(authority);
        let mut webhook = json!({
            "name": format!("{}.kubewarden.admission", self.id()),
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": format!("{url}/validate/{}", self.id()), "caBundle": authority},
            "namespaceSelector": {"matchExpressions": expressions},
            "sideEffects": "None",
        });
        let fields = [
            "rules",
            "failurePolicy",
            "matchPolicy",
            "objectSelector",
            "timeoutSeconds",
            "matchConditions",
        ];
        for field in fields {
            if !self.spec[field].is_null() {
                webhook[field] = self.spec[field].clone();
            }
        }
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": prefixed(&self.id())},
            "webhooks": [webhook],
        })
    }
}
