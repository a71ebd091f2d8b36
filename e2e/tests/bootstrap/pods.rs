//! The pods of the tree.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::from_value;

use crate::tree::{self, TreeObject};

/// Returns the pods of Deployments and StatefulSets.
pub(crate) fn pods() -> Vec<(&'static TreeObject, PodSpec)> {
    let workloads = ["Deployment", "StatefulSet"].map(tree::of_kind).concat();
    let pod = |item: &&'static TreeObject| {
        let spec = item.object.value["spec"]["template"]["spec"].clone();
        (*item, from_value(spec).unwrap())
    };
    workloads.iter().map(pod).collect()
}

fn tag(container: &Container) -> (&str, &str) {
    let image = container.image.as_deref().unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    image.rsplit_once(':').unwrap_or((image, ""))
}

#[test]
fn pods_meet_the_restricted_pod_security_standard() {
    for (item, pod) in pods() {
        let name = item.name();
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
fn namespaces_enforce_the_restricted_pod_security_standard() {
    for (item, _) in pods() {
        let namespace = item.object.namespace();
        let is_enforced = tree::of_kind("Namespace").iter().any(|it| {
            it.object.name() == namespace
                && it.text("/metadata/labels/pod-security.kubernetes.io~1enforce") == "restricted"
        });
        assert!(is_enforced, "{}", item.name());
    }
}

#[test]
fn only_externaldns_has_a_service_account_token() {
    for (item, pod) in pods() {
        let uses_api = item.object.name() == "externaldns";
        let automounts = pod.automount_service_account_token != Some(false);
        assert_eq!(automounts, uses_api, "{}", item.name());
        assert!(pod.service_account_name.is_some(), "{}", item.name());
    }
}

#[test]
fn pods_have_probes_and_resources() {
    for (item, pod) in pods() {
        for container in pod.containers {
            let name = item.name();
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

/// The end-to-end suites run the versions of e2e/tools/go.mod.
#[test]
fn images_have_the_tested_versions() {
    let modules = std::fs::read_to_string(e2e::workspace::root().join("e2e/tools/go.mod")).unwrap();
    let version = |module: &str| {
        let line = modules
            .lines()
            .find_map(|line| line.trim().strip_prefix(module));
        let line = line.unwrap_or_else(|| panic!("{module} is in e2e/tools/go.mod"));
        let version = line.split_whitespace().next().unwrap();
        version.trim_start_matches('v').to_owned()
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
    for (item, pod) in pods() {
        for container in &pod.containers {
            let (image, tag) = tag(container);
            let wanted = tested.get(image).map(String::as_str);
            assert_eq!(Some(tag.trim_start_matches('v')), wanted, "{}", item.name());
        }
    }
}

/// A pod that mounts a missing Secret does not start.
#[test]
fn mounted_secrets_are_issued_by_a_certificate_of_the_tree() {
    let mut mounted = 0;
    for (item, pod) in pods() {
        for volume in pod.volumes.into_iter().flatten() {
            let Some(secret) = volume.secret else {
                continue;
            };
            mounted += 1;
            let wanted = secret.secret_name.unwrap();
            let issued = tree::of_kind("Certificate").iter().any(|it| {
                it.text("/spec/secretName") == wanted
                    && it.object.namespace() == item.object.namespace()
                    && it.overlay.environment == item.overlay.environment
            });
            assert!(issued, "{} mounts {wanted}", item.name());
        }
    }
    assert!(mounted > 0 || tree::all_objects().is_empty());
}
