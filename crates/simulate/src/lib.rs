//! Simulates admission: evaluates policies for manifests in the same way as a cluster.
//!
//! A [`Runtime`] loads the code of [`Policies`]: [`Builtin`] calls the policies of this repository directly,
//! and `crates/host` runs `.wasm` modules. A [`Context`] collects cluster data from the manifests, such as
//! namespace labels. A [`Simulator`] combines both and admits one object at a time: it derives the
//! PersistentVolumeClaims that controllers would create, selects the matching policies, runs mutating
//! policies until nothing changes, and runs validating policies on the result.

pub mod builtin;
mod claims;
mod cluster;
mod conditions;
mod context;
mod diff;
mod excerpt;
mod finding;
mod ingress;
pub mod paths;
mod policies;
mod profile;
mod request;
mod row;
mod runtime;
mod services;
mod simulator;
mod snapshot;
mod source;

pub use builtin::Builtin;
pub use cluster::SnapshotCluster;
pub use context::Context;
pub use diff::{Change, Diff, Hunk, Line, diff};
pub use finding::Finding;
pub use httproute_over_ingress::{GatewayVersion, Implementation, Settings as RouteSettings};
pub use ingress::{Ingresses, RouteNames, is_ingress, route_settings, translate_ingress};
pub use kubewarden::{self, ContextAwareResource, Mode, Policy};
pub use policies::Policies;
pub use profile::Profile;
pub use row::{Row, Summary, Verdict};
pub use runtime::{Evaluator, LoadError, Loaded, Response, Runtime};
pub use services::Services;
pub use simulator::{Simulator, namespace};
pub use snapshot::{FieldMask, LookupError, ObjectError, Query, SelectorError, Snapshot};
pub use source::read;
