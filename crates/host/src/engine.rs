use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Cache, Config, Engine};
use wasmtime_provider::{EpochDeadlines, ResourceLimits};

use crate::ticker::Ticker;
use crate::{Error, Module, cache};

/// How modules are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where compiled code is kept from one run to the next; `None` compiles every module at each
    /// start.
    ///
    /// Created if missing, for the user alone. A directory that cannot be used, or that others can
    /// write, is left alone: [`Host::cache_note`] says so.
    pub cache_dir: Option<PathBuf>,
    /// How long a module may take for one call, and once more for its initialisation. Kubewarden's
    /// default, 2 s, is the default here.
    pub time_limit: Duration,
    /// How much linear memory an instance may use, in bytes. Kubewarden sets no limit, the default
    /// here is 256 MiB.
    pub memory_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_dir: None,
            time_limit: Duration::from_secs(2),
            memory_limit: 256 << 20,
        }
    }
}

/// The engine all modules of a run share.
///
/// It has a thread that interrupts modules out of time; the thread ends with the host and the last
/// of its modules.
#[derive(Debug)]
pub struct Host {
    pub(crate) engine: Engine,
    pub(crate) limits: Arc<Limits>,
    cache: Option<Cache>,
    cache_note: Option<String>,
}

/// What bounds an evaluation, and the ticker that makes the time limit work.
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) memory: usize,
    _ticker: Ticker,
}

impl Host {
    /// Starts an engine. Nothing is compiled yet.
    ///
    /// # Errors
    /// The machine does not give what the engine needs.
    pub fn new(options: Options) -> Result<Self, Error> {
        let (cache, cache_note) = match options.cache_dir.as_deref().map(cache::open) {
            None => (None, None),
            Some(Ok(cache)) => (Some(cache), None),
            Some(Err(note)) => (None, Some(note)),
        };
        let mut config = Config::new();
        config.epoch_interruption(true);
        // The provider passes on the outermost words of an error only: with a backtrace those are
        // addresses in the module, without it the trap itself.
        config.wasm_backtrace_max_frames(None);
        config.cache(cache.clone());
        let engine = Engine::new(&config).map_err(|error| Error::Engine {
            cause: format!("{error:#}"),
        })?;
        let ticker = Ticker::start(engine.clone()).map_err(|error| Error::Engine {
            cause: error.to_string(),
        })?;
        let limits = Limits {
            time: options.time_limit,
            memory: options.memory_limit,
            _ticker: ticker,
        };
        Ok(Self {
            engine,
            limits: Arc::new(limits),
            cache,
            cache_note,
        })
    }

    /// Compiles `wasm`, or takes its compiled code from the cache, and prepares it for evaluations.
    ///
    /// `name` is how errors call the module.
    ///
    /// # Errors
    /// `wasm` is not a Kubewarden module for waPC, or a broken one.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Module, Error> {
        Module::load(self, name, wasm)
    }

    /// Why no compiled code is kept though a directory was given; a sentence for the user, who only
    /// loses time.
    pub fn cache_note(&self) -> Option<&str> {
        self.cache_note.as_deref()
    }

    /// How many modules have been loaded without compiling them.
    pub fn cache_hits(&self) -> usize {
        self.cache.as_ref().map_or(0, Cache::cache_hits)
    }
}

impl Limits {
    pub(crate) fn deadlines(&self) -> EpochDeadlines {
        let ticks = Ticker::ticks(self.time);
        EpochDeadlines {
            wapc_init: ticks,
            wapc_func: ticks,
        }
    }

    pub(crate) fn resources(&self) -> ResourceLimits {
        /// Many times what Rust and Go modules have; a table this long takes 0.8 MB.
        const TABLE_ELEMENTS: usize = 100_000;
        ResourceLimits {
            max_memory_size: Some(self.memory),
            max_table_elements: Some(TABLE_ELEMENTS),
        }
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits")
            .field("time", &self.time)
            .field("memory", &self.memory)
            .finish()
    }
}
