//! The webhooks of the policies. Kubewarden's policy server serves them if it is on PATH, otherwise a minimal
//! server that runs the same modules.

use std::process::Command;
use std::time::{Duration, Instant};

use e2e::hosts::PolicyServer;
use serde_json::{Map, Value};

use crate::cluster::{APPS, TestCluster};
use crate::fixtures::{claim, fake_store, load_balancer_without_class};
use crate::policies::{self, Mode, Policy, Profile};
use crate::prefix::prefixed;
use crate::process::{Process, until};
use crate::webhook_server::{Replica, WebhookServer};

/// The port of the policy server.
pub(crate) const PORT: u16 = 8443;

/// The API server's error for a webhook that does not respond.
pub(crate) const UNREACHABLE: &str = "failed calling webhook";

/// The time limit for the API server of an existing cluster to reach the policy server.
const REACH_TIMEOUT: Duration = Duration::from_secs(15);

/// The policy server and all policies that it serves.
pub(crate) struct Webhooks {
    pub(crate) server: Option<Server>,
    policies: Vec<Policy>,
}

pub(crate) enum Server {
    Real(Process),
    Embedded(WebhookServer),
}

impl Webhooks {
    pub(crate) fn start(cluster: &TestCluster) -> Self {
        Self::grant(cluster);
        let protecting = Profile::ALL.map(|it| (it, Mode::Protect)).into_iter();
        let all = protecting.chain([(Profile::K3s, Mode::Monitor)]);
        let mut webhooks = Self {
            server: None,
            policies: all
                .flat_map(|(profile, mode)| policies::of(profile, mode))
                .collect(),
        };
        webhooks.server = Some(webhooks.start_server(cluster));
        webhooks
    }

    /// Lets the policies look up what `bootstrap/` grants.
    pub(crate) fn grant(cluster: &TestCluster) {
        for object in policies::rbac() {
            cluster.admin.apply(&object).accepted();
        }
    }

    /// Returns the policies that the policy server serves.
    pub(crate) fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Starts the policy server and waits until it is ready.
    pub(crate) fn start_server(&self, cluster: &TestCluster) -> Server {
        let Ok(program) = PolicyServer::find() else {
            return Server::Embedded(WebhookServer::start(cluster, self.policies.clone()));
        };
        let entries = self.policies.iter().map(|it| (it.id(), it.entry()));
        let file = cluster.path().join("policies.yml");
        // JSON is YAML.
        let entries = Value::Object(entries.collect::<Map<_, _>>());
        std::fs::write(&file, entries.to_string()).expect("a file");
        let address = cluster.listen_address();
        let mut command = Command::new(program);
        command
            .args(["--addr", &address.to_string()])
            .args(["--port", &PORT.to_string()])
            .args(["--readiness-probe-port", "8081"])
            .args(["--workers", "2", "--log-no-color"])
            .arg("--cert-file")
            .arg(cluster.authority.path("policy-server.crt"))
            .arg("--key-file")
            .arg(cluster.authority.path("policy-server.key"))
            .arg("--policies")
            .arg(&file)
            .arg("--policies-download-dir")
            .arg(cluster.path().join("modules"))
            .arg("--sigstore-cache-dir")
            .arg(cluster.path().join("sigstore"))
            .env("KUBECONFIG", policies::ACCOUNT.kubeconfig(cluster));
        let mut process = Process::start("policy-server", &mut command, cluster.path());
        process.ready((address, 8081).into(), "/readiness");
        Server::Real(process)
    }

    /// Pauses or resumes the policy server.
    pub(crate) fn pause(&self, paused: bool) {
        match self.server.as_ref().expect("it serves") {
            Server::Real(process) => process.signal(if paused { "STOP" } else { "CONT" }),
            Server::Embedded(endpoint) => endpoint.pause(paused),
        }
    }

    /// Replaces the replicas of the suite's own webhook server.
    pub(crate) fn set_replicas(&self, replicas: &[Replica]) {
        match self.server.as_ref().expect("it serves") {
            Server::Real(_) => panic!("its replicas cannot be replaced"),
            Server::Embedded(server) => server.set_replicas(replicas),
        }
    }

    /// Installs the webhooks of a profile, removes all others, and waits until they take effect.
    pub(crate) fn install(&self, cluster: &TestCluster, profile: Profile, mode: Mode) {
        for kind in ["mutating", "validating"] {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations");
            for installed in cluster.admin.list(&path) {
                let name = installed["metadata"]["name"].as_str().expect("a name");
                if name.starts_with(&prefixed(policies::ID_PREFIX)) {
                    let path = format!("{path}/{name}");
                    cluster.admin.delete_path(&path).accepted();
                }
            }
        }
        let wanted = |it: &&Policy| (it.profile, it.mode) == (profile, mode);
        for policy in self.policies.iter().filter(wanted) {
            let webhook = configuration(cluster, policy);
            cluster.admin.create(&webhook).accepted();
        }
        // The API server loads webhooks of one kind in the order of their creation, so all are loaded when the
        // last one takes effect.
        let marked = match profile {
            Profile::Azure => "azure-load-balancer-internal",
            Profile::Aws => "aws-load-balancer-scheme",
            Profile::K3s => "metallb.io/",
        };
        let balancer = load_balancer_without_class(APPS, "probe");
        let claim = claim(APPS, "probe");
        let store = fake_store(APPS, "probe");
        let started = Instant::now();
        let attempt = |object: &Value| {
            let response = cluster.admin.dry_run_create(object);
            let message = response.message();
            let unreachable = message.contains(UNREACHABLE) && started.elapsed() > REACH_TIMEOUT;
            if cluster.is_existing() && unreachable {
                panic!(
                    "the API server of the cluster cannot reach this suite at {}; pass an address that it \
                     can reach with `--webhook-address`. Its error: {message}",
                    url(cluster)
                );
            }
            (
                response.is_success(),
                response.warnings.len(),
                response.body,
            )
        };
        until("the policies take effect", || {
            let (_, balancer_warnings, balancer) = attempt(&balancer);
            let marked = balancer["metadata"]["annotations"]
                .to_string()
                .contains(marked);
            let (_, _, claim) = attempt(&claim);
            let classed = claim["spec"]["storageClassName"] == "rwo-default";
            let (stored, store_warnings, store) = attempt(&store);
            let installed = match mode {
                Mode::Protect => marked && classed && !stored,
                Mode::Monitor => {
                    let warned = balancer_warnings > 0 && store_warnings > 0;
                    !marked && !classed && stored && warned
                }
            };
            match installed {
                true => Ok(()),
                false => Err(format!("{balancer} {claim} {store}")),
            }
        });
    }
}

/// Returns the webhook configuration of a policy.
pub(crate) fn configuration(cluster: &TestCluster, policy: &Policy) -> Value {
    policy.webhook(&url(cluster), &cluster.authority.pem)
}

/// Returns the URL of the policy server.
fn url(cluster: &TestCluster) -> String {
    format!("https://{}:{PORT}", cluster.webhook_address)
}

/// Returns the name and version of the server that serves the webhooks.
pub(crate) fn version() -> String {
    let Ok(program) = PolicyServer::find() else {
        return "`crates/host`".to_owned();
    };
    let output = Command::new(program).arg("--version").output();
    let output = output.expect("a version").stdout;
    // The other lines list its components.
    let output = String::from_utf8_lossy(&output).into_owned();
    let line = output.lines().next().unwrap_or_default();
    line.replace("policy-server", "Kubewarden")
}
