//! Groups and resources of kinds.

/// `apps/v1` → (`apps`, `v1`); `v1` → (``, `v1`).
pub fn group_version(api_version: &str) -> (&str, &str) {
    api_version.rsplit_once('/').unwrap_or(("", api_version))
}

/// The group and version that the API server has of a kind whose first ones it no longer serves. A policy
/// for those sees the kind in every version (`matchPolicy: Equivalent`), and old charts have them still.
pub fn served<'a>(group: &'a str, version: &'a str, kind: &str) -> (&'a str, &'a str) {
    match (group, version, kind) {
        ("extensions" | "networking.k8s.io", "v1beta1", "Ingress") => ("networking.k8s.io", "v1"),
        _ => (group, version),
    }
}

/// The plural that rules name a kind by. Files do not say it, so it is formed as English does, which
/// is right for every kind of Kubernetes, Gateway API, cert-manager and External Secrets.
pub fn resource(kind: &str) -> String {
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

/// Whether objects of a kind stand in no namespace. Files do not say it either, so this knows the kinds
/// of Kubernetes and of what K8TRE runs; a kind that is not here is taken to stand in a namespace.
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
    use super::{resource, served};

    #[test]
    fn old_charts_have_ingresses_of_versions_that_are_gone() {
        let of = ("networking.k8s.io", "v1");
        assert_eq!(served("extensions", "v1beta1", "Ingress"), of);
        assert_eq!(served("networking.k8s.io", "v1beta1", "Ingress"), of);
        assert_eq!(served("networking.k8s.io", "v1", "Ingress"), of);
        let other = ("apps", "v1beta1");
        assert_eq!(served("apps", "v1beta1", "Ingress"), other);
    }

    #[test]
    fn plurals_are_those_of_the_apis() {
        for (kind, plural) in [
            ("PersistentVolumeClaim", "persistentvolumeclaims"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("GatewayClass", "gatewayclasses"),
            ("HTTPRoute", "httproutes"),
            ("Endpoints", "endpoints"),
            ("ClusterExternalSecret", "clusterexternalsecrets"),
            ("Prometheus", "prometheuses"),
        ] {
            assert_eq!(resource(kind), plural);
        }
    }
}
