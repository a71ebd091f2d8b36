//! What an Ingress says, as HTTPRoutes (or GRPCRoutes) on the internal Gateway.
//!
//! Pure: nothing is asked but the ports of Services, by a function that the caller brings. The policy
//! `httproute-over-ingress` and `agnostics convert` both say what [`translate`] says.
//!
//! ```
//! use ingress2route::{Gateway, Options, Port, translate};
//!
//! let ingress = admission::Node::parse(
//!     r#"{"metadata": {"name": "web"}, "spec": {"rules": [{"host": "web.k8tre.internal", "http": {
//!         "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {
//!             "name": "web", "port": {"name": "http"}}}}]}}]}}"#,
//! )
//! .and_then(admission::Node::object)
//! .expect("it is an object");
//! let options = Options {
//!     gateway: Gateway { namespace: "gateway", name: "internal-gateway", section_name: None },
//!     domain: None,
//!     nginx: true,
//! };
//! let translation = translate(&ingress, &options, &|_service, _port| Port::Number(8080))
//!     .expect("it is an Ingress");
//! assert!(translation.is_complete());
//! let [route] = &translation.routes[..] else { panic!() };
//! assert_eq!(route.name, "web-web-k8tre-internal");
//! assert!(route.to_yaml().starts_with("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"));
//! ```

mod annotation;
mod backend;
mod class;
mod finding;
mod host;
mod name;
mod options;
mod path;
mod pattern;
mod redirect;
mod routes;
mod rule;
mod spec;
mod text;
mod translate;
mod value;
mod wishes;

pub use annotation::{
    ANNOTATIONS, Annotation, Effect, Fate, OTHER_CONTROLLERS, PREFIX, annotation, other_controller,
};
pub use class::Class;
pub use finding::Finding;
pub use name::distinct;
pub use options::{Gateway, Options, Port, Services};
pub use translate::translate;
pub use value::Value;

/// An Ingress as routes, and everything that must be said with them.
///
/// Lists are in the order of the Ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translation {
    /// The routes, as far as the Ingress can be said; to be applied together.
    pub routes: Vec<Route>,
    /// What neither Gateway API nor Cilium has an equal for: it forces NGINX.
    pub untranslatable: Vec<Finding>,
    /// Annotations below [`PREFIX`] that ingress-nginx does not know, and so ignores.
    pub unknown: Vec<Finding>,
    /// Annotations that only other controllers read; the routes say nothing of them.
    pub foreign: Vec<Finding>,
    /// What the author must put right before the routes can be applied: a host to choose, a port that
    /// only the Service tells, a host that the plane would refuse.
    pub obstacles: Vec<Finding>,
    /// What is good to know, and blocks nothing.
    pub notes: Vec<Finding>,
}

impl Translation {
    /// Whether the routes say all of the Ingress and can be applied as they stand.
    pub fn is_complete(&self) -> bool {
        self.untranslatable.is_empty()
            && self.unknown.is_empty()
            && self.foreign.is_empty()
            && self.obstacles.is_empty()
    }

    /// The routes as YAML documents, parted by `---`.
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

/// The kinds of routes that an Ingress becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `HTTPRoute`.
    Http,
    /// `GRPCRoute`, for backends that speak gRPC.
    Grpc,
}

impl Kind {
    /// As in `kind:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
        }
    }
}

/// A route of `gateway.networking.k8s.io/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its kind.
    pub kind: Kind,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, where the Ingress says it.
    pub namespace: Option<String>,
    /// `spec`.
    pub spec: Value,
}

impl Route {
    /// The route as one YAML document.
    pub fn to_yaml(&self) -> String {
        self.to_value().to_yaml()
    }

    /// The route as JSON.
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
