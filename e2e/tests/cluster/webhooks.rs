//! What answers the API server's reviews: Kubewarden's policy server where it is on PATH, else a small
//! server of the same modules.

use std::process::Command;

use e2e::hosts::PolicyServer;
use serde_json::{Map, Value, json};

use crate::endpoint::Endpoint;
use crate::plane::{APPS, Plane, address};
use crate::policies::{self, Policy, Profile};
use crate::process::{Process, until};

/// Where it listens.
pub(crate) const PORT: u16 = 8443;

/// The policy server, and which of its policies the API server asks.
pub(crate) struct Webhooks {
    server: Option<Server>,
    version: String,
}

enum Server {
    /// Held for its end.
    Real {
        _process: Process,
    },
    Own {
        _endpoint: Endpoint,
    },
}

impl Webhooks {
    pub(crate) fn start(plane: &Plane) -> Self {
        // What the policies may ask the cluster for is what bootstrap/ grants, and no more.
        let rights = e2e::workspace::root().join("bootstrap/policies/base/rbac.yaml");
        let text = std::fs::read(rights).expect("a file");
        for document in manifest::read("rbac.yaml", &text) {
            for object in document.expect("YAML").objects() {
                let object = object.expect("an object").value;
                plane.admin.apply(&object).accepted();
            }
        }
        let mut webhooks = Self {
            server: None,
            version: String::new(),
        };
        webhooks.serve(plane);
        webhooks
    }

    /// Starts the server, again where it was stopped, and waits until it answers.
    pub(crate) fn serve(&mut self, plane: &Plane) {
        let policies: Vec<Policy> = Profile::ALL.into_iter().flat_map(policies::of).collect();
        let Ok(program) = PolicyServer::find() else {
            self.version = "crates/host of this workspace".to_owned();
            let endpoint = Endpoint::start(plane, policies);
            self.server = Some(Server::Own {
                _endpoint: endpoint,
            });
            return;
        };
        let said = Command::new(&program).arg("--version").output();
        let said = String::from_utf8_lossy(&said.expect("a version").stdout).into_owned();
        self.version = said
            .trim()
            .replace("policy-server", "Kubewarden's policy server");
        let entries = policies.iter().map(|it| (it.id(), it.entry()));
        let file = plane.path().join("policies.yml");
        // JSON is YAML.
        let entries = Value::Object(entries.collect::<Map<_, _>>());
        std::fs::write(&file, entries.to_string()).expect("a file");
        let address = address(2);
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
            .env("KUBECONFIG", plane.kubeconfig("policy-server-account"));
        let mut process = Process::start("policy-server", &mut command, plane.path());
        process.ready((address, 8081).into(), "/readiness");
        self.server = Some(Server::Real { _process: process });
    }

    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    pub(crate) fn version(&self) -> String {
        self.version.clone()
    }

    /// Tells the API server of a profile's policies and of no others, and waits until it asks them.
    pub(crate) fn install(&mut self, plane: &Plane, profile: Profile) {
        for kind in ["mutating", "validating"] {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations");
            let present = plane.admin.get(&path).accepted();
            for present in present["items"].as_array().expect("a list") {
                let name = present["metadata"]["name"].as_str().expect("a name");
                let gone = plane
                    .admin
                    .ask("DELETE", &format!("{path}/{name}"), "", None);
                gone.expect("an answer").accepted();
            }
        }
        let url = format!("https://{}:{PORT}", address(2));
        for policy in policies::of(profile) {
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
            "metadata": {"name": "probe", "namespace": APPS},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        });
        let claim = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "probe", "namespace": APPS},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
        });
        let store = json!({
            "apiVersion": "external-secrets.io/v1",
            "kind": "SecretStore",
            "metadata": {"name": "probe", "namespace": APPS},
            "spec": {"provider": {"fake": {"data": []}}},
        });
        until("the policies are asked", || {
            let stored = plane.admin.would_create(&balancer);
            let stored = stored.body["metadata"]["annotations"].to_string();
            let class = plane.admin.would_create(&claim).body["spec"]["storageClassName"].clone();
            let refused = plane.admin.would_create(&store).status >= 400;
            match stored.contains(marked) && class == "rwo-default" && refused {
                true => Ok(()),
                false => Err(format!("{stored}, {class}, {refused}")),
            }
        });
    }
}
