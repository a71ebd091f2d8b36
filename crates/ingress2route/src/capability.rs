//! What a Gateway can do, by the versions of Gateway API and Cilium.

/// A feature of Gateway API that not every Gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `BackendTLSPolicy`: TLS to backends.
    BackendTls,
    /// The filter `CORS`.
    Cors,
    /// The filter `ExternalAuth`.
    ExternalAuth,
    /// The status codes 303, 307 and 308 of the filter `RequestRedirect`.
    RedirectCodes,
    /// `retry` of a rule.
    Retries,
    /// `sessionPersistence` of a rule.
    SessionPersistence,
}

/// The versions that have a feature. All are minor versions: 5 is version 1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// The feature.
    pub feature: Feature,
    /// The first version of Gateway API that has it, in the experimental channel. The oldest version in the
    /// table is 1.3.
    pub experimental: u8,
    /// The first version of Gateway API that has it in the standard channel.
    pub standard: Option<u8>,
    /// The first version of Cilium that implements it. The oldest version in the table is 1.19.
    pub cilium: Option<u8>,
    /// Its name in the `status.supportedFeatures` of a GatewayClass; not all features have one.
    pub reported_as: Option<&'static str>,
}

const fn row(
    feature: Feature,
    experimental: u8,
    standard: Option<u8>,
    cilium: Option<u8>,
    reported_as: Option<&'static str>,
) -> Capability {
    Capability {
        feature,
        experimental,
        standard,
        cilium,
        reported_as,
    }
}

/// The oldest version of Cilium in the table.
const OLDEST_CILIUM: u8 = 19;

/// All features, with the versions that have them. [`SOURCES`] has the sources.
#[rustfmt::skip]
pub static CAPABILITIES: &[Capability] = &[
    row(Feature::BackendTls, 3, Some(4), Some(20), Some("BackendTLSPolicy")),
    row(Feature::Cors, 3, Some(5), Some(20), Some("HTTPRouteCORS")),
    row(Feature::ExternalAuth, 4, None, Some(20), None),
    row(Feature::RedirectCodes, 5, Some(5), Some(OLDEST_CILIUM), None),
    row(Feature::Retries, 3, None, Some(20), Some("HTTPRouteRetry")),
    row(Feature::SessionPersistence, 3, None, None, None),
];

/// The title and the source of each row in [`CAPABILITIES`], for the documentation.
///
/// For Gateway API, the CRDs in `config/crd/standard` and `config/crd/experimental` of versions 1.3.0, 1.4.1,
/// 1.5.1 and 1.6.1. For Cilium, versions 1.19.3, 1.19.7, 1.20.0 and 1.20.2: `operator/pkg/model/ingestion` and
/// `operator/pkg/model/translation` show what reaches Envoy, `exemptFeatures` in
/// `operator/pkg/gateway-api/gatewayclass_status.go` what Cilium does not report.
pub static SOURCES: &[(Feature, &str, &str)] = &[
    (
        Feature::BackendTls,
        "TLS to backends (`BackendTLSPolicy`)",
        "`addBackendTLSDetails` in `ingestion/gateway.go`; GRPCRoutes ignore it (`extractGRPCRoutes`)",
    ),
    (
        Feature::Cors,
        "CORS (filter `CORS`)",
        "`extractRoutes` in `ingestion/gateway.go`, `getCORS` in `translation/envoy_virtual_host.go`",
    ),
    (
        Feature::ExternalAuth,
        "External authorization (filter `ExternalAuth`)",
        "`toHTTPExternalAuthFilter` in `ingestion/gateway.go`, `buildExtAuthzHTTPFilter` in `translation/envoy_http_connection_manager.go`",
    ),
    (
        Feature::RedirectCodes,
        "Redirects with 303, 307 and 308",
        "`statusCode` of the CRD, `toRedirectResponseCode` in `translation/envoy_virtual_host.go`",
    ),
    (
        Feature::Retries,
        "Retries (`retry`)",
        "`retryMutation` in `translation/envoy_virtual_host.go`; before 1.20 it sets no `retry_on`, without which Envoy never retries",
    ),
    (
        Feature::SessionPersistence,
        "Session persistence (`sessionPersistence`)",
        "no mention in `ingestion` and `translation`",
    ),
];

impl Feature {
    fn capability(self) -> Option<&'static Capability> {
        CAPABILITIES.iter().find(|row| row.feature == self)
    }
}

impl Capability {
    /// Returns the first version of Gateway API whose CRDs count: those of the standard channel if they have the
    /// feature in any version, else those of the experimental one.
    pub fn gateway_api(&self) -> u8 {
        self.standard.unwrap_or(self.experimental)
    }
}

/// The features that a Gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(u8);

impl Capabilities {
    /// The features of the versions that K8TRE installs: Gateway API 1.5 and Cilium 1.19
    /// (`docs/guides/installation.md` of k8tre/k8tre).
    pub const K8TRE: Self = Self(1 << Feature::RedirectCodes as u8);

    /// Returns the features by the minor versions of Gateway API and of Cilium. `reported`, the
    /// `status.supportedFeatures` of the GatewayClass, replaces Cilium's version for the features that have a
    /// name there; the version of Gateway API decides in any case, because the CRDs may be older than Cilium.
    pub fn new(gateway_api: u8, cilium: u8, reported: Option<&dyn Fn(&str) -> bool>) -> Self {
        let mut bits = 0;
        for row in CAPABILITIES {
            let implemented = match (reported, row.reported_as) {
                (Some(is_reported), Some(name)) => is_reported(name),
                _ => row.cilium.is_some_and(|first| cilium >= first),
            };
            if implemented && gateway_api >= row.gateway_api() {
                bits |= 1 << row.feature as u8;
            }
        }
        Self(bits)
    }

    /// Whether the Gateway has the feature.
    pub fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }
}

impl Feature {
    /// Returns the versions that a route with the feature needs, to follow "cannot … ":
    /// ` before Gateway API 1.5 and Cilium 1.20`.
    pub(crate) fn before(self) -> String {
        let mut out = String::new();
        if let Some(row) = self.capability() {
            out.push_str(" before Gateway API 1.");
            out.push_str(&row.gateway_api().to_string());
            if let Some(cilium) = row.cilium.filter(|cilium| *cilium > OLDEST_CILIUM) {
                out.push_str(" and Cilium 1.");
                out.push_str(&cilium.to_string());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPABILITIES, Capabilities, Feature, SOURCES};

    #[test]
    fn features_depend_on_both_versions() {
        use Feature::{BackendTls, Cors, ExternalAuth, RedirectCodes, Retries, SessionPersistence};
        assert_eq!(Capabilities::new(5, 19, None), Capabilities::K8TRE);
        for (gateway_api, cilium, expected) in [
            (3, 19, &[][..]),
            (4, 19, &[]),
            (5, 19, &[RedirectCodes]),
            (3, 20, &[Retries]),
            (4, 20, &[BackendTls, ExternalAuth, Retries]),
            (
                6,
                20,
                &[BackendTls, Cors, ExternalAuth, RedirectCodes, Retries],
            ),
        ] {
            let capabilities = Capabilities::new(gateway_api, cilium, None);
            for feature in [
                BackendTls,
                Cors,
                ExternalAuth,
                RedirectCodes,
                Retries,
                SessionPersistence,
            ] {
                assert_eq!(
                    capabilities.has(feature),
                    expected.contains(&feature),
                    "{feature:?} with Gateway API 1.{gateway_api} and Cilium 1.{cilium}"
                );
            }
        }
    }

    #[test]
    fn reported_features_replace_the_version_of_cilium_but_not_the_crds() {
        let reports = |names: &'static [&str]| move |name: &str| names.contains(&name);
        let cors = reports(&["HTTPRouteCORS"]);
        assert!(Capabilities::new(5, 19, Some(&cors)).has(Feature::Cors));
        assert!(!Capabilities::new(4, 19, Some(&cors)).has(Feature::Cors));
        let none = reports(&["Gateway"]);
        let capabilities = Capabilities::new(6, 20, Some(&none));
        assert!(!capabilities.has(Feature::Cors));
        assert!(!capabilities.has(Feature::BackendTls));
        // These have no name before Gateway API 1.5 or at all, so the versions decide.
        assert!(capabilities.has(Feature::RedirectCodes));
        assert!(capabilities.has(Feature::ExternalAuth));
    }

    #[test]
    fn every_feature_has_a_source() {
        let features: Vec<_> = CAPABILITIES.iter().map(|row| row.feature).collect();
        let sources: Vec<_> = SOURCES.iter().map(|(feature, ..)| *feature).collect();
        assert_eq!(features, sources);
        assert_eq!(
            Feature::Cors.before(),
            " before Gateway API 1.5 and Cilium 1.20"
        );
        assert_eq!(Feature::RedirectCodes.before(), " before Gateway API 1.5");
    }
}
