//! Network policies and load balancers.

use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::from_value;

use crate::{pods, tree};

fn policies(namespace: &str) -> Vec<NetworkPolicySpec> {
    tree::of_kind("NetworkPolicy")
        .into_iter()
        .filter(|it| it.object.namespace() == namespace)
        .map(|it| from_value(it.object.value["spec"].clone()).unwrap())
        .collect()
}

fn selects_all(selector: &Option<LabelSelector>) -> bool {
    *selector == Some(LabelSelector::default())
}

#[test]
fn traffic_is_denied_by_default() {
    for (item, _) in pods::pods() {
        for direction in ["Ingress", "Egress"] {
            let denied = policies(item.object.namespace()).iter().any(|policy| {
                let types = policy.policy_types.iter().flatten();
                selects_all(&policy.pod_selector) && types.into_iter().any(|it| it == direction)
            });
            assert!(denied, "{direction} of {}", item.name());
        }
    }
}

#[test]
fn only_kare_dns_and_externaldns_reach_etcd() {
    let selects = |selector: &Option<LabelSelector>, name: &str| {
        let labels = selector.as_ref().and_then(|it| it.match_labels.as_ref());
        labels.is_some_and(|it| {
            it.get("app.kubernetes.io/name")
                .is_some_and(|it| it == name)
        })
    };
    let mut found = 0;
    for policy in policies("kare-dns") {
        let Some(ingress) = policy.ingress else {
            continue;
        };
        if selects(&policy.pod_selector, "kare-dns") {
            continue;
        }
        assert!(selects(&policy.pod_selector, "etcd"));
        found += 1;
        for rule in ingress {
            for peer in rule.from.unwrap() {
                // No namespace selector means the same namespace, and no IP block is allowed.
                assert_eq!(peer.namespace_selector, None);
                assert_eq!(peer.ip_block, None);
                let selector = peer.pod_selector.unwrap();
                assert_eq!(selector.match_labels, None);
                let expressions = selector.match_expressions.unwrap();
                assert_eq!(expressions.len(), 1);
                assert_eq!(
                    expressions[0].values.as_deref(),
                    Some(&["kare-dns".to_owned(), "externaldns".to_owned()][..])
                );
            }
        }
    }
    assert!(found == 3 || tree::all_objects().is_empty(), "{found}");
}

/// Only kare-dns has a Service of type LoadBalancer, and all load balancers have internal addresses.
#[test]
fn load_balancers_are_internal() {
    for item in tree::of_kind("Service") {
        if item.text("/spec/type") != "LoadBalancer" {
            continue;
        }
        assert_eq!(item.object.name(), "kare-dns", "{}", item.name());
        assert_eq!(
            item.text("/metadata/annotations/metallb.io~1address-pool"),
            "default-pool"
        );
        assert_eq!(item.text("/spec/externalTrafficPolicy"), "Local");
    }
    for item in tree::of_kind("Gateway") {
        let annotations = &item.object.value["spec"]["infrastructure"]["annotations"];
        let expected = match item.overlay.profile {
            "azure" => Some("service.beta.kubernetes.io/azure-load-balancer-internal"),
            "k3s" => Some("metallb.io/address-pool"),
            _ => None,
        };
        assert_eq!(
            expected.is_some(),
            !annotations.is_null(),
            "{}",
            item.name()
        );
        assert!(expected.is_none_or(|it| annotations[it].is_string()));
    }
    for item in tree::of_kind("Ingress") {
        let scheme = item.text("/metadata/annotations/alb.ingress.kubernetes.io~1scheme");
        assert_eq!(scheme, "internal", "{}", item.name());
    }
}

/// An app on a listener without TLS would be served in plain HTTP, because its hostname takes precedence over the
/// redirect to HTTPS. On AWS, the ALB terminates TLS and redirects.
///
/// The listeners of an HTTPRoute without `sectionName` are those whose `allowedRoutes` admit its namespace:
/// `resolveAllowedNamespaces` in `operator/pkg/gateway-api/loading/loading.go` and `routeAllowedByParent` in
/// `operator/pkg/model/ingestion/gateway.go` of Cilium 1.20.2.
#[test]
fn apps_are_served_with_tls() {
    for item in tree::of_kind("Gateway") {
        let listeners = item.object.value["spec"]["listeners"].as_array().unwrap();
        let from = |from: &str| {
            let of_from = listeners
                .iter()
                .filter(|it| it["allowedRoutes"]["namespaces"]["from"] == from);
            let protocols = of_from.map(|it| (it["name"].as_str(), it["protocol"].as_str()));
            protocols.collect::<Vec<_>>()
        };
        let http = (Some("http"), Some("HTTP"));
        let https = (Some("https"), Some("HTTPS"));
        let (same, all) = match item.overlay.profile {
            "aws" => (vec![], vec![http, https]),
            _ => (vec![http], vec![https]),
        };
        assert_eq!(from("Same"), same, "{}", item.name());
        assert_eq!(from("All"), all, "{}", item.name());
        assert_eq!(listeners.len(), 2, "{}", item.name());

        let of_overlay = tree::of_kind("HTTPRoute").into_iter();
        let routes: Vec<_> = of_overlay
            .filter(|it| it.overlay == item.overlay)
            .map(|it| {
                let listener = it.text("/spec/parentRefs/0/sectionName");
                (it.object.namespace(), it.object.name(), listener)
            })
            .collect();
        let redirect = ("gateway", "http-to-https-redirect", "http");
        let expected = match item.overlay.profile {
            "aws" => vec![],
            _ => vec![redirect],
        };
        assert_eq!(routes, expected, "{}", item.name());
    }
    for item in tree::of_kind("Ingress") {
        let redirect = item.text("/metadata/annotations/alb.ingress.kubernetes.io~1ssl-redirect");
        assert_eq!(redirect, "443", "{}", item.name());
    }
}
