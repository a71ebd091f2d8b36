//! Kubewarden's own kwctl, as a developer of policies runs it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::review::Response;
use crate::hosts::{Host, Native, on_path};
use crate::{Case, Error, Outcome, workspace};

/// What kwctl says before it says what is wrong with settings.
const INVALID_SETTINGS: &str = "Provided settings are not valid: ";

/// What it logs where the module did not ask for everything in the session.
const NOT_ASKED: &str = "Some of the recorded exchanges have not been replayed";

/// kwctl, found on PATH.
#[derive(Debug)]
pub struct Kwctl {
    program: PathBuf,
    /// Compiled modules, kept from one case to the next.
    cache: TempDir,
}

impl Kwctl {
    /// # Errors
    /// The reason for which kwctl is skipped.
    pub fn find() -> Result<Self, String> {
        Ok(Self {
            program: on_path("kwctl")?,
            cache: tempfile::tempdir().map_err(|cause| format!("no place for a cache: {cause}"))?,
        })
    }
}

impl Host for Kwctl {
    fn name(&self) -> &'static str {
        "kwctl"
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        let dir = tempfile::tempdir()?;
        let request = dir.path().join("request.json");
        fs::write(&request, case.request_or_any().0.to_string())?;
        let session = dir.path().join("session.json");
        fs::write(&session, session_of(module, case)?)?;
        let (module, _) = workspace::built_module(module)?;
        let run = Command::new(&self.program)
            .arg("run")
            .arg(&module)
            .arg("--request-path")
            .arg(&request)
            .arg("--settings-json")
            .arg(case.settings.to_string())
            .arg("--allow-context-aware")
            .arg("--replay-host-capabilities-interactions")
            .arg(&session)
            // There is no such file, so it does not go to the network for the keys of signatures,
            // which a module from a file has none of.
            .arg("--sigstore-trust-config")
            .arg(dir.path().join("none"))
            .env("XDG_CACHE_HOME", self.cache.path())
            // Backtraces would follow what it says.
            .env_remove("RUST_BACKTRACE")
            .output()?;
        let stderr = String::from_utf8_lossy(&run.stderr);
        if stderr.contains(NOT_ASKED) {
            return Err(
                "the built module asks the cluster less than its code does natively".into(),
            );
        }
        if run.status.success() {
            if case.request().is_none() {
                return Ok(Outcome::Settings(None));
            }
            return serde_json::from_slice::<Response>(&run.stdout)?.outcome(case);
        }
        match stderr.split_once(INVALID_SETTINGS) {
            Some((_, message)) => Ok(Outcome::Settings(Some(message.trim_end().to_owned()))),
            None => Err(format!("kwctl ended with {}:\n{stderr}", run.status).into()),
        }
    }
}

/// What the module asks in a case and is told, in the form of kwctl's recordings: a list of exchanges,
/// each with the request as YAML in YAML (`CallbackHandlerProxy` in kwctl). Whatever else the module asks
/// is answered with an error, so this holds the built module to its questions too.
fn session_of(module: &str, case: &Case) -> Result<String, Error> {
    let exchanges = Native::exchanges(module, case)?.into_iter().map(|exchange| {
        let field_selector = exchange.name.map(|name| format!("metadata.name={name}"));
        let (operation, request) = match exchange.namespace {
            None => (
                "KubernetesListResourceAll",
                json!({
                    "api_version": exchange.api_version,
                    "kind": exchange.kind,
                    "label_selector": null,
                    "field_selector": field_selector,
                    "field_masks": exchange.fields,
                }),
            ),
            Some(namespace) => (
                "KubernetesListResourceNamespace",
                json!({
                    "api_version": exchange.api_version,
                    "kind": exchange.kind,
                    "label_selector": null,
                    "field_selector": field_selector,
                    "field_masks": exchange.fields,
                    "namespace": namespace,
                }),
            ),
        };
        let response = match exchange.answer {
            Ok(payload) => json!({"type": "Success", "payload": payload}),
            Err(message) => json!({"type": "Error", "message": message}),
        };
        json!({"type": "Exchange", "request": format!("!{operation} {request}"), "response": response})
    });
    Ok(serde_json::Value::from_iter(exchanges).to_string())
}
