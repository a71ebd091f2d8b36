//! Checks of how the route changes requests and responses.

use admission::{Malformed, Node, Object, Place, Rule, excerpt, is_dns_subdomain};

use crate::route::RouteChecker;

admission::rule! {
    /// A filter is of type ExtensionRef.
    ///
    /// # What it checks
    /// No filter of a rule or a backend may be an `ExtensionRef`.
    ///
    /// # Why
    /// The custom resource that it names can make the controller send traffic elsewhere or run code in the
    /// proxy. The policy cannot check it.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: ExtensionRef
    ///       extensionRef: {group: example.org, kind: LuaScript, name: rewrite}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: URLRewrite
    ///       urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    pub EXTENSION_REFS = "extension-refs";
}

admission::rule! {
    /// A filter of type ExternalAuth uses a Service that is not allowed.
    ///
    /// # What it checks
    /// A filter of a rule or a backend may be an `ExternalAuth` only if its backend is one of `authBackends`.
    ///
    /// # Why
    /// The filter sends every request, cookies included, to an authorization server that the route's author
    /// chooses.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: ExternalAuth
    ///       externalAuth: {protocol: HTTP, backendRef: {name: collector, port: 80}}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// Route to the auth proxy, which forwards requests to the app:
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: portal-auth-proxy, port: 80}]}]
    /// ```
    pub EXTERNAL_AUTH = "external-auth";
}

admission::rule! {
    /// A filter has a type that the policy does not know.
    ///
    /// # What it checks
    /// `type` of every filter must be one of Gateway API 1.6, experimental ones included.
    ///
    /// # Why
    /// The policy cannot check what an unknown filter does to traffic.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{filters: [{type: Script}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-App, value: portal}]}}]
    /// ```
    pub UNKNOWN_FILTERS = "unknown-filters";
}

admission::rule! {
    /// A redirect or a rewrite names a host outside the domain.
    ///
    /// # What it checks
    /// `hostname` of a `RequestRedirect` and of a `URLRewrite` must be in the setting `domain`. Without that
    /// setting the rule does nothing.
    ///
    /// # Why
    /// A redirect sends users, with everything in the URL, to that host. An app must not send users out of the
    /// TRE.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-attachment: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{filters: [{type: RequestRedirect, requestRedirect: {hostname: portal.example.org}}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of httproute-attachment: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{filters: [{type: RequestRedirect, requestRedirect: {hostname: portal.k8tre.internal}}]}]
    /// ```
    pub FILTER_HOSTNAMES = "filter-hostnames";
}

admission::rule! {
    /// A CORS filter allows an origin outside the domain.
    ///
    /// # What it checks
    /// Every entry of `allowOrigins` must name a host in the setting `domain`; `*` and `https://*` allow every
    /// origin and are rejected. Without that setting the rule does nothing.
    ///
    /// # Why
    /// Scripts from an allowed origin can read the app's responses; with `allowCredentials`, they act as the
    /// logged-in user.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-attachment: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters: [{type: CORS, cors: {allowOrigins: ["https://*"], allowCredentials: true}}]
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of httproute-attachment: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters: [{type: CORS, cors: {allowOrigins: ["https://desktop.k8tre.internal"]}}]
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    pub CORS_ORIGINS = "cors-origins";
}

admission::rule! {
    /// A header modifier sets a header that identifies the user.
    ///
    /// # What it checks
    /// `RequestHeaderModifier` and `ResponseHeaderModifier` may not `set` or `add` a header of the setting
    /// `identityHeaders`. They may `remove` one.
    ///
    /// # Why
    /// Auth proxies identify the user in these headers, and apps trust them. A route that sets one can log in
    /// every visitor as any user.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: RequestHeaderModifier
    ///       requestHeaderModifier: {set: [{name: X-Forwarded-User, value: admin}]}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: RequestHeaderModifier
    ///       requestHeaderModifier: {remove: [X-Forwarded-User]}
    ///     backendRefs: [{name: portal-auth-proxy, port: 80}]
    /// ```
    pub IDENTITY_HEADERS = "identity-headers";
}

admission::rule! {
    /// A header modifier does what another filter does.
    ///
    /// # What it checks
    /// Header modifiers may not `set`, `add` or `remove` `Host` or a pseudo-header such as `:authority`.
    /// `ResponseHeaderModifier` may not `set` or `add` `Location`, `Refresh`, or a header that starts with
    /// `Access-Control-`.
    ///
    /// # Why
    /// The filters `URLRewrite`, `RequestRedirect` and `CORS` do the same, and the policy checks the hosts and
    /// origins that they name. A modifier of `Host` also breaks the Gateway: Envoy rejects the configuration of
    /// all routes, so later changes to any route have no effect.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: ResponseHeaderModifier
    ///       responseHeaderModifier: {set: [{name: Access-Control-Allow-Origin, value: "*"}]}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters: [{type: CORS, cors: {allowOrigins: ["https://desktop.k8tre.internal"]}}]
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    pub FILTER_HEADERS = "filter-headers";
}

admission::rule! {
    /// A header modifier has text that the Gateway cannot use as it is.
    ///
    /// # What it checks
    /// In `set` and `add`, `value` may not contain a line break, NUL, or `%` other than `%%`. In `remove`, a name
    /// may not be empty or contain a line break or NUL.
    ///
    /// # Why
    /// Cilium passes this text to Envoy as it is. Envoy replaces `%COMMAND%` in a value, for example with an
    /// environment variable of the proxy, and reads `%%` as `%`. If Envoy cannot read one of these texts, it
    /// rejects the configuration of all routes of the Gateway, so later changes to any route have no effect.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: ResponseHeaderModifier
    ///       responseHeaderModifier: {set: [{name: X-Sampling, value: "100%"}]}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: ResponseHeaderModifier
    ///       responseHeaderModifier: {set: [{name: X-Sampling, value: "100%%"}]}
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    pub HEADER_VALUES = "header-values";
}

impl RouteChecker<'_> {
    /// Checks the filters of a rule or a backend: every member of each filter, regardless of its `type`.
    pub(crate) fn check_filters(&mut self, holder: &Object<'_>) -> Result<(), Malformed> {
        for filter in holder.array("filters")?.unwrap_or_default() {
            self.check_filter(&filter.object()?)?;
        }
        Ok(())
    }

    fn check_filter(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        self.check_fields(
            filter,
            &[
                "cors",
                "extensionRef",
                "externalAuth",
                "requestHeaderModifier",
                "requestMirror",
                "requestRedirect",
                "responseHeaderModifier",
                "type",
                "urlRewrite",
            ],
        );
        let auth = filter.object("externalAuth")?;
        let is_allowed = match &auth {
            Some(auth) => self.is_auth_backend(auth)?,
            None => false,
        };
        self.check_filter_type(filter, is_allowed)?;
        if let Some(cors) = filter.object("cors")? {
            self.check_cors(&cors)?;
        }
        if let Some(auth) = auth.filter(|_| !is_allowed) {
            // Only matters if the settings disable the rule `external-auth`.
            self.check_backend_ref(&auth)?;
        }
        self.check_header_modifier(filter, "requestHeaderModifier")?;
        if let Some(mirror) = filter.object("requestMirror")? {
            self.check_fields(&mirror, &["backendRef", "fraction", "percent"]);
            self.check_backend_ref(&mirror)?;
        }
        if let Some(redirect) = filter.object("requestRedirect")? {
            let known = ["hostname", "path", "port", "scheme", "statusCode"];
            self.check_fields(&redirect, &known);
            self.check_hostname(&redirect)?;
            self.check_replacement(&redirect)?;
        }
        self.check_header_modifier(filter, "responseHeaderModifier")?;
        if let Some(rewrite) = filter.object("urlRewrite")? {
            self.check_fields(&rewrite, &["hostname", "path"]);
            self.check_hostname(&rewrite)?;
            self.check_replacement(&rewrite)?;
        }
        Ok(())
    }

    /// Returns whether the backend of an ExternalAuth is one of the allowed Services.
    fn is_auth_backend(&self, auth: &Object<'_>) -> Result<bool, Malformed> {
        let Some(backend) = auth.object("backendRef")? else {
            return Ok(false);
        };
        let is_service = backend.string("kind")?.is_none_or(|it| it == "Service")
            && backend.string("group")?.is_none_or(|it| it.is_empty());
        let namespace = backend.string("namespace")?.filter(|it| !it.is_empty());
        let namespace = namespace.as_deref().unwrap_or(self.namespace);
        let name = backend.string("name")?.unwrap_or_default();
        let backend = format!("{namespace}/{name}");
        Ok(is_service && self.settings.auth_backends.contains(&backend))
    }

    fn check_filter_type(
        &mut self,
        filter: &Object<'_>,
        allows_auth: bool,
    ) -> Result<(), Malformed> {
        let name = filter.string("type")?.unwrap_or_default();
        let has = |member| filter.get(member).map(|node| node.is_some());
        let (rule, problem) = match name.as_ref() {
            "ExtensionRef" => (EXTENSION_REFS, EXTENSION_REF_MESSAGE),
            "ExternalAuth" if !allows_auth => (EXTERNAL_AUTH, EXTERNAL_AUTH_MESSAGE),
            // Older CRDs do not require that the type matches the member that is set.
            _ if has("extensionRef")? => (EXTENSION_REFS, EXTENSION_REF_MESSAGE),
            _ if !allows_auth && has("externalAuth")? => (EXTERNAL_AUTH, EXTERNAL_AUTH_MESSAGE),
            "CORS"
            | "ExternalAuth"
            | "RequestHeaderModifier"
            | "RequestMirror"
            | "RequestRedirect"
            | "ResponseHeaderModifier"
            | "URLRewrite" => return Ok(()),
            other => {
                let problem = format!(
                    "`{}` is not a filter type that this policy knows; remove the filter",
                    excerpt(other)
                );
                self.findings
                    .reject_field(UNKNOWN_FILTERS, filter.node(), "", problem);
                return Ok(());
            }
        };
        self.findings.reject_field(rule, filter.node(), "", problem);
        Ok(())
    }

    fn check_backend_ref(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        match filter.object("backendRef")? {
            Some(backend) => self.check_filter_backend(&backend),
            None => Ok(()),
        }
    }

    /// Checks the host of a redirect or a rewrite.
    fn check_hostname(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        if let Some(hostname) = filter.string("hostname")?
            && !self.is_in_domain(FILTER_HOSTNAMES, &hostname)
        {
            self.findings.reject_field(
                FILTER_HOSTNAMES,
                filter.node(),
                "hostname",
                format!(
                    "`{}` is outside the domain; name a host in `{}`",
                    excerpt(&hostname),
                    self.settings.domain()
                ),
            );
        }
        Ok(())
    }

    /// Returns whether a host is in the domain; also true if the domain is unknown, with a warning.
    fn is_in_domain(&mut self, rule: Rule, host: &str) -> bool {
        let domain = self.settings.domain();
        match domain.locate(host) {
            Place::Below(before) => is_dns_subdomain(before),
            Place::Apex => true,
            Place::Outside => false,
            Place::Unknown => {
                domain.warn_unknown(rule, &mut self.findings);
                true
            }
        }
    }

    fn check_cors(&mut self, cors: &Object<'_>) -> Result<(), Malformed> {
        self.check_fields(
            cors,
            &[
                "allowCredentials",
                "allowHeaders",
                "allowMethods",
                "allowOrigins",
                "exposeHeaders",
                "maxAge",
            ],
        );
        if self.settings.domain.is_none() {
            return Ok(());
        }
        for node in cors.array("allowOrigins")?.unwrap_or_default() {
            let origin = node.string()?;
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            let host = host.split_once(':').map_or(host, |(host, _)| host);
            let host = host.strip_prefix("*.").unwrap_or(host);
            // `*` alone allows every origin.
            if host.is_empty() || host == "*" || !self.is_in_domain(CORS_ORIGINS, host) {
                self.findings.reject_field(
                    CORS_ORIGINS,
                    node,
                    "",
                    format!(
                        "`{}` is outside the domain; name an origin in `{}`",
                        excerpt(&origin),
                        self.settings.domain()
                    ),
                );
            }
        }
        Ok(())
    }

    fn check_header_modifier(
        &mut self,
        filter: &Object<'_>,
        member: &str,
    ) -> Result<(), Malformed> {
        let Some(modifier) = filter.object(member)? else {
            return Ok(());
        };
        self.check_fields(&modifier, &["add", "remove", "set"]);
        let is_response = member == "responseHeaderModifier";
        for verb in ["add", "set"] {
            for header in modifier.array(verb)?.unwrap_or_default() {
                let header = header.object()?;
                let name = header.string("name")?.unwrap_or_default();
                if self.settings.is_identity_header(&name) {
                    self.findings.reject_field(
                        IDENTITY_HEADERS,
                        header.node(),
                        "name",
                        format!(
                            "`{}` identifies the user to apps; leave it to the auth proxy",
                            excerpt(&name)
                        ),
                    );
                }
                self.check_header(header.node(), "name", &name, is_response);
                let value = header.string("value")?.unwrap_or_default();
                if value.contains(LINE_BREAKS) || value.replace("%%", "").contains('%') {
                    self.findings.reject_field(
                        HEADER_VALUES,
                        header.node(),
                        "value",
                        "the Gateway cannot use this value; write `%` as `%%`, and remove line breaks",
                    );
                }
            }
        }
        for node in modifier.array("remove")?.unwrap_or_default() {
            let name = node.string()?;
            self.check_header(node, "", &name, false);
            if name.is_empty() || name.contains(LINE_BREAKS) {
                self.findings.reject_field(
                    HEADER_VALUES,
                    node,
                    "",
                    "is not the name of a header; remove it",
                );
            }
        }
        Ok(())
    }

    /// Rejects a header that another filter sets. The field `field` of `node` has its name.
    fn check_header(&mut self, node: Node<'_>, field: &str, name: &str, is_response: bool) {
        if let Some(filter) = filter_of_header(&name.to_ascii_lowercase(), is_response) {
            self.findings.reject_field(
                FILTER_HEADERS,
                node,
                field,
                format!(
                    "header modifiers may not change `{}`; use the filter `{filter}`",
                    excerpt(name)
                ),
            );
        }
    }
}

/// Returns the type of the filter that sets a header, given in lower case; `None` if no filter does.
///
/// Envoy accepts no modifier of `Host` and of pseudo-headers (`HeaderUtility::isModifiableHeader`, called by
/// `source/common/router/header_parser.cc`). Cilium 1.20 rejects only `Host` in exactly this case, in `set` of a
/// rule's filter (`ValidateHeaderModifier` in `operator/pkg/gateway-api/routechecks/httproute.go`).
fn filter_of_header(name: &str, is_response: bool) -> Option<&'static str> {
    match name {
        "host" => Some("URLRewrite"),
        _ if name.starts_with(':') => Some("URLRewrite"),
        "location" | "refresh" if is_response => Some("RequestRedirect"),
        _ if is_response && name.starts_with("access-control-") => Some("CORS"),
        _ => None,
    }
}

/// The characters that Envoy rejects in headers and paths (`well_known_regex` of `api/envoy/config/core/v3/base.proto`).
pub(crate) const LINE_BREAKS: [char; 3] = ['\0', '\n', '\r'];

const EXTENSION_REF_MESSAGE: &str =
    "this policy cannot check an ExtensionRef; use the filters of Gateway API";
const EXTERNAL_AUTH_MESSAGE: &str =
    "ExternalAuth sends requests with their cookies to another server; route to an auth proxy";
