//! Groups and resources of kinds.

/// `apps/v1` → (`apps`, `v1`); `v1` → (``, `v1`).
pub(crate) fn group_version(api_version: &str) -> (&str, &str) {
    api_version.rsplit_once('/').unwrap_or(("", api_version))
}

/// The plural that rules name a kind by. Files do not say it, so it is formed as English does, which
/// is right for every kind of Kubernetes, Gateway API, cert-manager and External Secrets.
pub(crate) fn resource(kind: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::resource;

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
