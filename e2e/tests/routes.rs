//! Checks the routes in the rejections of httproute-over-ingress: the API server accepts them unchanged, and so
//! do the policies for routes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

#[path = "../../crates/ingress2route/tests/it/crd.rs"]
mod crd;

use e2e::hosts::{Host, Native};
use e2e::{Case, Outcome};
use serde_json::{Value, json};

/// The start of a message whose routes can be applied.
const READY: &str = "kind: this Ingress can be expressed as ";

/// Returns the routes of a message: the YAML below its first line, with the placeholder filled in.
fn routes(message: &str) -> Vec<Value> {
    let message = message.replace("${DOMAIN}", "k8tre.internal");
    let (_, yaml) = message.split_once("\n\n").unwrap_or_default();
    manifest::read("message.yaml", yaml.as_bytes())
        .map(|document| document.expect("YAML").value().expect("YAML"))
        .filter(|document| !document.is_null())
        .collect()
}

/// Returns the message if httproute-attachment rejects a route, for the Gateway and domain of `case`.
fn attachment_rejection(case: &Case, route: &Value) -> Result<Option<String>, e2e::Error> {
    let mut settings = domain_settings(case);
    if let Some(gateway) = case.settings.get("gateway") {
        let listener = gateway.get("sectionName").cloned().into_iter();
        settings["gateway"] = json!({
            "namespace": gateway["namespace"],
            "name": gateway["name"],
            "sectionNames": listener.collect::<Vec<_>>(),
        });
    }
    if let Some(backends) = case.settings.get("authBackends") {
        settings["authBackends"] = backends.clone();
    }
    rejection("httproute-attachment", settings, route)
}

/// Returns the message if hostname-ownership rejects a route, for the domain of `case`.
fn ownership_rejection(case: &Case, route: &Value) -> Result<Option<String>, e2e::Error> {
    rejection("hostname-ownership", domain_settings(case), route)
}

/// Returns settings with the domain of `case`.
fn domain_settings(case: &Case) -> Value {
    let mut settings = json!({});
    if let Some(domain) = case.settings.get("domain") {
        settings["domain"] = domain.clone();
    }
    settings
}

fn rejection(policy: &str, settings: Value, route: &Value) -> Result<Option<String>, e2e::Error> {
    let applied: Case = serde_json::from_value(json!({
        "name": "applied",
        "description": "The route is applied.",
        "settings": settings,
        "object": route,
        "expect": "accepted",
    }))?;
    match Native.run(policy, &applied)? {
        Outcome::Verdict { message, .. } => Ok(message),
        outcome => Err(format!("{outcome:?}").into()),
    }
}

#[test]
fn every_route_in_a_message_can_be_applied() -> Result<(), e2e::Error> {
    let mut applied = 0;
    for case in Case::all_of("httproute-over-ingress")? {
        let outcome = Native.run("httproute-over-ingress", &case)?;
        let Outcome::Verdict {
            message: Some(message),
            ..
        } = outcome
        else {
            continue;
        };
        let routes = routes(&message);
        let name = case.title();
        assert_eq!(routes.is_empty(), !message.starts_with(READY), "{name}");
        for route in routes {
            assert_eq!(crd::violations(&route), [""; 0], "{name}");
            let namespace = route.pointer("/metadata/namespace");
            let ingress = case.object.as_ref();
            let expected = ingress.and_then(|object| object.pointer("/metadata/namespace"));
            assert_eq!(namespace, expected, "{name}");
            let other_gateway = Case {
                settings: json!({
                    "gateway": {"namespace": "gateway", "name": "other"},
                    "domain": "other.example",
                }),
                ..case.clone()
            };
            assert_eq!(attachment_rejection(&case, &route)?, None, "{name}");
            assert_eq!(ownership_rejection(&case, &route)?, None, "{name}");
            assert!(
                attachment_rejection(&other_gateway, &route)?.is_some(),
                "{name}"
            );
            assert!(
                ownership_rejection(&other_gateway, &route)?.is_some(),
                "{name}"
            );
            applied += 1;
        }
    }
    assert!(applied > 50, "only {applied} routes");
    Ok(())
}
