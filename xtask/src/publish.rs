//! `cargo xtask publish`: builds the modules, writes what they are made of and how they were built, and
//! has the program `publish` push them to a registry.

mod provenance;
mod sbom;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::build;
use crate::files;
use crate::modules;
use crate::progress::say;
use crate::toolchain::Way;
use crate::workspace::{Workspace, run};

/// Where to publish to, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Each module goes to HOST/PATH/<module>, with the tag v<version>; without it all is made ready, the
    /// program `publish` too, and nothing is pushed
    #[arg(long, value_name = "HOST/PATH")]
    registry: Option<String>,
    /// Speak plain HTTP, as with a registry on this machine
    #[arg(long, requires = "registry")]
    insecure: bool,
    /// Sign with this key: ECDSA P-256 in PEM, or cosign.key with its password in COSIGN_PASSWORD
    #[arg(long, value_name = "FILE", requires = "registry")]
    sign_key: Option<PathBuf>,
    /// Let a tag that names other content name this
    #[arg(long, requires = "registry")]
    move_tags: bool,
    /// Push all but the tag, so that it can be signed before anybody finds it; push again for the tag
    #[arg(long, requires = "registry")]
    no_tag: bool,
    /// Only these, by name; all of them if none is given
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
}

/// Builds, describes and pushes.
pub(crate) fn publish(workspace: &Workspace, way: Option<Way>, options: &Options) -> Result<()> {
    let paths = describe(workspace, way, &options.modules)?;
    build::compile_program(workspace, "publish")?;
    let Some(registry) = &options.registry else {
        return Ok(());
    };
    let mut publish = build::compiled_program(workspace, "publish");
    publish.arg("--registry").arg(registry);
    if options.insecure {
        publish.arg("--insecure");
    }
    if options.move_tags {
        publish.arg("--move-tags");
    }
    if options.no_tag {
        publish.arg("--no-tag");
    }
    if let Some(key) = &options.sign_key {
        // It is named from where the developer is, and the program runs in the root.
        publish.arg("--sign-key").arg(std::path::absolute(key)?);
    }
    run(publish.args(paths))
}

/// Builds the modules called `names`, or all of them, and writes beside each what `publish` pushes with
/// it. The modules' paths.
pub(crate) fn describe(
    workspace: &Workspace,
    way: Option<Way>,
    names: &[String],
) -> Result<Vec<PathBuf>> {
    let modules = modules::named(workspace, names)?;
    let built: Vec<String> = modules.iter().map(|module| module.name.clone()).collect();
    let toolchain = build::build(workspace, way, &built)?;
    let compiler = provenance::compiler(&toolchain)?;
    let sources = provenance::Sources::of(workspace)?;
    let lock = sbom::Lock::read(workspace)?;
    let mut paths = Vec::new();
    let mut sums = String::new();
    for module in &modules {
        let path = workspace.path("target/modules").join(&module.name);
        let path = path.with_extension("wasm");
        let wasm =
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let of_module = || format!("cannot describe `{}`", module.name);
        let papers = [
            (
                "cdx.json",
                sbom::of(workspace, module, &lock, &wasm, &compiler).with_context(of_module)?,
            ),
            ("provenance.json", sources.predicate(module, &compiler)),
        ];
        for (ending, paper) in papers {
            write(&path.with_extension(ending), &paper)?;
        }
        // As `sha256sum --check` takes it.
        sums.push_str(&format!("{}  {}.wasm\n", build::digest(&wasm), module.name));
        paths.push(path);
    }
    if names.is_empty() {
        let path = workspace.path("target/modules/SHA256SUMS");
        files::write_if_changed(&path, sums.as_bytes())?;
    }
    say(format_args!(
        "{} with SBOM and provenance in target/modules/",
        build::count(paths.len(), "module")
    ));
    Ok(paths)
}

fn write(path: &std::path::Path, paper: &Value) -> Result<()> {
    let text = format!("{paper:#}\n");
    files::write_if_changed(path, text.as_bytes()).map(drop)
}
