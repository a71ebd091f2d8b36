//! The content of the Corefiles. `cargo xtask e2e dns` tests their behaviour.

use crate::tree;

fn corefile(config_map: &str, key: &str) -> Vec<(String, String)> {
    let maps = tree::of_kind("ConfigMap").into_iter();
    maps.filter(|it| it.object.name() == config_map)
        .map(|it| {
            let text = it.object.value["data"][key].as_str().unwrap();
            let lines = text
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'));
            (it.name(), lines.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// Returns the names of the server blocks of a Corefile.
fn blocks(corefile: &str) -> Vec<&str> {
    let heads = corefile
        .lines()
        .filter(|line| !line.starts_with([' ', '}']));
    heads.filter_map(|line| line.strip_suffix(" {")).collect()
}

#[test]
fn kare_dns_serves_only_the_domain_and_does_not_forward() {
    let corefiles = corefile("kare-dns", "Corefile");
    assert!(corefiles.len() == 3 || tree::all_objects().is_empty());
    for (name, corefile) in corefiles {
        assert_eq!(blocks(&corefile), ["dev.k8tre.org:1053"], "{name}");
        for line in corefile.lines() {
            let plugin = line.split_whitespace().next().unwrap_or_default();
            let recursive = ["forward", "proxy", "grpc", "kubernetes", "hosts", "import"];
            assert!(!recursive.contains(&plugin), "{name}: {line}");
        }
        let acl = corefile
            .split("acl {")
            .nth(1)
            .unwrap()
            .split('}')
            .next()
            .unwrap();
        let rules: Vec<&str> = acl
            .lines()
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        assert_eq!(rules.last(), Some(&"block"), "{name}");
        assert!(corefile.contains("https://etcd.kare-dns"), "{name}");
    }
}

/// The address of kare-dns is in three files: no other namespace may take it while kare-dns is missing.
#[test]
fn the_cluster_forwards_to_the_address_of_kare_dns() {
    for (name, block) in corefile("coredns-custom", "k8tre.server") {
        assert_eq!(blocks(&block), ["dev.k8tre.org:53"], "{name}");
        let target = block
            .split("forward . ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        for service in tree::of_kind("Service") {
            if service.object.name() == "kare-dns" {
                assert_eq!(service.text("/spec/clusterIP"), target, "{name}");
            }
        }
        for policy in tree::of_kind("ClusterAdmissionPolicy") {
            if policy.text("/spec/settings/provider") == "metallb" {
                let reserved = "/spec/settings/reservedAddresses/0";
                let namespace = policy.text(&format!("{reserved}/namespace"));
                let address = policy.text(&format!("{reserved}/addresses/0"));
                assert_eq!((namespace, address), ("kare-dns", target), "{name}");
            }
        }
    }
}

/// Over UDP alone, answers that do not fit into a packet are lost.
#[test]
fn kare_dns_listens_on_udp_and_tcp() {
    let services = tree::of_kind("Service").into_iter();
    for service in services.filter(|it| it.object.name() == "kare-dns") {
        let ports = service.object.value["spec"]["ports"].as_array().unwrap();
        let protocols: Vec<_> = ports
            .iter()
            .map(|port| {
                (
                    port["port"].as_u64(),
                    port["protocol"].as_str().unwrap_or("TCP"),
                )
            })
            .collect();
        assert_eq!(protocols, [(Some(53), "UDP"), (Some(53), "TCP")]);
    }
}

#[test]
fn externaldns_has_the_documented_flags() {
    for item in tree::of_kind("Deployment") {
        if item.object.name() != "externaldns" {
            continue;
        }
        let container = &item.object.value["spec"]["template"]["spec"]["containers"][0];
        let args: Vec<&str> = container["args"]
            .as_array()
            .unwrap()
            .iter()
            .map(|arg| arg.as_str().unwrap())
            .collect();
        let name = item.name();
        for expected in [
            "--policy=sync",
            "--domain-filter=dev.k8tre.org",
            "--gateway-name=internal-gateway",
            "--gateway-namespace=gateway",
            "--source=gateway-httproute",
            "--source=gateway-grpcroute",
            "--source=service",
            "--annotation-prefix=external-dns.alpha.kubernetes.io/",
        ] {
            assert!(args.contains(&expected), "{name}: {expected}");
        }
        let of_vendor: &[&str] = match item.overlay.profile {
            "azure" => &[
                "--provider=azure-private-dns",
                "--txt-owner-id=dev.k8tre.org",
            ],
            "aws" => &[
                "--provider=aws",
                "--aws-zone-type=private",
                "--txt-owner-id=k8tre-dev",
                "--source=ingress",
            ],
            _ => &[
                "--provider=coredns",
                "--registry=noop",
                "--coredns-strictly-owned",
                "--txt-owner-id=dev.k8tre.org",
            ],
        };
        for expected in of_vendor {
            assert!(args.contains(expected), "{name}: {expected}");
        }
    }
}
