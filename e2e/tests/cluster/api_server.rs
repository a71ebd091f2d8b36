//! The suite's own kube-apiserver and its etcd.

use std::net::Ipv4Addr;
use std::process::Command;

use kube::config::Kubeconfig;
use serde_json::Value;
use tempfile::TempDir;

use crate::certificates::Authority;
use crate::client::Client;
use crate::kubeconfig;
use crate::process::{Process, tool, until};

/// The port of the API server, which has its own address.
const PORT: u16 = 6443;

/// Logs only the requests of ExternalDNS.
const AUDIT_POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: ["system:serviceaccount:kare-dns:externaldns"]
  - level: None
"#;

/// Returns a loopback address of this process, so that several runs do not collide.
pub(crate) fn address(offset: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + high % 128, low, 240 + offset)
}

/// The processes, which are killed when this is dropped.
pub(crate) struct ApiServer {
    // Dropped in this order: the API server before its etcd.
    api_server: Option<Process>,
    _etcd: Process,
    pub(crate) authority: Authority,
    address: Ipv4Addr,
    etcd_url: String,
    directory: TempDir,
}

impl ApiServer {
    /// Starts an empty API server. Its etcd listens on `address(offset)`, the API server on `address(offset +
    /// 1)`.
    pub(crate) fn start(offset: u8) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(directory.path());
        let (etcd, api_server) = (address(offset), address(offset + 1));
        authority.server("etcd", &etcd.to_string());
        authority.server("api-server", &api_server.to_string());
        authority.client("service-accounts", "service-accounts", None);
        authority.client("admin", "admin", Some("system:masters"));
        std::fs::write(authority.path("audit.yaml"), AUDIT_POLICY).expect("a file");
        let mut server = Self {
            api_server: None,
            _etcd: start_etcd(&authority, etcd),
            authority,
            address: api_server,
            etcd_url: format!("https://{etcd}:2379"),
            directory,
        };
        server.start_api_server();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}:{PORT}", self.address)
    }

    /// Returns the kubeconfig of a cluster administrator.
    pub(crate) fn admin(&self) -> Kubeconfig {
        kubeconfig::for_certificate(&self.authority, "admin", &self.url())
    }

    /// Starts the API server, for the first time or after [`Self::kill_api_server`].
    pub(crate) fn start_api_server(&mut self) {
        let address = self.address;
        let authority = &self.authority;
        let mut command = Command::new(tool("kube-apiserver"));
        command
            .arg(format!("--bind-address={address}"))
            .arg(format!("--advertise-address={address}"))
            .arg(format!("--secure-port={PORT}"))
            .arg("--endpoint-reconciler-type=none")
            .arg(authority.flag("--tls-cert-file", "api-server.crt"))
            .arg(authority.flag("--tls-private-key-file", "api-server.key"))
            .arg(authority.flag("--client-ca-file", "ca.crt"))
            .arg("--authorization-mode=RBAC")
            .arg(format!("--etcd-servers={}", self.etcd_url))
            .arg(authority.flag("--etcd-cafile", "ca.crt"))
            .arg(authority.flag("--etcd-certfile", "api-server.crt"))
            .arg(authority.flag("--etcd-keyfile", "api-server.key"))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg(authority.flag("--service-account-key-file", "service-accounts.crt"))
            .arg(authority.flag("--service-account-signing-key-file", "service-accounts.key"))
            .arg(authority.flag("--audit-policy-file", "audit.yaml"))
            .arg(authority.flag("--audit-log-path", "audit.log"))
            .arg("--service-cluster-ip-range=10.43.0.0/16");
        let admin = Client::new(self.admin()).expect("a kubeconfig");
        let process = Process::start("kube-apiserver", &mut command, self.directory.path());
        let process = self.api_server.insert(process);
        until("kube-apiserver is ready", || {
            process.alive()?;
            let response = admin.try_get("/readyz")?;
            match response.status {
                200 => Ok(()),
                status => Err(format!("/readyz returns {status}: {}", response.body)),
            }
        });
    }

    /// Returns whether the API server was killed and not restarted.
    pub(crate) fn is_down(&self) -> bool {
        self.api_server.is_none()
    }

    /// Kills the API server.
    pub(crate) fn kill_api_server(&mut self) {
        self.api_server.take().expect("it runs").kill();
    }

    /// Returns all audit events so far.
    pub(crate) fn audit_events(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.authority.path("audit.log")).unwrap_or_default();
        let events = log.lines().map(serde_json::from_str);
        events.map(|it| it.expect("a JSON event")).collect()
    }
}

fn start_etcd(authority: &Authority, address: Ipv4Addr) -> Process {
    let client = format!("https://{address}:2379");
    let peer = format!("https://{address}:2380");
    let data = authority.path("etcd");
    let mut command = Command::new(tool("etcd"));
    command
        .arg(format!("--data-dir={}", data.display()))
        .args(["--client-cert-auth", "--unsafe-no-fsync"])
        .arg(authority.flag("--cert-file", "etcd.crt"))
        .arg(authority.flag("--key-file", "etcd.key"))
        .arg(authority.flag("--trusted-ca-file", "ca.crt"))
        .arg("--peer-client-cert-auth")
        .arg(authority.flag("--peer-cert-file", "etcd.crt"))
        .arg(authority.flag("--peer-key-file", "etcd.key"))
        .arg(authority.flag("--peer-trusted-ca-file", "ca.crt"))
        .arg(format!("--listen-client-urls={client}"))
        .arg(format!("--advertise-client-urls={client}"))
        .arg(format!("--listen-peer-urls={peer}"))
        .arg(format!("--initial-advertise-peer-urls={peer}"))
        .arg(format!("--initial-cluster=default={peer}"))
        .arg(format!("--listen-metrics-urls=http://{address}:2381"));
    let mut etcd = Process::start("etcd", &mut command, authority.directory());
    etcd.ready((address, 2381).into(), "/readyz");
    etcd
}
