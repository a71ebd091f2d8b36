use kubewarden::{self, ExecutionMode};

/// Why a module cannot be loaded, or returned no response.
///
/// A rejection is not an error: it is an ordinary [`Response`](crate::Response).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The interpreter cannot be set up.
    #[error("cannot start the WebAssembly interpreter: {cause}")]
    Engine {
        /// The engine's error.
        cause: String,
    },
    /// The bytes do not start like a WebAssembly module.
    #[error("module `{module}` is not WebAssembly: it does not start with `\\0asm`")]
    NotWasm {
        /// The module's name.
        module: String,
    },
    /// The bytes are a WebAssembly component.
    #[error(
        "module `{module}` is a WebAssembly component, but Kubewarden runs core modules; build it for wasm32-wasip1"
    )]
    Component {
        /// The module's name.
        module: String,
    },
    /// The module's metadata cannot be read.
    #[error("module `{module}`: {source}")]
    Metadata {
        /// The module's name.
        module: String,
        /// The cause.
        source: kubewarden::Error,
    },
    /// The module is built for another execution mode of Kubewarden.
    #[error(
        "module `{module}` has execution mode `{mode}`; only `kubewarden-wapc` is supported here"
    )]
    UnsupportedMode {
        /// The module's name.
        module: String,
        /// The mode in its metadata.
        mode: ExecutionMode,
    },
    /// The module is invalid, or requires features that the engine does not support.
    #[error("module `{module}` cannot be loaded: {cause}")]
    Load {
        /// The module's name.
        module: String,
        /// The engine's error.
        cause: String,
    },
    /// The module lacks an export of the waPC protocol.
    #[error("module `{module}` is not a waPC module: it does not export {export}")]
    MissingExport {
        /// The module's name.
        module: String,
        /// The export that is missing or has the wrong type.
        export: &'static str,
    },
    /// The module cannot be instantiated, or its initialization failed.
    #[error("module `{module}` cannot start: {cause}")]
    Start {
        /// The module's name.
        module: String,
        /// The engine's error.
        cause: String,
    },
    /// The module ran out of fuel.
    #[error(
        "module `{module}` did not finish `{operation}` within {fuel_limit} instructions; the policy server interrupts it after 2 s"
    )]
    OutOfFuel {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The fuel limit.
        fuel_limit: u64,
    },
    /// The module trapped: it panicked, ran out of memory, or has a bug.
    #[error("module `{module}` trapped in `{operation}`: {cause} (memory limit: {} MiB)", .memory_limit >> 20)]
    Trap {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The trap, as the engine describes it. Rust modules reach `unreachable` both on a panic and when
        /// memory runs out; their message on standard error tells which.
        cause: String,
        /// The memory limit, in bytes.
        memory_limit: usize,
    },
    /// The module reported a failure.
    #[error("module `{module}` failed in `{operation}`: {cause}")]
    Guest {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The module's own message.
        cause: String,
    },
    /// The module's response does not follow the protocol.
    #[error("module `{module}` returned an invalid response to `{operation}`: {cause}")]
    InvalidResponse {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The error from parsing the response.
        cause: serde_json::Error,
    },
}
