//! Every machine the provisioning can meet, played.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::*;
use crate::system::Answer;

/// A machine whose programs answer as told; what it is not told of is missing.
#[derive(Default)]
struct Stage {
    answers: BTreeMap<String, Answer>,
    directories: RefCell<BTreeMap<&'static str, Vec<&'static str>>>,
    files: RefCell<Vec<&'static str>>,
    /// Files that appear when apt-get installs.
    installs: Vec<&'static str>,
    calls: RefCell<Vec<String>>,
    said: RefCell<Vec<String>>,
}

const SYSROOT: &str = "/toolchain";
const LIBDIR: &str = "/toolchain/lib/rustlib/wasm32-wasip1/lib";
const HOSTS: &str = "/toolchain/lib/rustlib";
const RUST_LLD: &str = "/toolchain/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld";
const DEBIAN: [&str; 4] = [
    "/usr/bin/cargo",
    "/usr/bin/rustc",
    "/usr/lib/rustlib/src/rust/library/std/Cargo.toml",
    "/usr/lib/wasm32-wasi/libc.a",
];

impl System for Stage {
    fn run(&self, call: &Call) -> Answer {
        let words: Vec<&str> = std::iter::once(call.program.as_str())
            .chain(call.args.iter().map(String::as_str))
            .filter(|word| !word.starts_with("-o") && *word != "-qq")
            .collect();
        let line = words.join(" ");
        let answer = self
            .answers
            .iter()
            .rfind(|(start, _)| line.starts_with(start.as_str()))
            .map_or(Answer::Missing, |(_, answer)| answer.clone());
        if matches!(answer, Answer::Done(_)) {
            if line.starts_with("rustup target add") {
                self.add_target();
            }
            if line.contains("apt-get install") {
                self.files.borrow_mut().extend(&self.installs);
            }
        }
        self.calls.borrow_mut().push(line);
        answer
    }

    fn names_in(&self, directory: &Path) -> Vec<OsString> {
        let directories = self.directories.borrow();
        let names = directories.get(directory.to_str().unwrap());
        names.into_iter().flatten().map(OsString::from).collect()
    }

    fn exists(&self, path: &Path) -> bool {
        self.files
            .borrow()
            .iter()
            .any(|file| Path::new(file) == path)
    }
}

impl Stage {
    /// A machine with an active toolchain that lacks the target.
    fn new() -> Self {
        let stage = Self::default()
            .answering("rustc --print target-libdir", done(LIBDIR))
            .answering("rustc --print sysroot", done(SYSROOT));
        stage
            .directories
            .borrow_mut()
            .insert(HOSTS, vec!["etc", "x86_64-unknown-linux-gnu"]);
        stage
    }

    fn answering(mut self, line: &str, answer: Answer) -> Self {
        self.answers.insert(line.into(), answer);
        self
    }

    fn with_rust_lld(self) -> Self {
        self.files.borrow_mut().push(RUST_LLD);
        self
    }

    /// apt-get works for root and brings what the packages hold.
    fn with_apt(mut self) -> Self {
        self.installs = DEBIAN.to_vec();
        self.answering("apt-get", done(""))
            .answering("id -u", done("0"))
            .answering(
                "/usr/bin/rustc --version",
                done("rustc 1.96.0 (abc 2026-05-25)"),
            )
    }

    fn add_target(&self) {
        let mut directories = self.directories.borrow_mut();
        directories.insert(LIBDIR, vec!["libcore-1.rlib", "libstd-1.rlib"]);
    }

    fn provision(&self, forced: Option<Way>, memory: &Path) -> Result<Toolchain, String> {
        let say = |line: &str| self.said.borrow_mut().push(line.to_owned());
        let provision = Provision {
            target: TARGET,
            system: self,
            say: &say,
            rustc: "rustc".to_owned(),
            rust_version: (1, 95),
            memory,
        };
        provision
            .toolchain(forced)
            .map_err(|error| format!("{error:#}"))
    }

    /// Provisions on a machine that has never built before.
    fn first(&self, forced: Option<Way>) -> Result<Toolchain, String> {
        let directory = tempfile::tempdir().unwrap();
        self.provision(forced, &directory.path().join("toolchain"))
    }

    fn called(&self, start: &str) -> bool {
        self.calls
            .borrow()
            .iter()
            .any(|line| line.starts_with(start))
    }

    fn said(&self) -> String {
        self.said.borrow().join("\n")
    }
}

fn done(output: &str) -> Answer {
    Answer::Done(format!("{output}\n"))
}

fn failed(output: &str) -> Answer {
    Answer::Failed(output.into())
}

fn debian(linker: &str) -> Result<Toolchain, String> {
    Ok(Toolchain::Debian(Linker(linker.into())))
}

#[test]
fn a_target_in_the_sysroot_is_used_and_nothing_is_installed() {
    let stage = Stage::new().with_apt();
    stage.add_target();
    assert_eq!(stage.first(None), Ok(Toolchain::Active));
    assert!(!stage.called("rustup") && !stage.called("apt-get"));
    assert!(
        stage.said().contains("is in the sysroot"),
        "{}",
        stage.said()
    );
}

#[test]
fn rustup_adds_the_target() {
    let stage = Stage::new()
        .with_apt()
        .answering("rustup target add wasm32-wasip1", done("info"));
    assert_eq!(stage.first(None), Ok(Toolchain::Active));
    assert!(!stage.called("apt-get"));
    assert!(
        stage.said().contains("rustup added wasm32-wasip1"),
        "{}",
        stage.said()
    );
}

#[test]
fn a_rustup_that_has_another_toolchain_is_found_out() {
    let stage = Stage::new()
        .answering("rustup", done("info"))
        .answering("rustc --print target-libdir", done("/another/toolchain"));
    let error = stage.first(Some(Way::Rustup)).unwrap_err();
    assert!(error.contains("but not to the active toolchain"), "{error}");
}

#[test]
fn debian_is_installed_where_rustup_is_refused() {
    let stage = Stage::new().with_rust_lld().with_apt().answering(
        "rustup",
        failed("info: syncing\nerror: could not download file"),
    );
    assert_eq!(stage.first(None), debian(RUST_LLD));
    let calls = stage.calls.borrow().clone();
    let apt: Vec<&String> = calls
        .iter()
        .filter(|line| line.starts_with("apt-get"))
        .collect();
    assert_eq!(
        apt,
        [
            "apt-get --version",
            "apt-get update",
            "apt-get install --yes --no-install-recommends --no-remove \
             rustc-web cargo-web rust-web-src wasi-libc",
        ]
    );
}

#[test]
fn debian_is_not_installed_twice() {
    let stage = Stage::new().with_rust_lld().with_apt();
    stage.files.borrow_mut().extend(DEBIAN);
    assert_eq!(stage.first(None), debian(RUST_LLD));
    assert!(!stage.called("apt-get"));
}

#[test]
fn debians_lld_serves_where_there_is_no_rust_lld() {
    let mut stage = Stage::new().with_apt();
    stage.installs.push("/usr/bin/wasm-ld");
    assert_eq!(stage.first(None), debian("/usr/bin/wasm-ld"));
    assert!(
        stage
            .calls
            .borrow()
            .iter()
            .any(|line| line.ends_with("wasi-libc lld"))
    );
}

#[test]
fn apt_get_goes_through_sudo_for_others_than_root() {
    let stage = Stage::new()
        .with_rust_lld()
        .with_apt()
        .answering("id -u", done("1000"))
        .answering("sudo -n apt-get", done(""));
    assert_eq!(stage.first(None), debian(RUST_LLD));
    assert!(stage.called("sudo -n apt-get update") && stage.called("sudo -n apt-get install"));
    assert!(!stage.called("apt-get update"));
}

#[test]
fn a_sudo_that_wants_a_password_is_named() {
    let stage = Stage::new()
        .with_apt()
        .answering("id -u", done("1000"))
        .answering("sudo -n apt-get", failed("sudo: a password is required"));
    let error = stage.first(None).unwrap_err();
    assert!(error.contains("not root, and `sudo -n apt-get"), "{error}");
    assert!(error.contains("sudo: a password is required"), "{error}");
}

#[test]
fn where_no_way_works_the_error_names_all_three_and_their_answers() {
    let stage = Stage::new().answering("rustup", Answer::TimedOut);
    assert_eq!(
        stage.first(None).unwrap_err(),
        "cannot build for wasm32-wasip1 on this machine, none of the three ways works:\n  \
         1. sysroot: `/toolchain/lib/rustlib/wasm32-wasip1/lib` holds no standard library\n  \
         2. rustup: `rustup target add wasm32-wasip1` had not ended after 60 s; \
         if the network is slow, run it by hand\n  \
         3. debian: no `apt-get` on PATH"
    );
}

#[test]
fn a_machine_with_nothing_says_what_is_missing() {
    let error = Stage::default().first(None).unwrap_err();
    for line in [
        "1. sysroot: no `rustc` on PATH",
        "2. rustup: no `rustup` on PATH",
        "3. debian: no `apt-get` on PATH",
    ] {
        assert!(error.contains(line), "{error}");
    }
}

#[test]
fn apt_gets_own_reason_is_passed_on() {
    let stage = Stage::new().with_rust_lld().with_apt().answering(
        "apt-get install",
        failed("Reading package lists...\nE: Unable to locate package rustc-web\nE: more"),
    );
    let error = stage.first(None).unwrap_err();
    assert!(
        error.ends_with("failed: E: Unable to locate package rustc-web"),
        "{error}"
    );
}

#[test]
fn a_debian_too_old_for_the_workspace_is_refused() {
    let stage = Stage::new()
        .with_rust_lld()
        .with_apt()
        .answering("/usr/bin/rustc --version", done("rustc 1.63.0"));
    let error = stage.first(None).unwrap_err();
    assert!(
        error.contains("`rustc 1.63.0`, the workspace needs 1.95"),
        "{error}"
    );
}

#[test]
fn a_forced_way_is_the_only_one_tried() {
    let stage = Stage::new().with_rust_lld().with_apt();
    stage.add_target();
    assert_eq!(stage.first(Some(Way::Debian)), debian(RUST_LLD));

    let stage = Stage::new().with_apt();
    let error = stage.first(Some(Way::Sysroot)).unwrap_err();
    assert!(error.contains("the way `sysroot` does not work"), "{error}");
    assert!(!stage.called("rustup") && !stage.called("apt-get"));
}

#[test]
fn a_machine_that_needed_debian_does_not_ask_rustup_again() {
    let directory = tempfile::tempdir().unwrap();
    let memory = directory.path().join("toolchain");
    let stage = Stage::new()
        .with_rust_lld()
        .with_apt()
        .answering("rustup", failed("error: no"));
    assert_eq!(stage.provision(None, &memory), debian(RUST_LLD));
    stage.calls.borrow_mut().clear();
    assert_eq!(stage.provision(None, &memory), debian(RUST_LLD));
    assert!(!stage.called("rustup") && !stage.called("apt-get"));
    assert!(
        stage.said().ends_with("Debian's, as last time"),
        "{}",
        stage.said()
    );
}

#[test]
fn a_sysroot_that_gets_the_target_later_wins_over_memory() {
    let directory = tempfile::tempdir().unwrap();
    let memory = directory.path().join("toolchain");
    let stage = Stage::new().with_rust_lld().with_apt();
    assert_eq!(stage.provision(None, &memory), debian(RUST_LLD));
    stage.add_target();
    assert_eq!(stage.provision(None, &memory), Ok(Toolchain::Active));
}

#[test]
fn paths_of_this_machine_are_mapped_with_the_nearest_last() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("registry/src/index-1")).unwrap();
    let linker = Linker("/ld".into());
    let flags = remap_flags(Path::new("/src"), home.path(), &Toolchain::Debian(linker));
    let home = home.path().display();
    let flags: Vec<String> = flags
        .into_iter()
        .map(|flag| flag.into_string().unwrap())
        .collect();
    assert_eq!(
        flags,
        [
            format!("--remap-path-prefix={home}=/cargo"),
            format!("--remap-path-prefix={home}/registry/src/index-1=/deps"),
            "--remap-path-prefix=/usr/lib/rustlib/src/rust=/rustc".to_owned(),
            "--remap-path-prefix=/src=/agnostics".to_owned(),
        ]
    );
}
