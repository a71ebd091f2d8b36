//! WASI (`wasi_snapshot_preview1`), as far as policies need it: no files, no arguments, no environment.
//!
//! Modules made with the policy SDKs import WASI because their standard libraries do. They call it to
//! seed hash maps, to print a panic, and some to read the clock. Everything else answers `ENOSYS`
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

/// Defines the functions that do something.
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

/// Defines what else of WASI `module` imports, as functions that answer `NOT_IMPLEMENTED`.
pub(crate) fn define_rest(linker: &mut Linker<State>, module: &Module) -> Result<(), LinkerError> {
    for import in module.imports() {
        let ExternType::Func(signature) = import.ty() else {
            continue;
        };
        if import.module() != MODULE {
            continue;
        }
        let answer = |_: Call<'_>, _: &[Val], results: &mut [Val]| {
            for result in results {
                *result = Val::I32(NOT_IMPLEMENTED);
            }
            Ok(())
        };
        match linker.func_new(MODULE, import.name(), signature.clone(), answer) {
            Ok(_) | Err(LinkerError::DuplicateDefinition { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn no_strings_sizes(mut caller: Call<'_>, count: u32, bytes: u32) -> Result<i32, Error> {
    for place in [count, bytes] {
        write(&mut caller, place, &0_u32.to_le_bytes())?;
    }
    Ok(SUCCESS)
}

fn no_strings(_: u32, _: u32) -> i32 {
    SUCCESS
}

/// Not random: the seeds of hash maps must not change a verdict, and a run must be repeatable.
fn random_get(mut caller: Call<'_>, start: u32, length: u32) -> Result<i32, Error> {
    const PATTERN: [u8; 8] = *b"Agnostic";
    // Reading first bounds the length by the module's memory.
    let length = read(&caller, start, length)?.len();
    let bytes: Vec<u8> = PATTERN.iter().copied().cycle().take(length).collect();
    write(&mut caller, start, &bytes)?;
    Ok(SUCCESS)
}

fn clock_time_get(mut caller: Call<'_>, clock: u32, _: u64, place: u32) -> Result<i32, Error> {
    // The real-time clock; the monotonic one may start anywhere.
    if clock > 1 {
        return Ok(INVALID_ARGUMENT);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |since| since.as_nanos());
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
    write(&mut caller, place, &nanoseconds.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Passes both output streams on to standard error: standard output is the report's.
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
        // Nothing is left to be done where even this cannot be written.
        let _ = std::io::stderr().write_all(&text);
        total = total.saturating_add(length);
    }
    write(&mut caller, written, &total.to_le_bytes())?;
    Ok(SUCCESS)
}

fn proc_exit(status: i32) -> Result<(), Error> {
    Err(Error::i32_exit(status))
}
