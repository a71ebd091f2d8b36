//! The kinds of others, which are read where they are published and never copied into the repository.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::programs::version_of;
use crate::progress::Step;
use crate::workspace::Workspace;

/// Where kinds of others are.
#[derive(Debug)]
struct Kinds {
    module: &'static str,
    pin: Pin,
    /// The directory of its CRDs.
    directory: &'static str,
}

/// What says which version of a module it is, and what its bytes are.
#[derive(Debug)]
enum Pin {
    /// The go.mod and go.sum of programs that are made of it.
    Of(&'static str),
    /// The version, and the checksum as go.sum has it, of what no program is made of.
    Here(&'static str, &'static str),
}

const KINDS: [Kinds; 5] = [
    Kinds {
        module: "sigs.k8s.io/gateway-api",
        pin: Pin::Of("e2e/tools"),
        directory: "config/crd/standard",
    },
    Kinds {
        module: "github.com/external-secrets/external-secrets",
        pin: Pin::Here("v1.3.2", "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ="),
        directory: "config/crds/bases",
    },
    Kinds {
        module: "github.com/cert-manager/cert-manager",
        pin: Pin::Here("v1.21.2", "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68="),
        directory: "deploy/crds",
    },
    Kinds {
        module: "go.universe.tf/metallb",
        pin: Pin::Here("v0.16.2", "h1:RCSAGoZmqcvTg0e56+Okbwz8iTuQVX30JpKX5mYEPUM="),
        directory: "config/crd/bases",
    },
    Kinds {
        module: "github.com/cilium/cilium",
        pin: Pin::Here("v1.20.2", "h1:dqiEGIcXc+gqCLYG/l7VCFJ8GHyb4HUrwbZOpkX5dL8="),
        directory: "pkg/k8s/apis/cilium.io/client/crds/v2alpha1",
    },
];

impl Kinds {
    /// The version and the checksum.
    fn pinned(&self, workspace: &Workspace) -> Result<(String, String)> {
        let source = match self.pin {
            Pin::Here(version, sum) => return Ok((version.to_owned(), sum.to_owned())),
            Pin::Of(source) => source,
        };
        let read = |file: &str| fs::read_to_string(workspace.path(source).join(file));
        let missing = || format!("{source} does not pin {}", self.module);
        let go_mod = read("go.mod")?;
        let version = version_of(self.module, &go_mod).with_context(missing)?;
        let line = format!("{} {version} ", self.module);
        let go_sum = read("go.sum")?;
        let sum = go_sum.lines().find_map(|it| it.strip_prefix(&line));
        Ok((version.to_owned(), sum.with_context(missing)?.to_owned()))
    }
}

/// A program that writes Kubewarden's, which no module of Go's proxy has.
const KUBEWARDEN: &str = "e2e/tools/kubewarden";

/// Copies the kinds of others from Go's module cache to target/tools/crds/.
///
/// # Errors
/// If a module cannot be had, or is not what it was.
pub(crate) fn copy(workspace: &Workspace, go: &str) -> Result<()> {
    let target = workspace.path("target/tools/crds");
    let stamp = workspace.path("target/tools/crds-of");
    let kubewarden = workspace.path(KUBEWARDEN);
    let read = |file: &str| fs::read_to_string(kubewarden.join(file));
    let program = [
        read("Cargo.toml")?,
        read("Cargo.lock")?,
        read("src/main.rs")?,
    ];
    let pinned = KINDS.iter().map(|it| it.pinned(workspace));
    let pinned: Vec<_> = pinned.collect::<Result<_>>()?;
    let versions = KINDS.iter().zip(&pinned);
    let versions = versions.map(|(kinds, (version, _))| format!("{} {version}\n", kinds.module));
    // The report has the first lines; the rest is whatever else decides what is copied.
    let wanted = format!(
        "{}\n{KINDS:?}{pinned:?}{program:?}",
        versions.collect::<String>()
    );
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    // What is there may be of other versions.
    if target.exists() {
        fs::remove_dir_all(&target).context("cannot empty target/tools/crds")?;
    }
    fs::create_dir_all(&target).context("cannot make target/tools/crds")?;
    for (kinds, (version, sum)) in KINDS.iter().zip(pinned) {
        let module = format!("{}@{version}", kinds.module);
        let step = Step::start(format!("reading the kinds of {module}"));
        let output = Command::new(go)
            .current_dir(workspace.path("target"))
            .args(["mod", "download", "-json", &module])
            .output()?;
        let downloaded: Downloaded = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("cannot download {module}"))?;
        ensure!(
            downloaded.sum == sum,
            "{module} is `{}`, and {sum} is wanted",
            downloaded.sum
        );
        for file in fs::read_dir(Path::new(&downloaded.dir).join(kinds.directory))? {
            let file = file?;
            let name = file.file_name();
            // Beside them are kustomizations, code, and Gateway API's admission policy.
            let text = name.to_string_lossy();
            if !text.ends_with(".yaml") || text.starts_with("kustom") || text.contains("_vap_") {
                continue;
            }
            // Its mode in the cache is one that nobody may write.
            fs::write(target.join(&name), fs::read(file.path())?)
                .with_context(|| format!("cannot copy {}", name.display()))?;
        }
        step.end("read");
    }
    let step = Step::start("writing the kinds of Kubewarden");
    let output = workspace
        .cargo()
        .current_dir(&kubewarden)
        .env("CARGO_TARGET_DIR", workspace.path("target/tools/cargo"))
        .args(["run", "--quiet", "--locked"])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "cannot run {KUBEWARDEN}");
    let file = target.join("policies.kubewarden.io_clusteradmissionpolicies.yaml");
    fs::write(file, output.stdout).context("cannot write to target/tools/crds")?;
    step.end("written");
    fs::write(&stamp, wanted).context("cannot write to target/tools")
}

/// What `go mod download -json` says.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: String,
    sum: String,
}
