//! A zone in a cluster: the cluster's own DNS before it, and a played API server.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::api::{Api, Closing};
use crate::process::{self, Process, tool};
use crate::rights::Rights;
pub(crate) use crate::zone::DOMAIN;
use crate::zone::query::Client;
use crate::zone::{DNS_PORT, Zone, swap};

pub(crate) struct Lab {
    zone: Zone,
    pub(crate) api: Api,
    _closing: Closing,
}

impl Deref for Lab {
    type Target = Zone;

    fn deref(&self) -> &Zone {
        &self.zone
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        let api = Api::default();
        Self {
            zone: Zone::new(),
            _closing: api.closing(),
            api,
        }
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
        let rights = Rights::of(&self.objects, "kare-dns", "externaldns");
        let api = self.api.serve(self.addresses.api(), Some(rights));
        self.zone.externaldns(&self.kubeconfig(api))
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

    pub(crate) fn ask_cluster(&self) -> Client {
        self.client(self.addresses.cluster_dns())
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
