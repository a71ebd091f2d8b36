//! The API server with its etcd, and the plane's policies before it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use manifest::Object;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, PORT};
use crate::keys::Authority;
use crate::policies::{self, Mode, Profile};
use crate::process::{Process, until};
use crate::webhooks::Webhooks;

/// The namespace of the apps of the tests.
pub(crate) const APPS: &str = "apps";

/// A loopback address of this run, so that several can be at work on one machine.
pub(crate) fn address(place: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + high % 128, low, 240 + place)
}

/// Where the API server is.
pub(crate) fn server() -> String {
    format!("https://{}:{PORT}", address(1))
}

/// A program that `cargo xtask e2e cluster` built.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = e2e::workspace::root().join("target/tools").join(name);
    assert!(
        path.is_file(),
        "build the programs with `cargo xtask e2e cluster`"
    );
    path
}

/// The processes, and who asks them. Ends with this value.
pub(crate) struct Plane {
    // Fields are dropped in this order: who asks before who answers.
    webhooks: Option<Webhooks>,
    api_server: Option<Process>,
    etcd: Option<Process>,
    pub(crate) authority: Authority,
    /// May do everything, as cluster administrators and the cluster's own controllers.
    pub(crate) admin: Client,
    /// Works in the namespaces of apps.
    pub(crate) person: Client,
    directory: TempDir,
}

impl Plane {
    /// Starts the API server with no objects but its own.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(directory.path());
        for (server, place) in [("etcd", 0), ("api-server", 1), ("policy-server", 2)] {
            authority.server(server, address(place));
        }
        authority.client("service-accounts", "service-accounts", None);
        authority.client("admin", "admin", Some("system:masters"));
        authority.client("person", "person", None);
        let account = format!("system:serviceaccount:{}", policies::ACCOUNT);
        authority.client("policy-server-account", &account, None);
        let client = |file: &str| Client::new(&authority, file, address(1));
        let mut plane = Self {
            admin: client("admin"),
            person: client("person"),
            authority,
            api_server: None,
            webhooks: None,
            etcd: None,
            directory,
        };
        for user in ["admin", "person", "policy-server-account"] {
            plane.write_kubeconfig(user);
        }
        plane.etcd = Some(plane.start_etcd());
        plane.start_api_server();
        plane.admit_the_person();
        plane
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self, name: &str) -> String {
        self.authority.path(name).display().to_string()
    }

    fn start_etcd(&self) -> Process {
        let address = address(0);
        let (client, peer) = (
            format!("https://{address}:2379"),
            format!("https://{address}:2380"),
        );
        let mut command = Command::new(tool("etcd"));
        command
            .arg(format!("--data-dir={}", self.file("etcd")))
            .args(["--client-cert-auth", "--unsafe-no-fsync"])
            .arg(format!("--cert-file={}", self.file("etcd.crt")))
            .arg(format!("--key-file={}", self.file("etcd.key")))
            .arg(format!("--trusted-ca-file={}", self.file("ca.crt")))
            .args(["--peer-client-cert-auth"])
            .arg(format!("--peer-cert-file={}", self.file("etcd.crt")))
            .arg(format!("--peer-key-file={}", self.file("etcd.key")))
            .arg(format!("--peer-trusted-ca-file={}", self.file("ca.crt")))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=default={peer}"))
            .arg(format!("--listen-metrics-urls=http://{address}:2381"));
        let mut etcd = Process::start("etcd", &mut command, self.path());
        etcd.ready((address, 2381).into(), "/readyz");
        etcd
    }

    /// Starts the API server, again where it was ended.
    pub(crate) fn start_api_server(&mut self) {
        let address = address(1);
        let mut command = Command::new(tool("kube-apiserver"));
        command
            .arg(format!("--bind-address={address}"))
            .arg(format!("--advertise-address={address}"))
            .arg(format!("--secure-port={PORT}"))
            .arg("--endpoint-reconciler-type=none")
            .arg(format!("--tls-cert-file={}", self.file("api-server.crt")))
            .arg(format!(
                "--tls-private-key-file={}",
                self.file("api-server.key")
            ))
            .arg(format!("--client-ca-file={}", self.file("ca.crt")))
            .arg("--authorization-mode=RBAC")
            .arg(format!("--etcd-servers=https://{}:2379", self::address(0)))
            .arg(format!("--etcd-cafile={}", self.file("ca.crt")))
            .arg(format!("--etcd-certfile={}", self.file("api-server.crt")))
            .arg(format!("--etcd-keyfile={}", self.file("api-server.key")))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg(format!(
                "--service-account-key-file={}",
                self.file("service-accounts.crt")
            ))
            .arg(format!(
                "--service-account-signing-key-file={}",
                self.file("service-accounts.key")
            ))
            .arg("--service-cluster-ip-range=10.43.0.0/16");
        let process = Process::start("kube-apiserver", &mut command, self.path());
        let process = self.api_server.insert(process);
        until("kube-apiserver", || {
            process.alive()?;
            let answer = self.admin.ask("GET", "/readyz", "", None)?;
            match answer.status {
                200 => Ok(()),
                status => Err(format!("/readyz answers {status}: {}", answer.body)),
            }
        });
    }

    /// Ends the API server at once.
    pub(crate) fn kill_api_server(&mut self) {
        self.api_server.take().expect("it runs").kill();
    }

    /// What `edit` grants, of which no controller collects the parts here.
    fn admit_the_person(&self) {
        for name in [APPS, "gateway"] {
            self.namespace(name, &json!({}));
        }
        let groups = [
            "",
            "external-secrets.io",
            "gateway.networking.k8s.io",
            "networking.k8s.io",
        ];
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "person"},
            "rules": [{"apiGroups": groups, "resources": ["*"], "verbs": ["*"]}],
        });
        self.admin.create(&role).accepted();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "person"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "person",
            },
            "subjects": [{
                "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "person",
            }],
        });
        self.admin.create(&binding).accepted();
    }

    pub(crate) fn namespace(&self, name: &str, labels: &Value) {
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        });
        self.admin.apply(&namespace).accepted();
    }

    /// Adds the kinds of others, and waits until they are served.
    pub(crate) fn add_kinds(&self) {
        let root = e2e::workspace::root().join("target/tools/crds");
        let mut kinds = Vec::new();
        for file in std::fs::read_dir(&root).expect("CRDs").flatten() {
            let text = std::fs::read(file.path()).expect("a file");
            let name = file.file_name().into_string().expect("a name");
            for document in manifest::read(&name, &text) {
                let objects = document.expect("YAML").objects();
                kinds.extend(objects.map(|it| it.expect("an object")));
            }
        }
        kinds.retain(|it: &Object| it.kind() == "CustomResourceDefinition");
        assert!(!kinds.is_empty(), "no CRDs in {}", root.display());
        let kinds: Vec<Value> = kinds
            .into_iter()
            .map(|it| served_without_others(it.value))
            .collect();
        for kind in &kinds {
            self.admin.apply(kind).accepted();
        }
        for kind in &kinds {
            until("a kind is served", || {
                let stored = self.admin.get(&crate::client::path(kind)).accepted();
                let conditions = stored["status"]["conditions"].as_array();
                let mut conditions = conditions.into_iter().flatten();
                match conditions.any(|it| it["type"] == "Established" && it["status"] == "True") {
                    true => Ok(()),
                    false => Err(stored["status"].to_string()),
                }
            });
        }
    }

    /// Puts the policies of a profile before the API server, as Kubewarden does, and no others.
    pub(crate) fn install(&mut self, profile: Profile) {
        self.install_in(profile, Mode::Protect);
    }

    /// The same, in a mode.
    pub(crate) fn install_in(&mut self, profile: Profile, mode: Mode) {
        let webhooks = self.webhooks.take();
        let mut webhooks = webhooks.unwrap_or_else(|| Webhooks::start(self));
        webhooks.install(self, profile, mode);
        self.webhooks = Some(webhooks);
    }

    /// Ends what answers the API server's reviews.
    pub(crate) fn stop_policy_server(&mut self) {
        self.webhooks.as_mut().expect("installed").stop();
    }

    pub(crate) fn start_policy_server(&mut self) {
        let mut webhooks = self.webhooks.take().expect("installed");
        webhooks.serve(self);
        self.webhooks = Some(webhooks);
    }

    /// Has it answer nothing, as if it were very slow.
    pub(crate) fn pause_policy_server(&self) {
        self.webhooks.as_ref().expect("installed").pause(true);
    }

    /// Has it answer what was asked meanwhile, and go on.
    pub(crate) fn resume_policy_server(&self) {
        self.webhooks.as_ref().expect("installed").pause(false);
    }

    /// What answers the API server's reviews, for the report.
    pub(crate) fn reviewer(&self) -> String {
        let webhooks = self.webhooks.as_ref();
        webhooks.map(Webhooks::version).unwrap_or_default()
    }

    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.authority.path(&format!("{user}.kubeconfig"))
    }

    fn write_kubeconfig(&self, user: &str) {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": {
                "server": server(),
                "certificate-authority": self.file("ca.crt"),
            }}],
            "users": [{"name": user, "user": {
                "client-certificate": self.file(&format!("{user}.crt")),
                "client-key": self.file(&format!("{user}.key")),
            }}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": user}}],
            "current-context": "e2e",
        });
        std::fs::write(self.kubeconfig(user), config.to_string()).expect("a file");
    }
}

/// Kinds whose versions a controller of their own converts, and which has no controller here, are
/// converted by nobody.
fn served_without_others(mut kind: Value) -> Value {
    if let Some(spec) = kind["spec"].as_object_mut() {
        spec.remove("conversion");
    }
    kind
}
