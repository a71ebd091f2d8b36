//! Checks of where the route sends traffic.

use admission::{Malformed, Object, excerpt, listed};

use crate::route::RouteChecker;

admission::rule! {
    /// A backend is not a Service.
    ///
    /// # What it checks
    /// Every backend of a rule or a filter, mirrors included, must be a Service of the core API group.
    ///
    /// # Why
    /// Other kinds, such as an XBackend with the name of an external host, send traffic out of the cluster.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - backendRefs: [{group: gateway.networking.x-k8s.io, kind: XBackend, name: elsewhere}]
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
    pub BACKEND_KINDS = "backend-kinds";
}

admission::rule! {
    /// A backend is in another namespace.
    ///
    /// # What it checks
    /// Every backend, mirrors included, must be in the route's namespace, even if a ReferenceGrant allows
    /// another one.
    ///
    /// # Why
    /// A route to a Service of another namespace publishes that Service without its owner's consent, and can
    /// bypass the auth proxy in front of it.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: hub, namespace: jupyterhub, port: 8081}]}]
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
    pub BACKEND_NAMESPACES = "backend-namespaces";
}

admission::rule! {
    /// A backend is a Service that routes may not use.
    ///
    /// # What it checks
    /// In a namespace that the setting `backends` lists, routes may only use the Services that it names there.
    /// Mirrors are checked too.
    ///
    /// # Why
    /// An auth proxy protects an app only if every route goes through it. A route straight to the app's Service
    /// bypasses authentication.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-attachment: {backends: [{namespace: jupyterhub, services: [jhub-auth-proxy]}]}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: jupyter, namespace: jupyterhub}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: hub, port: 8081}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of httproute-attachment: {backends: [{namespace: jupyterhub, services: [jhub-auth-proxy]}]}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: jupyter, namespace: jupyterhub}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: jhub-auth-proxy, port: 80}]}]
    /// ```
    pub BACKENDS = "backends";
}

impl RouteChecker<'_> {
    /// Checks an entry of `backendRefs`, which can have filters.
    pub(crate) fn check_weighted_backend(&mut self, backend: &Object<'_>) -> Result<(), Malformed> {
        self.check_fields(
            backend,
            &[
                "filters",
                "group",
                "kind",
                "name",
                "namespace",
                "port",
                "weight",
            ],
        );
        self.check_filters(backend)?;
        self.check_backend(backend)
    }

    /// Checks the backend of a filter.
    pub(crate) fn check_filter_backend(&mut self, backend: &Object<'_>) -> Result<(), Malformed> {
        self.check_fields(backend, &["group", "kind", "name", "namespace", "port"]);
        self.check_backend(backend)
    }

    fn check_backend(&mut self, backend: &Object<'_>) -> Result<(), Malformed> {
        let kind = backend.string("kind")?;
        let kind = kind.as_deref().unwrap_or("Service");
        let group = backend.string("group")?.unwrap_or_default();
        let own_namespace = self.namespace;
        if kind != "Service" || !group.is_empty() {
            let kind = match group.as_ref() {
                "" => kind,
                group => &format!("{group}/{kind}"),
            };
            self.findings.reject_field(
                BACKEND_KINDS,
                backend.node(),
                "kind",
                format!(
                    "`{}` is not a Service; use one in namespace `{}`",
                    excerpt(kind),
                    excerpt(own_namespace)
                ),
            );
        }
        let name = backend.string("name")?.unwrap_or_default();
        let namespace = backend.string("namespace")?.unwrap_or_default();
        let namespace = match namespace.as_ref() {
            // Controllers treat an empty namespace as not set.
            "" => own_namespace,
            namespace => namespace,
        };
        let limits = self.settings.backends.iter();
        let limits: Vec<_> = limits.filter(|it| it.namespace == namespace).collect();
        let services = limits.iter().flat_map(|limit| &limit.services);
        let services: Vec<&str> = services.map(String::as_str).collect();
        if !limits.is_empty() && !services.contains(&name.as_ref()) {
            let instead = match services.as_slice() {
                [] => "this namespace allows no Service".to_owned(),
                services => format!("use {}", listed(services.iter().copied())),
            };
            self.findings.reject_field(
                BACKENDS,
                backend.node(),
                "name",
                format!("routes may not use `{}`; {instead}", excerpt(&name)),
            );
        }
        if namespace != own_namespace {
            self.findings.reject_field(
                BACKEND_NAMESPACES,
                backend.node(),
                "namespace",
                format!(
                    "`{}` is another namespace; write `{}`",
                    excerpt(namespace),
                    excerpt(own_namespace)
                ),
            );
        }
        Ok(())
    }
}
