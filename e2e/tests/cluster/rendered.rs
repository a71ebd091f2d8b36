//! The rendered objects of `bootstrap/`.

use std::path::PathBuf;

use agnostics::bootstrap::{Kustomize, Overlay, Rendered};
use serde_json::Value;
use tempfile::TempDir;

use crate::policies::Profile;
use crate::tree;

/// Returns the objects of a component in the environment `prd`.
pub(crate) fn of(profile: &str, component: &str) -> Vec<Value> {
    let objects = all(profile, "prd").into_iter();
    objects
        .filter_map(|(of, object)| (of == component).then_some(object))
        .collect()
}

/// Returns the store of K3s.
pub(crate) fn store() -> Value {
    let mut objects = of("k3s", "secret-store").into_iter();
    let store = objects.find(|it| it["kind"] == "ClusterSecretStore");
    store.expect("a store")
}

/// Returns all objects of a profile with their components, in the order of installation.
pub(crate) fn all(profile: &str, environment: &str) -> Vec<(&'static str, Value)> {
    let rendered = tree::render(&kustomize(), profile, environment);
    rendered.into_iter().flat_map(objects).collect()
}

fn kustomize() -> Kustomize {
    Kustomize::find().unwrap_or_else(|missing| panic!("{missing}"))
}

fn objects(rendered: Rendered) -> impl Iterator<Item = (&'static str, Value)> {
    let Rendered { overlay, yaml } = rendered;
    let objects = tree::objects(&overlay.path.display().to_string(), &yaml);
    let objects = objects.into_iter();
    objects.map(move |object| (overlay.component, object.value))
}

/// Returns the optional kustomize components of a profile, each with the component that it extends.
fn optional(profile: Profile) -> [(&'static str, &'static str); 2] {
    let of_vendor = match profile {
        Profile::Azure => ("externaldns", "externaldns/azure/components/public-zones"),
        Profile::Aws => ("secret-store", "secret-store/aws/components/irsa"),
        Profile::K3s => ("cluster-dns", "cluster-dns/components/kubeadm"),
    };
    [of_vendor, ("policies", "policies/components/protect")]
}

/// Returns the objects of a profile's overlays with each optional kustomize component.
pub(crate) fn with_options(profile: Profile) -> Vec<(&'static str, Value)> {
    let (root, name, environment) = (tree::root(), profile.name(), "dev");
    // Renders all components, because unused variables are errors.
    let mut overlays =
        agnostics::bootstrap::of_profile(&root, name, environment).expect("overlays");
    let plain = overlays.len();
    // Deleted after rendering.
    let mut directories: Vec<TempDir> = Vec::new();
    for (component, option) in optional(profile) {
        let overlay = format!("{component}/{name}/envs/{environment}");
        let directory = tree::customized(&overlay, option);
        let path: PathBuf = directory.path().to_owned();
        directories.push(directory);
        let same = overlays.iter().find(|it| it.component == component);
        let same = same.expect("the profile has the component").clone();
        overlays.push(Overlay { path, ..same });
    }
    let mut values = tree::values(name);
    if profile == Profile::Aws {
        let role = "AWS_EXTERNAL_SECRETS_ROLE_ARN";
        let variable = agnostics::bootstrap::VARIABLES
            .iter()
            .find(|it| it.name == role);
        let example = variable.expect("a variable").example;
        values.insert(role.to_owned(), example.to_owned());
    }
    let rendered = agnostics::bootstrap::render(&kustomize(), &root, &overlays, &values);
    let rendered = rendered.unwrap_or_else(|error| panic!("{name}: {error}"));
    rendered.into_iter().skip(plain).flat_map(objects).collect()
}
