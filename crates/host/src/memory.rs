//! Reads and writes an instance's linear memory at addresses that the module passes.

use wasmi::{Caller, Error, Extern, Memory};

use crate::instance::State;

const OUT_OF_BOUNDS: &str = "it passed an address outside its memory";

fn memory(caller: &Caller<'_, State>) -> Result<Memory, Error> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(Error::new("it does not export a memory named `memory`")),
    }
}

pub(crate) fn read(caller: &Caller<'_, State>, start: u32, length: u32) -> Result<Vec<u8>, Error> {
    let start = start as usize;
    let range = start..start.saturating_add(length as usize);
    let bytes = memory(caller)?.data(caller).get(range);
    bytes
        .map(<[u8]>::to_vec)
        .ok_or_else(|| Error::new(OUT_OF_BOUNDS))
}

pub(crate) fn read_text(
    caller: &Caller<'_, State>,
    start: u32,
    length: u32,
) -> Result<String, Error> {
    String::from_utf8(read(caller, start, length)?)
        .map_err(|_| Error::new("it passed text that is not UTF-8"))
}

pub(crate) fn write(caller: &mut Caller<'_, State>, start: u32, bytes: &[u8]) -> Result<(), Error> {
    let memory = memory(caller)?;
    memory
        .write(caller, start as usize, bytes)
        .map_err(|_| Error::new(OUT_OF_BOUNDS))
}
