//! The settings of httproute-over-ingress.

mod errors;

admission::settings! {
    /// Settings of httproute-over-ingress. The defaults are K8TRE's conventions, the same on every vendor:
    /// routes attach to the internal Gateway, and NGINX stays for what no route can say.
    pub struct Settings {
        /// What becomes of an Ingress that is not to be: `reject` refuses it, `warn` lets it pass with
        /// warnings that say what would have been refused.
        #[title = "Mode"]
        pub mode: Mode = Mode::Reject,
        /// What becomes of an Ingress that no HTTPRoute can say: `allow` lets it pass, where its class is
        /// one of `allowedClasses`, with warnings that name what forces it.
        #[title = "Untranslatable Ingresses"]
        pub untranslatable: Untranslatable = Untranslatable::Allow,
        /// The classes that ingress-nginx serves. Others are not for what no HTTPRoute can say.
        #[title = "Allowed classes"]
        pub allowed_classes: Vec<String> = vec!["nginx".to_owned()],
        /// The Gateway that routes attach to.
        #[title = "Gateway"]
        pub gateway: Gateway = Gateway::default(),
        /// The domain of the Gateway's certificate, such as `k8tre.internal`: hosts that are not one label
        /// below it are to be put right. Nothing is asked of hosts when not set.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// Ingresses that are not judged. All that an exemption says must hold.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = vec![Exemption {
            namespace: "gateway".to_owned(),
            name: Some("internal-gateway-ingress".to_owned()),
            ingress_class: Some("alb".to_owned()),
            backend_service: Some("cilium-gateway-internal-gateway".to_owned()),
            reason: "the load balancer in front of the internal Gateway on AWS".to_owned(),
            expires: None,
        }],
        /// What becomes of an update that would be refused, but adds no host or path and keeps the class:
        /// `warn` lets it pass with warnings, so that what is there can still be mended.
        #[title = "Existing Ingresses"]
        pub existing: Existing = Existing::Warn,
        /// Lets cert-manager's solvers of HTTP01 challenges pass. Off when not set.
        #[title = "ACME solvers"]
        pub acme_solvers: Option<AcmeSolvers> = None,
    }
}

admission::choice! {
    /// What becomes of an Ingress that is not to be.
    pub enum Mode {
        /// It is refused.
        Reject = "reject",
        /// It passes with warnings.
        Warn = "warn",
    }
}

admission::choice! {
    /// What becomes of an Ingress that no HTTPRoute can say.
    pub enum Untranslatable {
        /// It passes where its class is allowed.
        Allow = "allow",
        /// It is refused.
        Reject = "reject",
    }
}

admission::choice! {
    /// What becomes of an update that would be refused, but adds no host or path.
    pub enum Existing {
        /// It passes with warnings.
        Warn = "warn",
        /// It is refused.
        Reject = "reject",
    }
}

admission::settings! {
    /// A Gateway.
    pub struct Gateway {
        /// Its namespace.
        pub namespace: String = "gateway".to_owned(),
        /// Its name.
        pub name: String = "internal-gateway".to_owned(),
        /// The listener that routes attach to; each that takes the host when not set.
        pub section_name: Option<String> = None,
    }
}

admission::settings! {
    /// Ingresses that are not judged.
    pub struct Exemption {
        /// Their namespace.
        pub namespace: String,
        /// The name of the one Ingress.
        pub name: Option<String> = None,
        /// Their class, wherever they say it.
        pub ingress_class: Option<String> = None,
        /// The Service that every one of their backends is.
        pub backend_service: Option<String> = None,
        /// Why, for whoever reads the audit log.
        pub reason: String,
        /// The last day of the exemption, in UTC: `2030-12-31`. For ever when not set.
        pub expires: Option<String> = None,
    }
}

admission::settings! {
    /// How cert-manager's solvers are known, beside their label, owner and path.
    pub struct AcmeSolvers {
        /// The service account that cert-manager makes them as: its namespace and name.
        pub service_account: String = "cert-manager/cert-manager".to_owned(),
    }
}

impl Settings {
    /// Whether ingress-nginx serves the class.
    pub fn is_allowed(&self, class: &str) -> bool {
        self.allowed_classes.iter().any(|it| it == class)
    }
}
