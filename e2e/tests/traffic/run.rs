//! Sends the requests of all sets to both sides, and compares the results.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::test_runner::TestRunner;
use serde_json::Value;
use tempfile::TempDir;

use crate::backends;
use crate::client::{Connection, Ports, Request, Response};
use crate::corpus::Set;
use crate::explain;
use crate::gateway::Gateway;
use crate::ingress_nginx::IngressNginx;
use crate::process::until;
use crate::requests::{self, Probe};
use crate::runtime::RUNTIME;
use crate::translation::Translated;

/// What happened with a set.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) set: Set,
    pub(crate) result: Result<Comparison, Excluded>,
}

/// Why a set is not compared.
#[derive(Debug)]
pub(crate) enum Excluded {
    /// The translation reports that the routes do not replace the Ingresses.
    Incomplete(String),
    /// NGINX cannot serve it.
    Rejected(String),
    /// The suite lacks something that it needs.
    Unsupported(&'static str),
}

/// The results of a set's requests.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) requests: usize,
    /// The requests with a different result, by the codes of the reported differences.
    pub(crate) explained: BTreeMap<BTreeSet<&'static str>, usize>,
    pub(crate) unexplained: Vec<Unexplained>,
    /// The reported differences, with their messages.
    pub(crate) reports: BTreeMap<&'static str, String>,
}

/// A request whose results differ although nothing reports it.
#[derive(Debug)]
pub(crate) struct Unexplained {
    pub(crate) probe: Probe,
    pub(crate) nginx: Response,
    pub(crate) gateway: Response,
    pub(crate) aspects: Vec<String>,
}

/// Runs all sets at once.
pub(crate) fn run(sets: Vec<Set>, runner: &mut TestRunner) -> Vec<Outcome> {
    let certificate = Certificate::new();
    let start = |objects: &[Value]| {
        IngressNginx::start(objects, &certificate.certificate, &certificate.key)
    };
    let mut outcomes = Vec::new();
    let mut served = Vec::new();
    let checker = start(&[]);
    for (index, set) in sets.into_iter().enumerate() {
        let set = set.isolated(index);
        match prepare(&set, &checker) {
            Ok(translated) => served.push((set, translated)),
            Err(excluded) => outcomes.push(Outcome {
                set,
                result: Err(excluded),
            }),
        }
    }
    drop(checker);
    let services: Vec<Value> = served
        .iter()
        .flat_map(|(set, _)| set.services.clone())
        .collect();
    let slices = backends::start(&services);
    let common = [services, slices].concat();
    let ingresses = served.iter().flat_map(|(set, _)| set.ingresses.clone());
    let nginx = start(&common.iter().cloned().chain(ingresses).collect::<Vec<_>>());
    let routes = served
        .iter()
        .flat_map(|(_, translated)| translated.routes());
    let routed = common.iter().cloned().chain(routes).collect::<Vec<_>>();
    let gateway = Gateway::start(&routed, &certificate.certificate, &certificate.key);
    let mut sides = Sides::new(nginx.ports, gateway.ports);
    for (position, (set, translated)) in served.into_iter().enumerate() {
        let probes = requests::derive(&set, runner);
        if let (0, Some(first)) = (position, probes.first()) {
            until_served(&mut sides, &first.request);
        }
        let comparison = RUNTIME.block_on(compare(&mut sides, &set, &translated, probes));
        sides.close();
        outcomes.push(Outcome {
            set,
            result: Ok(comparison),
        });
    }
    outcomes
}

/// Translates a set, or returns why it cannot be compared.
fn prepare(set: &Set, checker: &IngressNginx) -> Result<Translated, Excluded> {
    let translated = Translated::of(set).map_err(Excluded::Incomplete)?;
    if let Some(problem) = translated.problems().into_iter().next() {
        return Err(Excluded::Incomplete(problem));
    }
    if !set.annotation("auth-tls-secret").is_empty() {
        return Err(Excluded::Unsupported("a Secret for client certificates"));
    }
    // Added in controller 1.12, which is not served as a Go module.
    if !set.annotation("temporal-redirect-code").is_empty() {
        return Err(Excluded::Unsupported("a newer ingress-nginx"));
    }
    let of_kinds = |route: &Value| route["kind"] == "HTTPRoute" || route["kind"] == "GRPCRoute";
    if !translated.routes().iter().all(of_kinds) {
        return Err(Excluded::Unsupported("backends with TLS"));
    }
    for ingress in &set.ingresses {
        RUNTIME
            .block_on(checker.check(ingress))
            .map_err(Excluded::Rejected)?;
    }
    Ok(translated)
}

/// Waits until the first set is served. Both sides get their configuration as a whole.
fn until_served(sides: &mut Sides, request: &Request) {
    until("both sides", || {
        let (nginx, gateway) = RUNTIME.block_on(sides.send(request));
        match (nginx.status, gateway.status) {
            (200, 200) => Ok(()),
            statuses => Err(format!("{statuses:?}")),
        }
    });
}

async fn compare(
    sides: &mut Sides,
    set: &Set,
    translated: &Translated,
    probes: Vec<Probe>,
) -> Comparison {
    let reports = translated.reports();
    let mut out = Comparison {
        requests: probes.len(),
        reports,
        ..Comparison::default()
    };
    for probe in probes {
        let (nginx, gateway) = sides.send(&probe.request).await;
        let codes = translated.codes(set, &probe.request);
        match explain::explain(sides, set, &codes, &probe, &nginx, &gateway).await {
            Ok(codes) if codes.is_empty() => {}
            Ok(codes) => *out.explained.entry(codes).or_default() += 1,
            Err(aspects) => out.unexplained.push(Unexplained {
                probe,
                nginx,
                gateway,
                aspects,
            }),
        }
    }
    out
}

/// The connections to both sides.
pub(crate) struct Sides {
    nginx: Ports,
    gateway: Ports,
    connections: BTreeMap<(bool, String), (Connection, Connection)>,
}

impl Sides {
    pub(crate) fn new(nginx: Ports, gateway: Ports) -> Self {
        Self {
            nginx,
            gateway,
            connections: BTreeMap::new(),
        }
    }

    fn connections(&mut self, request: &Request) -> &mut (Connection, Connection) {
        let Request { https, host, .. } = request;
        let (nginx, gateway) = (self.nginx, self.gateway);
        let open = || {
            (
                Connection::new(nginx, *https, host),
                Connection::new(gateway, *https, host),
            )
        };
        self.connections
            .entry((*https, host.clone()))
            .or_insert_with(open)
    }

    /// Sends a request to both sides.
    pub(crate) async fn send(&mut self, request: &Request) -> (Response, Response) {
        let (nginx, gateway) = self.connections(request);
        let (nginx, gateway) = tokio::join!(nginx.send(request), gateway.send(request));
        let failed = |side: &str, error| panic!("{side}: {request:?}: {error}");
        (
            nginx.unwrap_or_else(|error| failed("ingress-nginx", error)),
            gateway.unwrap_or_else(|error| failed("the gateway", error)),
        )
    }

    /// Closes all connections.
    fn close(&mut self) {
        self.connections.clear();
    }
}

/// A self-signed certificate in files.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    _directory: TempDir,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let names = vec!["localhost".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let (certificate, key) = (
            directory.path().join("tls.crt"),
            directory.path().join("tls.key"),
        );
        std::fs::write(&certificate, certified.cert.pem()).expect("a file");
        std::fs::write(&key, certified.signing_key.serialize_pem()).expect("a file");
        Self {
            certificate,
            key,
            _directory: directory,
        }
    }
}
