//! The settings of httproute-attachment.

mod errors;

use admission::{Domain, Exemption, Rule, RuleId, strings};

admission::settings! {
    /// Settings of httproute-attachment. The defaults are K8TRE's conventions, the same on every vendor: its
    /// `agnostics/gateway` tree, including the Gateway's own two routes, and the headers that the auth proxies
    /// of its `jupyterhub` and `guacamole` apps set. What differs between TREs has no default.
    pub struct Settings {
        /// The Gateway that every route must attach to.
        #[title = "Gateway"]
        pub gateway: Gateway = Gateway::default(),
        /// The domain that redirects, rewrites and CORS origins must stay in, such as `k8tre.internal`. If not
        /// set, they may name any domain.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// Restricts the routes in each listed namespace to these Services, such as auth proxies. Other
        /// namespaces are not restricted.
        #[title = "Backends"]
        pub backends: Vec<Backends> = Vec::new(),
        /// The Services, as `namespace/name`, that the filter ExternalAuth may use, in any namespace.
        #[title = "Authorization servers"]
        pub auth_backends: Vec<String> = Vec::new(),
        /// Headers that identify the user to apps, which filters may not set. A name that ends with `*`
        /// matches every header with that prefix.
        #[title = "Identity headers"]
        pub identity_headers: Vec<String> = strings(&[
            "Authorization",
            "Cookie",
            "Proxy-Authorization",
            "Remote-*",
            "X-Auth-*",
            "X-Forwarded-Access-Token",
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "X-Forwarded-Preferred-Username",
            "X-Forwarded-User",
            "X-Remote-*",
            "X-WebAuth-*",
        ]),
        /// The namespaces that may contain kinds that move traffic, such as Gateways. They must include the
        /// Gateway's namespace, where Cilium creates a CiliumEnvoyConfig.
        #[title = "Platform namespaces"]
        pub platform_namespaces: Vec<String> = strings(&["gateway"]),
        /// Routes that are accepted without checks.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = Exemption::gateway_routes(),
        /// The ids of rules to disable.
        #[title = "Disabled rules"]
        pub disabled_rules: Vec<RuleId<Settings>> = Vec::new(),
    }
}

admission::settings! {
    /// A Gateway.
    pub struct Gateway {
        /// The namespace.
        pub namespace: String = "gateway".to_owned(),
        /// The name.
        pub name: String = "internal-gateway".to_owned(),
        /// The listeners that routes outside the Gateway's namespace may name.
        pub section_names: Vec<String> = strings(&["https"]),
    }
}

admission::settings! {
    /// The Services of a namespace that routes may use.
    pub struct Backends {
        /// The namespace.
        pub namespace: String,
        /// The names of the Services.
        pub services: Vec<String>,
    }
}

impl Settings {
    /// Returns the domain of the TRE.
    pub(crate) fn domain(&self) -> Domain<'_> {
        Domain::new(self.domain.as_deref())
    }

    /// Returns whether a header identifies the user to apps. CGI servers treat `_` and `-` alike.
    pub(crate) fn is_identity_header(&self, name: &str) -> bool {
        let name = name.replace('_', "-");
        self.identity_headers
            .iter()
            .any(|header| match header.strip_suffix('*') {
                Some(start) => name
                    .get(..start.len())
                    .is_some_and(|it| it.eq_ignore_ascii_case(start)),
                None => name.eq_ignore_ascii_case(header),
            })
    }

    /// Returns whether a namespace belongs to the platform.
    pub(crate) fn is_platform(&self, namespace: &str) -> bool {
        self.platform_namespaces.iter().any(|it| it == namespace)
    }

    /// Returns the rules that are disabled.
    pub(crate) fn disabled_rules(&self) -> impl Iterator<Item = Rule> {
        self.disabled_rules.iter().map(|id| id.rule)
    }
}
