//! kwctl, Kubewarden's command line for policy developers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::review::Response;
use crate::hosts::{Host, Native, on_path};
use crate::{Case, Error, Outcome, workspace};

/// The start of kwctl's message about invalid settings.
const INVALID_SETTINGS: &str = "Provided settings are not valid: ";

/// The log message if the module did not make every look-up of the session.
const UNUSED_EXCHANGES: &str = "Some of the recorded exchanges have not been replayed";

/// kwctl, found on PATH.
#[derive(Debug)]
pub struct Kwctl {
    program: PathBuf,
    /// The cache of compiled modules, which all cases share.
    cache: TempDir,
}

impl Kwctl {
    /// Finds kwctl on PATH.
    ///
    /// # Errors
    /// Returns the reason for skipping kwctl if it is not on PATH.
    pub fn find() -> Result<Self, String> {
        Ok(Self {
            program: on_path("kwctl")?,
            cache: tempfile::tempdir()
                .map_err(|cause| format!("cannot create a cache: {cause}"))?,
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
        let session_file = dir.path().join("session.json");
        fs::write(&session_file, session(module, case)?)?;
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
            .arg(&session_file)
            // With a file that does not exist, kwctl fetches no Sigstore keys from the network. Modules from
            // files have no signatures.
            .arg("--sigstore-trust-config")
            .arg(dir.path().join("none"))
            .env("XDG_CACHE_HOME", self.cache.path())
            // A backtrace would be part of the message.
            .env_remove("RUST_BACKTRACE")
            .output()?;
        let stderr = String::from_utf8_lossy(&run.stderr);
        if stderr.contains(UNUSED_EXCHANGES) {
            return Err("the built module makes fewer look-ups than its native code".into());
        }
        if run.status.success() {
            if case.request().is_none() {
                return Ok(Outcome::Settings(None));
            }
            return serde_json::from_slice::<Response>(&run.stdout)?.outcome(case);
        }
        match stderr.split_once(INVALID_SETTINGS) {
            Some((_, message)) => Ok(Outcome::Settings(Some(message.trim_end().to_owned()))),
            None => Err(format!("kwctl failed with {}:\n{stderr}", run.status).into()),
        }
    }
}

/// Returns the look-ups of a case and their answers in the format of kwctl's recordings: a list of exchanges,
/// each with the request as YAML in YAML (`CallbackHandlerProxy` in kwctl). kwctl answers every other look-up
/// with an error, so the built module must make the same look-ups as the native code.
fn session(module: &str, case: &Case) -> Result<String, Error> {
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
