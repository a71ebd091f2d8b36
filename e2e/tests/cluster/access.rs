//! How to reach an API server, and as whom.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::keys::Authority;

/// An address, and whoever asks there.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) server: String,
    /// The certificate of whoever signs the server's, as PEM.
    pub(crate) authority: String,
    pub(crate) identity: Identity,
}

#[derive(Clone)]
pub(crate) enum Identity {
    /// PEM.
    Certificate {
        certificate: String,
        key: String,
    },
    Token(String),
}

impl Access {
    /// With the certificate that an authority issued as `file`.
    pub(crate) fn issued(authority: &Authority, file: &str, server: String) -> Self {
        let read = |end: &str| {
            let path = authority.path(&format!("{file}.{end}"));
            std::fs::read_to_string(path).expect("a file")
        };
        Self {
            server,
            authority: authority.pem.clone(),
            identity: Identity::Certificate {
                certificate: read("crt"),
                key: read("key"),
            },
        }
    }

    /// As a context of a kubeconfig has it.
    ///
    /// # Errors
    /// When there is no such context, or it needs a program to be run.
    pub(crate) fn of_context(kubeconfig: &Path, context: &str) -> Result<Self, String> {
        // Kubectl reads what the file refers to.
        let output = Command::new("kubectl")
            .args([
                "config",
                "view",
                "--raw",
                "--minify",
                "--flatten",
                "-o",
                "json",
            ])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--context", context])
            .output()
            .map_err(|error| format!("cannot run kubectl: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.trim().to_owned());
        }
        let config = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        Self::of_config(&config).ok_or_else(|| {
            format!(
                "the context `{context}` needs an https server with its certificate authority, and a user \
                 with a client certificate or a token; programs that get either (exec) are not run"
            )
        })
    }

    fn of_config(config: &Value) -> Option<Self> {
        let cluster = &config["clusters"][0]["cluster"];
        let user = &config["users"][0]["user"];
        let decoded = |value: &Value| {
            let bytes = BASE64.decode(value.as_str()?).ok()?;
            String::from_utf8(bytes).ok()
        };
        let identity = match user["token"].as_str() {
            Some(token) => Identity::Token(token.to_owned()),
            None => Identity::Certificate {
                certificate: decoded(&user["client-certificate-data"])?,
                key: decoded(&user["client-key-data"])?,
            },
        };
        let server = cluster["server"].as_str()?.trim_end_matches('/');
        server.starts_with("https://").then_some(())?;
        Some(Self {
            server: server.to_owned(),
            authority: decoded(&cluster["certificate-authority-data"])?,
            identity,
        })
    }

    /// The same API server, by a token.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self {
            identity: Identity::Token(token),
            ..self.clone()
        }
    }

    /// For programs that ask by themselves. JSON is YAML.
    pub(crate) fn kubeconfig(&self) -> Value {
        let user = match &self.identity {
            Identity::Token(token) => json!({"token": token}),
            Identity::Certificate { certificate, key } => json!({
                "client-certificate-data": BASE64.encode(certificate),
                "client-key-data": BASE64.encode(key),
            }),
        };
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": {
                "server": self.server,
                "certificate-authority-data": BASE64.encode(&self.authority),
            }}],
            "users": [{"name": "e2e", "user": user}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
            "current-context": "e2e",
        })
    }
}
