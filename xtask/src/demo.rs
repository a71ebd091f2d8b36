//! `cargo xtask demo`: from a fresh clone to the policies' verdicts on the example apps.

use anyhow::{Context, Result, ensure};
use simulate::Profile;

use crate::build;
use crate::progress::Step;
use crate::workspace::{Workspace, run};

/// Sets everything up, shows that the policies answer alike natively and as Wasm, then checks the examples
/// as a developer would.
pub(crate) fn demo(workspace: &Workspace) -> Result<()> {
    println!("Agnostics checks Kubernetes manifests against the policies of a K8TRE cluster.");
    println!("1. the policies as Wasm modules, as the policy server loads them\n");
    build::modules(workspace, &[])?;
    println!("\n2. the command line, which has the policies built in\n");
    let step = Step::start("compiling agnostics");
    build::compile_programs(workspace, &["agnostics", "compare"])?;
    step.end("done");

    println!("\n3. the example apps on every vendor, natively and through the modules\n");
    run(build::compiled_program(workspace, "compare").arg("examples"))?;

    println!("\n4. one app without a profile: the last line says which vendor was taken and why");
    check(workspace, &["examples/database.yaml"])?;
    for (number, profile) in (5..).zip(Profile::ALL.map(Profile::name)) {
        println!("\n{number}. all example apps on {profile}");
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
    // 1 says that something was rejected, which is what a demonstration is to show.
    let did_its_work = matches!(status.code(), Some(0 | 1));
    ensure!(did_its_work, "`{line}` could not do its work: {status}");
    Ok(())
}

const CLOSING: &str = "
What you saw: apps ask for storage by a vendor's class, by an old name or by none at all, and get the
K8TRE class for their access mode; a `-` line is what the app wrote, a `+` line what the cluster would
store. A route that leaves the plane's rules and an Ingress that a route can say are rejected, and the
message says what to write instead: for the Ingress the whole HTTPRoute.
Nothing was sent to a cluster.

Next, from this directory:
  target/release/agnostics check PATH    your own manifests: files, directories, or - for stdin
  target/release/agnostics check --help  profiles, reports for programs, policies of your own
  target/release/agnostics convert PATH  Ingresses as HTTPRoutes
  cargo xtask test                       everything that needs no cluster";
