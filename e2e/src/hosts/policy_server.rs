//! Kubewarden's policy server, with one policy per case.

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

/// The start of the policy server's message about invalid settings, which it returns for every request.
const INVALID_SETTINGS: &str = "Policy settings are invalid: ";

/// The time limit for loading and compiling all policies.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Where the policy server loads modules from.
#[derive(Debug)]
pub struct ModuleSource {
    prefix: String,
    suffix: String,
    arguments: Vec<OsString>,
}

impl ModuleSource {
    /// The modules in `target/modules`.
    pub fn built() -> Self {
        let modules = workspace::root().join("target/modules");
        Self {
            prefix: format!("file://{}/", modules.display()),
            suffix: ".wasm".to_owned(),
            arguments: Vec::new(),
        }
    }

    /// The modules in the registry at `location` (HOST/PATH) with a tag. `arguments` configure the policy
    /// server's access to the registry and the keys that it trusts.
    pub fn registry(location: &str, tag: &str, arguments: &[&OsStr]) -> Self {
        Self {
            prefix: format!("registry://{location}/"),
            suffix: format!(":{tag}"),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    fn url(&self, module: &str) -> String {
        format!("{}{module}{}", self.prefix, self.suffix)
    }
}

/// A policy in addition to those of the cases.
#[derive(Debug)]
pub struct ExtraPolicy {
    /// Its id in the policy server.
    pub id: String,
    /// The name of its module.
    pub module: String,
    /// The `spec` of its ClusterAdmissionPolicy.
    pub spec: Value,
}

/// A policy server on loopback, which is stopped when this is dropped.
#[derive(Debug)]
pub struct PolicyServer {
    server: Child,
    port: u16,
    _dir: TempDir,
}

impl PolicyServer {
    /// Finds the policy server on PATH.
    ///
    /// # Errors
    /// Returns the reason for skipping it if it is not on PATH.
    pub fn find() -> Result<PathBuf, String> {
        on_path("policy-server")
    }

    /// Starts the policy server with one policy per case of `modules` and with `extra_policies`, and waits
    /// until it is ready.
    ///
    /// # Errors
    /// Returns an error with the server's log if it does not start.
    pub fn start(
        program: &PathBuf,
        modules: &[&str],
        source: &ModuleSource,
        extra_policies: &[ExtraPolicy],
    ) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let mut policies = Map::new();
        for ExtraPolicy { id, module, spec } in extra_policies {
            let field = |name: &str| spec.get(name).cloned();
            let policy = json!({
                "module": source.url(module),
                "allowedToMutate": field("mutating"),
                "settings": field("settings").unwrap_or_else(|| json!({})),
                "contextAwareResources": field("contextAwareResources").unwrap_or_else(|| json!([])),
                "hostCapabilities": ["kubernetes/*"],
            });
            policies.insert(id.clone(), policy);
        }
        for module in modules {
            let (_, module_bytes) = workspace::built_module(module)?;
            for case in Case::all_of(module)? {
                let policy = json!({
                    "module": source.url(module),
                    "allowedToMutate": true,
                    "settings": case.settings,
                    // The kinds that the metadata requests. Without an API server, look-ups fail.
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
            .args(&source.arguments)
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
            if ended || started.elapsed() > START_TIMEOUT {
                let log = fs::read_to_string(&log)?;
                return Err(format!("policy-server did not start:\n{log}").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for PolicyServer {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Host for PolicyServer {
    fn name(&self) -> &'static str {
        "policy-server"
    }

    fn skip_reason(&self, case: &Case) -> Option<&'static str> {
        let needs_cluster = !case.cluster.is_empty() || !case.missing_kinds.is_empty();
        needs_cluster.then_some("look-ups need an API server")
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        self.evaluate(&policy_id(module, case), case)
    }
}

impl PolicyServer {
    /// Sends a case to the policy with the id `policy`.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    pub fn evaluate(&self, policy: &str, case: &Case) -> Result<Outcome, Error> {
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
        let mut response = ureq::Agent::from(agent).post(&url).send_json(review)?;
        let body = response.body_mut().read_to_string()?;
        if !response.status().is_success() {
            let status = response.status();
            return Err(format!("policy-server returned {status}: {body}").into());
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

/// Returns the kinds that a module looks up according to its metadata.
fn context_aware_resources(module: &[u8]) -> Result<Value, Error> {
    let metadata = kubewarden::read(module)?;
    let kinds = metadata.map(|metadata| metadata.context_aware_resources);
    Ok(serde_json::to_value(kinds.unwrap_or_default())?)
}

fn policy_id(module: &str, case: &Case) -> String {
    format!("{module}-{}", case.name)
}

/// Returns a free port. The operating system does not assign it to another program for a while.
///
/// # Errors
/// Returns an error if there is no free port.
pub fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
