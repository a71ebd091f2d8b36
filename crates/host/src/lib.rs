//! Runs built Kubewarden modules as the policy server does: through waPC, a fresh instance for every
//! request, bounded in time and memory, with Kubernetes host calls. Those are answered from given objects
//! in place of a cluster.
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
//! The engine is wasmi, an interpreter, where the policy server has wasmtime, a compiler: a run of a few
//! hundred requests is over before wasmtime has compiled the modules. On purpose, memory is limited, time
//! is counted in instructions, host calls that need a registry or the network fail, nothing is random,
//! and what a module prints goes to standard error.

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
