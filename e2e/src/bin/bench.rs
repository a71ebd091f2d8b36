//! Time of one request, in the embedded host, against two modules that do nothing: `constant` answers
//! without reading, `noop` reads the request with the SDK and accepts.
//!
//! Times are a machine's; ratios, taken in turns within one run, are what can be compared.

use std::time::{Duration, Instant};

use e2e::{Error, workspace};
use host::{Host, Module, Options, Snapshot};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

/// How often each subject has its turn; the median of turns is printed.
const TURNS: usize = 41;
/// Requests in a turn.
const REQUESTS: u32 = 100;

struct Subject {
    name: &'static str,
    module: Module,
    request: Box<RawValue>,
    turns: Vec<Duration>,
}

fn main() -> Result<(), Error> {
    let host = Host::new(Options::default())?;
    let guest = |name: &str| -> Result<Module, Error> {
        let path = workspace::root().join(format!("target/guests/{name}.wasm"));
        Ok(host.load(name, &std::fs::read(path)?)?)
    };
    let constant = guest("constant")?;
    let noop = guest("noop")?;
    let storage_class = host.load(
        "storage-class",
        &workspace::built_module("storage-class")?.1,
    )?;
    let settings = to_raw_value(&json!({}))?;
    for labels in [4, 400] {
        let accepted = to_raw_value(&request("rwo-default", labels))?;
        let mutated = to_raw_value(&request("gp3", labels))?;
        let subject = |name, module: &Module, request: &RawValue| Subject {
            name,
            module: module.clone(),
            request: request.to_owned(),
            turns: Vec::new(),
        };
        let mut subjects = [
            subject("constant", &constant, &accepted),
            subject("noop", &noop, &accepted),
            subject("storage-class accepts", &storage_class, &accepted),
            subject("storage-class mutates", &storage_class, &mutated),
        ];
        for _ in 0..TURNS {
            for subject in &mut subjects {
                subject.take_turn(&settings)?;
            }
        }
        report(accepted.get().len(), &subjects);
    }
    Ok(())
}

impl Subject {
    fn take_turn(&mut self, settings: &RawValue) -> Result<(), Error> {
        let started = Instant::now();
        for _ in 0..REQUESTS {
            let response = self
                .module
                .validate(settings, &self.request, &Snapshot::new())?;
            std::hint::black_box(response);
        }
        self.turns.push(started.elapsed() / REQUESTS);
        Ok(())
    }
}

fn report(bytes: usize, subjects: &[Subject]) {
    println!(
        "a request of {:.1} KB: microseconds each, and the ratio to noop, turn by turn",
        bytes as f64 / 1e3
    );
    let Some(noop) = subjects.iter().find(|subject| subject.name == "noop") else {
        return;
    };
    for subject in subjects {
        let times = subject
            .turns
            .iter()
            .map(|turn| turn.as_secs_f64() * 1e6)
            .collect();
        let pairs = subject.turns.iter().zip(&noop.turns);
        let ratios = pairs
            .map(|(turn, noop)| turn.as_secs_f64() / noop.as_secs_f64())
            .collect();
        println!(
            "  {:<24} {:>7.1}  {:>5.2}",
            subject.name,
            median(times),
            median(ratios)
        );
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The creation of a claim as the API server sends it, managedFields and all.
fn request(class: &str, labels: usize) -> Value {
    let label = |i| {
        (
            format!("example.org/label-{i:03}"),
            json!(format!("value-{i}")),
        )
    };
    let names = (0..labels).map(label).collect::<serde_json::Map<_, _>>();
    let owned = names.keys().map(|key| (format!("f:{key}"), json!({})));
    let owned = owned.collect::<serde_json::Map<_, _>>();
    let resource = json!({"group": "", "version": "v1", "resource": "persistentvolumeclaims"});
    let kind = json!({"group": "", "version": "v1", "kind": "PersistentVolumeClaim"});
    json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": "data",
        "namespace": "research",
        "operation": "CREATE",
        "userInfo": {"username": "developer", "groups": ["system:authenticated"]},
        "object": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "data",
                "namespace": "research",
                "labels": names,
                "managedFields": [{
                    "manager": "kubectl-create",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {
                        "f:metadata": {"f:labels": owned},
                        "f:spec": {
                            "f:accessModes": {},
                            "f:resources": {"f:requests": {"f:storage": {}}},
                            "f:storageClassName": {},
                        },
                    },
                }],
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "8Gi"}},
                "storageClassName": class,
            },
        },
        "oldObject": null,
        "dryRun": false,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    })
}
