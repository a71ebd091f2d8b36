//! `cargo xtask demo`: builds everything from a fresh clone and shows the verdicts on the example apps.

use anyhow::{Context, Result, ensure};
use simulate::Profile;

use crate::build;
use crate::progress::Step;
use crate::workspace::{Workspace, run};

/// Builds everything, shows that the policies return the same verdicts natively and as Wasm, then checks the
/// examples as a developer would.
pub(crate) fn demo(workspace: &Workspace) -> Result<()> {
    println!("Agnostics checks Kubernetes manifests against the policies of a K8TRE cluster.");
    println!("1. build the policies as Wasm modules, as the policy server loads them\n");
    build::modules(workspace, &[])?;
    println!("\n2. build the command line, which contains the policies\n");
    let step = Step::start("compiling agnostics");
    build::compile_programs(workspace, &["agnostics", "compare"])?;
    step.end("done");

    println!("\n3. compare native and Wasm verdicts on the example apps, for every vendor\n");
    run(build::compiled_program(workspace, "compare").arg("examples"))?;

    println!(
        "\n4. check one app without a profile; the last line shows which vendor was used and why"
    );
    check(workspace, &["examples/database.yaml"])?;
    for (number, profile) in (5..).zip(Profile::ALL.map(Profile::name)) {
        println!("\n{number}. check all example apps for {profile}");
        check(workspace, &["examples", "--profile", profile])?;
    }
    println!("{CLOSING}");
    Ok(())
}

fn check(workspace: &Workspace, args: &[&str]) -> Result<()> {
    let args = [&["check"], args].concat();
    let line = format!("agnostics {}", args.join(" "));
    let mut agnostics = build::compiled_program(workspace, "agnostics");
    agnostics.args(args);
    println!("\n$ {line}");
    let status = agnostics
        .status()
        .with_context(|| format!("cannot run `{line}`"))?;
    // Exit code 1 means that an object was rejected, which some examples should be.
    let succeeded = matches!(status.code(), Some(0 | 1));
    ensure!(succeeded, "`{line}` failed: {status}");
    Ok(())
}

const CLOSING: &str = "
What you saw: apps that request a vendor's storage class, an old name or no class at all get the K8TRE
class for their access mode. A `-` line is what the app wrote, a `+` line what the cluster would store.
Routes that break the plane's rules are rejected, and so are Ingresses that can be expressed as an
HTTPRoute. The message says what to write instead; for an Ingress, that is the whole HTTPRoute.
Nothing was sent to a cluster.

Next, from this directory:
  target/release/agnostics check PATH    check your own manifests: files, directories, or - for stdin
  target/release/agnostics check --help  profiles, machine-readable reports, your own policies
  target/release/agnostics convert PATH  convert Ingresses to HTTPRoutes
  cargo xtask test                       run all checks that need no cluster";
