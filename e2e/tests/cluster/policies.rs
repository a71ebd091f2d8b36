//! The plane's policies, as Kubewarden tells the API server and the policy server of them.

use host::ContextAwareResource;
use serde_json::{Value, json};

use crate::accounts::Account;
use crate::own::{self, own};
use crate::rendered;

pub(crate) use simulate::{Mode, Profile};

/// The policy server's, in Kubewarden's chart.
pub(crate) const ACCOUNT: Account = Account {
    namespace: "kubewarden",
    name: "policy-server",
};

/// The domain of the tests.
pub(crate) const DOMAIN: &str = "dev.k8tre.org";

/// A ClusterAdmissionPolicy of bootstrap/policies.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) profile: Profile,
    pub(crate) mode: Mode,
    pub(crate) name: String,
    spec: Value,
}

/// The policies of a profile, in the order in which they are installed.
pub(crate) fn of(profile: Profile, mode: Mode) -> Vec<Policy> {
    let policies: Vec<Value> = match mode {
        Mode::Protect => written(profile),
        // As the profile's overlay makes them.
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

/// In a cluster of others, where the plane's namespaces have other names: those that the policies name,
/// and those that their modules have as defaults. What is in no namespace is none of the suite's.
fn in_own_namespaces(spec: &mut Value) {
    if own::run().is_none() {
        return;
    }
    let schema = ["mutators", "policies"].map(|it| {
        let module = module_of(spec).to_owned();
        let file = e2e::workspace::root().join(it).join(module);
        std::fs::read(file.join("settings.schema.json")).ok()
    });
    let schema = schema.into_iter().flatten().next().expect("a schema");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    for (setting, its) in schema["properties"].as_object().expect("settings") {
        let given = &mut spec["settings"][setting];
        if given.is_null() {
            *given = its["default"].clone();
        }
    }
    own::rename(spec);
    for rule in spec["rules"].as_array_mut().into_iter().flatten() {
        rule["scope"] = "Namespaced".into();
    }
}

fn module_of(spec: &Value) -> &str {
    let reference = spec["module"].as_str().unwrap_or_default();
    let file = reference.rsplit('/').next().unwrap_or_default();
    file.split(':').next().unwrap_or_default()
}

/// The policies of a profile before any overlay.
fn written(profile: Profile) -> Vec<Value> {
    let (file, text) = profile.policies();
    let text = text.replace("${DOMAIN}", DOMAIN);
    let documents = manifest::read(file, text.as_bytes());
    let objects = documents.flat_map(|document| document.expect("YAML").objects());
    objects
        .map(|object| object.expect("an object").value)
        .collect()
}

impl Policy {
    /// What Kubewarden calls it everywhere: the name of its webhook, and the end of its path. Profile
    /// and mode are part of it so that one policy server serves them all.
    pub(crate) fn id(&self) -> String {
        let mode = match self.mode {
            Mode::Protect => "",
            Mode::Monitor => "-monitor",
        };
        format!("clusterwide-{}-{}{mode}", self.name, self.profile.name())
    }

    /// The name of the module's file.
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

    /// Its entry in the policy server's file.
    pub(crate) fn entry(&self) -> Value {
        let (module, _) = e2e::workspace::built_module(self.module()).expect("a module");
        let resources = &self.spec["contextAwareResources"];
        json!({
            "module": format!("file://{}", module.display()),
            "policyMode": self.spec["mode"],
            "allowedToMutate": self.spec["mutating"],
            "settings": self.settings(),
            "contextAwareResources": resources.as_array().map_or(&[][..], Vec::as_slice),
            // What Kubewarden's controller grants to policies of the whole cluster.
            "hostCapabilities": ["*"],
        })
    }

    /// The webhook that Kubewarden's controller makes of it, but for the Service that leads to the
    /// policy server: nothing routes Services here. Its own namespace is left out.
    pub(crate) fn webhook(&self, url: &str, authority: &str) -> Value {
        let kind = match self.spec["mutating"] == true {
            true => "MutatingWebhookConfiguration",
            false => "ValidatingWebhookConfiguration",
        };
        let namespaces = &self.spec["namespaceSelector"]["matchExpressions"];
        let mut expressions = vec![json!({
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": [own(ACCOUNT.namespace)],
        })];
        if let Some(run) = own::run() {
            // Of others' namespaces nothing is judged.
            let own = json!({"key": own::LABEL, "operator": "In", "values": [run]});
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
        let given = [
            "rules",
            "failurePolicy",
            "matchPolicy",
            "objectSelector",
            "timeoutSeconds",
            "matchConditions",
        ];
        for field in given {
            if !self.spec[field].is_null() {
                webhook[field] = self.spec[field].clone();
            }
        }
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": own(&self.id())},
            "webhooks": [webhook],
        })
    }
}
