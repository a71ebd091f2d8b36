//! The part of WASI (`wasi_snapshot_preview1`) that policies need: no files, no arguments, no environment.
//!
//! Modules built with the policy SDKs import WASI because their standard libraries do. They call it to
//! seed hash maps, to print a panic, and some to read the clock. All other functions return `ENOSYS`
//! (`not_implemented`). Source: WebAssembly/WASI, `legacy/preview1/docs.md`.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use wasmi::errors::LinkerError;
use wasmi::{Caller, Error, ExternType, Linker, Module, Val};

use crate::instance::State;
use crate::memory::{read, write};

pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: i32 = 0;
const BAD_FILE_DESCRIPTOR: i32 = 8;
const INVALID_ARGUMENT: i32 = 28;
const NOT_IMPLEMENTED: i32 = 52;

type Call<'a> = Caller<'a, State>;

/// Defines the functions that are implemented.
pub(crate) fn define(linker: &mut Linker<State>) -> Result<(), LinkerError> {
    linker
        .func_wrap(MODULE, "args_sizes_get", no_strings_sizes)?
        .func_wrap(MODULE, "args_get", no_strings)?
        .func_wrap(MODULE, "environ_sizes_get", no_strings_sizes)?
        .func_wrap(MODULE, "environ_get", no_strings)?
        .func_wrap(MODULE, "random_get", random_get)?
        .func_wrap(MODULE, "clock_time_get", clock_time_get)?
        .func_wrap(MODULE, "fd_write", fd_write)?
        .func_wrap(MODULE, "sched_yield", || SUCCESS)?
        .func_wrap(MODULE, "proc_exit", proc_exit)?;
    Ok(())
}

/// Defines all other WASI functions that `module` imports as stubs that return `NOT_IMPLEMENTED`.
pub(crate) fn define_stubs(linker: &mut Linker<State>, module: &Module) -> Result<(), LinkerError> {
    for import in module.imports() {
        let ExternType::Func(signature) = import.ty() else {
            continue;
        };
        if import.module() != MODULE {
            continue;
        }
        let stub = |_: Call<'_>, _: &[Val], results: &mut [Val]| {
            for result in results {
                *result = Val::I32(NOT_IMPLEMENTED);
            }
            Ok(())
        };
        match linker.func_new(MODULE, import.name(), signature.clone(), stub) {
            Ok(_) | Err(LinkerError::DuplicateDefinition { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn no_strings_sizes(mut caller: Call<'_>, count: u32, bytes: u32) -> Result<i32, Error> {
    for address in [count, bytes] {
        write(&mut caller, address, &0_u32.to_le_bytes())?;
    }
    Ok(SUCCESS)
}

fn no_strings(_: u32, _: u32) -> i32 {
    SUCCESS
}

/// Returns a fixed pattern: seeds of hash maps must not change a verdict, and runs must be reproducible.
fn random_get(mut caller: Call<'_>, start: u32, length: u32) -> Result<i32, Error> {
    const PATTERN: [u8; 8] = *b"Agnostic";
    // Reading first bounds the length by the module's memory.
    let length = read(&caller, start, length)?.len();
    let bytes: Vec<u8> = PATTERN.iter().copied().cycle().take(length).collect();
    write(&mut caller, start, &bytes)?;
    Ok(SUCCESS)
}

fn clock_time_get(mut caller: Call<'_>, clock: u32, _: u64, address: u32) -> Result<i32, Error> {
    // Both the real-time clock and the monotonic clock, which may start anywhere.
    if clock > 1 {
        return Ok(INVALID_ARGUMENT);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |since| since.as_nanos());
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
    write(&mut caller, address, &nanoseconds.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Writes both output streams to standard error, because standard output is for the report.
fn fd_write(
    mut caller: Call<'_>,
    descriptor: u32,
    vectors: u32,
    count: u32,
    written: u32,
) -> Result<i32, Error> {
    if !matches!(descriptor, 1 | 2) {
        return Ok(BAD_FILE_DESCRIPTOR);
    }
    let vectors = read(&caller, vectors, count.saturating_mul(8))?;
    let mut total = 0_u32;
    for vector in vectors.chunks_exact(8) {
        let number = |part: Option<&[u8]>| {
            let part = part.and_then(|part| part.try_into().ok());
            u32::from_le_bytes(part.unwrap_or_default())
        };
        let (start, length) = (number(vector.get(..4)), number(vector.get(4..)));
        let text = read(&caller, start, length)?;
        // An error is ignored: there is nowhere left to report it.
        let _ = std::io::stderr().write_all(&text);
        total = total.saturating_add(length);
    }
    write(&mut caller, written, &total.to_le_bytes())?;
    Ok(SUCCESS)
}

fn proc_exit(status: i32) -> Result<(), Error> {
    Err(Error::i32_exit(status))
}
