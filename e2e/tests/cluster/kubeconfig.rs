//! Kubeconfigs for the suite's own clients and for the programs that it starts.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kube::config::Kubeconfig;
use serde_json::{Value, json};

use crate::certificates::Authority;

/// The name of cluster, context and user in the kubeconfigs of the suite.
const NAME: &str = "e2e";

/// Returns a kubeconfig for the user of the client certificate `file`.
pub(crate) fn for_certificate(authority: &Authority, file: &str, server: &str) -> Kubeconfig {
    let read = |extension: &str| -> Value {
        let path = authority.path(&format!("{file}.{extension}"));
        BASE64.encode(std::fs::read(path).expect("a file")).into()
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {
            "server": server,
            "certificate-authority-data": BASE64.encode(&authority.pem),
        }}],
        "users": [{"name": NAME, "user": {
            "client-certificate-data": read("crt"),
            "client-key-data": read("key"),
        }}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "current-context": NAME,
    });
    serde_json::from_value(config).expect("a kubeconfig")
}

/// Reads a kubeconfig and selects one of its contexts.
///
/// # Errors
/// Returns an error if the file cannot be read or has no such context.
pub(crate) fn for_context(file: &Path, context: &str) -> Result<Kubeconfig, String> {
    let mut config = Kubeconfig::read_from(file).map_err(|error| error.to_string())?;
    let Some(found) = config.contexts.iter().find(|it| it.name == context) else {
        return Err(format!("{} has no context `{context}`", file.display()));
    };
    config.contexts = vec![found.clone()];
    config.current_context = Some(context.to_owned());
    Ok(config)
}

/// Returns the same kubeconfig with a bearer token as the only user.
pub(crate) fn with_token(config: &Kubeconfig, token: &str) -> Kubeconfig {
    let mut config = config.clone();
    for context in &mut config.contexts {
        if let Some(context) = &mut context.context {
            context.user = Some(NAME.to_owned());
        }
    }
    let users = json!([{"name": NAME, "user": {"token": token}}]);
    config.auth_infos = serde_json::from_value(users).expect("users");
    config
}

/// Writes a kubeconfig as JSON, which is YAML.
pub(crate) fn write(config: &Kubeconfig, path: &Path) {
    let text = serde_json::to_vec(config).expect("JSON");
    std::fs::write(path, text).expect("a file");
}
