//! Runs one call in a fresh instance of a module.

use wasmi::errors::ErrorKind;
use wasmi::{Instance, Linker, Store, StoreLimits, TrapCode, TypedFunc};

use crate::calls::HostCalls;
use crate::engine::Options;
use crate::response::Activity;

/// The state that the imported functions of a module work on.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) operation: &'static str,
    pub(crate) payload: Vec<u8>,
    /// The module's response.
    pub(crate) response: Option<Vec<u8>>,
    /// The module's own error message.
    pub(crate) error: Option<String>,
    pub(crate) calls: HostCalls,
    /// The result of the last host call.
    pub(crate) host_result: Option<Result<Vec<u8>, String>>,
    limits: StoreLimits,
}

/// Why a call returned no response.
pub(crate) enum Failure {
    /// The module could not be instantiated, or its initialization failed.
    Start(String),
    /// The fuel ran out.
    OutOfFuel,
    /// The module trapped.
    Trap(String),
    /// The module reported a failure.
    Guest(String),
}

/// Functions that initialize an instance, in the order of waPC's `REQUIRED_STARTS`.
const STARTS: [&str; 2] = ["_start", "wapc_init"];

/// The function that handles a call. It takes the lengths of operation and payload and returns 1 on success.
pub(crate) const GUEST_CALL: &str = "__guest_call";

/// Calls `operation` in a fresh instance of `module`.
pub(crate) fn call(
    linker: &Linker<State>,
    module: &wasmi::Module,
    options: &Options,
    operation: &'static str,
    payload: Vec<u8>,
    calls: HostCalls,
) -> Result<(Vec<u8>, Activity), Failure> {
    let lengths = (length(operation.as_bytes())?, length(&payload)?);
    let state = State {
        operation,
        payload,
        response: None,
        error: None,
        calls,
        host_result: None,
        limits: options.store_limits(),
    };
    let mut store = Store::new(linker.engine(), state);
    store.limiter(|state| &mut state.limits);
    refuel(&mut store, options)?;
    let instance = linker.instantiate_and_start(&mut store, module);
    let instance = instance.map_err(start_failure)?;
    for name in STARTS {
        start(&mut store, &instance, name, options)?;
    }
    refuel(&mut store, options)?;
    let guest_call: TypedFunc<(u32, u32), u32> = instance
        .get_typed_func(&store, GUEST_CALL)
        .map_err(|error| Failure::Start(error.to_string()))?;
    let status = guest_call.call(&mut store, lengths).map_err(failure)?;
    let state = store.into_data();
    match (status, state.response) {
        (1, response) => Ok((response.unwrap_or_default(), state.calls.activity)),
        _ => Err(Failure::Guest(state.error.unwrap_or_default())),
    }
}

/// Calls an initialization function if the module exports it.
fn start(
    store: &mut Store<State>,
    instance: &Instance,
    name: &str,
    options: &Options,
) -> Result<(), Failure> {
    if instance.get_func(&*store, name).is_none() {
        return Ok(());
    }
    let function: TypedFunc<(), ()> = instance
        .get_typed_func(&*store, name)
        .map_err(|error| Failure::Start(error.to_string()))?;
    refuel(store, options)?;
    match function.call(store, ()) {
        // TinyGo's `main` ends with an exit even after it has registered its functions.
        Err(error) if error.i32_exit_status() == Some(0) => Ok(()),
        outcome => outcome.map_err(start_failure),
    }
}

fn refuel(store: &mut Store<State>, options: &Options) -> Result<(), Failure> {
    store
        .set_fuel(options.fuel_limit)
        .map_err(|error| Failure::Start(error.to_string()))
}

fn length(bytes: &[u8]) -> Result<u32, Failure> {
    u32::try_from(bytes.len()).map_err(|_| Failure::Start("the payload exceeds 4 GiB".to_owned()))
}

fn start_failure(error: wasmi::Error) -> Failure {
    match failure(error) {
        Failure::Trap(cause) => Failure::Start(cause),
        other => other,
    }
}

fn failure(error: wasmi::Error) -> Failure {
    match error.kind() {
        ErrorKind::TrapCode(TrapCode::OutOfFuel) => Failure::OutOfFuel,
        _ => Failure::Trap(error.to_string()),
    }
}
