//! Objects in place of a cluster, and the answers that context-aware modules get from them: the same
//! for modules in the embedded host and for their code linked natively or into the playground.

mod mask;
mod selector;
mod snapshot;

pub use annotation::ContextAwareResource;
pub use mask::Mask;
pub use selector::{Query, SelectorError};
pub use snapshot::{LookupError, ObjectError, Snapshot};
