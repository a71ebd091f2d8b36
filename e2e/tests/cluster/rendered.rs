//! Objects of `bootstrap/`, rendered.

use serde_json::Value;

use crate::tree;

/// What a component of a profile makes, in the environment `prd`.
pub(crate) fn of(profile: &str, component: &str) -> Vec<Value> {
    let objects = all(profile, "prd").into_iter();
    objects
        .filter_map(|(of, object)| (of == component).then_some(object))
        .collect()
}

/// Everything that a profile makes, each with its component, in the order of installation.
pub(crate) fn all(profile: &str, environment: &str) -> Vec<(&'static str, Value)> {
    let kustomize = bootstrap::Kustomize::find().unwrap_or_else(|missing| panic!("{missing}"));
    let rendered = tree::render(&kustomize, profile, environment).into_iter();
    let objects = rendered.flat_map(|it| {
        let objects = tree::objects(&it.overlay.path.display().to_string(), &it.yaml);
        let component = it.overlay.component;
        objects
            .into_iter()
            .map(move |object| (component, object.value))
    });
    objects.collect()
}
