//! Kubewarden's own policy server, with a policy for every case.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::review::Response;
use crate::hosts::{Host, on_path};
use crate::{Case, Error, Outcome, workspace};

/// What the policy server says, to every request, before it says what is wrong with settings.
const INVALID_SETTINGS: &str = "Policy settings are invalid: ";

/// How long it may take to load and compile every policy.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Where the policy server finds modules.
#[derive(Debug)]
pub struct Origin {
    before: String,
    after: String,
    arguments: Vec<OsString>,
}

impl Origin {
    /// As they were built.
    pub fn built() -> Self {
        let modules = workspace::root().join("target/modules");
        Self {
            before: format!("file://{}/", modules.display()),
            after: ".wasm".to_owned(),
            arguments: Vec::new(),
        }
    }

    /// At `place` (HOST/PATH) in a registry, with a tag. `arguments` tell the policy server of the
    /// registry and whom it trusts.
    pub fn registry(place: &str, tag: &str, arguments: &[&OsStr]) -> Self {
        Self {
            before: format!("registry://{place}/"),
            after: format!(":{tag}"),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    fn of(&self, module: &str) -> String {
        format!("{}{module}{}", self.before, self.after)
    }
}

/// A policy that no case has.
#[derive(Debug)]
pub struct Further {
    /// What the policy server calls it.
    pub id: String,
    /// The module's name.
    pub module: String,
    /// The `spec` of a ClusterAdmissionPolicy.
    pub spec: Value,
}

/// A policy server on loopback; it ends with this value.
#[derive(Debug)]
pub struct PolicyServer {
    server: Child,
    port: u16,
    _dir: TempDir,
}

impl PolicyServer {
    /// Where the policy server is.
    ///
    /// # Errors
    /// The reason for which it is skipped.
    pub fn find() -> Result<PathBuf, String> {
        on_path("policy-server")
    }

    /// Starts the policy server with one policy for each case of `modules` and those of `further`, and
    /// waits until it serves.
    ///
    /// # Errors
    /// When it does not start; its log is in the message.
    pub fn start(
        program: &PathBuf,
        modules: &[&str],
        origin: &Origin,
        further: &[Further],
    ) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let mut policies = Map::new();
        for Further { id, module, spec } in further {
            let part = |name: &str| spec.get(name).cloned();
            let policy = json!({
                "module": origin.of(module),
                "allowedToMutate": part("mutating"),
                "settings": part("settings").unwrap_or_else(|| json!({})),
                "contextAwareResources": part("contextAwareResources").unwrap_or_else(|| json!([])),
                "hostCapabilities": ["kubernetes/*"],
            });
            policies.insert(id.clone(), policy);
        }
        for module in modules {
            let (_, module_bytes) = workspace::built_module(module)?;
            for case in Case::all_of(module)? {
                let policy = json!({
                    "module": origin.of(module),
                    "allowedToMutate": true,
                    "settings": case.settings,
                    // What metadata grants; there is no cluster behind it, so no answer either.
                    "contextAwareResources": context_aware_resources(&module_bytes)?,
                    "hostCapabilities": ["kubernetes/*"],
                });
                policies.insert(policy_id(module, &case), policy);
            }
        }
        let file = dir.path().join("policies.yml");
        // JSON is YAML.
        fs::write(&file, Value::Object(policies).to_string())?;
        let (port, probe) = (free_port()?, free_port()?);
        let log = dir.path().join("log");
        let server = Command::new(program)
            .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
            .args(["--readiness-probe-port", &probe.to_string()])
            .args(["--workers", "1", "--log-no-color", "--continue-on-errors"])
            .arg("--ignore-kubernetes-connection-failure")
            .arg("--policies")
            .arg(&file)
            .arg("--policies-download-dir")
            .arg(dir.path())
            .arg("--sigstore-cache-dir")
            .arg(dir.path())
            .args(&origin.arguments)
            .stdout(fs::File::create(&log)?)
            .stderr(fs::File::create(dir.path().join("errors"))?)
            .spawn()?;
        let mut server = Self {
            server,
            port,
            _dir: dir,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", probe)).is_err() {
            let ended = server.server.try_wait()?.is_some();
            if ended || started.elapsed() > START_LIMIT {
                let said = fs::read_to_string(&log)?;
                return Err(format!("policy-server did not start:\n{said}").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for PolicyServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Host for PolicyServer {
    fn name(&self) -> &'static str {
        "policy-server"
    }

    fn unfit(&self, case: &Case) -> Option<&'static str> {
        let needs_cluster = !case.cluster.is_empty();
        needs_cluster.then_some("no API server to ask about the cluster")
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        self.ask(&policy_id(module, case), case)
    }
}

impl PolicyServer {
    /// What the policy called `policy` says of a case.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub fn ask(&self, policy: &str, case: &Case) -> Result<Outcome, Error> {
        #[derive(Deserialize)]
        struct Review {
            response: Response,
        }
        let url = format!("http://127.0.0.1:{}/validate/{policy}", self.port);
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": case.request_or_any().0,
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let mut answer = ureq::Agent::from(agent).post(&url).send_json(review)?;
        let body = answer.body_mut().read_to_string()?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(format!("policy-server answered {status}: {body}").into());
        }
        let outcome = serde_json::from_str::<Review>(&body)?
            .response
            .outcome(case)?;
        Ok(match outcome {
            Outcome::Verdict {
                message: Some(message),
                ..
            } if message.starts_with(INVALID_SETTINGS) => {
                Outcome::Settings(Some(message.replacen(INVALID_SETTINGS, "", 1)))
            }
            outcome => outcome,
        })
    }
}

/// The kinds that a module's metadata says it asks for.
fn context_aware_resources(module: &[u8]) -> Result<Value, Error> {
    let metadata = kubewarden::read(module)?;
    let kinds = metadata.map(|metadata| metadata.context_aware_resources);
    Ok(serde_json::to_value(kinds.unwrap_or_default())?)
}

fn policy_id(module: &str, case: &Case) -> String {
    format!("{module}-{}", case.name)
}

/// A port that nothing listens on; the system gives it out again to no one else for a while.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
