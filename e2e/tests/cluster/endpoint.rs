//! Answers admission reviews over HTTPS with the modules in `crates/host`: what the tests need of a
//! policy server, and no product. Kinds that a policy asks for are listed anew for every review, with
//! the policy server's rights.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use base64::Engine as _;
use e2e::hosts::Embedded;
use host::Snapshot;
use kubewarden::kinds::resource;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use crate::client::Client;
use crate::plane::Plane;
use crate::policies::{ACCOUNT, Mode, Policy};
use crate::webhooks::PORT;

/// Serves until it is dropped.
pub(crate) struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    ended: AtomicBool,
    paused: Mutex<bool>,
    resumed: Condvar,
    tls: Arc<ServerConfig>,
    host: Embedded,
    policies: Vec<Policy>,
    client: Client,
}

impl Endpoint {
    pub(crate) fn start(plane: &Plane, policies: Vec<Policy>) -> Self {
        let certificate = plane.authority.path("policy-server.crt");
        let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
        let key = plane.authority.path("policy-server.key");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = tls
            .with_single_cert(vec![certificate], key)
            .expect("a key of it");
        let host = Embedded::new().expect("an engine");
        for policy in &policies {
            host.module(policy.module()).expect("a module");
        }
        let shared = Arc::new(Shared {
            ended: AtomicBool::new(false),
            paused: Mutex::new(false),
            resumed: Condvar::new(),
            tls: Arc::new(tls),
            host,
            policies,
            client: ACCOUNT.client(plane),
        });
        let address = SocketAddr::from((plane.listens_at(), PORT));
        let listener = TcpListener::bind(address).expect("an address");
        let serves = Arc::clone(&shared);
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serves.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&serves);
                let Ok(stream) = stream else { continue };
                // The API server sees a review that fails here as a failure of the webhook.
                std::thread::spawn(move || shared.answer(stream));
            }
        });
        Self {
            address,
            shared,
            listening: Some(listening),
        }
    }

    /// Has answers wait, or go on.
    pub(crate) fn pause(&self, paused: bool) {
        *self.shared.paused.lock().expect("no panic") = paused;
        self.shared.resumed.notify_all();
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, which then lets go of its address.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            // A panic there has been printed.
            let _ = listening.join();
        }
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> Result<(), e2e::Error> {
        let connection = ServerConnection::new(Arc::clone(&self.tls))?;
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let id = line
            .split(' ')
            .nth(1)
            .and_then(|it| it.strip_prefix("/validate/"));
        let id = id
            .unwrap_or_default()
            .split('?')
            .next()
            .unwrap_or_default()
            .to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header)?;
            match header.trim().split_once(':') {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse()?;
                }
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        if self.ended.load(Ordering::SeqCst) {
            // The API server opens connections in stock; one of them outlives the listener.
            return Ok(());
        }
        let (status, answer) = match self.review(&id, &serde_json::from_slice(&body)?) {
            Ok(answer) => ("200 OK", answer.to_string()),
            Err(error) => {
                // The API server hands none of it on.
                eprintln!("{id}: {error}");
                ("500 Internal Server Error", error.to_string())
            }
        };
        let paused = self.paused.lock().expect("no panic");
        let going = self.resumed.wait_while(paused, |paused| *paused);
        drop(going.expect("no panic"));
        let length = answer.len();
        let stream = stream.get_mut();
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{answer}"
        )?;
        stream.conn.send_close_notify();
        stream.flush()?;
        Ok(())
    }

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
            // As the policy server has it: only the warnings are left.
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

    /// All objects of the kinds that a policy may ask for.
    fn cluster(&self, policy: &Policy) -> Result<Snapshot, e2e::Error> {
        let mut cluster = Snapshot::new();
        for kind in policy.context_aware_resources() {
            let root = if kind.api_version.contains('/') {
                "apis"
            } else {
                "api"
            };
            let path = format!("/{root}/{}/{}", kind.api_version, resource(&kind.kind));
            let list = self.client.ask("GET", &path, "application/json", None)?;
            let Some(items) = list.body["items"].as_array() else {
                return Err(format!("{path}: {}", list.body).into());
            };
            for item in items {
                let mut item = item.clone();
                item["apiVersion"] = kind.api_version.clone().into();
                item["kind"] = kind.kind.clone().into();
                cluster.insert(item)?;
            }
            cluster.know_all(kind);
        }
        Ok(cluster)
    }
}

fn reviewed(review: &Value, answer: &Value) -> Value {
    json!({
        "apiVersion": review["apiVersion"],
        "kind": review["kind"],
        "response": answer,
    })
}
