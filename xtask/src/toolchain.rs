//! Finds or provisions what builds for WebAssembly: the machine's own toolchain where it has the target,
//! what rustup adds, or Debian's packages.

mod debian;

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::progress::seconds;
use crate::system::{self, Call, System, said};

pub(crate) use debian::Linker;

/// What the modules are built for: what Kubewarden's policy server runs.
pub(crate) const TARGET: &str = "wasm32-wasip1";
/// What the playground is built for: a browser.
pub(crate) const BROWSER: &str = "wasm32-unknown-unknown";

/// The standard library is a download of some 20 MB; rustup alone would wait three minutes and then
/// try again where packets vanish.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// A way to a toolchain that builds for a target, in the order they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// the active toolchain has the target already
    Sysroot,
    /// `rustup target add`
    Rustup,
    /// Debian's rustc-web, cargo-web, rust-web-src and wasi-libc, installed by apt-get
    Debian,
}

/// A toolchain that builds for WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one that runs this program.
    Active,
    /// Debian's, which builds the standard library from source.
    Debian(Linker),
}

impl Toolchain {
    /// The name of its directory under `target/guest`: two toolchains that shared one would build
    /// everything anew at each change.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Debian(_) => "debian",
        }
    }

    /// `cargo build` for `target`, with `flags` for rustc.
    pub(crate) fn cargo_build(&self, target: &str, flags: &[OsString]) -> Command {
        match self {
            Self::Active => {
                let mut cargo = Command::new(active_cargo());
                cargo.arg("build");
                with_flags(&mut cargo, target, flags);
                cargo
            }
            Self::Debian(linker) => debian::cargo_build(linker, target, flags),
        }
    }
}

/// The cargo that runs this program, or the one on PATH.
pub(crate) fn active_cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Sets rustc's flags in the one variable that beats every other source of flags, so that a
/// developer's RUSTFLAGS do not change what a module is.
fn with_flags(cargo: &mut Command, target: &str, flags: &[OsString]) {
    cargo.env(
        "CARGO_ENCODED_RUSTFLAGS",
        flags.join(&OsString::from("\x1f")),
    );
    cargo.arg("--target").arg(target);
}

/// How provisioning goes about it.
pub(crate) struct Provision<'a> {
    /// What it is to build for.
    pub(crate) target: &'a str,
    pub(crate) system: &'a dyn System,
    /// Told what is done, a line each.
    pub(crate) say: &'a dyn Fn(&str),
    /// The compiler of the active toolchain.
    pub(crate) rustc: String,
    /// The oldest Rust that builds the workspace, `major.minor`.
    pub(crate) rust_version: (u64, u64),
    /// Holds the name of the toolchain that served last, so that a machine without rustup's servers
    /// does not ask for them at each build.
    pub(crate) memory: &'a Path,
}

impl Provision<'_> {
    /// Finds a toolchain, installing it if need be: by the one way `forced`, or by the first of
    /// [`Way`] that works.
    ///
    /// # Errors
    /// If no way works: every way tried, with what it answered.
    pub(crate) fn toolchain(&self, forced: Option<Way>) -> Result<Toolchain> {
        let mut refusals = String::new();
        for &way in Way::value_variants() {
            if forced.is_some_and(|forced| forced != way) {
                continue;
            }
            if way == Way::Rustup
                && forced.is_none()
                && self.remembers_debian()
                && let Ok(linker) = self.debian_ready()
            {
                (self.say)("guest toolchain: Debian's, as last time");
                return Ok(Toolchain::Debian(linker));
            }
            match self.attempt(way) {
                Ok(toolchain) => {
                    self.remember(&toolchain)?;
                    return Ok(toolchain);
                }
                Err(refusal) => {
                    let (number, name) = (way as usize + 1, name_of(way));
                    let _ = write!(refusals, "\n  {number}. {name}: {refusal}");
                }
            }
        }
        let ways = match forced {
            Some(way) => format!("the way `{}` does not work", name_of(way)),
            None => "none of the three ways works".to_owned(),
        };
        bail!(
            "cannot build for {} on this machine, {ways}:{refusals}",
            self.target
        )
    }

    fn attempt(&self, way: Way) -> Result<Toolchain, String> {
        let started = Instant::now();
        let target = self.target;
        let (toolchain, how) = match way {
            Way::Sysroot => {
                self.in_sysroot()?;
                (
                    Toolchain::Active,
                    format!("{target} is in the sysroot of the active toolchain"),
                )
            }
            Way::Rustup => {
                self.rustup()?;
                (Toolchain::Active, format!("rustup added {target}"))
            }
            Way::Debian => {
                let linker = match self.debian_ready() {
                    Ok(linker) => linker,
                    Err(_) => self.debian_install()?,
                };
                (
                    Toolchain::Debian(linker),
                    "Debian's packages are installed".to_owned(),
                )
            }
        };
        (self.say)(&format!(
            "guest toolchain: {how} ({})",
            seconds(started.elapsed())
        ));
        Ok(toolchain)
    }

    fn in_sysroot(&self) -> Result<(), String> {
        let args = ["--print", "target-libdir", "--target", self.target];
        let directory = self.ask(&self.rustc, &args)?;
        let names = self.system.names_in(Path::new(&directory));
        let has_std = names.iter().any(|name| {
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        });
        if has_std {
            return Ok(());
        }
        Err(format!("`{directory}` holds no standard library"))
    }

    fn rustup(&self) -> Result<(), String> {
        let target = self.target;
        let limit = seconds(RUSTUP_LIMIT);
        (self.say)(&format!("rustup target add {target}, at most {limit} …"));
        let call = Call::new("rustup", &["target", "add", target], RUSTUP_LIMIT);
        said(&call, self.system.run(&call))?;
        self.in_sysroot().map_err(|refusal| {
            format!("added {target}, but not to the active toolchain: {refusal}")
        })
    }

    fn ask(&self, program: &str, args: &[&str]) -> Result<String, String> {
        system::ask(self.system, program, args)
    }

    fn remembers_debian(&self) -> bool {
        std::fs::read_to_string(self.memory).is_ok_and(|name| name.trim() == "debian")
    }

    fn remember(&self, toolchain: &Toolchain) -> Result<()> {
        let line = format!("{}\n", toolchain.name());
        crate::files::write_if_changed(self.memory, line.as_bytes())?;
        Ok(())
    }
}

/// A way's name as it is typed.
fn name_of(way: Way) -> &'static str {
    match way {
        Way::Sysroot => "sysroot",
        Way::Rustup => "rustup",
        Way::Debian => "debian",
    }
}

/// Flags that keep the paths of this machine out of the modules, so that every machine builds the
/// same bytes with the same toolchain. Where several apply, rustc takes the last.
pub(crate) fn remap_flags(root: &Path, cargo_home: &Path, toolchain: &Toolchain) -> Vec<OsString> {
    let mut places: Vec<(PathBuf, &str)> = vec![(cargo_home.to_owned(), "/cargo")];
    let sources = cargo_home.join("registry").join("src");
    let registries = std::fs::read_dir(&sources).into_iter().flatten().flatten();
    let mut registries: Vec<PathBuf> = registries.map(|entry| entry.path()).collect();
    registries.sort();
    places.extend(registries.into_iter().map(|path| (path, "/deps")));
    if let Toolchain::Debian(_) = toolchain {
        places.push((debian::RUST_SOURCES.into(), "/rustc"));
    }
    places.push((root.to_owned(), "/agnostics"));
    places
        .into_iter()
        .map(|(from, to)| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flag
        })
        .collect()
}

#[cfg(test)]
mod tests;
