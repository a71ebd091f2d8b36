//! Pushes built modules to an OCI registry, each as kwctl would, with what it is made of, how it was
//! built and who signed it. `cargo xtask publish` builds the modules and runs this.
//!
//! A program of its own, so that the commands that a developer runs daily need not compile it.

mod artifact;
mod key;
mod papers;
mod push;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use registry::{Reference, Registry};

use artifact::Artifact;
use key::SigningKey;
use push::Push;

/// Pushes built modules to an OCI registry.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to: each module goes to HOST/PATH/<module>, with the tag v<version>
    #[arg(long, value_name = "HOST/PATH")]
    registry: String,
    /// Speak plain HTTP, as with a registry on this machine
    #[arg(long)]
    insecure: bool,
    /// Sign with this key: ECDSA P-256 in PEM, or what cosign writes as cosign.key (its password in
    /// COSIGN_PASSWORD)
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
    /// Let a tag that names other content name this; whoever pulls by tag gets something else then
    #[arg(long)]
    move_tags: bool,
    /// Push all but the tag, so that it can be signed before anybody finds it; push again for the tag
    #[arg(long)]
    no_tag: bool,
    /// Built modules, each with <module>.cdx.json and <module>.provenance.json beside it
    #[arg(value_name = "MODULE.wasm", required = true)]
    modules: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let place = Reference::parse(&arguments.registry).context("--registry")?;
    anyhow::ensure!(
        place.pin.is_none(),
        "--registry: `{place}` has a tag; the tag is the version of the modules"
    );
    let key = match &arguments.sign_key {
        Some(path) => Some(SigningKey::read(path)?),
        None => None,
    };
    // What cannot be read is told before anything is pushed.
    let artifacts = arguments.modules.iter().map(|path| Artifact::read(path));
    let artifacts: Vec<Artifact> = artifacts.collect::<Result<_>>()?;
    let registry = Registry::open(&place.host, arguments.insecure);
    let push = Push {
        registry: &registry,
        place: &place,
        key: key.as_ref(),
        move_tags: arguments.move_tags,
        no_tag: arguments.no_tag,
    };
    for artifact in &artifacts {
        let pushed = push.run(artifact)?;
        println!("{pushed}");
    }
    Ok(())
}
