use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Encoding, Parser, Payload};

use crate::Metadata;

/// The name of the custom section that contains the metadata.
pub const SECTION: &str = "io.kubewarden.metadata";

/// Why metadata cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not a valid WebAssembly module.
    #[error("not a WebAssembly module: {0}")]
    NotWasm(#[from] wasmparser::BinaryReaderError),
    /// The bytes are a WebAssembly component; Kubewarden runs core modules only.
    #[error(
        "a WebAssembly component, but Kubewarden runs core modules; build it for wasm32-wasip1"
    )]
    Component,
    /// The content of the section is not valid metadata.
    #[error("the custom section `{SECTION}` is not valid metadata: {0}")]
    Invalid(#[source] serde_json::Error),
    /// The metadata cannot be serialized.
    #[error("the metadata cannot be serialized as JSON: {0}")]
    Serialize(#[source] serde_json::Error),
}

/// Reads the metadata in `wasm`; returns `None` if the module is not annotated.
///
/// If there are several sections, the first one wins, as in the policy server.
///
/// # Errors
/// Returns an error if `wasm` is not a core WebAssembly module, or if the metadata is invalid.
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

/// Returns `wasm` with `metadata` as its last section, replacing existing metadata.
///
/// The result is deterministic, and writing the same metadata again changes nothing.
///
/// # Errors
/// Returns an error if `wasm` is not a core WebAssembly module.
pub fn write(wasm: &[u8], metadata: &Metadata) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(metadata).map_err(Error::Serialize)?;
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
