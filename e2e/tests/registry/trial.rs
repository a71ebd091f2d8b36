//! A registry, the modules, and whoever publishes and pulls them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::hosts::Native;
use e2e::{Error, workspace};
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use tempfile::TempDir;

use crate::server::{PASSWORD, Server, USER};

/// Where the modules are in the registry.
const PATH: &str = "k8tre/agnostics";

/// The tag of this workspace's version.
pub(crate) const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// The files of a module that are published.
const ENDINGS: [&str; 3] = ["wasm", "cdx.json", "provenance.json"];

pub(crate) struct Trial {
    pub(crate) server: Server,
    dir: TempDir,
}

/// What a program said, and how it ended.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    status: Option<i32>,
}

impl Trial {
    /// Copies the built modules and makes a key.
    pub(crate) fn new(server: Server) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let trial = Self { server, dir };
        fs::create_dir(trial.path("modules"))?;
        for module in Native::modules() {
            let (built, _) = workspace::built_module(module)?;
            for ending in ENDINGS {
                let from = built.with_extension(ending);
                let to = trial.module(module).with_extension(ending);
                fs::copy(&from, to).map_err(|cause| {
                    format!(
                        "{}: {cause}; `cargo xtask e2e registry` writes it",
                        from.display()
                    )
                })?;
            }
        }
        let key = KeyPair::generate()?;
        fs::write(trial.path("key.pem"), key.serialize_pem())?;
        fs::write(trial.path("key.pub"), key.public_key_pem())?;
        fs::write(
            trial.path("other.pub"),
            KeyPair::generate()?.public_key_pem(),
        )?;
        // What kwctl and the policy server are told of the registry.
        let sources = json!({"insecure_sources": [trial.server.host()]});
        fs::write(trial.path("sources.yml"), sources.to_string())?;
        // Where kwctl looks by itself.
        fs::create_dir_all(trial.path("config/kubewarden"))?;
        fs::write(
            trial.path("config/kubewarden/sources.yaml"),
            sources.to_string(),
        )?;
        fs::write(trial.path("trust.json"), trust()?)?;
        Ok(trial)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A module's copy, which a test may change.
    pub(crate) fn module(&self, name: &str) -> PathBuf {
        self.path("modules").join(name).with_extension("wasm")
    }

    /// HOST/PATH, where the modules are published.
    pub(crate) fn place(&self) -> String {
        format!("{}/{PATH}", self.server.host())
    }

    /// The path of a module's repository.
    pub(crate) fn repository(module: &str) -> String {
        format!("{PATH}/{module}")
    }

    /// `docker login`, with this password.
    pub(crate) fn log_in(&self, password: &str) -> Result<(), Error> {
        let auth = STANDARD.encode(format!("{USER}:{password}"));
        let config = json!({"auths": {self.server.host(): {"auth": auth}}});
        fs::write(self.path("config.json"), config.to_string())?;
        Ok(())
    }

    /// docker's configuration as a machine has it whose helper is gone.
    pub(crate) fn lose_helper(&self) -> Result<(), Error> {
        let config = json!({"credsStore": "there-is-none"});
        Ok(fs::write(self.path("config.json"), config.to_string())?)
    }

    pub(crate) fn log_in_rightly(&self) -> Result<(), Error> {
        self.log_in(PASSWORD)
    }

    /// A command for which this trial is home.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(workspace::root())
            .env("HOME", self.dir.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("AGNOSTICS_CACHE", self.path("cache"))
            .env("DOCKER_CONFIG", self.dir.path())
            .env_remove("AGNOSTICS_REGISTRY_HOST")
            .env_remove("AGNOSTICS_REGISTRY_USER")
            .env_remove("AGNOSTICS_REGISTRY_PASSWORD")
            .env_remove("AGNOSTICS_MODULES")
            .env_remove("COSIGN_PASSWORD")
            .env_remove("RUST_BACKTRACE");
        if self.server.is_secure() {
            command.env("SSL_CERT_FILE", self.server.authority());
        }
        command
    }

    /// Publishes every module, signed.
    pub(crate) fn publish(&self, arguments: &[&str]) -> Result<Run, Error> {
        let mut publish = self.publisher()?;
        publish.arg("--sign-key").arg(self.path("key.pem"));
        publish.args(arguments);
        run(&mut publish)
    }

    /// The command that publishes every module, unsigned.
    pub(crate) fn publisher(&self) -> Result<Command, Error> {
        let mut publish = self.command(workspace::program("publish")?);
        publish.args(["--registry", &self.place()]);
        if !self.server.is_secure() {
            publish.arg("--insecure");
        }
        publish.args(Native::modules().map(|module| self.module(module)));
        Ok(publish)
    }

    /// `agnostics check` over the example apps, with modules from the registry.
    pub(crate) fn check(&self, arguments: &[&str]) -> Result<Run, Error> {
        let mut check = self.command(workspace::program("agnostics")?);
        check.args(["check", "examples", "--profile", "azure"]);
        if !self.server.is_secure() {
            check.arg("--insecure");
        }
        check.args(arguments);
        run(&mut check)
    }

    /// `--modules` for this registry.
    pub(crate) fn modules(&self) -> String {
        format!("--modules=registry://{}", self.place())
    }

    /// `--verify-key` with one of the trial's keys.
    pub(crate) fn verify_key(&self, name: &str) -> String {
        format!("--verify-key={}", self.path(name).display())
    }

    /// Every file that the registry stores, with its content; uploads that are under way are left out.
    pub(crate) fn stored(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
        fn walk(dir: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<(), Error> {
            for entry in fs::read_dir(dir)? {
                let path = entry?.path();
                if path.ends_with("_uploads") {
                    continue;
                }
                if path.is_dir() {
                    walk(&path, found)?;
                } else {
                    let content = fs::read(&path)?;
                    found.push((path, content));
                }
            }
            Ok(())
        }
        let mut found = Vec::new();
        walk(&self.server.data(), &mut found)?;
        found.sort();
        Ok(found)
    }
}

pub(crate) fn run(command: &mut Command) -> Result<Run, Error> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output()?;
    Ok(Run {
        stdout: String::from_utf8(stdout)?,
        stderr: String::from_utf8(stderr)?,
        status: status.code(),
    })
}

impl Run {
    /// Holds that it did its work.
    pub(crate) fn succeeded(self) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.status, Some(0), "{stdout}\n{stderr}");
        self
    }

    /// Holds that it ended with `status` and said all of `words` to standard error.
    pub(crate) fn failed(self, status: i32, words: &[&str]) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.status, Some(status), "{stdout}\n{stderr}");
        for word in words {
            assert!(stderr.contains(word), "`{word}` is not in:\n{stderr}");
        }
        self
    }

    /// Holds that it found something to reject, or nothing.
    pub(crate) fn judged(self) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert!(matches!(self.status, Some(0 | 1)), "{stdout}\n{stderr}");
        self
    }
}

/// Kubewarden loads the public Sigstore instance's roots unless it is given others, and wants an authority
/// for keyless signatures among them: here one that has certified nobody.
fn trust() -> Result<String, Error> {
    let key = KeyPair::generate()?;
    let authority = CertificateParams::new(Vec::new())?.self_signed(&key)?;
    let nobody = json!({"organization": "nobody", "commonName": "nobody"});
    let trust = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [],
            "certificateAuthorities": [{
                "subject": nobody,
                "uri": "https://localhost",
                "certChain": {"certificates": [{"rawBytes": STANDARD.encode(authority.der())}]},
                "validFor": {"start": "2020-01-01T00:00:00Z"},
            }],
            "ctlogs": [],
            "timestampAuthorities": [],
        },
    });
    Ok(trust.to_string())
}
