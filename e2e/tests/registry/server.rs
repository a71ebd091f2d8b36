//! docker-registry on loopback.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use e2e::Error;
use e2e::hosts::{free_port, on_path};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tempfile::TempDir;

/// How long it may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

pub(crate) const USER: &str = "publisher";
pub(crate) const PASSWORD: &str = "correct horse";
/// [`PASSWORD`] as `htpasswd -B` writes it.
const HTPASSWD: &str = "publisher:$2b$04$rSgAqWyxgilifSDfunJZl.YczteawM62FqqoUdQGh0lrCWKRx5xE.\n";

/// A registry; it ends with this value, and what it stored with it.
pub(crate) struct Server {
    process: Child,
    program: PathBuf,
    port: u16,
    secure: bool,
    dir: TempDir,
}

impl Server {
    /// Where the registry is.
    ///
    /// # Errors
    /// The reason for which its tests are skipped.
    pub(crate) fn find() -> Result<PathBuf, String> {
        on_path("docker-registry")
            .map_err(|reason| format!("{reason}; `cargo xtask e2e registry` installs it"))
    }

    /// A registry that anybody may write, without TLS.
    pub(crate) fn plain(program: &Path) -> Result<Self, Error> {
        Self::start(program, false, false)
    }

    /// A registry with TLS, by an authority of its own, for [`USER`] alone.
    pub(crate) fn secure(program: &Path) -> Result<Self, Error> {
        Self::start(program, true, true)
    }

    /// A registry with TLS or without, for [`USER`] alone or for anybody.
    pub(crate) fn start(program: &Path, secure: bool, locked: bool) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let port = free_port()?;
        let path = |name: &str| dir.path().join(name);
        let mut http = json!({"addr": format!("127.0.0.1:{port}")});
        if secure {
            certify(dir.path())?;
            http["tls"] = json!({"certificate": path("server.pem"), "key": path("server.key")});
        }
        let mut config = json!({
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": path("data")}},
            "http": http,
        });
        if locked {
            fs::write(path("htpasswd"), HTPASSWD)?;
            config["auth"] = json!({"htpasswd": {"realm": "trial", "path": path("htpasswd")}});
        }
        fs::create_dir(path("data"))?;
        // JSON is YAML.
        fs::write(path("config.yml"), config.to_string())?;
        let process = serve(program, &dir, port, None)?;
        Ok(Self {
            process,
            program: program.to_owned(),
            port,
            secure,
            dir,
        })
    }

    /// Ends the registry and starts it again on what it has stored; no file it writes may be larger than
    /// so many blocks of 512 bytes, which is how a full disk looks to it.
    pub(crate) fn restart(&mut self, blocks: Option<u32>) -> Result<(), Error> {
        self.stop();
        self.process = serve(&self.program, &self.dir, self.port, blocks)?;
        Ok(())
    }

    pub(crate) fn stop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The certificate of the authority that vouches for it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    /// Where it stores what it is given.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(program: &Path, dir: &TempDir, port: u16, blocks: Option<u32>) -> Result<Child, Error> {
    let log = dir.path().join("log");
    let limit = blocks.map_or("unlimited".to_owned(), |blocks| blocks.to_string());
    let mut process = Command::new("sh")
        .args([
            "-c",
            "ulimit -f \"$1\" && exec \"$2\" serve \"$3\"",
            "sh",
            &limit,
        ])
        .arg(program)
        .arg(dir.path().join("config.yml"))
        .stdout(fs::File::create(&log)?)
        .stderr(fs::File::create(dir.path().join("errors"))?)
        .spawn()?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = process.try_wait()?.is_some();
        if ended || started.elapsed() > START_LIMIT {
            let said = fs::read_to_string(dir.path().join("errors"))?;
            return Err(format!("docker-registry did not start:\n{said}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(process)
}

/// An authority, and a certificate of it for the loopback address.
fn certify(dir: &Path) -> Result<(), Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let certificate = authority.self_signed(&key)?;
    fs::write(dir.join("authority.pem"), certificate.pem())?;
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate()?;
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    fs::write(dir.join("server.pem"), certificate.pem())?;
    fs::write(dir.join("server.key"), key.serialize_pem())?;
    Ok(())
}
