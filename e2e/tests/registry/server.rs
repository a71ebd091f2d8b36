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

/// A registry; it ends with this value, and what it stored with it.
pub(crate) struct Server {
    process: Option<Process>,
    port: u16,
    secure: bool,
    dir: TempDir,
}

impl Server {
    /// A registry without TLS that anybody may write.
    pub(crate) fn plain() -> Self {
        Self::start(false, false)
    }

    /// A registry with TLS, by an authority of its own, that [`USER`] alone may read and write.
    pub(crate) fn secure() -> Self {
        Self::start(true, true)
    }

    /// A registry with TLS or without, for [`USER`] alone or for anybody.
    pub(crate) fn start(secure: bool, locked: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let mut config = json!({
            "version": 0.1,
            "log": {"accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": dir.path()}},
            "http": {"addr": format!("127.0.0.1:{port}")},
        });
        if secure {
            certify(dir.path());
            config["http"]["tls"] = json!({"certificate": "server.pem", "key": "server.key"});
        }
        if locked {
            fs::write(dir.path().join("htpasswd"), HTPASSWD).unwrap();
            config["auth"] = json!({"htpasswd": {"realm": "trial", "path": "htpasswd"}});
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

    /// Starts the registry again on what it has stored. No file it writes may have more than so many blocks of
    /// 512 bytes, which is how a full disk looks to it.
    pub(crate) fn restart(&mut self, blocks: &str) {
        self.stop();
        // It logs every request for what is not there as an error, which hides what a test says.
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

    /// Host and port; oras and cosign speak HTTP to `localhost`, and HTTPS to an address.
    pub(crate) fn host(&self) -> String {
        let host = if self.secure {
            "127.0.0.1"
        } else {
            "localhost"
        };
        format!("{host}:{}", self.port)
    }

    /// The certificate of the authority that vouches for it, where it has TLS.
    pub(crate) fn authority(&self) -> Option<PathBuf> {
        self.secure.then(|| self.dir.path().join("authority.pem"))
    }

    /// Where it stores what it is given.
    pub(crate) fn data(&self) -> String {
        format!("{}/docker/registry/v2", self.dir.path().display())
    }
}

/// Writes an authority, and a certificate of it for the loopback address.
fn certify(dir: &Path) {
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
