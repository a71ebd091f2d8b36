//! Measures the time per request in wasmtime, the engine of the policy server, relative to two baselines:
//! `noop` reads the request with the SDK and accepts it, and `constant` accepts without reading it.
//!
//! Times depend on the machine. Compare the ratios: the modules run in turns, on the same request.

use std::time::Instant;

use e2e::hosts::Native;
use e2e::{Case, Error, workspace};
use e2e_wasmtime::Module;
use host::Snapshot;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};
use wasmtime::Engine;

/// The number of rounds per module; the median over the rounds is printed.
const ROUNDS: usize = 41;
/// The number of requests per round.
const REQUESTS_PER_ROUND: u32 = 50;
/// The number of labels added to the object: few, and enough to make the object large.
const LABELS: [usize; 2] = [4, 400];

const STORAGE: &str = "storage-class";
const BALANCER: &str = "internal-load-balancer";
const STORES: &str = "secret-store-references";
const HOSTNAMES: &str = "hostname-ownership";
const ROUTES: &str = "httproute-attachment";
const INGRESSES: &str = "httproute-over-ingress";

/// The benchmarks: a policy, one of its cases, and a description.
const BENCHMARKS: [(&str, &str, &str); 23] = [
    (STORAGE, "right-class", "accepts a claim"),
    (STORAGE, "vendor-gp3", "mutates a claim"),
    (BALANCER, "cluster-ip", "accepts a ClusterIP Service"),
    (BALANCER, "azure-right", "accepts an internal Service"),
    (BALANCER, "azure", "mutates a Service"),
    (BALANCER, "gateway-right", "accepts an internal Gateway"),
    (BALANCER, "gateway", "mutates a Gateway"),
    (STORES, "generator-allowed", "accepts without look-ups"),
    (STORES, "right", "accepts, looks up the store"),
    (
        STORES,
        "conditions-labels",
        "accepts, looks up store and namespace",
    ),
    (
        STORES,
        "conditions-regex-unanchored",
        "accepts, by regular expression",
    ),
    (STORES, "kind-omitted", "rejects"),
    (
        HOSTNAMES,
        "update-metadata",
        "accepts an update of metadata",
    ),
    (HOSTNAMES, "taken-by-own", "accepts, looks up routes"),
    (HOSTNAMES, "hostname-outside", "rejects"),
    (ROUTES, "update-metadata", "accepts an update of metadata"),
    (ROUTES, "right", "accepts a route"),
    (ROUTES, "parent-service", "rejects"),
    (INGRESSES, "update-labels", "accepts an update of labels"),
    (INGRESSES, "exempt-gateway", "accepts an exempt Ingress"),
    (INGRESSES, "nginx-auth-url", "accepts what requires ingress-nginx"),
    (INGRESSES, "plain", "rejects with the route"),
    (INGRESSES, "named-port", "rejects, looks up the Service"),
];

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let guest = |name: &str| -> Result<Module, Error> {
        let path = workspace::root().join(format!("target/guests/{name}.wasm"));
        Module::compile(&engine, &std::fs::read(path)?)
    };
    let baselines = [guest("noop")?, guest("constant")?];
    for labels in LABELS {
        println!("with {labels} labels: KB, microseconds, ratio to noop, ratio to constant");
        for (policy, name, does) in BENCHMARKS {
            let case = Case::all_of(policy)?.into_iter().find(|it| it.name == name);
            let case = case.ok_or_else(|| format!("{policy} has no case `{name}`"))?;
            let module = Module::built(&engine, policy)?;
            if module.response(&case)? != Native::response(policy, &case)? {
                return Err(format!("{policy}/{name}: not the response of the native code").into());
            }
            let line = measure(&module, &baselines, &case, labels)?;
            println!("  {policy:<24} {does:<38} {line}");
        }
    }
    Ok(())
}

/// Measures one module with the request of a case.
fn measure(
    module: &Module,
    [noop, constant]: &[Module; 2],
    case: &Case,
    labels: usize,
) -> Result<String, Error> {
    let mut request = case.request_or_any().0;
    add_labels(&mut request, labels);
    let (settings, request) = (to_raw_value(&case.settings)?, to_raw_value(&request)?);
    let cluster = Snapshot::complete(case.cluster.iter().cloned())?;
    let time_round = |module: &Module| -> Result<f64, Error> {
        let started = Instant::now();
        for _ in 0..REQUESTS_PER_ROUND {
            std::hint::black_box(module.validate(&settings, &request, &cluster)?);
        }
        Ok(started.elapsed().as_secs_f64() / f64::from(REQUESTS_PER_ROUND))
    };
    let (mut times, mut to_noop, mut to_constant) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let time = time_round(module)?;
        times.push(time * 1e6);
        to_noop.push(time / time_round(noop)?);
        to_constant.push(time / time_round(constant)?);
    }
    Ok(format!(
        "{:>5.1} {:>7.1} {:>5.2} {:>5.2}",
        request.get().len() as f64 / 1e3,
        median(times),
        median(to_noop),
        median(to_constant),
    ))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Adds labels to the object, and managedFields for the labels and the spec, as the API server does.
fn add_labels(request: &mut Value, labels: usize) {
    let key = |i| format!("example.org/label-{i:03}");
    let values: Map<_, _> = (0..labels)
        .map(|i| (key(i), json!(format!("value-{i}"))))
        .collect();
    let owned: Map<_, _> = (0..labels)
        .map(|i| (format!("f:{}", key(i)), json!({})))
        .collect();
    let spec = request.pointer("/object/spec").and_then(Value::as_object);
    let fields = spec.into_iter().flat_map(Map::keys);
    let fields: Map<_, _> = fields
        .map(|field| (format!("f:{field}"), json!({})))
        .collect();
    let Some(Value::Object(metadata)) = request.pointer_mut("/object/metadata") else {
        return;
    };
    metadata.insert("labels".to_owned(), values.into());
    let entry = json!([{
        "manager": "kubectl-create",
        "operation": "Update",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": owned}, "f:spec": fields},
    }]);
    metadata.insert("managedFields".to_owned(), entry);
}
