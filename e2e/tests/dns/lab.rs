//! The processes of a cluster's DNS on loopback addresses of their own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use bootstrap::{Kustomize, Overlay};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use manifest::Object;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, Closing};
use crate::process::Process;
use crate::query::Client;
use crate::{keys, process};

/// The domain of the tests.
pub(crate) const DOMAIN: &str = "dev.k8tre.org";

/// The port that the containers listen on in place of 53, which is not everyone's to take.
const DNS_PORT: u16 = 1053;

/// What stands for etcd's Service, which no name leads to here.
const ETCD_URL: &str = "https://etcd.kare-dns.svc.cluster.local:2379";

/// Addresses of 127.0.0.0/8: each lab has a row of its own, and each process its own address, so that all
/// can listen on the ports that the tree gives them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    row: u8,
}

impl Addresses {
    fn next() -> Self {
        static ROWS: AtomicU8 = AtomicU8::new(1);
        let row = ROWS.fetch_add(1, Ordering::Relaxed) * 16;
        Self { row }
    }

    /// Different for each run, so that several can be at work on one machine.
    fn at(self, place: u8) -> Ipv4Addr {
        let [.., high, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, 64 + high % 128, low, self.row + place)
    }

    pub(crate) fn etcd(self) -> Ipv4Addr {
        self.at(0)
    }

    pub(crate) fn kare_dns(self) -> Ipv4Addr {
        self.at(1)
    }

    pub(crate) fn cluster_dns(self) -> Ipv4Addr {
        self.at(2)
    }

    fn api(self) -> Ipv4Addr {
        self.at(3)
    }

    fn externaldns(self) -> Ipv4Addr {
        self.at(4)
    }

    /// Where the cluster's DNS forwards what is not its own.
    pub(crate) fn upstream(self) -> Ipv4Addr {
        self.at(5)
    }

    /// A client that kare-dns is to answer.
    pub(crate) fn insider(self) -> Ipv4Addr {
        self.at(6)
    }

    /// A client that kare-dns is to refuse.
    pub(crate) fn outsider(self) -> Ipv4Addr {
        self.at(7)
    }

    /// The networks for the Corefile's acl: the insider, and the address that Linux gives the cluster's
    /// DNS when it asks.
    fn clients(self) -> String {
        format!("127.0.0.1/32 {}/32", self.insider())
    }

    fn services(self) -> String {
        let [a, b, c, _] = self.etcd().octets();
        format!("{a}.{b}.{c}.0/24")
    }
}

/// The rendered manifests, and a directory for what the processes read and write.
pub(crate) struct Lab {
    pub(crate) addresses: Addresses,
    pub(crate) objects: Vec<Object>,
    pub(crate) api: Api,
    _closing: Closing,
    directory: TempDir,
}

impl Lab {
    /// Renders the tree with this lab's addresses and issues its certificates.
    pub(crate) fn new() -> Self {
        let addresses = Addresses::next();
        let values = BTreeMap::from([
            ("DOMAIN".to_owned(), DOMAIN.to_owned()),
            (
                "METALLB_IP_RANGE".to_owned(),
                "192.0.2.1-192.0.2.9".to_owned(),
            ),
            ("KARE_DNS_IP".to_owned(), addresses.kare_dns().to_string()),
            ("SERVICE_CIDR".to_owned(), addresses.services()),
            ("DNS_CLIENTS".to_owned(), addresses.clients()),
        ]);
        let root = e2e::workspace::root().join("bootstrap");
        let kustomize = Kustomize::find().unwrap_or_else(|missing| panic!("{missing}"));
        let needed = ["gateway", "kare-dns", "externaldns", "cluster-dns"];
        let overlays = bootstrap::of_profile(&root, "k3s", "dev").expect("overlays");
        let overlays = overlays
            .into_iter()
            .filter(|it| needed.contains(&it.component));
        let overlays: Vec<Overlay> = overlays.collect();
        assert_eq!(overlays.len(), needed.len());
        let rendered = match bootstrap::render(&kustomize, &root, &overlays, &values) {
            Ok(rendered) => rendered,
            Err(error) => panic!("{error}"),
        };
        let mut objects = Vec::new();
        for it in &rendered {
            for document in manifest::read(it.overlay.component, it.yaml.as_bytes()) {
                let document = document.expect("YAML");
                objects.extend(document.objects().map(|it| it.expect("an object")));
            }
        }
        let directory = tempfile::tempdir().expect("a directory");
        keys::issue(&objects, directory.path(), &[addresses.etcd().to_string()]);
        let api = Api::default();
        Self {
            addresses,
            objects,
            _closing: api.closing(),
            api,
            directory,
        }
    }

    pub(crate) fn object(&self, kind: &str, name: &str) -> &Object {
        let mut objects = self.objects.iter();
        let found = objects.find(|it| it.kind() == kind && it.name() == name);
        found.unwrap_or_else(|| panic!("the tree has {kind} {name}"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn etcd(&self) -> Process {
        let pod = Pod::of(self, "StatefulSet", "etcd");
        let address = self.addresses.etcd();
        let mut arguments = pod.arguments();
        swap(&mut arguments, ETCD_URL, &format!("https://{address}:2379"));
        swap(&mut arguments, "//0.0.0.0:", &format!("//{address}:"));
        swap(&mut arguments, "//127.0.0.1:", &format!("//{address}:"));
        let mut command = Command::new(tool("etcd"));
        let mut process = Process::start("etcd", command.args(arguments), self.path());
        process.ready((address, 2381).into(), pod.probe("readiness"));
        process
    }

    pub(crate) fn kare_dns(&self) -> Process {
        let pod = Pod::of(self, "Deployment", "kare-dns");
        let address = self.addresses.kare_dns();
        let data = &self.object("ConfigMap", "kare-dns").value["data"];
        let mut corefile = vec![data["Corefile"].as_str().expect("a Corefile").to_owned()];
        let bound = format!("{DOMAIN}:{DNS_PORT} {{\n    bind {address}");
        swap(&mut corefile, &format!("{DOMAIN}:{DNS_PORT} {{"), &bound);
        for plugin in ["health", "ready", "prometheus"] {
            swap(
                &mut corefile,
                &format!("{plugin} :"),
                &format!("{plugin} {address}:"),
            );
        }
        let etcd = format!("https://{}:2379", self.addresses.etcd());
        swap(&mut corefile, ETCD_URL, &etcd);
        pod.swap_paths(&mut corefile);
        let directory = pod.path("/etc/coredns");
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(directory.join("Corefile"), corefile.concat()).expect("a file");
        let mut command = Command::new(tool("coredns"));
        command.args(pod.arguments());
        let mut process = Process::start("kare-dns", &mut command, self.path());
        process.ready((address, 8181).into(), pod.probe("readiness"));
        process
    }

    /// The cluster's CoreDNS as K3s sets it up, with the block of `cluster-dns` where it imports such.
    pub(crate) fn cluster_dns(&self) -> Process {
        let address = self.addresses.cluster_dns();
        let directory = self.path().join("cluster-dns");
        std::fs::create_dir_all(directory.join("custom")).expect("a directory");
        let data = &self.object("ConfigMap", "coredns-custom").value["data"];
        for (file, block) in data.as_object().expect("files") {
            let mut block = vec![block.as_str().expect("text").to_owned()];
            let bound = format!("{DOMAIN}:{DNS_PORT} {{\n    bind {address}");
            swap(&mut block, &format!("{DOMAIN}:53 {{"), &bound);
            let kare_dns = self.addresses.kare_dns();
            let forward = format!("forward . {kare_dns}");
            swap(&mut block, &forward, &format!("{forward}:{DNS_PORT}"));
            std::fs::write(directory.join("custom").join(file), block.concat()).expect("a file");
        }
        let api = self.api.serve(self.addresses.api(), None);
        let upstream = self.addresses.upstream();
        let custom = directory.join("custom");
        let custom = custom.display();
        // The plugins that K3s's own has, and its two imports.
        let corefile = format!(
            ".:{DNS_PORT} {{
                bind {address}
                errors
                health {address}:8080
                ready {address}:8181
                kubernetes cluster.local in-addr.arpa ip6.arpa {{
                    endpoint http://{api}
                    pods insecure
                    fallthrough in-addr.arpa ip6.arpa
                }}
                prometheus {address}:9153
                forward . {upstream}:{DNS_PORT}
                cache 30
                reload
                loadbalance
                import {custom}/*.override
            }}
            import {custom}/*.server\n"
        );
        let path = directory.join("Corefile");
        std::fs::write(&path, corefile).expect("a file");
        let mut command = Command::new(tool("coredns"));
        command.arg("-conf").arg(path);
        let mut process = Process::start("cluster-dns", &mut command, self.path());
        process.ready((address, 8181).into(), "/ready");
        process
    }

    /// ExternalDNS with the rights of its rendered roles.
    pub(crate) fn externaldns(&self) -> Process {
        let pod = Pod::of(self, "Deployment", "externaldns");
        let rights = crate::rights::Rights::of(&self.objects, "kare-dns", "externaldns");
        let api = self.api.serve(self.addresses.api(), Some(rights));
        let address = self.addresses.externaldns();
        let mut command = Command::new(tool("external-dns"));
        command
            .args(pod.arguments())
            .arg(format!("--kubeconfig={}", self.kubeconfig(api).display()))
            .arg(format!("--metrics-address={address}:7979"));
        let mut environment = pod.environment();
        let etcd = format!("https://{}:2379", self.addresses.etcd());
        let mut values: Vec<String> = environment.values().cloned().collect();
        swap(&mut values, ETCD_URL, &etcd);
        for (value, swapped) in environment.values_mut().zip(values) {
            *value = swapped;
        }
        command.envs(environment);
        let mut process = Process::start("externaldns", &mut command, self.path());
        process.ready((address, 7979).into(), pod.probe("liveness"));
        process
    }

    /// What a pod's token and the cluster's variables tell in a cluster.
    fn kubeconfig(&self, api: SocketAddr) -> PathBuf {
        let path = self.path().join("kubeconfig");
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": {"server": format!("http://{api}")}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "users": [{"name": "lab", "user": {}}],
            "current-context": "lab",
        });
        std::fs::write(&path, config.to_string()).expect("a file");
        path
    }

    /// Runs etcd's own client with a Secret's certificate, or with none.
    pub(crate) fn etcdctl(
        &self,
        secret: Option<&str>,
        arguments: &[&str],
    ) -> Result<String, String> {
        let mut command = Command::new(tool("etcdctl"));
        let authority = keys::directory(self.path(), "kare-dns-etcd-client").join("ca.crt");
        command
            .arg(format!(
                "--endpoints=https://{}:2379",
                self.addresses.etcd()
            ))
            .arg(format!("--cacert={}", authority.display()))
            .args(["--dial-timeout=3s", "--command-timeout=3s"]);
        if let Some(secret) = secret {
            let directory = keys::directory(self.path(), secret);
            command.arg("--cert").arg(directory.join("tls.crt"));
            command.arg("--key").arg(directory.join("tls.key"));
        }
        let output = command.args(arguments).output();
        let output = output.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }
    }

    /// The keys and values of the zone, as kare-dns sees them.
    pub(crate) fn stored(&self) -> BTreeMap<String, Value> {
        let listed = self.etcdctl(
            Some("kare-dns-etcd-client"),
            &["get", "--prefix", "/skydns/"],
        );
        let listed = listed.unwrap_or_else(|error| panic!("{error}"));
        let lines: Vec<&str> = listed.lines().collect();
        let pairs = lines.chunks_exact(2);
        pairs
            .map(|pair| match pair {
                [key, value] => {
                    let value = serde_json::from_str(value).expect("a record is JSON");
                    ((*key).to_owned(), value)
                }
                _ => unreachable!("chunks of two"),
            })
            .collect()
    }

    /// Stores a record as ExternalDNS writes it.
    pub(crate) fn store(&self, name: &str, label: &str, host: &str) {
        let mut labels: Vec<&str> = name.split('.').collect();
        labels.reverse();
        let key = format!("/skydns/{}/{label}", labels.join("/"));
        let value = json!({"host": host, "targetstrip": 1, "owner": DOMAIN}).to_string();
        let put = self.etcdctl(Some("externaldns-etcd-client"), &["put", &key, &value]);
        put.unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) fn ask_kare_dns(&self) -> Client {
        self.client(self.addresses.kare_dns())
    }

    pub(crate) fn ask_cluster(&self) -> Client {
        self.client(self.addresses.cluster_dns())
    }

    fn client(&self, server: Ipv4Addr) -> Client {
        Client {
            from: self.addresses.insider(),
            server: SocketAddr::from((server, DNS_PORT)),
        }
    }

    /// How many questions kare-dns was asked, whatever it answered.
    pub(crate) fn questions_to_kare_dns(&self) -> u64 {
        let metrics = process::get((self.addresses.kare_dns(), 9153).into(), "/metrics");
        let (_, metrics) = metrics.expect("metrics");
        let counts = metrics
            .lines()
            .filter(|line| line.starts_with("coredns_dns_requests_total{"));
        counts
            .map(|line| {
                line.rsplit(' ')
                    .next()
                    .and_then(|it| it.parse::<u64>().ok())
            })
            .map(|count| count.expect("a number"))
            .sum()
    }
}

/// A program that `cargo xtask e2e dns` built.
fn tool(name: &str) -> PathBuf {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    let tools = TOOLS.get_or_init(|| e2e::workspace::root().join("target/tools"));
    let path = tools.join(name);
    assert!(
        path.is_file(),
        "build the programs with `cargo xtask e2e dns`"
    );
    path
}

/// The one container of a rendered workload.
struct Pod {
    template: PodTemplateSpec,
    root: PathBuf,
}

impl Pod {
    fn of(lab: &Lab, kind: &str, name: &str) -> Self {
        let template = lab.object(kind, name).value["spec"]["template"].clone();
        Self {
            template: serde_json::from_value(template).expect("a pod"),
            root: lab.path().to_owned(),
        }
    }

    fn container(&self) -> &k8s_openapi::api::core::v1::Container {
        let containers = self
            .template
            .spec
            .as_ref()
            .map(|spec| spec.containers.as_slice());
        match containers {
            Some([container]) => container,
            _ => panic!("a pod of one container"),
        }
    }

    /// The arguments with this machine's paths.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = self.container().args.clone().unwrap_or_default();
        self.swap_paths(&mut arguments);
        arguments
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let variables = self.container().env.iter().flatten();
        variables
            .map(|variable| {
                let mut value = vec![variable.value.clone().expect("a plain value")];
                self.swap_paths(&mut value);
                (variable.name.clone(), value.concat())
            })
            .collect()
    }

    /// Puts this machine's directories in place of the container's.
    fn swap_paths(&self, texts: &mut [String]) {
        for mount in self.container().volume_mounts.iter().flatten() {
            let here = self.path(&mount.mount_path).display().to_string();
            for text in &mut *texts {
                *text = text.replace(&format!("{}/", mount.mount_path), &format!("{here}/"));
            }
        }
    }

    /// The directory of what is mounted at a path.
    fn path(&self, mount_path: &str) -> PathBuf {
        let mounts = self.container().volume_mounts.iter().flatten();
        let mut mounts = mounts.filter(|mount| mount.mount_path == mount_path);
        let mount = mounts
            .next()
            .unwrap_or_else(|| panic!("nothing is at {mount_path}"));
        let volumes = self
            .template
            .spec
            .iter()
            .flat_map(|spec| spec.volumes.iter().flatten());
        let mut volumes = volumes.filter(|volume| volume.name == mount.name);
        let secret = volumes.find_map(|volume| volume.secret.as_ref()?.secret_name.as_deref());
        match secret {
            Some(secret) => keys::directory(&self.root, secret),
            None => self
                .root
                .join("volume")
                .join(self.container().name.as_str())
                .join(&mount.name),
        }
    }

    fn probe(&self, which: &str) -> &str {
        let container = self.container();
        let probe = match which {
            "readiness" => &container.readiness_probe,
            _ => &container.liveness_probe,
        };
        let http = probe.as_ref().and_then(|probe| probe.http_get.as_ref());
        http.and_then(|get| get.path.as_deref())
            .expect("a probe over HTTP")
    }
}

/// Replaces a text that has to be there.
fn swap(texts: &mut [String], from: &str, to: &str) {
    assert!(
        texts.iter().any(|text| text.contains(from)),
        "no `{from}` in {texts:#?}"
    );
    for text in texts {
        *text = text.replace(from, to);
    }
}
