//! A minimal webhook server for the scenarios, which runs the modules in `crates/host`. For every review, it
//! lists the objects that the policy may look up, with the permissions of the policy server.
//!
//! It stands for the Service of the policy server and its replicas, which a rolling update replaces.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use e2e::hosts::Embedded;
use host::Snapshot;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kube::api::TypeMeta;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio_rustls::TlsAcceptor;

use crate::client::{Client, RUNTIME, list_path};
use crate::cluster::TestCluster;
use crate::policies::{ACCOUNT, Mode, Policy};
use crate::webhooks::PORT;

/// The server, which runs until it is dropped.
pub(crate) struct WebhookServer {
    paused: watch::Sender<bool>,
    service: Arc<Service>,
    task: Option<JoinHandle<()>>,
}

impl WebhookServer {
    /// Starts the server with one replica.
    pub(crate) fn start(cluster: &TestCluster, policies: Vec<Policy>) -> Self {
        let certificate = cluster.authority.path("policy-server.crt");
        let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
        let key = cluster.authority.path("policy-server.key");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = tls.with_single_cert(vec![certificate], key);
        let tls = TlsAcceptor::from(Arc::new(tls.expect("a certificate with its key")));
        let replica = Replica::start(cluster, policies).expect("valid settings");
        let (paused, watched) = watch::channel(false);
        let service = Arc::new(Service {
            replicas: Mutex::new(vec![replica]),
            requests: AtomicUsize::new(0),
            paused: watched,
        });
        let address = SocketAddr::from((cluster.listen_address(), PORT));
        let listener = RUNTIME.block_on(TcpListener::bind(address));
        let listener = listener.unwrap_or_else(|error| panic!("{address}: {error}"));
        Self {
            paused,
            task: Some(RUNTIME.spawn(serve(listener, tls, Arc::clone(&service)))),
            service,
        }
    }

    /// Sends requests to these replicas in turn from now on.
    pub(crate) fn set_replicas(&self, replicas: &[Replica]) {
        *self.service.replicas.lock().expect("no panic") = replicas.to_vec();
    }

    /// Delays responses until it is called with `false`.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.send_replace(paused);
    }
}

impl Drop for WebhookServer {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // Waits for the task, which frees the address.
            let _ = RUNTIME.block_on(task);
        }
    }
}

/// Serves connections, which are closed when this future is dropped.
async fn serve(listener: TcpListener, tls: TlsAcceptor, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(connection(stream, tls.clone(), Arc::clone(&service)));
            }
            // Errors of a connection are ignored; for the API server, the webhook has failed.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(
    stream: TcpStream,
    tls: TlsAcceptor,
    service: Arc<Service>,
) -> Result<(), e2e::Error> {
    let stream = TokioIo::new(tls.accept(stream).await?);
    let service = service_fn(|request| service.respond(request));
    http1::Builder::new()
        .serve_connection(stream, service)
        .await?;
    Ok(())
}

/// The replicas that are ready.
struct Service {
    replicas: Mutex<Vec<Replica>>,
    requests: AtomicUsize,
    paused: watch::Receiver<bool>,
}

impl Service {
    async fn respond(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, e2e::Error> {
        let id = request
            .uri()
            .path()
            .trim_start_matches("/validate/")
            .to_owned();
        let body = request.into_body().collect().await?.to_bytes();
        let mut paused = self.paused.clone();
        // Without a replica, the connection is closed.
        let replica = self.next_replica().ok_or("no replica is ready")?;
        let review = spawn_blocking(move || replica.0.review(&id, &serde_json::from_slice(&body)?));
        let response = match review.await? {
            Ok(answer) => Response::new(answer.to_string().into()),
            Err(error) => {
                // Printed, because the API server does not show it.
                eprintln!("webhook server: {error}");
                let error = error.to_string().into();
                Response::builder().status(500).body(error)?
            }
        };
        paused.wait_for(|paused| !paused).await?;
        Ok(response)
    }

    fn next_replica(&self) -> Option<Replica> {
        let replicas = self.replicas.lock().expect("no panic");
        let request = self.requests.fetch_add(1, Ordering::SeqCst);
        let at = request.checked_rem(replicas.len())?;
        replicas.get(at).cloned()
    }
}

/// A replica of the policy server. Clones are the same replica.
#[derive(Clone)]
pub(crate) struct Replica(Arc<Reviewer>);

impl Replica {
    /// Starts a replica, which reads its configuration only once, as the policy server does.
    ///
    /// # Errors
    /// Returns an error if the settings of a policy are invalid: the policy server then ends before it is ready
    /// (`EvaluationEnvironmentBuilder` in `policy-server/src/evaluation/evaluation_environment.rs`).
    pub(crate) fn start(cluster: &TestCluster, policies: Vec<Policy>) -> Result<Self, e2e::Error> {
        let host = Embedded::new()?;
        for policy in &policies {
            let module = host.module(policy.module())?;
            let response = module.validate_settings(&to_raw_value(policy.settings())?)?;
            if !response.valid {
                let message = response.message.unwrap_or_default();
                return Err(format!("Policy settings are invalid: {message}").into());
            }
        }
        Ok(Self(Arc::new(Reviewer {
            host,
            policies,
            client: ACCOUNT.client(&cluster.admin),
        })))
    }
}

/// Reviews requests with the policies.
struct Reviewer {
    host: Embedded,
    policies: Vec<Policy>,
    client: Client,
}

impl Reviewer {
    fn review(&self, id: &str, review: &Value) -> Result<Value, e2e::Error> {
        let policy = self.policies.iter().find(|it| it.id() == id);
        let policy = policy.ok_or_else(|| format!("no policy `{id}`"))?;
        let module = self.host.module(policy.module())?;
        let kinds = policy.context_aware_resources();
        let module = module.with_context_aware_resources(kinds);
        let request = &review["request"];
        let settings = to_raw_value(policy.settings())?;
        let response =
            module.validate(&settings, &to_raw_value(request)?, &self.cluster(policy)?)?;
        let mut answer = json!({
            "uid": request["uid"],
            "allowed": response.accepted,
            "warnings": response.warnings,
            "auditAnnotations": response.audit_annotations,
        });
        if policy.mode == Mode::Monitor {
            // The policy server returns only the warnings in this mode.
            answer["allowed"] = true.into();
            return Ok(reviewed(review, &answer));
        }
        if let Some(message) = response.message {
            answer["status"] = json!({"message": message, "code": response.code});
        }
        if let Some(mutated) = response.mutated_object {
            let mutated: Value = serde_json::from_str(mutated.get())?;
            let patch = serde_json::to_vec(&json_patch::diff(&request["object"], &mutated))?;
            answer["patchType"] = "JSONPatch".into();
            answer["patch"] = base64::engine::general_purpose::STANDARD
                .encode(patch)
                .into();
        }
        Ok(reviewed(review, &answer))
    }

    /// Lists all objects of the kinds that a policy may look up. A forbidden list fails the review. In Kubewarden,
    /// such a list never returns, so that the review times out (`Reflector::create_and_run` in
    /// `policy-evaluator/src/callback_handler/kubernetes/reflector.rs`).
    fn cluster(&self, policy: &Policy) -> Result<Snapshot, e2e::Error> {
        let mut cluster = Snapshot::new();
        for kind in policy.context_aware_resources() {
            let types = TypeMeta {
                api_version: kind.api_version.clone(),
                kind: kind.kind.clone(),
            };
            let path = list_path(&types, None);
            let list = self.client.try_get(&path)?;
            if list.status == 404 {
                cluster.mark_missing(kind);
                continue;
            }
            let Some(items) = list.body["items"].as_array() else {
                return Err(format!("{path}: {}", list.body).into());
            };
            for item in items {
                let mut item = item.clone();
                item["apiVersion"] = kind.api_version.clone().into();
                item["kind"] = kind.kind.clone().into();
                cluster.insert(item)?;
            }
            cluster.mark_complete(kind);
        }
        Ok(cluster)
    }
}

fn reviewed(review: &Value, response: &Value) -> Value {
    json!({
        "apiVersion": review["apiVersion"],
        "kind": review["kind"],
        "response": response,
    })
}
