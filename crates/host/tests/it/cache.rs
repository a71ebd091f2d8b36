use std::fs;
use std::path::{Path, PathBuf};

use host::{Host, Options};

use crate::guest;

fn host_with(cache_dir: &Path) -> Host {
    Host::new(Options {
        cache_dir: Some(cache_dir.to_owned()),
        ..Options::default()
    })
    .unwrap()
}

/// Loads the constant guest, sees it work, and tells how many modules came from the cache.
fn hits(host: &Host) -> usize {
    let module = host.load("constant", &guest("constant")).unwrap();
    assert_eq!(module.protocol_version().unwrap(), "v1");
    host.cache_hits()
}

/// The files of compiled code below `directory`; wasmtime keeps its notes in `.stats` files beside
/// them.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(entries(&path));
        } else if path.extension().is_none() {
            found.push(path);
        }
    }
    found
}

#[test]
fn compiled_code_serves_the_second_start() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("not/there/yet");
    assert_eq!(hits(&host_with(&cache)), 0);
    assert_eq!(entries(&cache).len(), 1);
    let second = host_with(&cache);
    assert_eq!(second.cache_note(), None);
    assert_eq!(hits(&second), 1);
}

#[test]
fn a_damaged_entry_is_compiled_anew() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(hits(&host_with(directory.path())), 0);
    let entry = &entries(directory.path())[0];
    let good = fs::read(entry).unwrap();
    for damaged in [&good[..good.len() / 2], b"", b"not compressed"] {
        fs::write(entry, damaged).unwrap();
        assert_eq!(
            hits(&host_with(directory.path())),
            0,
            "{} bytes",
            damaged.len()
        );
        assert_eq!(hits(&host_with(directory.path())), 1, "the entry is mended");
    }
}

#[test]
fn another_module_is_another_entry() {
    let directory = tempfile::tempdir().unwrap();
    let host = host_with(directory.path());
    hits(&host);
    host.load("probe", &guest("probe")).unwrap();
    assert_eq!(host.cache_hits(), 0);
    assert_eq!(entries(directory.path()).len(), 2);
}

#[test]
fn without_a_directory_nothing_is_kept() {
    let host = Host::new(Options::default()).unwrap();
    assert_eq!(hits(&host) + hits(&host), 0);
    assert_eq!(host.cache_note(), None);
}

#[test]
fn a_file_in_its_place_costs_time_only() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cache");
    fs::write(&file, "mine").unwrap();
    let host = host_with(&file);
    assert_eq!(hits(&host), 0);
    let note = host.cache_note().unwrap();
    assert!(
        note.starts_with(&format!(
            "compiled code is not kept in `{}`: ",
            file.display()
        )),
        "{note}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn a_directory_that_others_can_write_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let host = host_with(directory.path());
    assert_eq!(hits(&host), 0);
    assert!(
        host.cache_note()
            .unwrap()
            .ends_with("others than you can write it")
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_new_directory_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    host_with(&cache);
    assert_eq!(
        fs::metadata(&cache).unwrap().permissions().mode() & 0o777,
        0o700
    );
}
