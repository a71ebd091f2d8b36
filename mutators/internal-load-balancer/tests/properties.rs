//! Properties of every verdict, for Services and Gateways on every provider.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::NoCluster;
use internal_load_balancer::{Settings, evaluate};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// Annotations that vendors read, with internal and public values.
const ANNOTATIONS: [(&str, &str); 22] = [
    (
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        "true",
    ),
    (
        "service.beta.kubernetes.io/azure-load-balancer-internal-subnet",
        "apps",
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        "internet-facing",
    ),
    ("service.beta.kubernetes.io/aws-load-balancer-type", "nlb"),
    (
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        "0.0.0.0/0",
    ),
    ("networking.gke.io/load-balancer-type", "External"),
    ("cloud.google.com/load-balancer-type", "Internal"),
    ("metallb.io/address-pool", "public"),
    ("metallb.universe.tf/address-pool", "default-pool"),
    ("metallb.universe.tf/loadBalancerIPs", ""),
    ("metallb.universe.tf/allow-shared-ip", "dns"),
    ("lbipam.cilium.io/ips", "203.0.113.7"),
    (
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
        "True",
    ),
    ("oci.oraclecloud.com/load-balancer-type", "NLB"),
    (
        "service.beta.kubernetes.io/aws-load-balancer-eip-allocations",
        "eipalloc-1",
    ),
    ("service.beta.kubernetes.io/azure-pls-visibility", "*"),
    (
        "oci-network-load-balancer.oraclecloud.com/internal",
        "false",
    ),
    (
        "service.beta.kubernetes.io/do-loadbalancer-network",
        "EXTERNAL",
    ),
    (
        "external-dns.alpha.kubernetes.io/hostname",
        "gw.example.org",
    ),
    (
        "service.beta.kubernetes.io/load-balancer-source-ranges",
        "0.0.0.0/0",
    ),
    ("example.org/owner", "team \"a\" \u{e9}"),
    ("example.org/empty", ""),
];

/// Whether the annotations make a load balancer of the provider internal.
fn is_internal(provider: &str, annotations: &Map<String, Value>) -> bool {
    let has = |key: &str, value: &str| annotations.get(key) == Some(&json!(value));
    match provider {
        "azure" => has(
            "service.beta.kubernetes.io/azure-load-balancer-internal",
            "true",
        ),
        "aws" => has(
            "service.beta.kubernetes.io/aws-load-balancer-scheme",
            "internal",
        ),
        "gcp" => has("networking.gke.io/load-balancer-type", "Internal"),
        "metallb" => has("metallb.io/address-pool", "default-pool"),
        "openstack" => has(
            "service.beta.kubernetes.io/openstack-internal-load-balancer",
            "true",
        ),
        "oci" if has("oci.oraclecloud.com/load-balancer-type", "NLB") => {
            has("oci-network-load-balancer.oraclecloud.com/internal", "true")
        }
        "oci" => has(
            "service.beta.kubernetes.io/oci-load-balancer-internal",
            "true",
        ),
        "digitalocean" => has(
            "service.beta.kubernetes.io/do-loadbalancer-network",
            "INTERNAL",
        ),
        "custom" => has("example.com/internal", "yes"),
        _ => true,
    }
}

#[derive(Debug, Clone)]
struct Scenario {
    provider: &'static str,
    rejects_conflicts: bool,
    is_gateway: bool,
    has_gateway_label: bool,
    annotations: Option<Vec<(&'static str, &'static str)>>,
    space: &'static str,
    has_address: bool,
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let providers = vec![
        "azure",
        "aws",
        "gcp",
        "metallb",
        "cilium",
        "openstack",
        "oci",
        "digitalocean",
        "custom",
    ];
    (
        select(providers),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::option::weighted(0.8, subsequence(ANNOTATIONS.to_vec(), 0..5).prop_shuffle()),
        select(vec!["", " ", "\n\t"]),
        any::<bool>(),
    )
        .prop_map(
            |(
                provider,
                rejects_conflicts,
                is_gateway,
                has_gateway_label,
                annotations,
                space,
                has_address,
            )| Scenario {
                provider,
                rejects_conflicts,
                is_gateway,
                has_gateway_label,
                annotations,
                space,
                has_address,
            },
        )
}

impl Scenario {
    fn settings(&self) -> Value {
        let mut settings = json!({"provider": self.provider, "hostnames": ["*.k8tre.internal"]});
        if self.rejects_conflicts {
            settings["onConflict"] = json!("reject");
        }
        if self.provider == "custom" {
            settings["custom"] = json!({"annotations": {"example.com/internal": "yes"}});
        }
        settings
    }

    /// The object with `@` in place of its annotations, and the text of these.
    fn parts(&self) -> (String, Option<String>) {
        let space = self.space;
        let annotations = self.annotations.as_ref().map(|annotations| {
            let members = annotations.iter();
            let members: Vec<String> = members
                .map(|(key, value)| format!("{space}\"{key}\":{space}{}{space}", json!(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        });
        let member = match &annotations {
            Some(_) => format!("\"annotations\":{space}@"),
            None => "\"unknown\":1.0e5".to_owned(),
        };
        let labels = match self.has_gateway_label {
            true => r#","labels":{"gateway.networking.k8s.io/gateway-name":"g"}"#,
            false => "",
        };
        let status = match (self.has_address, self.is_gateway) {
            (false, _) => "",
            (true, true) => r#","status":{"addresses":[{"value":"203.0.113.9"}]}"#,
            (true, false) => r#","status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.9"}]}}"#,
        };
        let object = match self.is_gateway {
            true => format!(
                r#"{{"metadata":{{"name":"g"{labels}}},{space}"spec":{{"gatewayClassName":"cilium","infrastructure":{{{member}}},"x":-0}}{status}}}"#
            ),
            false => format!(
                r#"{{"metadata":{{"name":"s"{labels},{space}{member}}},"spec":{{"type":"LoadBalancer","x":1.00}}{status}}}"#
            ),
        };
        (object, annotations)
    }

    fn object(&self) -> String {
        let (object, annotations) = self.parts();
        match annotations {
            Some(annotations) => object.replacen('@', &annotations, 1),
            None => object,
        }
    }

    fn respond(&self, settings: &Value, operation: &str, object: &str, old: &str) -> Response {
        let (group, kind) = match self.is_gateway {
            true => ("gateway.networking.k8s.io", "Gateway"),
            false => ("", "Service"),
        };
        let payload = format!(
            r#"{{"settings":{settings},"request":{{"kind":{{"group":"{group}","version":"v1","kind":"{kind}"}},"namespace":"n","name":"o","operation":"{operation}","object":{object},"oldObject":{old}}}}}"#
        );
        let bytes = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
        let response: Response = serde_json::from_slice(&bytes).expect("a response");
        if !response.accepted || response.mutated_object.is_some() {
            assert!(!response.warnings.is_empty(), "{response:?}");
        }
        response
    }

    /// The annotations of an object.
    fn annotations_of(&self, object: &str) -> Map<String, Value> {
        let object: Value = serde_json::from_str(object).expect("JSON");
        let pointer = match self.is_gateway {
            true => "/spec/infrastructure/annotations",
            false => "/metadata/annotations",
        };
        let annotations = object.pointer(pointer).and_then(Value::as_object);
        annotations.cloned().unwrap_or_default()
    }
}

#[derive(Debug, serde::Deserialize)]
struct Response {
    accepted: bool,
    message: Option<String>,
    mutated_object: Option<Box<serde_json::value::RawValue>>,
    #[serde(default)]
    warnings: Vec<String>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Accepted objects are internal, a second run changes nothing, and only the annotations change.
    #[test]
    fn accepted_objects_are_internal(case in scenario()) {
        let settings = case.settings();
        let object = case.object();
        let response = case.respond(&settings, "CREATE", &object, "null");
        if !response.accepted {
            prop_assert!(case.rejects_conflicts, "{:?}", response);
            return Ok(());
        }
        let Some(mutated) = response.mutated_object else {
            prop_assert!(is_internal(case.provider, &case.annotations_of(&object)), "{}", object);
            return Ok(());
        };
        let mutated = mutated.get();
        prop_assert!(is_internal(case.provider, &case.annotations_of(mutated)), "{}", mutated);
        let (frame, annotations) = case.parts();
        if annotations.is_some() {
            let (before, after) = frame.split_once('@').expect("a mark");
            prop_assert!(mutated.starts_with(before) && mutated.ends_with(after), "{}", mutated);
        } else {
            let mut value: Value = serde_json::from_str(mutated).expect("JSON");
            let parent = if case.is_gateway { "/spec/infrastructure" } else { "/metadata" };
            let parent = value.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.expect("an object").remove("annotations");
            prop_assert_eq!(value, serde_json::from_str::<Value>(&object).expect("JSON"));
        }
        let after = case.annotations_of(mutated);
        for (key, value) in case.annotations_of(&object) {
            if key.starts_with("example.org/") {
                prop_assert_eq!(after.get(&key), Some(&value));
            }
        }
        let again = case.respond(&settings, "CREATE", mutated, "null");
        prop_assert!(again.accepted && again.mutated_object.is_none(), "{:?}", again);
    }

    /// An update keeps the AWS type, and a second run changes nothing.
    #[test]
    fn updates_keep_the_aws_type(new in scenario(), old in scenario()) {
        let case = Scenario { is_gateway: old.is_gateway, ..new };
        let (object, old_object) = (case.object(), old.object());
        let settings = case.settings();
        let response = case.respond(&settings, "UPDATE", &object, &old_object);
        let Some(mutated) = response.mutated_object else { return Ok(()) };
        let mutated = mutated.get();
        let again = case.respond(&settings, "UPDATE", mutated, &old_object);
        prop_assert!(again.accepted && again.mutated_object.is_none(), "{:?}", again);
        if case.provider == "aws" {
            let kind = "service.beta.kubernetes.io/aws-load-balancer-type";
            let (after, before) = (case.annotations_of(mutated), case.annotations_of(&old_object));
            prop_assert_eq!(after.get(kind), before.get(kind));
        }
    }

    /// Objects in the setting `public` are accepted as they are.
    #[test]
    fn public_objects_are_accepted(case in scenario(), operation in select(vec!["CREATE", "UPDATE"])) {
        let mut settings = case.settings();
        settings["public"] = json!([{"namespace": "n", "name": "o", "reason": "approved"}]);
        let object = case.object();
        let old = if operation == "UPDATE" { "{}" } else { "null" };
        let response = case.respond(&settings, operation, &object, old);
        prop_assert!(response.accepted && response.mutated_object.is_none(), "{:?}", response);
        prop_assert!(response.warnings.is_empty(), "{:?}", response);
    }

    /// Every input has a response, whatever JSON replaces a part of the object.
    #[test]
    fn garbage_has_a_response(
        case in scenario(),
        place in select(vec![
            "", "/spec", "/metadata", "/metadata/annotations", "/metadata/labels", "/spec/type",
            "/spec/infrastructure", "/spec/infrastructure/annotations", "/status", "/spec/x",
        ]),
        garbage in select(vec![
            json!(null), json!(true), json!(7), json!("text"), json!([]), json!([{}]), json!({}),
            json!({"a": 1}), json!({"annotations": {"a": 1}}),
        ]),
    ) {
        let whole = case.object();
        let mut object: Value = serde_json::from_str(&whole).expect("JSON");
        if let Some(part) = object.pointer_mut(place) {
            *part = garbage;
        }
        let object = object.to_string();
        for (operation, object, old) in [
            ("CREATE", object.as_str(), "null"),
            ("UPDATE", object.as_str(), whole.as_str()),
            ("UPDATE", whole.as_str(), object.as_str()),
        ] {
            let response = case.respond(&case.settings(), operation, object, old);
            prop_assert_eq!(response.message.is_some(), !response.accepted);
        }
    }
}
