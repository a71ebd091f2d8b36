//! What answers the API server's reviews: Kubewarden's policy server where it is on PATH, else a small
//! server of the same modules.

use std::process::Command;
use std::time::{Duration, Instant};

use e2e::hosts::PolicyServer;
use serde_json::{Map, Value, json};

use crate::endpoint::Endpoint;
use crate::own::own;
use crate::plane::{APPS, Plane};
use crate::policies::{self, Mode, Policy, Profile};
use crate::process::{Process, until};

/// Where it listens.
pub(crate) const PORT: u16 = 8443;

/// How the API server says that a webhook gave no answer, and how long it may say so at first.
const UNREACHED: &str = "failed calling webhook";
const REACH: Duration = Duration::from_secs(15);

/// The policy server, and which of its policies the API server asks.
pub(crate) struct Webhooks {
    pub(crate) server: Option<Server>,
    /// All that it serves.
    policies: Vec<Policy>,
}

pub(crate) enum Server {
    Real(Process),
    Own(Endpoint),
}

impl Webhooks {
    pub(crate) fn start(plane: &Plane) -> Self {
        // What the policies may ask the cluster for is what bootstrap/ grants, and no more.
        let rights = e2e::workspace::root().join("bootstrap/policies/base/rbac.yaml");
        let text = std::fs::read(rights).expect("a file");
        for document in manifest::read("rbac.yaml", &text) {
            for object in document.expect("YAML").objects() {
                let mut object = object.expect("an object").value;
                for name in ["/metadata/name", "/roleRef/name", "/subjects/0/namespace"] {
                    if let Some(name) = object.pointer_mut(name) {
                        *name = own(name.as_str().expect("a name")).into();
                    }
                }
                plane.admin.apply(&object).accepted();
            }
        }
        let protecting = Profile::ALL.map(|it| (it, Mode::Protect)).into_iter();
        let all = protecting.chain([(Profile::K3s, Mode::Monitor)]);
        let mut webhooks = Self {
            server: None,
            policies: all
                .flat_map(|(profile, mode)| policies::of(profile, mode))
                .collect(),
        };
        webhooks.server = Some(webhooks.start_server(plane));
        webhooks
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start_server(&self, plane: &Plane) -> Server {
        let Ok(program) = PolicyServer::find() else {
            return Server::Own(Endpoint::start(plane, self.policies.clone()));
        };
        let entries = self.policies.iter().map(|it| (it.id(), it.entry()));
        let file = plane.path().join("policies.yml");
        // JSON is YAML.
        let entries = Value::Object(entries.collect::<Map<_, _>>());
        std::fs::write(&file, entries.to_string()).expect("a file");
        let address = plane.listens_at();
        let mut command = Command::new(program);
        command
            .args(["--addr", &address.to_string()])
            .args(["--port", &PORT.to_string()])
            .args(["--readiness-probe-port", "8081"])
            .args(["--workers", "2", "--log-no-color"])
            .arg("--cert-file")
            .arg(plane.authority.path("policy-server.crt"))
            .arg("--key-file")
            .arg(plane.authority.path("policy-server.key"))
            .arg("--policies")
            .arg(&file)
            .arg("--policies-download-dir")
            .arg(plane.path().join("modules"))
            .arg("--sigstore-cache-dir")
            .arg(plane.path().join("sigstore"))
            .env("KUBECONFIG", policies::ACCOUNT.kubeconfig(plane));
        let mut process = Process::start("policy-server", &mut command, plane.path());
        process.ready((address, 8081).into(), "/readiness");
        Server::Real(process)
    }

    /// Has the server wait, or go on.
    pub(crate) fn pause(&self, paused: bool) {
        match self.server.as_ref().expect("it serves") {
            Server::Real(process) => process.signal(if paused { "STOP" } else { "CONT" }),
            Server::Own(endpoint) => endpoint.pause(paused),
        }
    }

    /// Tells the API server of a profile's policies and of no others, and waits until it asks them.
    pub(crate) fn install(&self, plane: &Plane, profile: Profile, mode: Mode) {
        for kind in ["mutating", "validating"] {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations");
            let present = plane.admin.get(&path).accepted();
            let present = present["items"].as_array().expect("a list").iter();
            let present = present.filter_map(|it| it["metadata"]["name"].as_str());
            for policy in &self.policies {
                let name = own(&policy.id());
                if present.clone().any(|it| it == name) {
                    let path = format!("{path}/{name}");
                    let gone = plane.admin.ask("DELETE", &path, "", None);
                    gone.expect("an answer").accepted();
                }
            }
        }
        let url = format!("https://{}:{PORT}", plane.reviews_at);
        let wanted = |it: &&Policy| (it.profile, it.mode) == (profile, mode);
        for policy in self.policies.iter().filter(wanted) {
            let webhook = policy.webhook(&url, &plane.authority.pem);
            plane.admin.create(&webhook).accepted();
        }
        // The API server hears of each sort of webhook in the order in which they were made, so of
        // all once the last one answers.
        let marked = match profile {
            Profile::Azure => "azure-load-balancer-internal",
            Profile::Aws => "aws-load-balancer-scheme",
            Profile::K3s => "metallb.io/",
        };
        let balancer = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "probe", "namespace": own(APPS)},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        });
        let claim = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "probe", "namespace": own(APPS)},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
        });
        let store = json!({
            "apiVersion": "external-secrets.io/v1",
            "kind": "SecretStore",
            "metadata": {"name": "probe", "namespace": own(APPS)},
            "spec": {"provider": {"fake": {"data": []}}},
        });
        let started = Instant::now();
        let asked = |object: &Value| {
            let answer = plane.admin.would_create(object);
            let said = answer.message();
            if !plane.is_own() && said.contains(UNREACHED) && started.elapsed() > REACH {
                panic!(
                    "the cluster's API server does not reach this suite at {url}: give an address that it \
                     reaches with `--webhook-address`. It says: {said}"
                );
            }
            (answer.status < 300, answer.warnings.len(), answer.body)
        };
        until("the policies are asked", || {
            let (_, told, balancer) = asked(&balancer);
            let marked = balancer["metadata"]["annotations"]
                .to_string()
                .contains(marked);
            let (_, _, claim) = asked(&claim);
            let classed = claim["spec"]["storageClassName"] == "rwo-default";
            let (stored, warned, store) = asked(&store);
            let asked = match mode {
                Mode::Protect => marked && classed && !stored,
                Mode::Monitor => !marked && !classed && stored && told > 0 && warned > 0,
            };
            match asked {
                true => Ok(()),
                false => Err(format!("{balancer} {claim} {store}")),
            }
        });
    }
}

/// What answers the reviews, by its own word.
pub(crate) fn version() -> String {
    let Ok(program) = PolicyServer::find() else {
        return "crates/host of this workspace".to_owned();
    };
    let said = Command::new(program).arg("--version").output();
    let said = String::from_utf8_lossy(&said.expect("a version").stdout).into_owned();
    // What else it says is what it is made of.
    let said = said.lines().next().unwrap_or_default();
    said.replace("policy-server", "Kubewarden's policy server")
}
