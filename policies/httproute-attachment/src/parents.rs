//! Checks of what the route attaches to.

use admission::{Malformed, Object, excerpt, listed};

use crate::GROUP;
use crate::route::RouteChecker;

admission::rule! {
    /// The route has no parent, or a parent other than the internal Gateway.
    ///
    /// # What it checks
    /// `spec.parentRefs` must name the Gateway in the setting `gateway` and nothing else: no other Gateway, no
    /// ListenerSet, and no Service, as routes of a service mesh do.
    ///
    /// # Why
    /// The internal Gateway is the only entry point of a TRE, and it is private. A route on another Gateway can
    /// publish the app, and a mesh route on a Service can redirect traffic inside the cluster. A route without
    /// a parent serves nothing.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: public-gateway, namespace: backend}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub PARENTS = "parents";
}

admission::rule! {
    /// An entry of `parentRefs` sets `port`.
    ///
    /// # What it checks
    /// No entry of `spec.parentRefs` may set `port`.
    ///
    /// # Why
    /// A port attaches the route to every listener with that port. When the platform team moves a listener to
    /// another port, the app silently loses its traffic or receives that of another listener.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway, port: 8443}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway, sectionName: https}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub PARENT_PORTS = "parent-ports";
}

admission::rule! {
    /// An entry of `parentRefs` names a listener that routes may not use.
    ///
    /// # What it checks
    /// `sectionName` of a parent must be one of the setting `gateway.sectionNames`, or not set. Routes in the
    /// Gateway's namespace may name any listener.
    ///
    /// # Why
    /// On Azure and K3s, the listener `http` only redirects to HTTPS. An app on that listener would be served in
    /// plain HTTP, because its hostname takes precedence over the redirect. A Gateway may also have listeners
    /// for the platform itself.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway, sectionName: http}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway, sectionName: https}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub SECTION_NAMES = "section-names";
}

admission::rule! {
    /// The route sets `useDefaultGateways`, which attaches it to Gateways that it does not name.
    ///
    /// # What it checks
    /// `spec.useDefaultGateways` must be `None` or not set.
    ///
    /// # Why
    /// The field (GEP-3793) attaches the route to every Gateway that is marked as a default, which the route
    /// does not name. Anyone who creates such a Gateway receives the app's traffic.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   useDefaultGateways: All
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub DEFAULT_GATEWAYS = "default-gateways";
}

impl RouteChecker<'_> {
    pub(crate) fn check_parents(&mut self, spec: &Object<'_>) -> Result<(), Malformed> {
        let parents = spec.array("parentRefs")?.unwrap_or_default();
        if parents.is_empty() {
            let message = format!(
                "names no parent, so no Gateway serves the route; {}",
                self.write_gateway()
            );
            self.findings
                .reject_field(PARENTS, spec.node(), "parentRefs", message);
        }
        for parent in parents {
            self.check_parent(&parent.object()?)?;
        }
        Ok(())
    }

    fn check_parent(&mut self, parent: &Object<'_>) -> Result<(), Malformed> {
        self.check_fields(
            parent,
            &["group", "kind", "name", "namespace", "port", "sectionName"],
        );
        let gateway = &self.settings.gateway;
        let group = parent.string("group")?;
        let kind = parent.string("kind")?;
        let name = parent.string("name")?.unwrap_or_default();
        let namespace_field = parent
            .string("namespace")?
            // Controllers treat an empty namespace as not set.
            .filter(|namespace| !namespace.is_empty());
        let namespace = namespace_field.as_deref().unwrap_or(self.namespace);
        let kind = kind.as_deref().unwrap_or("Gateway");
        let is_gateway = kind == "Gateway" && group.is_none_or(|group| group == GROUP);
        let message = if !is_gateway {
            let what = match kind {
                "Gateway" => "a Gateway of another API group",
                kind => &format!("of kind `{}`", excerpt(kind)),
            };
            format!(
                "is {what}, not the internal Gateway; {}",
                self.write_gateway()
            )
        } else if name == gateway.name && namespace == gateway.namespace {
            String::new()
        } else if name == gateway.name && namespace_field.is_none() {
            format!(
                "is Gateway `{name}` in the route's own namespace; add `namespace: {}`",
                gateway.namespace
            )
        } else {
            format!(
                "is Gateway `{}/{}`, not the internal Gateway; {}",
                excerpt(namespace),
                excerpt(&name),
                self.write_gateway()
            )
        };
        if !message.is_empty() {
            self.findings
                .reject_field(PARENTS, parent.node(), "", message);
        }
        if parent.get("port")?.is_some() {
            self.findings.reject_field(
                PARENT_PORTS,
                parent.node(),
                "port",
                "attaches the route to a port; remove it, or name a listener in `sectionName`",
            );
        }
        let sections = &self.settings.gateway.section_names;
        if let Some(section) = parent.string("sectionName")?
            && self.namespace != gateway.namespace
            && !sections.iter().any(|name| *name == section)
        {
            let instead = match sections.as_slice() {
                [] => String::new(),
                sections => format!(", or write {}", listed(sections.iter().map(String::as_str))),
            };
            self.findings.reject_field(
                SECTION_NAMES,
                parent.node(),
                "sectionName",
                format!(
                    "`{}` is not a listener for routes; remove it{instead}",
                    excerpt(&section)
                ),
            );
        }
        Ok(())
    }

    pub(crate) fn check_default_gateways(&mut self, spec: &Object<'_>) -> Result<(), Malformed> {
        if let Some(scope) = spec.string("useDefaultGateways")?
            && scope != "None"
        {
            self.findings.reject_field(
                DEFAULT_GATEWAYS,
                spec.node(),
                "useDefaultGateways",
                "attaches the route to Gateways that it does not name; remove it",
            );
        }
        Ok(())
    }

    /// Returns the fix for a wrong parent.
    fn write_gateway(&self) -> String {
        let gateway = &self.settings.gateway;
        let (namespace, name) = (&gateway.namespace, &gateway.name);
        format!("write `{{name: {name}, namespace: {namespace}}}`")
    }
}
