//! API groups, resource names and scopes of kinds.

/// Splits an `apiVersion` into group and version: `apps/v1` is (`apps`, `v1`), `v1` is (``, `v1`).
pub fn group_version(api_version: &str) -> (&str, &str) {
    api_version.rsplit_once('/').unwrap_or(("", api_version))
}

/// Returns the group and version under which the API server serves a kind today.
///
/// Old charts still use versions that are no longer served. A policy for the served version also matches
/// them (`matchPolicy: Equivalent`).
pub fn served_version<'a>(group: &'a str, version: &'a str, kind: &str) -> (&'a str, &'a str) {
    match (group, version, kind) {
        ("extensions" | "networking.k8s.io", "v1beta1", "Ingress") => ("networking.k8s.io", "v1"),
        _ => (group, version),
    }
}

/// Returns the plural resource name of a kind, as rules use it.
///
/// Manifests do not contain it, so it is derived by the rules of English. That is correct for every kind
/// of Kubernetes, Gateway API, cert-manager and External Secrets.
pub fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    if lower == "endpoints" {
        return lower;
    }
    if let Some(stem) = lower.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    let sibilant = ["s", "x", "ch", "sh"]
        .iter()
        .any(|end| lower.ends_with(end));
    match sibilant {
        true => lower + "es",
        false => lower + "s",
    }
}

/// Whether a kind is cluster-scoped.
///
/// Manifests do not say so. The list covers Kubernetes and what K8TRE runs; every other kind counts as
/// namespaced.
pub fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    let kinds: &[&str] = match group {
        "" => &["Namespace", "Node", "PersistentVolume"],
        "admissionregistration.k8s.io"
        | "apiextensions.k8s.io"
        | "apiregistration.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "node.k8s.io"
        | "scheduling.k8s.io" => return true,
        "cert-manager.io" => &["ClusterIssuer"],
        "certificates.k8s.io" => &["CertificateSigningRequest", "ClusterTrustBundle"],
        "cilium.io" => &[
            "CiliumBGPAdvertisement",
            "CiliumBGPClusterConfig",
            "CiliumBGPPeerConfig",
            "CiliumCIDRGroup",
            "CiliumClusterwideEnvoyConfig",
            "CiliumClusterwideNetworkPolicy",
            "CiliumEgressGatewayPolicy",
            "CiliumIdentity",
            "CiliumL2AnnouncementPolicy",
            "CiliumLoadBalancerIPPool",
            "CiliumNode",
        ],
        "external-secrets.io" => &[
            "ClusterExternalSecret",
            "ClusterPushSecret",
            "ClusterSecretStore",
        ],
        "gateway.networking.k8s.io" => &["GatewayClass"],
        "generators.external-secrets.io" => &["ClusterGenerator"],
        "networking.k8s.io" => &["IPAddress", "IngressClass", "ServiceCIDR"],
        "policies.kubewarden.io" => &[
            "ClusterAdmissionPolicy",
            "ClusterAdmissionPolicyGroup",
            "PolicyServer",
        ],
        "postgresql.cnpg.io" => &["ClusterImageCatalog"],
        "rbac.authorization.k8s.io" => &["ClusterRole", "ClusterRoleBinding"],
        "resource.k8s.io" => &["DeviceClass", "DeviceTaintRule", "ResourceSlice"],
        "storage.k8s.io" => &[
            "CSIDriver",
            "CSINode",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
        _ => &[],
    };
    kinds.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::{is_cluster_scoped, plural, served_version};

    #[test]
    fn generators_are_namespaced_except_for_one() {
        let group = "generators.external-secrets.io";
        assert!(is_cluster_scoped(group, "ClusterGenerator"));
        for kind in ["GeneratorState", "Password", "Webhook"] {
            assert!(!is_cluster_scoped(group, kind), "{kind}");
        }
    }

    #[test]
    fn removed_versions_of_ingress_map_to_v1() {
        let v1 = ("networking.k8s.io", "v1");
        assert_eq!(served_version("extensions", "v1beta1", "Ingress"), v1);
        assert_eq!(
            served_version("networking.k8s.io", "v1beta1", "Ingress"),
            v1
        );
        assert_eq!(served_version("networking.k8s.io", "v1", "Ingress"), v1);
        let unchanged = ("apps", "v1beta1");
        assert_eq!(served_version("apps", "v1beta1", "Ingress"), unchanged);
    }

    #[test]
    fn plurals_match_the_resource_names_of_the_apis() {
        for (kind, expected) in [
            ("PersistentVolumeClaim", "persistentvolumeclaims"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("GatewayClass", "gatewayclasses"),
            ("HTTPRoute", "httproutes"),
            ("Endpoints", "endpoints"),
            ("ClusterExternalSecret", "clusterexternalsecrets"),
            ("GeneratorState", "generatorstates"),
            ("MFA", "mfas"),
            ("SSHKey", "sshkeys"),
            ("UUID", "uuids"),
            ("Prometheus", "prometheuses"),
        ] {
            assert_eq!(plural(kind), expected);
        }
    }
}
