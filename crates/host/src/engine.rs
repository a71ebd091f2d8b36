use std::sync::Arc;

use wasmi::{Config, Engine, Linker, StoreLimits, StoreLimitsBuilder};

use crate::instance::State;
use crate::{Error, Module, wapc, wasi};

/// The limits that modules run under.
#[derive(Clone, Debug)]
pub struct Options {
    /// The fuel for one call, and the same amount again for the initialization. wasmi consumes about one
    /// unit per instruction.
    ///
    /// Kubewarden interrupts a call after 2 s. The default here, 2 × 10⁹, takes a few seconds in this
    /// interpreter. Unlike a clock, it gives the same verdict on a busy machine.
    pub fuel_limit: u64,
    /// The linear memory that an instance may use, in bytes. Kubewarden sets no limit; the default here is
    /// 256 MiB.
    pub memory_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fuel_limit: 2_000_000_000,
            memory_limit: 256 << 20,
        }
    }
}

/// The WebAssembly interpreter, shared by all modules of a run.
#[derive(Debug)]
pub struct Host {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) options: Arc<Options>,
}

impl Host {
    /// Creates an interpreter.
    ///
    /// # Errors
    /// Returns an error if the functions that modules import cannot be defined.
    pub fn new(options: Options) -> Result<Self, Error> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let mut linker = Linker::new(&engine);
        wapc::define(&mut linker)
            .and_then(|()| wasi::define(&mut linker))
            .map_err(|error| Error::Engine {
                cause: error.to_string(),
            })?;
        Ok(Self {
            engine,
            linker,
            options: Arc::new(options),
        })
    }

    /// Validates `wasm` and prepares it for evaluations. Errors refer to the module as `name`.
    ///
    /// # Errors
    /// Returns an error if `wasm` is not a valid Kubewarden module for waPC.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Module, Error> {
        Module::load(self, name, wasm)
    }
}

impl Options {
    pub(crate) fn store_limits(&self) -> StoreLimits {
        /// Far more than Rust and Go modules need; a table of this length takes 0.8 MB.
        const MAX_TABLE_ELEMENTS: usize = 100_000;
        StoreLimitsBuilder::new()
            .memory_size(self.memory_limit)
            .table_elements(MAX_TABLE_ELEMENTS)
            .build()
    }
}
