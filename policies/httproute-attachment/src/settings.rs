//! The settings of httproute-attachment.

mod findings;

use admission::{Domain, strings};

use crate::rule::Rule;

admission::settings! {
    /// Settings of httproute-attachment. The defaults are K8TRE's conventions, the same on every vendor:
    /// its `agnostics/gateway` tree, with the two routes that the gateway itself has, and the headers that
    /// the auth proxies of its `jupyterhub` and `guacamole` apps set. What differs between TREs has to be
    /// given.
    pub struct Settings {
        /// The Gateway that every route attaches to.
        #[title = "Gateway"]
        pub gateway: Gateway = Gateway::default(),
        /// The domain that redirects, rewrites and CORS origins stay in, such as `k8tre.internal`. Any domain
        /// will do when not set.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// Namespaces with Services that routes may not lead to, and those that they may, such as auth
        /// proxies. In other namespaces they may lead to any.
        #[title = "Backends"]
        pub backends: Vec<Backends> = Vec::new(),
        /// Headers that tell apps who the user is, which no filter may set; a `*` at the end stands for
        /// anything.
        #[title = "Identity headers"]
        pub identity_headers: Vec<String> = strings(&[
            "Authorization",
            "Cookie",
            "Remote-User",
            "X-Auth-*",
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "X-Forwarded-Preferred-Username",
            "X-Forwarded-User",
        ]),
        /// The namespaces that may have Gateways, ListenerSets, ReferenceGrants, TLSRoutes, TCPRoutes and
        /// UDPRoutes.
        #[title = "Platform namespaces"]
        pub platform_namespaces: Vec<String> = strings(&["gateway"]),
        /// Routes that are not judged.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = ["gw-health-probe-route", "http-to-https-redirect"]
            .map(|name| Exemption {
                namespace: "gateway".to_owned(),
                name: name.to_owned(),
            })
            .to_vec(),
        /// Rules that are off.
        #[title = "Disabled rules"]
        pub disabled_rules: Vec<Rule> = Vec::new(),
    }
}

admission::settings! {
    /// A Gateway.
    pub struct Gateway {
        /// Its namespace.
        pub namespace: String = "gateway".to_owned(),
        /// Its name.
        pub name: String = "internal-gateway".to_owned(),
        /// Its listeners, which a route may name.
        pub section_names: Vec<String> = strings(&["http", "https"]),
    }
}

admission::settings! {
    /// The Services of a namespace that routes may lead to.
    pub struct Backends {
        /// The namespace.
        pub namespace: String,
        /// The names of the Services.
        pub services: Vec<String>,
    }
}

admission::settings! {
    /// A route that is not judged.
    pub struct Exemption {
        /// Its namespace.
        pub namespace: String,
        /// Its name.
        pub name: String,
    }
}

impl Settings {
    /// The domain of the TRE.
    pub(crate) fn domain(&self) -> Domain<'_> {
        Domain::new(self.domain.as_deref())
    }

    /// Whether a header tells apps who the user is. Servers of the CGI kind read `_` as `-`.
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

    /// Whether a namespace is the platform's own.
    pub(crate) fn is_platform(&self, namespace: &str) -> bool {
        self.platform_namespaces.iter().any(|it| it == namespace)
    }

    /// Whether a route is not judged.
    pub(crate) fn exempts(&self, namespace: &str, name: &str) -> bool {
        let mut exemptions = self.exemptions.iter();
        exemptions.any(|it| it.namespace == namespace && it.name == name)
    }
}
