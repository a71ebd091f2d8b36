//! The modules' verdict on the plane itself.

use std::process::Command;

use crate::tree;

/// The command line that was built beside this test.
fn agnostics() -> Command {
    let test = std::env::current_exe().expect("this test has a path");
    let directory = test.ancestors().nth(2).expect("deps/ is in the profile's");
    let program = directory.join("agnostics");
    assert!(
        program.is_file(),
        "build it with `cargo build --release --workspace --bin agnostics`"
    );
    Command::new(program)
}

/// Neither refused nor changed: a plane that its own modules change would never be in sync in git.
#[test]
fn modules_accept_every_overlay_as_it_is() {
    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    for profile in agnostics::bootstrap::PROFILES {
        for environment in agnostics::bootstrap::ENVIRONMENTS {
            let directory = tempfile::tempdir().unwrap();
            for rendered in tree::render(&kustomize, profile, environment) {
                let file = format!("{}.yaml", rendered.overlay.component);
                std::fs::write(directory.path().join(file), rendered.yaml).unwrap();
            }
            let output = agnostics()
                .args(["check", "--output", "json", "--profile", profile])
                .arg("--modules")
                .arg(e2e::workspace::root().join("target/modules"))
                .arg(directory.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{profile} {environment}: {said}");
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let count = |what: &str| report["summary"][what].as_u64().unwrap();
            assert_eq!(count("accepted"), count("objects"), "{report:#}");
            assert_eq!(count("warned"), 0, "{report:#}");
            let seen: Vec<&str> = report["results"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["kind"].as_str().unwrap())
                .collect();
            assert!(seen.contains(&"Gateway"), "{seen:?}");
            assert!(seen.contains(&"ClusterSecretStore"), "{seen:?}");
        }
    }
}
