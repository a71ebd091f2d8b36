//! Translates Ingresses into HTTPRoutes or GRPCRoutes on the internal Gateway.
//!
//! Pure: port numbers of Services are the only outside information, and the caller passes a function that
//! returns them. The policy `httproute-over-ingress` and `agnostics convert` both use [`translate`].
//!
//! ```
//! use ingress2route::{Capabilities, Gateway, Options, Port, translate};
//!
//! let ingress = admission::Node::parse(
//!     r#"{"metadata": {"name": "web"}, "spec": {"rules": [{"host": "web.k8tre.internal", "http": {
//!         "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {
//!             "name": "web", "port": {"name": "http"}}}}]}}]}}"#,
//! )
//! .and_then(admission::Node::object)
//! .expect("an object");
//! let options = Options {
//!     gateway: Gateway { namespace: "gateway", name: "internal-gateway", section_name: None },
//!     domain: None,
//!     nginx: true,
//!     capabilities: Capabilities::K8TRE,
//!     auth_backends: &[],
//! };
//! let translation = translate(&ingress, &[], &options, &|_service, _port| Port::Number(8080))
//!     .expect("an Ingress");
//! assert!(translation.is_complete());
//! let [route] = &translation.routes[..] else { panic!() };
//! assert_eq!(route.name, "web-web-k8tre-internal");
//! assert!(route.to_yaml().starts_with("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"));
//! ```

mod annotation;
mod auth;
mod backend;
mod backend_tls;
mod canary;
mod capability;
mod class;
mod cors;
mod diagnostic;
mod features;
mod host;
mod name;
mod options;
mod order;
mod path;
mod pattern;
mod redirect;
mod routes;
mod rule;
mod server;
mod spec;
mod text;
mod translate;
mod value;

pub use annotation::{
    ANNOTATIONS, ActiveWhen, Annotation, Effect, Handling, OTHER_CONTROLLERS, PREFIX, Role,
    annotation, other_controller,
};
pub use capability::{CAPABILITIES, Capabilities, Capability, Feature, SOURCES};
pub use class::Class;
pub use diagnostic::{Diagnostic, Difference};
pub use name::disambiguate;
pub use options::{Gateway, Options, Port, PortLookup};
#[doc(hidden)]
pub use text::split_once;
pub use translate::translate;
pub use value::Value;

/// The routes of an Ingress, and what its author must know about them.
///
/// All lists are in the order of the Ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translation {
    /// The routes for the translatable part of the Ingress; apply all of them together.
    pub routes: Vec<Route>,
    /// Features without an equivalent in Gateway API or Cilium: the Ingress requires ingress-nginx.
    pub untranslatable: Vec<Diagnostic>,
    /// Annotations with [`PREFIX`] that ingress-nginx does not know and therefore ignores.
    pub unknown: Vec<Diagnostic>,
    /// Annotations that only other controllers read; the routes do not reproduce them.
    pub other_controllers: Vec<Diagnostic>,
    /// What the author must fix before applying the routes: a missing host, a named port whose number is
    /// unknown, a host that the policies about routes would reject.
    pub blockers: Vec<Diagnostic>,
    /// Differences in behaviour that do not block the migration.
    pub notes: Vec<Diagnostic>,
}

impl Translation {
    /// Whether the routes replace the whole Ingress and can be applied as they are.
    pub fn is_complete(&self) -> bool {
        self.untranslatable.is_empty()
            && self.unknown.is_empty()
            && self.other_controllers.is_empty()
            && self.blockers.is_empty()
    }

    /// Returns the routes as YAML documents, separated by `---`.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        for route in &self.routes {
            if !out.is_empty() {
                out.push_str("---\n");
            }
            out.push_str(&route.to_yaml());
        }
        out
    }
}

/// The kind of a route, or of what a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `HTTPRoute`.
    Http,
    /// `GRPCRoute`, for gRPC backends.
    Grpc,
    /// `BackendTLSPolicy`, for backends that a route reaches with TLS.
    BackendTls,
}

impl Kind {
    /// Returns the value of `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
            Self::BackendTls => "BackendTLSPolicy",
        }
    }
}

/// A route of `gateway.networking.k8s.io/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `kind`.
    pub kind: Kind,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, if the Ingress sets it.
    pub namespace: Option<String>,
    /// `spec`.
    pub spec: Value,
}

impl Route {
    /// Returns the route as one YAML document.
    pub fn to_yaml(&self) -> String {
        self.to_value().to_yaml()
    }

    /// Returns the route as JSON.
    pub fn to_json(&self) -> String {
        self.to_value().to_json()
    }

    fn to_value(&self) -> Value {
        let metadata = Value::texts(&[
            ("name", &self.name),
            ("namespace", self.namespace.as_deref().unwrap_or_default()),
        ]);
        Value::texts(&[
            ("apiVersion", "gateway.networking.k8s.io/v1"),
            ("kind", self.kind.name()),
        ])
        .with("metadata", metadata)
        .with("spec", self.spec.clone())
    }
}
