use kubewarden::{self, ExecutionMode};

/// Why a module cannot be loaded, or did not answer.
///
/// A rejection is no error: it is a [`Response`](crate::Response) like any other.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The interpreter cannot be set up.
    #[error("cannot start the WebAssembly interpreter: {cause}")]
    Engine {
        /// What the engine says.
        cause: String,
    },
    /// The bytes do not begin like WebAssembly.
    #[error("module `{module}` is not WebAssembly: it does not begin with `\\0asm`")]
    NotWasm {
        /// The module's name.
        module: String,
    },
    /// The bytes are a component.
    #[error(
        "module `{module}` is a WebAssembly component, where Kubewarden runs core modules: build it for wasm32-wasip1"
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
        /// What is wrong with it.
        source: kubewarden::Error,
    },
    /// The module is built for another interface of Kubewarden.
    #[error(
        "module `{module}` has execution mode `{mode}`; only `kubewarden-wapc` can be run here"
    )]
    Mode {
        /// The module's name.
        module: String,
        /// The mode in its metadata.
        mode: ExecutionMode,
    },
    /// The module is broken, or asks for what the engine does not give.
    #[error("module `{module}` cannot be loaded: {cause}")]
    Load {
        /// The module's name.
        module: String,
        /// What the engine says.
        cause: String,
    },
    /// The module lacks an export of the waPC protocol.
    #[error("module `{module}` is not a waPC module: it does not export {export}")]
    Export {
        /// The module's name.
        module: String,
        /// The export that is missing or of another type.
        export: &'static str,
    },
    /// An instance of the module cannot be made, or its initialisation fails.
    #[error("module `{module}` cannot start: {cause}")]
    Start {
        /// The module's name.
        module: String,
        /// What the engine says.
        cause: String,
    },
    /// The module computed longer than it may.
    #[error(
        "module `{module}` did not answer `{operation}` within {fuel_limit} instructions; the policy server interrupts it after 2 s"
    )]
    OutOfFuel {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The fuel it had.
        fuel_limit: u64,
    },
    /// The module trapped: it panicked, ran out of memory, or is broken.
    #[error("module `{module}` trapped in `{operation}`: {cause} (it may use {} MiB of memory)", .memory_limit >> 20)]
    Trap {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The trap, in the engine's words. Rust modules end in `unreachable` both when they panic
        /// and when memory runs out; which of the two, they say on standard error.
        cause: String,
        /// The memory it had, in bytes.
        memory_limit: usize,
    },
    /// The module answered that it failed.
    #[error("module `{module}` failed in `{operation}`: {cause}")]
    Guest {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// The module's own message.
        cause: String,
    },
    /// The module's answer is not what the protocol asks for.
    #[error(
        "module `{module}` gave an answer to `{operation}` that is not to the protocol: {cause}"
    )]
    Answer {
        /// The module's name.
        module: String,
        /// The waPC function that was called.
        operation: &'static str,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}
