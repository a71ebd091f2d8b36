//! Determines what an update changes.

use admission::{Malformed, Node, joined};
use ingress2route::{PREFIX, Role, annotation, other_controller, split_once};

use crate::ingress::{Entry, Ingress};

/// The prefixes of ExternalDNS's annotations, which publish hostnames and their targets. The second one is the
/// default since ExternalDNS 0.22.
const EXTERNAL_DNS: &[&str] = &[
    "external-dns.alpha.kubernetes.io",
    "external-dns.kubernetes.io",
];

/// Whether an update changes nothing that the policy checks, only other metadata such as labels or finalizers.
/// Such an update passes even if the settings have changed since the Ingress was accepted. The API server
/// serializes the old and the new object alike, so comparing their text is enough.
///
/// # Errors
/// Returns an error if `spec` is a duplicate key.
pub(crate) fn is_unchanged(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<bool, Malformed> {
    let is_same = |new, old| difference(new, old, is_read_by_controllers).is_none();
    Ok(
        spec(new)? == spec(old)?
            && new.class == old.class
            && is_same(new, old)
            && is_same(old, new),
    )
}

fn spec<'a>(ingress: &Ingress<'a>) -> Result<Option<&'a str>, Malformed> {
    Ok(ingress.root.get("spec")?.map(Node::text))
}

/// Returns the first field that an update changes so that the Ingress may route more, route elsewhere or protect
/// less; `None` if the update adds nothing (docs/adr/0020).
///
/// # Errors
/// Returns an error if a field of either object has the wrong type.
pub(crate) fn addition(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<Option<String>, Malformed> {
    let field = if !new.class.names().eq(old.class.names()) {
        "spec.ingressClassName"
    } else if tls(new)? != tls(old)? {
        "spec.tls"
    } else if !removes_only_hosts(new, old)? {
        "spec.rules"
    } else {
        let key = difference(new, old, routes_or_protects);
        let key = key.or_else(|| difference(old, new, routes_or_protects));
        return Ok(key.map(|key| joined(&["metadata.annotations[", key, "]"])));
    };
    Ok(Some(field.to_owned()))
}

fn tls<'a>(ingress: &Ingress<'a>) -> Result<Option<&'a str>, Malformed> {
    Ok(match &ingress.spec {
        Some(spec) => spec.get("tls")?.map(Node::text),
        None => None,
    })
}

/// Whether all hosts that remain keep their paths and backends, in the same order. Requests for a removed path
/// would reach the backend of a shorter one, so a path may not be removed alone, nor a host below a wildcard that
/// remains.
fn removes_only_hosts(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<bool, Malformed> {
    let (new, old) = (new.entries()?, old.entries()?);
    let remains = |entry: &&Entry<'_>| {
        let host = entry.host_text();
        entry.host.is_none() || new.iter().any(|new| serves(new.host_text(), host))
    };
    let mut old = old.iter().filter(remains);
    let mut kept = new.iter();
    Ok(kept.all(|new| old.next().is_some_and(|old| new.is_same(old))) && old.next().is_none())
}

/// Whether a host or wildcard of an Ingress serves the requests for another one. Both are JSON strings.
fn serves(pattern: &str, host: &str) -> bool {
    let wildcard = pattern.strip_prefix("\"*");
    pattern == host || wildcard.is_some_and(|suffix| host.ends_with(suffix))
}

/// Returns the first annotation of one Ingress that the other one does not have with the same value.
fn difference<'i>(
    one: &'i Ingress<'_>,
    other: &Ingress<'_>,
    counts: fn(&str) -> bool,
) -> Option<&'i str> {
    let is_same = |key, node: Node<'_>| {
        let mut others = other.annotations();
        others.any(|(name, value)| name == key && value.text() == node.text())
    };
    let mut all = one.annotations();
    let found = all.find(|(key, node)| counts(key) && !is_same(*key, *node));
    found.map(|(key, _)| key)
}

/// Whether an Ingress controller or ExternalDNS reads the annotation.
fn is_read_by_controllers(key: &str) -> bool {
    let (prefix, _) = split_once(key, b'/').unwrap_or((key, ""));
    key.starts_with(PREFIX) || EXTERNAL_DNS.contains(&prefix) || other_controller(prefix).is_some()
}

/// Whether a change of the annotation may route elsewhere or protect less. ingress-nginx ignores annotations
/// that it does not know; those of other controllers all count.
fn routes_or_protects(key: &str) -> bool {
    match key.strip_prefix(PREFIX) {
        Some(name) => annotation(name).is_some_and(|known| known.role() != Role::Neutral),
        None => is_read_by_controllers(key),
    }
}
