//! Compares the examples for Argo CD and Flux with the tree that they install.

use std::collections::BTreeSet;

use manifest::placeholders;
use serde_json::Value;

use crate::tree;

fn example(name: &str) -> Vec<manifest::Object> {
    let text = std::fs::read_to_string(tree::root().join("examples").join(name)).unwrap();
    tree::objects(name, &text)
}

/// Reads a YAML file that is not a Kubernetes object.
fn yaml(path: &str) -> Value {
    let text = std::fs::read(tree::root().join(path)).unwrap();
    let mut documents = manifest::read(path, &text);
    documents.next().unwrap().unwrap().value().unwrap()
}

#[test]
fn argo_cd_installs_every_component_in_order() {
    let objects = example("argocd.yaml");
    let [set] = objects.as_slice() else {
        panic!("one ApplicationSet");
    };
    let template = &set.value["spec"]["template"];
    let wave = template["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
        .as_str()
        .unwrap();
    let words: Vec<&str> = wave.split('"').skip(1).step_by(2).collect();
    let mut waves: Vec<(i32, &str)> = words
        .chunks(2)
        .map(|pair| (pair[1].parse().unwrap(), pair[0]))
        .collect();
    waves.sort();
    let waves: Vec<&str> = waves.into_iter().map(|(_, component)| component).collect();
    let overlays = agnostics::bootstrap::of_profile(&tree::root(), "k3s", "dev").unwrap();
    let components: Vec<&str> = overlays.iter().map(|it| it.component).collect();
    assert_eq!(waves, components);

    let generators = set.value["spec"]["generators"].as_array().unwrap();
    let paths: Vec<&str> = generators
        .iter()
        .map(|it| &it["matrix"]["generators"][0]["git"]["directories"][0]["path"])
        .map(|path| path.as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        ["bootstrap/*/*/envs/*", "bootstrap/external-secrets/envs/*"]
    );
    for environment in agnostics::bootstrap::ENVIRONMENTS {
        let own = tree::root().join("external-secrets/envs").join(environment);
        assert!(own.join("kustomization.yaml").is_file());
    }
}

#[test]
fn flux_installs_every_component_with_the_variables_it_uses() {
    let Some(kustomize) = tree::kustomize() else {
        return;
    };
    let objects = example("flux.yaml");
    let kustomizations: Vec<_> = objects
        .iter()
        .filter(|it| it.kind() == "Kustomization")
        .collect();
    let names: BTreeSet<&str> = kustomizations.iter().map(|it| it.name()).collect();
    let overlays = agnostics::bootstrap::of_profile(&tree::root(), "k3s", "dev").unwrap();
    assert_eq!(names, overlays.iter().map(|it| it.component).collect());
    for it in kustomizations {
        let spec = &it.value["spec"];
        let overlay = overlays
            .iter()
            .find(|overlay| overlay.component == it.name())
            .unwrap();
        let path = format!("./bootstrap/{}", overlay.path.display());
        assert_eq!(spec["path"], path);
        for needed in spec["dependsOn"].as_array().into_iter().flatten() {
            assert!(
                names.contains(needed["name"].as_str().unwrap()),
                "{}",
                it.name()
            );
        }
        let built = kustomize.build(&tree::root().join(&overlay.path)).unwrap();
        let used: BTreeSet<&str> = placeholders(&built).iter().map(|gap| gap.name).collect();
        let substituted = spec["postBuild"]["substitute"].as_object();
        let substituted: BTreeSet<&str> = substituted
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(substituted, used, "{}", it.name());
    }
}

/// Flux and kustomize install the same chart with the same permissions.
#[test]
fn flux_and_kustomize_install_the_same_external_secrets_chart() {
    let chart = &yaml("external-secrets/base/kustomization.yaml")["helmCharts"][0];
    let values = yaml("external-secrets/base/values.yaml");
    let objects = example("flux.yaml");
    let release = objects
        .iter()
        .find(|it| it.kind() == "HelmRelease")
        .unwrap();
    let spec = &release.value["spec"];
    assert_eq!(spec["chart"]["spec"]["version"], chart["version"]);
    assert_eq!(spec["chart"]["spec"]["chart"], chart["name"]);
    assert_eq!(spec["targetNamespace"], chart["namespace"]);
    assert_eq!(chart["valuesFile"], "values.yaml");
    for (name, value) in spec["values"].as_object().unwrap() {
        assert_eq!(values[name], *value, "{name}");
    }
    // Documented in bootstrap/README.md. Both files must set them: the chart enables them by default.
    for own in [&values, &spec["values"]] {
        for permission in [
            "serviceAccountTokenCreate",
            "aggregateToEdit",
            "aggregateToAdmin",
        ] {
            assert_eq!(own["rbac"][permission], false, "{permission}");
        }
        for kind in [
            "ClusterExternalSecret",
            "ClusterGenerator",
            "ClusterPushSecret",
            "PushSecret",
        ] {
            assert_eq!(own[format!("process{kind}")], false, "{kind}");
        }
    }
}
