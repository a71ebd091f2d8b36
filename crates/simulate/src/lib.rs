//! Manifests through a cluster's policies, as its API server would send them.
//!
//! [`Policies`] are loaded with a [`Runtime`] that finds their code: [`Builtin`] calls the policies of this
//! repository directly, `crates/host` runs `.wasm` modules. A [`Context`] collects what the manifests
//! tell of the cluster around them. A [`Simulator`], built from both, judges one object at a time: which
//! policies match it, the claims that controllers would derive from it, mutating policies to a fixed point
//! and validating ones on the result.

pub mod builtin;
mod claims;
mod cluster;
mod context;
mod diff;
mod excerpt;
mod finding;
mod ingress;
pub mod paths;
mod policies;
mod profile;
mod row;
mod runtime;
mod services;
mod simulator;
mod snapshot;
mod source;

pub use builtin::Builtin;
pub use cluster::Objects;
pub use context::Context;
pub use diff::{Change, Diff, Hunk, Line, diff};
pub use finding::{Finding, Severity};
pub use httproute_over_ingress::Settings as RouteSettings;
pub use ingress::{RouteNames, is_ingress, route_settings, translation};
pub use kubewarden::{self, ContextAwareResource, Mode, Policy};
pub use policies::Policies;
pub use profile::Profile;
pub use row::{Row, Summary, Verdict};
pub use runtime::{Evaluator, LoadError, Loaded, Response, Runtime};
pub use services::Services;
pub use simulator::{Simulator, namespace};
pub use snapshot::{LookupError, Mask, ObjectError, Query, SelectorError, Snapshot};
pub use source::read;
