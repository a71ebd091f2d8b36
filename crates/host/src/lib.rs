//! Runs built Kubewarden modules as the policy server does: through waPC, in a fresh instance for every
//! request, with limits on time and memory, and with Kubernetes host calls. A snapshot of objects takes the
//! place of the cluster.
//!
//! ```no_run
//! use host::{Host, Options, Snapshot};
//! use serde_json::value::RawValue;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::new(Options::default())?;
//! let module = host.load("storage-class", &std::fs::read("target/modules/storage-class.wasm")?)?;
//! let settings = RawValue::from_string("{}".to_owned())?;
//! let request = RawValue::from_string(std::fs::read_to_string("request.json")?)?;
//! let response = module.validate(&settings, &request, &Snapshot::new())?;
//! assert!(response.accepted);
//! # Ok(())
//! # }
//! ```
//!
//! The engine is wasmi, an interpreter. The policy server uses wasmtime, a compiler, but a few hundred
//! requests finish here before wasmtime has compiled the modules. Other differences are deliberate: memory
//! is limited, time is counted in instructions, host calls that need a registry or the network fail,
//! nothing is random, and the output of a module goes to standard error.

mod calls;
mod engine;
mod error;
mod instance;
mod memory;
mod module;
mod response;
mod wapc;
mod wasi;

pub use calls::HostCalls;
pub use engine::{Host, Options};
pub use error::Error;
pub use kubewarden::{ContextAwareResource, ExecutionMode, Metadata};
pub use module::Module;
pub use response::{Activity, Response, SettingsResponse};
pub use simulate::{ObjectError, Snapshot};
