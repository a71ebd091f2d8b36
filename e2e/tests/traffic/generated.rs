//! Generates sets of Ingresses.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::corpus::{Fixture, FixtureIngress, FixturePath, Set};

/// The group of generated sets.
pub(crate) const ORIGIN: &str = "generated";

/// Paths without special characters. Few and short, so that sets have prefixes of each other.
const LITERALS: [&str; 12] = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/",
    "/a/b/c",
    "/ab",
    "/A",
    "/v1.0",
    "/a-b_c~d",
    "/a+b",
    "/api/v1/items",
];
/// Regular expressions.
const PATTERNS: [&str; 10] = [
    "/a/.*",
    "/a/.+",
    "/a(/|$)(.*)",
    "/a/b(/|$)(.*)",
    "/(.*)",
    "/a/[0-9]+",
    "/v[0-9]+/items",
    "/(a|b)/c",
    "/a/b$",
    "/a.b",
];
/// Annotations with their values, of which an Ingress has at most two.
const ANNOTATIONS: [(&str, &[&str]); 9] = [
    ("use-regex", &["true", "false"]),
    ("rewrite-target", &["/", "/$1", "/$2", "/x", "/x/$2"]),
    ("app-root", &["/a", "/app"]),
    (
        "permanent-redirect",
        &[
            "https://www.k8tre.internal/new",
            "https://www.k8tre.internal",
        ],
    ),
    ("temporal-redirect", &["https://www.k8tre.internal/new"]),
    ("upstream-vhost", &["web.k8tre.internal"]),
    ("ssl-redirect", &["true", "false"]),
    ("proxy-read-timeout", &["30"]),
    ("server-alias", &["alias.k8tre.internal"]),
];

/// Returns a runner whose values depend only on the seed.
pub(crate) fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
    )
}

/// Returns generated sets.
pub(crate) fn sets(runner: &mut TestRunner, count: usize) -> Vec<Set> {
    let strategy = vec(ingress(), 1..=3);
    let mut sets = Vec::new();
    for index in 0..count {
        let ingresses = strategy.new_tree(runner).expect("Ingresses").current();
        let fixture = Fixture::new(format!("{index}"), without_duplicates(ingresses));
        sets.push(fixture.set(ORIGIN));
    }
    sets
}

fn ingress() -> impl Strategy<Value = FixtureIngress> {
    let host = prop_oneof![5 => Just("app.k8tre.internal"), 1 => Just("second.k8tre.internal")];
    let annotation = select(&ANNOTATIONS[..]).prop_flat_map(|(name, values)| {
        select(values).prop_map(move |value| (name.to_owned(), value.to_owned()))
    });
    let annotations =
        prop_oneof![2 => Just(Vec::new()).boxed(), 3 => vec(annotation, 1..=2).boxed()];
    let parts = (
        host,
        annotations,
        any::<bool>(),
        option::weighted(0.1, Just("rest")),
        vec(path(), 1..=3),
    );
    parts.prop_map(|(host, annotations, tls, default, paths)| {
        let default = default.map(str::to_owned);
        FixtureIngress::new(host, annotations.into_iter().collect(), tls, default, paths)
    })
}

fn path() -> impl Strategy<Value = FixturePath> {
    let literal = (
        select(&LITERALS[..]),
        select(&["Prefix", "Exact", "ImplementationSpecific"][..]),
    );
    let pattern = (select(&PATTERNS[..]), Just("ImplementationSpecific"));
    let service = select(&["one", "two", "three"][..]);
    (
        prop_oneof![2 => literal.boxed(), 1 => pattern.boxed()],
        service,
    )
        .prop_map(|((path, path_type), service)| FixturePath::new(path, path_type, service))
}

/// Removes paths that another path of the host duplicates: NGINX rejects some of them for all Ingresses, and the
/// translation all.
fn without_duplicates(mut ingresses: Vec<FixtureIngress>) -> Vec<FixtureIngress> {
    let mut known = std::collections::BTreeSet::new();
    for ingress in &mut ingresses {
        let host = ingress.host.clone();
        ingress.paths.retain(|it| {
            let bare = it.path.trim_end_matches('/').to_ascii_lowercase();
            known.insert((host.clone(), bare))
        });
    }
    ingresses.retain(|it| !it.paths.is_empty());
    ingresses
}
