//! Runs built Kubewarden modules as the policy server does: wasmtime and waPC, a fresh instance for
//! every request, a time limit, and Kubernetes host calls. Those are answered from given objects in
//! place of a cluster.
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
//! Two things differ from the policy server on purpose: memory is limited, and host calls that need
//! a registry or the network fail. As there, a module shares the standard streams of the process;
//! modules made with the policy SDKs use them only to print their panics, on standard error.

mod cache;
mod calls;
mod engine;
mod error;
mod module;
mod response;
mod ticker;

pub use annotation::{self, ContextAwareResource, ExecutionMode, Metadata};
pub use engine::{Host, Options};
pub use error::Error;
pub use module::Module;
pub use response::{Activity, Response, SettingsResponse};
pub use snapshot::{self, ObjectError, Snapshot};
