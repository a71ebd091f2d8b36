//! A registry, the policies, keys, and a shell to publish and pull with.

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

/// The tag of this workspace's version.
pub(crate) const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

pub(crate) struct Trial {
    pub(crate) server: Server,
    pub(crate) policies: Vec<&'static str>,
    dir: TempDir,
    /// A proxy for everything that is not loopback, and how often it was asked.
    proxy: String,
    asked: Arc<AtomicUsize>,
}

/// What a script printed, and how it ended.
pub(crate) struct Run {
    pub(crate) stdout: String,
    stderr: String,
    status: Option<i32>,
}

impl Trial {
    /// Two policies, which are enough for most tests.
    pub(crate) fn new(server: Server) -> Self {
        Self::with(server, vec!["internal-load-balancer", "storage-class"])
    }

    /// Copies built policies to `modules`, and makes the keys `cosign` and `other`.
    fn with(server: Server, policies: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let trial = Self {
            server,
            policies,
            dir: tempfile::tempdir().unwrap(),
            proxy,
            asked,
        };
        let names = trial.policies.join(" ");
        trial.ok(&format!(
            "mkdir modules
            for name in {names}; do cp $ROOT/target/modules/$name.{{wasm,*.json}} modules; done
            for key in cosign other; do cosign generate-key-pair --output-key-prefix $key; done
            cosign trusted-root create --out root.json"
        ));
        trial
    }

    /// Two policies in a registry without TLS or a password.
    pub(crate) fn published() -> Self {
        let trial = Self::new(Server::plain());
        trial.ok("publish");
        trial
    }

    /// The same with all policies.
    pub(crate) fn all_published() -> Self {
        let trial = Self::with(Server::plain(), Native::modules().collect());
        trial.ok("publish");
        trial
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// HOST/PATH, where the policies are published.
    pub(crate) fn place(&self) -> String {
        format!("{}/k8tre/agnostics", self.server.host())
    }

    /// A policy by its tag.
    pub(crate) fn image(&self, policy: &str) -> String {
        format!("{}/{policy}:{TAG}", self.place())
    }

    /// Logs in to a registry, for every program at once.
    pub(crate) fn log_in(&self, server: &Server, password: &str) {
        let auth = STANDARD.encode(format!("{USER}:{password}"));
        let config = json!({"auths": {server.host(): {"auth": auth}}});
        fs::write(self.path("config.json"), config.to_string()).unwrap();
    }

    pub(crate) fn log_in_rightly(&self) {
        self.log_in(&self.server, PASSWORD);
    }

    /// Runs a script in the trial's directory, which is also home. Besides the suite's programs it has the functions
    /// `publish` and `verify`, the latter for `cosign verify` or `cosign verify-attestation` without Sigstore.
    pub(crate) fn sh(&self, script: &str) -> Run {
        let functions =
            "publish() { $ROOT/xtask/release/publish.sh --key cosign.key $* $PLACE modules; }
            verify() { cosign $1 --insecure-ignore-tlog --trusted-root root.json --key ${@:2}; }";
        let mut path = vec![workspace::root().join("target/tools")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &format!("{functions}\n{script}")])
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("ROOT", workspace::root())
            .env("PLACE", self.place())
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

    /// What a script prints that succeeds.
    pub(crate) fn ok(&self, script: &str) -> String {
        self.sh(script).ended(0, "").stdout
    }

    /// The JSON that a script prints.
    pub(crate) fn json(&self, script: &str) -> Value {
        serde_json::from_str(&self.ok(script)).unwrap()
    }

    /// The digest that an image's tag names.
    pub(crate) fn digest(&self, image: &str) -> String {
        self.ok(&format!("oras resolve {image}")).trim().to_owned()
    }

    /// Asserts that a policy has one signature, and two attestations.
    pub(crate) fn is_signed_once(&self, policy: &str) {
        let image = self.image(policy);
        self.ok(&format!("verify verify cosign.pub {image}"));
        let beside = self.digest(&image).replace(':', "-");
        for (kind, count) in [("sig", 1), ("att", 2)] {
            let manifest = format!("oras manifest fetch $PLACE/{policy}:{beside}.{kind}");
            let layers = self.json(&manifest)["layers"].as_array().unwrap().len();
            assert_eq!(layers, count, "{kind} of {policy}");
        }
    }

    /// Every file that the registry stores, with its digest, except uploads under way.
    pub(crate) fn stored(&self) -> String {
        let data = self.server.data();
        let find = format!("find {data} -type f -not -path '*/_uploads/*'");
        self.ok(&format!("{find} -exec sha256sum {{}} + | sort"))
    }

    /// How many requests the programs made that were not for loopback.
    pub(crate) fn requests_elsewhere(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Run {
    /// Asserts that the script ended with `status` and printed `words` to standard error.
    pub(crate) fn ended(self, status: i32, words: &str) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.status, Some(status), "{stdout}\n{stderr}");
        assert!(stderr.contains(words), "`{words}` is not in:\n{stderr}");
        self
    }
}
