//! The settings of httproute-over-ingress.

mod errors;

use ingress2route::{Capabilities, Class, Options};

use crate::ingress::Ingress;

admission::settings! {
    /// Settings of httproute-over-ingress. The defaults are K8TRE's conventions, the same on every vendor:
    /// routes attach to the internal Gateway, and only Ingresses that require ingress-nginx stay.
    pub struct Settings {
        /// How to handle an Ingress that should be an HTTPRoute: `reject` rejects it, `warn` accepts it with
        /// warnings.
        #[title = "Mode"]
        pub mode: Mode = Mode::Reject,
        /// How to handle an Ingress that cannot be expressed as an HTTPRoute: `allow` accepts it if its class
        /// is one of `allowedClasses`, with warnings that list the reasons. ingress-nginx is retired: it has had
        /// no security fixes since March 2026.
        #[title = "Untranslatable Ingresses"]
        pub untranslatable: Untranslatable = Untranslatable::Allow,
        /// The classes that ingress-nginx, which is retired, serves, for Ingresses that cannot be expressed as an
        /// HTTPRoute.
        #[title = "Allowed classes"]
        pub allowed_classes: Vec<String> = vec!["nginx".to_owned()],
        /// The Gateway that routes attach to.
        #[title = "Gateway"]
        pub gateway: Gateway = Gateway::default(),
        /// The domain of the Gateway's certificate, such as `k8tre.internal`. Hosts must be exactly one label
        /// below it. If not set, any host is accepted.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// The version of Gateway API whose CRDs are installed.
        #[title = "Gateway API version"]
        pub gateway_version: GatewayVersion = GatewayVersion::V1_5,
        /// The implementation of the Gateway. Where the policy may read the GatewayClass, the features that it
        /// reports count instead.
        #[title = "Gateway implementation"]
        pub implementation: Implementation = Implementation::Cilium1_19,
        /// The Services, as `namespace/name`, to which `auth-url` may become the filter ExternalAuth. They must
        /// accept the method and path of each request, and the CRDs must be of the experimental channel.
        #[title = "Authorization servers"]
        pub auth_backends: Vec<String> = Vec::new(),
        /// Ingresses that the policy does not check. All fields of an exemption must match.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = vec![Exemption {
            namespace: "gateway".to_owned(),
            name: Some("internal-gateway-ingress".to_owned()),
            ingress_class: Some("alb".to_owned()),
            backend_service: Some("cilium-gateway-internal-gateway".to_owned()),
            reason: "the load balancer in front of the internal Gateway on AWS".to_owned(),
            expires: None,
        }],
        /// How to handle an update that would be rejected, but adds nothing: it changes neither the spec, except
        /// that it may remove hosts, nor an annotation that routes or protects. `warn` accepts it with warnings.
        #[title = "Existing Ingresses"]
        pub existing: Existing = Existing::Warn,
        /// Accepts cert-manager's solvers of HTTP01 challenges. Off if not set.
        #[title = "ACME solvers"]
        pub acme_solvers: Option<AcmeSolvers> = None,
    }
}

admission::choice! {
    /// How to handle an Ingress that should be an HTTPRoute.
    pub enum Mode {
        /// Reject it.
        Reject = "reject",
        /// Accept it with warnings.
        Warn = "warn",
    }
}

admission::choice! {
    /// How to handle an Ingress that cannot be expressed as an HTTPRoute.
    pub enum Untranslatable {
        /// Accept it if its class is allowed.
        Allow = "allow",
        /// Reject it.
        Reject = "reject",
    }
}

admission::choice! {
    /// How to handle an update that would be rejected, but adds nothing.
    pub enum Existing {
        /// Accept it with warnings.
        Warn = "warn",
        /// Reject it.
        Reject = "reject",
    }
}

admission::choice! {
    /// A version of Gateway API.
    pub enum GatewayVersion {
        /// 1.3.
        V1_3 = "v1.3",
        /// 1.4.
        V1_4 = "v1.4",
        /// 1.5, with redirects with 303, 307 and 308, and CORS in the standard channel.
        V1_5 = "v1.5",
        /// 1.6.
        V1_6 = "v1.6",
    }
}

admission::choice! {
    /// An implementation of Gateway API.
    pub enum Implementation {
        /// Cilium 1.19.
        Cilium1_19 = "cilium-1.19",
        /// Cilium 1.20, with CORS, ExternalAuth and BackendTLSPolicy.
        Cilium1_20 = "cilium-1.20",
    }
}

admission::settings! {
    /// A Gateway.
    pub struct Gateway {
        /// The namespace of the Gateway.
        pub namespace: String = "gateway".to_owned(),
        /// The name of the Gateway.
        pub name: String = "internal-gateway".to_owned(),
        /// The listener that routes attach to. If not set, every listener that matches the host. Set `http` where a
        /// load balancer terminates TLS in front of the Gateway, as on AWS; redirects then name `https`.
        pub section_name: Option<String> = None,
    }
}

admission::settings! {
    /// Ingresses that the policy does not check.
    pub struct Exemption {
        /// The namespace of the Ingresses.
        pub namespace: String,
        /// The name of a single Ingress.
        pub name: Option<String> = None,
        /// The class, in the field or the annotation.
        pub ingress_class: Option<String> = None,
        /// The Service that all backends must be.
        pub backend_service: Option<String> = None,
        /// The reason, for the audit log.
        pub reason: String,
        /// The last day of the exemption, in UTC: `2030-12-31`. If not set, it does not expire.
        pub expires: Option<String> = None,
    }
}

admission::settings! {
    /// How to recognize cert-manager's solvers, in addition to their label, owner and path.
    pub struct AcmeSolvers {
        /// The service account that creates them, as `namespace/name`.
        pub service_account: String = "cert-manager/cert-manager".to_owned(),
    }
}

impl Settings {
    /// Returns the options of the translation. `reported` tells whether a name is in the `supportedFeatures` of
    /// the Gateway's class, if it is known.
    pub fn options(&self, nginx: bool, reported: Option<&dyn Fn(&str) -> bool>) -> Options<'_> {
        // The variants are in order, starting with these versions.
        let gateway_api = 3 + self.gateway_version as u8;
        let cilium = 19 + self.implementation as u8;
        Options {
            gateway: ingress2route::Gateway {
                namespace: &self.gateway.namespace,
                name: &self.gateway.name,
                section_name: self.gateway.section_name.as_deref(),
            },
            domain: self.domain.as_deref(),
            nginx,
            capabilities: Capabilities::new(gateway_api, cilium, reported),
            auth_backends: &self.auth_backends,
        }
    }

    /// Whether ingress-nginx serves the class.
    pub fn is_allowed(&self, class: &str) -> bool {
        self.allowed_classes.iter().any(|it| it == class)
    }

    /// Whether ingress-nginx may serve the Ingress: its classes are allowed, or the cluster's default applies.
    pub(crate) fn is_served_by_nginx(&self, ingress: &Ingress<'_>) -> bool {
        self.serves(&ingress.class)
    }

    /// Whether ingress-nginx may serve Ingresses with these classes.
    pub fn serves(&self, class: &Class<'_>) -> bool {
        class.names().all(|name| self.is_allowed(name))
    }
}
