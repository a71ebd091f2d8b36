//! Debian's packages: a Rust that is new enough, its standard library as source, and the libc that
//! the standard library for WASI links. Needs none of rustup's servers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Provision;
use crate::apt;

/// Where rust-web-src puts the sources, which is where the toolchain looks for them.
pub(super) const RUST_SOURCES: &str = "/usr/lib/rustlib/src/rust";
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";
const CARGO: &str = "/usr/bin/cargo";
pub(super) const RUSTC: &str = "/usr/bin/rustc";
const WASM_LD: &str = "/usr/bin/wasm-ld";

const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];
/// Has [`WASM_LD`]; only where the machine has no rust-lld.
const LINKER_PACKAGE: &str = "lld";

/// The program that links the modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Linker(pub(crate) PathBuf);

/// `cargo build` with Debian's toolchain, which has no standard library for WebAssembly and builds it.
pub(super) fn cargo_build(linker: &Linker, target: &str, flags: &[OsString]) -> Command {
    let mut all = Vec::new();
    if target == super::TARGET {
        let libc = format!("native={WASI_LIBC}");
        // The sysroot has no libc of its own for this target.
        all = ["-L", &libc, "-C", "link-self-contained=no"]
            .map(OsString::from)
            .into();
    }
    all.extend_from_slice(flags);
    let variable = target.to_uppercase().replace('-', "_");
    let mut cargo = Command::new(CARGO);
    cargo
        .arg("build")
        .arg("-Zbuild-std=std,panic_abort")
        .arg("-Zbuild-std-features=optimize_for_size")
        .env("RUSTC", RUSTC)
        // Lets a stable toolchain build its own standard library.
        .env("RUSTC_BOOTSTRAP", "1")
        .env(format!("CARGO_TARGET_{variable}_LINKER"), &linker.0)
        .env_remove("RUSTUP_TOOLCHAIN");
    super::with_flags(&mut cargo, target, &all);
    cargo
}

impl Provision<'_> {
    /// The linker to use if everything is there, or what is missing.
    pub(super) fn debian_ready(&self) -> Result<Linker, String> {
        let standard_library = format!("{RUST_SOURCES}/library/std/Cargo.toml");
        let libc = format!("{WASI_LIBC}/libc.a");
        for path in [CARGO, RUSTC, &standard_library, &libc] {
            if !self.system.exists(Path::new(path)) {
                return Err(format!("`{path}` is missing"));
            }
        }
        let version = self.ask(RUSTC, &["--version"])?;
        let (major, minor) = self.rust_version;
        if parse_version(&version).is_none_or(|version| version < self.rust_version) {
            return Err(format!(
                "`{RUSTC}` is `{version}`, the workspace needs {major}.{minor}"
            ));
        }
        self.linker()
            .ok_or_else(|| format!("neither rust-lld nor `{WASM_LD}` is there"))
    }

    pub(super) fn debian_install(&self) -> Result<Linker, String> {
        let mut packages = PACKAGES.to_vec();
        if self.linker().is_none() {
            packages.push(LINKER_PACKAGE);
        }
        // rustc-web conflicts with Debian's rustup and rustc, which apt leaves alone.
        apt::install(self.system, self.say, &packages)?;
        self.debian_ready()
    }

    /// rust-lld of the active toolchain or of Debian's, else Debian's lld.
    fn linker(&self) -> Option<Linker> {
        let active = self.ask(&self.rustc, &["--print", "sysroot"]);
        let sysroots = [active.unwrap_or_default(), "/usr".to_owned()];
        let rust_lld = sysroots.iter().flat_map(|sysroot| {
            let hosts = Path::new(sysroot).join("lib/rustlib");
            let names = self.system.names_in(&hosts);
            names
                .into_iter()
                .map(move |host| hosts.join(host).join("bin/rust-lld"))
        });
        rust_lld
            .chain([WASM_LD.into()])
            .find(|path| self.system.exists(path))
            .map(Linker)
    }
}

/// `rustc 1.96.0 (…)` → (1, 96).
fn parse_version(line: &str) -> Option<(u64, u64)> {
    let mut numbers = line.split_whitespace().nth(1)?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}
