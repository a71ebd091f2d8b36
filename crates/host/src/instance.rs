//! One instance of a module, for one call.

use wasmi::errors::ErrorKind;
use wasmi::{Instance, Linker, Store, StoreLimits, TrapCode, TypedFunc};

use crate::calls::HostCalls;
use crate::engine::Options;
use crate::response::Activity;

/// What the functions that a module imports work on.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) operation: &'static str,
    pub(crate) payload: Vec<u8>,
    /// The module's answer.
    pub(crate) response: Option<Vec<u8>>,
    /// The module's own words for why it failed.
    pub(crate) error: Option<String>,
    pub(crate) calls: HostCalls,
    /// What the last host call came to.
    pub(crate) host_answer: Option<Result<Vec<u8>, String>>,
    limits: StoreLimits,
}

/// Why a call gave no answer.
pub(crate) enum Failure {
    /// No instance could be made, or its initialisation failed.
    Start(String),
    /// The fuel ran out.
    OutOfFuel,
    /// The module trapped.
    Trap(String),
    /// The module answered that it failed.
    Guest(String),
}

/// Functions that initialise an instance, in the order of waPC's `REQUIRED_STARTS`.
const STARTS: [&str; 2] = ["_start", "wapc_init"];

/// The function that serves a call: lengths of operation and payload to 1 where it succeeded.
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
        host_answer: None,
        limits: options.store_limits(),
    };
    let mut store = Store::new(linker.engine(), state);
    store.limiter(|state| &mut state.limits);
    refuel(&mut store, options)?;
    let instance = linker.instantiate_and_start(&mut store, module);
    let instance = instance.map_err(while_starting)?;
    for name in STARTS {
        start(&mut store, &instance, name, options)?;
    }
    refuel(&mut store, options)?;
    let guest_call: TypedFunc<(u32, u32), u32> = instance
        .get_typed_func(&store, GUEST_CALL)
        .map_err(|error| Failure::Start(error.to_string()))?;
    let answered = guest_call.call(&mut store, lengths).map_err(trapped)?;
    let state = store.into_data();
    match (answered, state.response) {
        (1, response) => Ok((response.unwrap_or_default(), state.calls.activity)),
        _ => Err(Failure::Guest(state.error.unwrap_or_default())),
    }
}

/// Calls an initialising function, if the module has it.
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
        // TinyGo's `main` ends with an exit, whatever it has registered before.
        Err(error) if error.i32_exit_status() == Some(0) => Ok(()),
        outcome => outcome.map_err(while_starting),
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

fn while_starting(error: wasmi::Error) -> Failure {
    match trapped(error) {
        Failure::Trap(cause) => Failure::Start(cause),
        other => other,
    }
}

fn trapped(error: wasmi::Error) -> Failure {
    match error.kind() {
        ErrorKind::TrapCode(TrapCode::OutOfFuel) => Failure::OutOfFuel,
        _ => Failure::Trap(error.to_string()),
    }
}
