//! A test fixture: a registry, policies, keys, and a shell to publish and pull with.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::hosts::Native;
use e2e::workspace;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{PASSWORD, Server, USER};

/// The tag of the current version.
pub(crate) const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

pub(crate) struct Fixture {
    pub(crate) server: Server,
    pub(crate) policies: Vec<&'static str>,
    dir: TempDir,
    /// A proxy for all addresses except loopback, and the number of its requests.
    proxy: String,
    proxied: Arc<AtomicUsize>,
}

/// The output and the exit code of a script.
pub(crate) struct Run {
    pub(crate) stdout: String,
    stderr: String,
    status: Option<i32>,
}

impl Fixture {
    /// Creates a fixture with two policies, which is enough for most tests.
    pub(crate) fn new(server: Server) -> Self {
        Self::with(server, vec!["internal-load-balancer", "storage-class"])
    }

    /// Copies built policies to `modules`, and generates the keys `cosign` and `other`.
    fn with(server: Server, policies: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let proxied = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&proxied);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let fixture = Self {
            server,
            policies,
            dir: tempfile::tempdir().unwrap(),
            proxy,
            proxied,
        };
        let names = fixture.policies.join(" ");
        fixture.ok(&format!(
            "mkdir modules
            for name in {names}; do cp $ROOT/target/modules/$name.{{wasm,*.json}} modules; done
            for key in cosign other; do cosign generate-key-pair --output-key-prefix $key; done
            cosign trusted-root create --out root.json"
        ));
        fixture
    }

    /// Publishes two policies to a registry without TLS and password.
    pub(crate) fn published() -> Self {
        let fixture = Self::new(Server::plain());
        fixture.ok("publish");
        fixture
    }

    /// Publishes all policies to a registry without TLS and password.
    pub(crate) fn all_published() -> Self {
        let fixture = Self::with(Server::plain(), Native::modules().collect());
        fixture.ok("publish");
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the HOST/PATH of the published policies.
    pub(crate) fn location(&self) -> String {
        format!("{}/k8tre/agnostics", self.server.host())
    }

    /// Returns the image of a policy with its tag.
    pub(crate) fn image(&self, policy: &str) -> String {
        format!("{}/{policy}:{TAG}", self.location())
    }

    /// Writes the credentials of a registry for all programs.
    pub(crate) fn log_in(&self, server: &Server, password: &str) {
        let auth = STANDARD.encode(format!("{USER}:{password}"));
        let config = json!({"auths": {server.host(): {"auth": auth}}});
        fs::write(self.path("config.json"), config.to_string()).unwrap();
    }

    pub(crate) fn log_in_as_publisher(&self) {
        self.log_in(&self.server, PASSWORD);
    }

    /// Runs a script in the directory of the fixture, which is also HOME. The script can use the programs of
    /// the suite and the functions `publish` and `verify`. The latter runs `cosign verify` or `cosign
    /// verify-attestation` without Sigstore.
    pub(crate) fn sh(&self, script: &str) -> Run {
        let functions =
            "publish() { $ROOT/xtask/release/publish.sh --key cosign.key $* $REGISTRY modules; }
            verify() { cosign $1 --insecure-ignore-tlog --trusted-root root.json --key ${@:2}; }";
        let mut path = vec![workspace::root().join("target/tools")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &format!("{functions}\n{script}")])
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("ROOT", workspace::root())
            .env("REGISTRY", self.location())
            .env("TAG", TAG)
            .env("HOME", self.dir.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("DOCKER_CONFIG", self.dir.path())
            .env("COSIGN_PASSWORD", "battery staple")
            .envs(["HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name, &self.proxy)))
            .env("NO_PROXY", "localhost,127.0.0.1");
        if let Some(authority) = self.server.authority() {
            bash.env("SSL_CERT_FILE", authority);
        }
        let output = bash.output().unwrap();
        Run {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status.code(),
        }
    }

    /// Runs a script that must succeed, and returns its output.
    pub(crate) fn ok(&self, script: &str) -> String {
        self.sh(script).assert_exit(0, "").stdout
    }

    /// Runs a script that must succeed, and parses its output as JSON.
    pub(crate) fn json(&self, script: &str) -> Value {
        serde_json::from_str(&self.ok(script)).unwrap()
    }

    /// Returns the digest of a tagged image.
    pub(crate) fn digest(&self, image: &str) -> String {
        self.ok(&format!("oras resolve {image}")).trim().to_owned()
    }

    /// Asserts that a policy has one signature and two attestations.
    pub(crate) fn assert_signed_once(&self, policy: &str) {
        let image = self.image(policy);
        self.ok(&format!("verify verify cosign.pub {image}"));
        let prefix = self.digest(&image).replace(':', "-");
        for (kind, count) in [("sig", 1), ("att", 2)] {
            let manifest = format!("oras manifest fetch $REGISTRY/{policy}:{prefix}.{kind}");
            let layers = self.json(&manifest)["layers"].as_array().unwrap().len();
            assert_eq!(layers, count, "{kind} of {policy}");
        }
    }

    /// Lists the files of the registry with their digests, except incomplete uploads.
    pub(crate) fn stored_files(&self) -> String {
        let data = self.server.data();
        let find = format!("find {data} -type f -not -path '*/_uploads/*'");
        self.ok(&format!("{find} -exec sha256sum {{}} + | sort"))
    }

    /// Returns the number of requests to addresses other than loopback.
    pub(crate) fn external_requests(&self) -> usize {
        self.proxied.load(Ordering::SeqCst)
    }
}

impl Run {
    /// Asserts that the script exited with `status` and printed `words` to standard error.
    pub(crate) fn assert_exit(self, status: i32, words: &str) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.status, Some(status), "{stdout}\n{stderr}");
        assert!(stderr.contains(words), "`{words}` is not in:\n{stderr}");
        self
    }
}
