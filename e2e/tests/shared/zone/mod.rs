//! The DNS servers of `bootstrap/` on loopback addresses: kare-dns with its etcd, and ExternalDNS, with the
//! rendered Corefile, flags, environment and certificates. Only addresses and paths are replaced.

mod addresses;
pub(crate) mod keys;
mod pod;
pub(crate) mod query;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use agnostics::bootstrap::{Kustomize, Overlay};
use manifest::Object;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, tool, until};
use addresses::Addresses;
use pod::Pod;
pub(crate) use pod::swap;
use query::Client;

/// The domain of the tests.
pub(crate) const DOMAIN: &str = "dev.k8tre.org";

/// The container port, because 53 is privileged.
pub(crate) const DNS_PORT: u16 = 1053;

/// The URL of etcd's Service, whose name does not resolve here.
const ETCD_URL: &str = "https://etcd.kare-dns.svc.cluster.local:2379";

/// The rendered manifests, and the directory of the processes.
pub(crate) struct Zone {
    pub(crate) addresses: Addresses,
    pub(crate) objects: Vec<Object>,
    directory: TempDir,
}

impl Zone {
    /// Renders the tree with the addresses of this zone and issues its certificates.
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
        let overlays = agnostics::bootstrap::of_profile(&root, "k3s", "dev").expect("overlays");
        let overlays = overlays
            .into_iter()
            .filter(|it| needed.contains(&it.component));
        let overlays: Vec<Overlay> = overlays.collect();
        assert_eq!(overlays.len(), needed.len());
        let rendered = match agnostics::bootstrap::render(&kustomize, &root, &overlays, &values) {
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
        Self {
            addresses,
            objects,
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

    /// Starts ExternalDNS with a kubeconfig.
    pub(crate) fn externaldns(&self, kubeconfig: &Path) -> Process {
        let pod = Pod::of(self, "Deployment", "externaldns");
        let address = self.addresses.externaldns();
        let mut command = Command::new(tool("external-dns"));
        command
            .args(pod.arguments())
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
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

    /// Runs etcdctl with the certificate of a Secret, or without one.
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

    /// Returns the records of the zone with their keys.
    pub(crate) fn records(&self) -> BTreeMap<String, Value> {
        let certificate = Some("kare-dns-etcd-client");
        // etcdctl has a short timeout, which a busy machine exceeds.
        let listed = until("etcd returns the records", || {
            self.etcdctl(certificate, &["get", "--prefix", "/skydns/"])
        });
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

    /// Writes a record as ExternalDNS does.
    pub(crate) fn put_record(&self, name: &str, label: &str, host: &str) {
        let mut labels: Vec<&str> = name.split('.').collect();
        labels.reverse();
        let key = format!("/skydns/{}/{label}", labels.join("/"));
        let value = json!({"host": host, "targetstrip": 1, "owner": DOMAIN}).to_string();
        let put = self.etcdctl(Some("externaldns-etcd-client"), &["put", &key, &value]);
        put.unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) fn kare_dns_client(&self) -> Client {
        self.client(self.addresses.kare_dns())
    }

    /// Returns a client inside the cluster that queries a server of this zone.
    pub(crate) fn client(&self, server: Ipv4Addr) -> Client {
        Client {
            from: self.addresses.insider(),
            server: SocketAddr::from((server, DNS_PORT)),
        }
    }
}

/// Returns the DNS name of a record's key.
pub(crate) fn name_of(key: &str) -> String {
    let labels = key.trim_start_matches("/skydns/").split('/');
    let mut labels: Vec<&str> = labels.collect();
    // The last label distinguishes records of one name.
    labels.pop();
    labels.reverse();
    labels.join(".")
}
