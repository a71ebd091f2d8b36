//! The functions of the waPC protocol that modules import.
//!
//! Source: the crates `wapc` 2.2 (`wapc_functions.rs`, `wapchost/modulestate.rs`) and
//! `wasmtime-provider` 2.25 (`callbacks.rs`), which Kubewarden's policy server uses.

use wasmi::errors::LinkerError;
use wasmi::{Caller, Error, Linker};

use crate::instance::State;
use crate::memory::{read, read_text, write};

pub(crate) const MODULE: &str = "wapc";

/// Defines every function of the protocol.
pub(crate) fn define(linker: &mut Linker<State>) -> Result<(), LinkerError> {
    linker
        .func_wrap(MODULE, "__guest_request", guest_request)?
        .func_wrap(MODULE, "__guest_response", guest_response)?
        .func_wrap(MODULE, "__guest_error", guest_error)?
        .func_wrap(MODULE, "__host_call", host_call)?
        .func_wrap(MODULE, "__host_response_len", host_response_len)?
        .func_wrap(MODULE, "__host_response", host_response)?
        .func_wrap(MODULE, "__host_error_len", host_error_len)?
        .func_wrap(MODULE, "__host_error", host_error)?
        .func_wrap(MODULE, "__console_log", console_log)?;
    Ok(())
}

type Call<'a> = Caller<'a, State>;

fn guest_request(mut caller: Call<'_>, operation: u32, payload: u32) -> Result<(), Error> {
    let bytes = std::mem::take(&mut caller.data_mut().payload);
    write(&mut caller, payload, &bytes)?;
    let name = caller.data().operation;
    write(&mut caller, operation, name.as_bytes())
}

fn guest_response(mut caller: Call<'_>, start: u32, length: u32) -> Result<(), Error> {
    let response = read(&caller, start, length)?;
    caller.data_mut().response = Some(response);
    Ok(())
}

fn guest_error(mut caller: Call<'_>, start: u32, length: u32) -> Result<(), Error> {
    let error = read_text(&caller, start, length)?;
    caller.data_mut().error = Some(error);
    Ok(())
}

#[allow(
    clippy::too_many_arguments,
    reason = "the protocol has four pairs of address and length"
)]
fn host_call(
    mut caller: Call<'_>,
    binding: u32,
    binding_length: u32,
    namespace: u32,
    namespace_length: u32,
    operation: u32,
    operation_length: u32,
    payload: u32,
    payload_length: u32,
) -> Result<u32, Error> {
    let binding = read_text(&caller, binding, binding_length)?;
    let namespace = read_text(&caller, namespace, namespace_length)?;
    let operation = read_text(&caller, operation, operation_length)?;
    let payload = read(&caller, payload, payload_length)?;
    let state = caller.data_mut();
    let result = state
        .calls
        .handle(&binding, &namespace, &operation, &payload);
    let succeeded = result.is_ok();
    state.host_result = Some(result);
    Ok(u32::from(succeeded))
}

fn host_response_len(caller: Call<'_>) -> Result<u32, Error> {
    length(last_response(&caller))
}

fn host_response(mut caller: Call<'_>, start: u32) -> Result<(), Error> {
    let bytes = last_response(&caller).to_vec();
    write(&mut caller, start, &bytes)
}

fn host_error_len(caller: Call<'_>) -> Result<u32, Error> {
    length(last_error(&caller).as_bytes())
}

fn host_error(mut caller: Call<'_>, start: u32) -> Result<(), Error> {
    let text = last_error(&caller).to_owned();
    write(&mut caller, start, text.as_bytes())
}

fn console_log(mut caller: Call<'_>, start: u32, length: u32) -> Result<(), Error> {
    let text = read(&caller, start, length)?;
    caller.data_mut().calls.log(&text);
    Ok(())
}

/// Returns the response to the last host call; empty if it failed.
fn last_response<'a>(caller: &'a Call<'_>) -> &'a [u8] {
    match &caller.data().host_result {
        Some(Ok(response)) => response,
        _ => &[],
    }
}

/// Returns the error of the last host call; empty if it succeeded.
fn last_error<'a>(caller: &'a Call<'_>) -> &'a str {
    match &caller.data().host_result {
        Some(Err(error)) => error,
        _ => "",
    }
}

fn length(bytes: &[u8]) -> Result<u32, Error> {
    u32::try_from(bytes.len())
        .map_err(|_| Error::new("the response exceeds the 32-bit address space"))
}
