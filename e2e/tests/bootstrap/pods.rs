//! What the tree runs.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::from_value;

use crate::tree::{self, Made};

/// The pods of Deployments and StatefulSets.
pub(crate) fn pods() -> Vec<(&'static Made, PodSpec)> {
    let workloads = ["Deployment", "StatefulSet"].map(tree::of_kind).concat();
    let pod = |made: &&'static Made| {
        let spec = made.object.value["spec"]["template"]["spec"].clone();
        (*made, from_value(spec).unwrap())
    };
    workloads.iter().map(pod).collect()
}

fn tag(container: &Container) -> (&str, &str) {
    let image = container.image.as_deref().unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    image.rsplit_once(':').unwrap_or((image, ""))
}

#[test]
fn pods_are_restricted() {
    for (made, pod) in pods() {
        let name = made.name();
        for shared in [pod.host_network, pod.host_pid, pod.host_ipc] {
            assert_ne!(shared, Some(true), "{name}");
        }
        for volume in pod.volumes.iter().flatten() {
            assert!(volume.host_path.is_none(), "{name}");
        }
        let security = pod.security_context.unwrap();
        assert_eq!(security.run_as_non_root, Some(true), "{name}");
        assert!(security.run_as_user > Some(0), "{name}");
        assert_eq!(
            security.seccomp_profile.unwrap().type_,
            "RuntimeDefault",
            "{name}"
        );
        assert!(pod.init_containers.is_none(), "{name}");
        for container in pod.containers {
            let security = container.security_context.unwrap();
            assert_eq!(security.allow_privilege_escalation, Some(false), "{name}");
            assert_eq!(security.read_only_root_filesystem, Some(true), "{name}");
            assert_ne!(security.privileged, Some(true), "{name}");
            let capabilities = security.capabilities.unwrap();
            assert_eq!(capabilities.drop.unwrap(), ["ALL"], "{name}");
            for added in capabilities.add.unwrap_or_default() {
                assert_eq!(added, "NET_BIND_SERVICE", "{name}");
            }
        }
    }
}

#[test]
fn namespaces_of_pods_hold_them_to_it() {
    for (made, _) in pods() {
        let namespace = made.object.namespace();
        let held = tree::of_kind("Namespace").iter().any(|it| {
            it.object.name() == namespace
                && it.text("/metadata/labels/pod-security.kubernetes.io~1enforce") == "restricted"
        });
        assert!(held, "{}", made.name());
    }
}

#[test]
fn only_what_asks_the_cluster_has_a_token() {
    for (made, pod) in pods() {
        let asks = made.object.name() == "externaldns";
        let automounts = pod.automount_service_account_token != Some(false);
        assert_eq!(automounts, asks, "{}", made.name());
        assert!(pod.service_account_name.is_some(), "{}", made.name());
    }
}

#[test]
fn pods_are_probed_and_limited() {
    for (made, pod) in pods() {
        for container in pod.containers {
            let name = made.name();
            assert!(container.liveness_probe.is_some(), "{name}");
            assert!(container.readiness_probe.is_some(), "{name}");
            let resources = container.resources.unwrap();
            let (limits, requests) = (resources.limits.unwrap(), resources.requests.unwrap());
            assert!(limits.contains_key("memory"), "{name}");
            for wanted in ["memory", "cpu"] {
                assert!(requests.contains_key(wanted), "{name}");
            }
        }
    }
}

/// What the end-to-end tests prove, they prove of these versions.
#[test]
fn images_have_the_versions_that_are_tested() {
    let modules = std::fs::read_to_string(e2e::workspace::root().join("e2e/tools/go.mod")).unwrap();
    let version = |module: &str| {
        let line = modules
            .lines()
            .find_map(|line| line.trim().strip_prefix(module));
        let line = line.unwrap_or_else(|| panic!("{module} is in e2e/tools/go.mod"));
        line.split_whitespace()
            .next()
            .unwrap()
            .trim_start_matches('v')
            .to_owned()
    };
    let tested = BTreeMap::from([
        (
            "docker.io/coredns/coredns",
            version("github.com/coredns/coredns v"),
        ),
        (
            "quay.io/coreos/etcd",
            version("go.etcd.io/etcd/server/v3 v"),
        ),
        (
            "registry.k8s.io/external-dns/external-dns",
            version("sigs.k8s.io/external-dns v"),
        ),
    ]);
    for (made, pod) in pods() {
        for container in &pod.containers {
            let (image, tag) = tag(container);
            let wanted = tested.get(image).map(String::as_str);
            assert_eq!(Some(tag.trim_start_matches('v')), wanted, "{}", made.name());
        }
    }
}

/// Nothing waits for a Secret that nobody makes.
#[test]
fn secrets_that_pods_mount_are_certificates_of_the_tree() {
    let mut mounted = 0;
    for (made, pod) in pods() {
        for volume in pod.volumes.into_iter().flatten() {
            let Some(secret) = volume.secret else {
                continue;
            };
            mounted += 1;
            let wanted = secret.secret_name.unwrap();
            let issued = tree::of_kind("Certificate").iter().any(|it| {
                it.text("/spec/secretName") == wanted
                    && it.object.namespace() == made.object.namespace()
                    && it.overlay.environment == made.overlay.environment
            });
            assert!(issued, "{} mounts {wanted}", made.name());
        }
    }
    assert!(mounted > 0 || tree::made().is_empty());
}
