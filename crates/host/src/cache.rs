use std::fs;
use std::io;
use std::path::Path;

use wasmtime::{Cache, CacheConfig};

/// Opens wasmtime's cache of compiled code in `directory`, or says why it stays closed.
///
/// Entries are keyed on the engine's version and flags, the processor and the module; what cannot
/// be read is compiled anew. But an entry is machine code that is run without further checks, so
/// the directory must be in the user's hands alone.
pub(crate) fn open(directory: &Path) -> Result<Cache, String> {
    prepare(directory).map_err(|cause| {
        format!(
            "compiled code is not kept in `{}`: {cause}",
            directory.display()
        )
    })
}

fn prepare(directory: &Path) -> Result<Cache, String> {
    let directory = std::path::absolute(directory).map_err(|error| error.to_string())?;
    create(&directory).map_err(|error| error.to_string())?;
    check_owner(&directory)?;
    let mut config = CacheConfig::new();
    config.with_directory(directory);
    Cache::new(config).map_err(|error| format!("{error:#}"))
}

fn create(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Refuses a directory that cannot be written, or that somebody else can write.
fn check_owner(directory: &Path) -> Result<(), String> {
    let probe = directory.join(format!(".probe-{}", std::process::id()));
    fs::write(&probe, []).map_err(|error| format!("it cannot be written: {error}"))?;
    let shared = is_shared(directory, &probe);
    let removed = fs::remove_file(&probe);
    if shared.map_err(|error| error.to_string())? {
        return Err("others than you can write it".to_owned());
    }
    removed.map_err(|error| error.to_string())
}

#[cfg(unix)]
fn is_shared(directory: &Path, own_file: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let directory = fs::metadata(directory)?;
    Ok(directory.mode() & WRITABLE_BY_OTHERS != 0
        || directory.uid() != fs::metadata(own_file)?.uid())
}

#[cfg(not(unix))]
fn is_shared(_directory: &Path, _own_file: &Path) -> io::Result<bool> {
    Ok(false)
}
