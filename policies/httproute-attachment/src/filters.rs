//! What is done to requests and answers on the way.

use admission::{Malformed, Object, Place, excerpt, is_dns_subdomain};

use crate::judge::Judge;
use crate::rule::Rule;

impl Judge<'_> {
    /// The filters of a rule or a backend. Each member is looked at, whatever the filter's `type`.
    pub(crate) fn filters(&mut self, holder: &Object<'_>) -> Result<(), Malformed> {
        for filter in holder.array("filters")?.unwrap_or_default() {
            self.filter(&filter.object()?)?;
        }
        Ok(())
    }

    fn filter(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        self.known_fields(
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
        self.filter_type(filter)?;
        if let Some(cors) = filter.object("cors")? {
            self.cors(&cors)?;
        }
        if let Some(auth) = filter.object("externalAuth")? {
            // Where somebody allows the filter, its backend is one like others.
            self.backend_of(&auth)?;
        }
        self.header_modifier(filter, "requestHeaderModifier")?;
        if let Some(mirror) = filter.object("requestMirror")? {
            self.known_fields(&mirror, &["backendRef", "fraction", "percent"]);
            self.backend_of(&mirror)?;
        }
        if let Some(redirect) = filter.object("requestRedirect")? {
            let known = ["hostname", "path", "port", "scheme", "statusCode"];
            self.known_fields(&redirect, &known);
            self.target(&redirect)?;
        }
        self.header_modifier(filter, "responseHeaderModifier")?;
        if let Some(rewrite) = filter.object("urlRewrite")? {
            self.known_fields(&rewrite, &["hostname", "path"]);
            self.target(&rewrite)?;
        }
        Ok(())
    }

    fn filter_type(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        let name = filter.string("type")?.unwrap_or_default();
        let has = |member| filter.get(member).map(|node| node.is_some());
        let (rule, problem) = match name.as_ref() {
            "ExtensionRef" => (Rule::ExtensionRefs, EXTENSION_REF),
            "ExternalAuth" => (Rule::ExternalAuth, EXTERNAL_AUTH),
            // The type may say something else where the API server does not hold it to its members.
            _ if has("extensionRef")? => (Rule::ExtensionRefs, EXTENSION_REF),
            _ if has("externalAuth")? => (Rule::ExternalAuth, EXTERNAL_AUTH),
            "CORS"
            | "RequestHeaderModifier"
            | "RequestMirror"
            | "RequestRedirect"
            | "ResponseHeaderModifier"
            | "URLRewrite" => return Ok(()),
            other => {
                let problem = format!(
                    "`{}` is no type of filter that this policy can judge; leave it out",
                    excerpt(other)
                );
                let path = filter.node().path();
                self.findings.reject(Rule::UnknownFilters, &path, &problem);
                return Ok(());
            }
        };
        self.findings.reject(rule, &filter.node().path(), problem);
        Ok(())
    }

    fn backend_of(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        match filter.object("backendRef")? {
            Some(backend) => self.filter_backend(&backend),
            None => Ok(()),
        }
    }

    /// The host that a redirect or a rewrite leads to.
    fn target(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        if let Some(hostname) = filter.string("hostname")?
            && !self.is_in_domain(Rule::FilterHostnames, &hostname)
        {
            self.findings.reject(
                Rule::FilterHostnames,
                &format!("{}.hostname", filter.node().path()),
                &format!(
                    "`{}` is outside of the domain; name a host in `{}`",
                    excerpt(&hostname),
                    self.settings.domain()
                ),
            );
        }
        Ok(())
    }

    /// Whether a host is in the domain, as far as `rule` asks for that and the domain is known.
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

    /// Scripts of an origin read what the app answers, with the user's cookies where it lets them.
    fn cors(&mut self, cors: &Object<'_>) -> Result<(), Malformed> {
        self.known_fields(
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
            // `*` alone is every origin there is.
            if host.is_empty() || host == "*" || !self.is_in_domain(Rule::CorsOrigins, host) {
                self.findings.reject(
                    Rule::CorsOrigins,
                    &node.path(),
                    &format!(
                        "`{}` is outside of the domain; name an origin in `{}`",
                        excerpt(&origin),
                        self.settings.domain()
                    ),
                );
            }
        }
        Ok(())
    }

    /// Headers by which auth proxies tell apps who the user is. To remove one is fine.
    fn header_modifier(&mut self, filter: &Object<'_>, member: &str) -> Result<(), Malformed> {
        let Some(modifier) = filter.object(member)? else {
            return Ok(());
        };
        self.known_fields(&modifier, &["add", "remove", "set"]);
        for verb in ["add", "set"] {
            for header in modifier.array(verb)?.unwrap_or_default() {
                let header = header.object()?;
                let name = header.string("name")?.unwrap_or_default();
                if self.settings.is_identity_header(&name) {
                    self.findings.reject(
                        Rule::IdentityHeaders,
                        &format!("{}.name", header.node().path()),
                        &format!(
                            "`{}` tells apps who the user is; leave it to the auth proxy",
                            excerpt(&name)
                        ),
                    );
                }
            }
        }
        Ok(())
    }
}

const EXTENSION_REF: &str =
    "an ExtensionRef does what its controller likes; use the filters of Gateway API";
const EXTERNAL_AUTH: &str =
    "an ExternalAuth sends requests, cookies included, to a server of its choice; leave it out";
