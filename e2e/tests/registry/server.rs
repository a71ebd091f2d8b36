//! docker-registry on loopback.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::hosts::free_port;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tempfile::TempDir;

use crate::process::{Process, until};

pub(crate) const USER: &str = "publisher";
pub(crate) const PASSWORD: &str = "correct horse";
/// [`PASSWORD`] as `htpasswd -B` writes it.
const HTPASSWD: &str = "publisher:$2b$04$rSgAqWyxgilifSDfunJZl.YczteawM62FqqoUdQGh0lrCWKRx5xE.\n";

/// A registry. When it is dropped, the process stops and its data is deleted.
pub(crate) struct Server {
    process: Option<Process>,
    port: u16,
    secure: bool,
    dir: TempDir,
}

impl Server {
    /// Starts a registry without TLS and without a password.
    pub(crate) fn plain() -> Self {
        Self::start(false, false)
    }

    /// Starts a registry with TLS, from its own CA, that only [`USER`] may read and write.
    pub(crate) fn secure() -> Self {
        Self::start(true, true)
    }

    /// Starts a registry, with TLS if `secure`, and with access only for [`USER`] if `password`.
    pub(crate) fn start(secure: bool, password: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let mut config = json!({
            "version": 0.1,
            "log": {"accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": dir.path()}},
            "http": {"addr": format!("127.0.0.1:{port}")},
        });
        if secure {
            write_certificates(dir.path());
            config["http"]["tls"] = json!({"certificate": "server.pem", "key": "server.key"});
        }
        if password {
            fs::write(dir.path().join("htpasswd"), HTPASSWD).unwrap();
            config["auth"] = json!({"htpasswd": {"realm": "fixture", "path": "htpasswd"}});
        }
        // JSON is YAML.
        fs::write(dir.path().join("config.yml"), config.to_string()).unwrap();
        let mut server = Self {
            process: None,
            port,
            secure,
            dir,
        };
        server.restart("unlimited");
        server
    }

    /// Restarts the registry with its data. Its files can have at most `blocks` blocks of 512 bytes, which
    /// simulates a full disk.
    pub(crate) fn restart(&mut self, blocks: &str) {
        self.stop();
        // It logs every request for missing content as an error, which would hide the output of a test.
        let script = "ulimit -f \"$1\" && exec docker-registry serve config.yml 2> requests";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", blocks]);
        let mut process = Process::start("docker-registry", &mut command, self.dir.path());
        until("docker-registry", || {
            process.alive()?;
            TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())
        });
        self.process = Some(process);
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// Returns host and port. oras and cosign use HTTP for `localhost`, and HTTPS for an address.
    pub(crate) fn host(&self) -> String {
        let host = if self.secure {
            "127.0.0.1"
        } else {
            "localhost"
        };
        format!("{host}:{}", self.port)
    }

    /// Returns the path of the CA certificate if the registry has TLS.
    pub(crate) fn authority(&self) -> Option<PathBuf> {
        self.secure.then(|| self.dir.path().join("authority.pem"))
    }

    /// Returns the data directory.
    pub(crate) fn data(&self) -> String {
        format!("{}/docker/registry/v2", self.dir.path().display())
    }
}

/// Writes the certificate of a CA, and a server certificate for the loopback address.
fn write_certificates(dir: &Path) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap();
    fs::write(dir.join("authority.pem"), certificate.pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let names = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap();
    fs::write(dir.join("server.pem"), certificate.pem()).unwrap();
    fs::write(dir.join("server.key"), key.serialize_pem()).unwrap();
}
