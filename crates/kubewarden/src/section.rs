use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Encoding, Parser, Payload};

use crate::Metadata;

/// The name of the custom section that holds the metadata.
pub const SECTION: &str = "io.kubewarden.metadata";

/// Why metadata cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not a WebAssembly module, or a broken one.
    #[error("not a WebAssembly module: {0}")]
    NotWasm(#[from] wasmparser::BinaryReaderError),
    /// The bytes are a component; Kubewarden runs core modules only.
    #[error("a WebAssembly component, where Kubewarden runs core modules: build for wasm32-wasip1")]
    Component,
    /// The section is there and does not hold metadata.
    #[error("the custom section `{SECTION}` does not hold metadata: {0}")]
    Invalid(#[source] serde_json::Error),
    /// The metadata cannot be written as JSON.
    #[error("the metadata cannot be written as JSON: {0}")]
    Unwritable(#[source] serde_json::Error),
}

/// The metadata in `wasm`, `None` where the module is not annotated.
///
/// The first section counts if there are several, as it does for the policy server.
///
/// # Errors
/// `wasm` is not a core WebAssembly module, or the section does not hold metadata.
pub fn read(wasm: &[u8]) -> Result<Option<Metadata>, Error> {
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Err(Error::Component),
            Payload::CustomSection(section) if section.name() == SECTION => {
                return serde_json::from_slice(section.data())
                    .map(Some)
                    .map_err(Error::Invalid);
            }
            _ => {}
        }
    }
    Ok(None)
}

/// `wasm` with `metadata` in its last section, in place of any it had.
///
/// The same module and metadata always give the same bytes, and writing twice the same as writing
/// once.
///
/// # Errors
/// `wasm` is not a core WebAssembly module.
pub fn write(wasm: &[u8], metadata: &Metadata) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(metadata).map_err(Error::Unwritable)?;
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Err(Error::Component),
            Payload::CustomSection(section) if section.name() == SECTION => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection {
                id,
                data: wasm.get(range).unwrap_or_default(),
            });
        }
    }
    module.section(&CustomSection {
        name: SECTION.into(),
        data: json.into(),
    });
    Ok(module.finish())
}
