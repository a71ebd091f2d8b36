//! Renders the manifests of `bootstrap/`.
//!
//! kustomize builds an overlay. The placeholders that K8TRE's Argo CD plugin would replace are then replaced
//! by validated values. All problems are reported at once, each with the variable and the file that uses it.

mod error;
mod format;
mod kustomize;
mod overlay;
mod render;
mod variable;

pub use error::Error;
pub use kustomize::{Kustomize, Missing};
pub use overlay::{ENVIRONMENTS, Overlay, PROFILES, all, of_profile};
pub use render::{Rendered, render};
pub use variable::{VARIABLES, Variable};
