use std::sync::Arc;

use wasmi::{Config, Engine, Linker, StoreLimits, StoreLimitsBuilder};

use crate::instance::State;
use crate::{Error, Module, wapc, wasi};

/// The limits that modules run under.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much a module may compute for one call, and once more for its initialisation, in wasmi's
    /// fuel: about one unit per instruction.
    ///
    /// Kubewarden interrupts a call after 2 s. The default here, 2 × 10⁹, takes some seconds in this
    /// interpreter, and unlike a clock it gives the same verdict on a busy machine.
    pub fuel_limit: u64,
    /// How much linear memory an instance may use, in bytes. Kubewarden sets no limit; the default here
    /// is 256 MiB.
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

/// The interpreter that all modules of a run share.
#[derive(Debug)]
pub struct Host {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) options: Arc<Options>,
}

impl Host {
    /// Starts an interpreter.
    ///
    /// # Errors
    /// The functions that modules import cannot be defined.
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

    /// Validates `wasm` and prepares it for evaluations.
    ///
    /// `name` is how errors call the module.
    ///
    /// # Errors
    /// `wasm` is not a Kubewarden module for waPC, or a broken one.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Module, Error> {
        Module::load(self, name, wasm)
    }
}

impl Options {
    pub(crate) fn store_limits(&self) -> StoreLimits {
        /// Many times what Rust and Go modules have; a table this long takes 0.8 MB.
        const TABLE_ELEMENTS: usize = 100_000;
        StoreLimitsBuilder::new()
            .memory_size(self.memory_limit)
            .table_elements(TABLE_ELEMENTS)
            .build()
    }
}
