//! What the agnostics plane makes of manifests, whatever runs its modules.
//!
//! A [`Plane`] is the policies of a cluster with their modules, which an [`Engine`] brings: the command
//! line runs the built modules in the embedded host, the playground calls their code. Everything else is
//! here and the same for both: which policies see an object, the claims that it ends in, mutators to a
//! fixed point and validators on the result, the cluster that the manifests themselves make, and what an
//! Ingress becomes.

mod claims;
mod diff;
mod engine;
mod evaluate;
mod excerpt;
mod ingress;
pub mod kinds;
pub mod paths;
mod policy;
mod profile;
mod row;
mod selector;
mod services;
mod source;
mod survey;

pub use diff::{Change, Diff, Hunk, Line, diff};
pub use engine::{Answer, Engine, Module};
pub use evaluate::{Plane, namespace};
pub use httproute_over_ingress::Settings as RouteSettings;
pub use ingress::{Names, is_ingress, route_settings, translation};
pub use policy::{Mode, Policy, Rule, Spec};
pub use profile::Profile;
pub use row::{Row, Summary, Verdict};
pub use services::Services;
pub use source::read;
pub use survey::Survey;
