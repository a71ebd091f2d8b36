//! `artifacthub/`: what [Artifact Hub](https://artifacthub.io) lists, a directory for each module and
//! version. Only those of the present version are written; those of past ones stay as they were
//! released.

use anyhow::{Context, Result};
use manifest::render;
use serde_json::{Map, Value, json};

use super::changelog::Release;
use super::setting::Kind;
use super::{Generated, questions};
use crate::build;
use crate::modules::{self, Module};
use crate::workspace::{Workspace, read};

const CATEGORIES: [&str; 3] = ["networking", "security", "storage"];

/// The packages of every module in the version of `Cargo.toml`, or none
/// while `CHANGELOG.md` calls that version unreleased.
pub(super) fn files(workspace: &Workspace) -> Result<Vec<Generated>> {
    let directory = workspace.path("artifacthub");
    let changelog = read(&workspace.path("CHANGELOG.md"))?;
    let mut files = Vec::new();
    for module in modules::all(workspace)? {
        let version = module.package.version.to_string();
        let release = Release::read(&changelog, &version)?;
        let Some(date) = &release.date else {
            continue;
        };
        let package = package(&module, &release, date)
            .with_context(|| format!("no package for `{}`", module.name))?;
        let readme = module.usage()?;
        let directory = directory.join(&module.name).join(&version);
        files.push(Generated {
            path: directory.join("artifacthub-pkg.yml"),
            text: format!(
                "# Made by `{}` from Cargo.toml, src/settings.rs and CHANGELOG.md.\n{}",
                super::COMMAND,
                render(&identified(package, &readme))
            ),
        });
        files.push(Generated {
            path: directory.join("README.md"),
            text: readme,
        });
    }
    Ok(files)
}

/// The package with a `digest` of all that Artifact Hub shows of it: a version that it has already it reads
/// again only if this differs.
fn identified(mut package: Value, readme: &str) -> Value {
    let digest = build::digest(format!("{}\n{readme}", render(&package)).as_bytes());
    if let Some(fields) = package.as_object_mut() {
        fields.insert("digest".to_owned(), digest.into());
    }
    package
}

/// `artifacthub-pkg.yml`; its fields are those of Artifact Hub's `docs/metadata/artifacthub-pkg.yml`, its
/// annotations those that `kwctl scaffold artifacthub` writes.
fn package(module: &Module, release: &Release, date: &str) -> Result<Value> {
    let (package, kubewarden) = (&module.package, &module.kubewarden);
    let repository = package.repository.as_deref();
    let repository = repository.context("`package.repository` is missing")?;
    let image = module
        .image()
        .context("`package.repository` is not on GitHub")?;
    let image = format!("{image}:v{}", package.version);
    let category = kubewarden.category.to_lowercase();
    let category = CATEGORIES.contains(&category.as_str()).then_some(category);
    let release_url = format!("{repository}/releases/download/v{}", package.version);
    let picture = |name: &str| {
        let raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/");
        format!("{raw}/v{}/docs/playground/{name}.png", package.version)
    };
    Ok(without_empty_lists(json!({
        "version": package.version.to_string(),
        "name": module.name,
        "displayName": kubewarden.display_name,
        "category": category.as_deref().unwrap_or("security"),
        // The day of the release, and not the moment of writing: the file is the same whoever writes it.
        "createdAt": format!("{date}T00:00:00Z"),
        "description": package.description,
        "license": package.license,
        "homeURL": repository,
        "containersImages": [{"name": "policy", "image": image}],
        "keywords": kubewarden.keywords,
        "links": [
            {"name": "policy", "url": format!("{release_url}/{}.wasm", module.name)},
            {"name": "source", "url": module.source()},
            {"name": "changelog", "url": format!("{repository}/blob/v{}/CHANGELOG.md", package.version)},
            {"name": "support", "url": format!("{repository}/issues")},
        ],
        "install": install(module, repository, &image)?,
        "changes": release.changes_of(&module.name),
        "provider": {"name": "K8TRE"},
        "screenshots": [
            {"title": "The playground: verdicts beside the lines that caused them", "url": picture("light")},
            {"title": "The playground: the same manifests on three vendors", "url": picture("portable")},
        ],
        "recommendations": [{"url": "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller"}],
        "annotations": annotations(module)?,
    })))
}

fn without_empty_lists(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| *value != json!([]));
    }
    object
}

/// What the package page shows behind its INSTALL button.
fn install(module: &Module, repository: &str, image: &str) -> Result<String> {
    let identity = format!("{repository}/.github/workflows/release.yml@refs/tags/v");
    let policy = render(&policy(module, image)?);
    Ok(format!(
        "Get the module and read what it says of itself with \
         [kwctl](https://docs.kubewarden.io/howtos/install-kwctl):

```console
kwctl pull registry://{image}
kwctl inspect registry://{image}
```

It is signed without a key by the repository's release workflow; cosign tells whether it was:

```console
cosign verify {image} \\
  --certificate-oidc-issuer https://token.actions.githubusercontent.com \\
  --certificate-identity-regexp '^{}'
```

On a cluster with Kubewarden apply this policy. What its settings leave out is as K8TRE has it; the README \
tells all of them, and [bootstrap/policies]({repository}/tree/main/bootstrap/policies) has the policies of \
K8TRE's clusters on azure, aws and k3s.

```yaml
{policy}```

What it makes of your manifests before they reach a cluster: `agnostics check`, in [the \
repository]({repository}).
",
        identity.replace('.', "\\.")
    ))
}

/// The policy that runs the module on what its metadata says.
fn policy(module: &Module, image: &str) -> Result<Value> {
    let metadata = serde_json::to_value(module.metadata(None))?;
    Ok(json!({
        "apiVersion": "policies.kubewarden.io/v1",
        "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": module.name},
        "spec": without_empty_lists(json!({
            "module": format!("registry://{image}"),
            "mutating": metadata.get("mutating"),
            "rules": metadata.get("rules"),
            "contextAwareResources": metadata.get("contextAwareResources"),
            "settings": required_settings(module)?,
        })),
    }))
}

/// The settings that have no default, each with the first value there is for it.
fn required_settings(module: &Module) -> Result<Map<String, Value>> {
    let required = module
        .settings()?
        .into_iter()
        .filter(|setting| setting.required);
    let first = |kind| match kind {
        Kind::Enum(options) => options.into_iter().next(),
        _ => None,
    };
    let values = required.map(|setting| (setting.name, first(setting.kind).into()));
    Ok(values.collect())
}

/// The annotations that `kwctl scaffold artifacthub` writes. Their values are strings, whatever they hold.
fn annotations(module: &Module) -> Result<Value> {
    let metadata = serde_json::to_value(module.metadata(None))?;
    let part = |name: &str| metadata.get(name).map(render).unwrap_or_default();
    let mut annotations = json!({
        "kubewarden/mutation": module.kubewarden.mutating.to_string(),
        "kubewarden/resources": module.kubewarden.resources.join(", "),
        "kubewarden/rules": part("rules"),
        "kubewarden/contextAwareResources": part("contextAwareResources"),
        "kubewarden/questions-ui": questions(module)?,
    });
    if let Some(all) = annotations.as_object_mut()
        && module.kubewarden.context_aware_resources.is_empty()
    {
        all.remove("kubewarden/contextAwareResources");
    }
    Ok(annotations)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parsed(text: &str) -> Value {
        let mut documents = manifest::read("generated", text.as_bytes());
        documents.next().unwrap().unwrap().value().unwrap()
    }

    #[test]
    fn every_package_of_every_version_has_what_artifact_hub_requires() {
        let directory = Workspace::load().unwrap().path("artifacthub");
        let entries = |path: &Path| {
            std::fs::read_dir(path)
                .unwrap()
                .map(|it| it.unwrap().path())
        };
        let modules = entries(&directory).filter(|path| path.is_dir());
        let versions = modules.flat_map(|module| entries(&module).collect::<Vec<_>>());
        let mut checked = 0;
        for version in versions {
            let package = parsed(&read(&version.join("artifacthub-pkg.yml")).unwrap());
            let text = |pointer: &str| {
                package
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            // `digest` is optional there, and without it no correction is read.
            for field in ["displayName", "createdAt", "description", "digest"] {
                assert_ne!(
                    text(&format!("/{field}")),
                    "",
                    "{field} of {}",
                    version.display()
                );
            }
            let (name, number) = (text("/name"), text("/version"));
            assert_eq!(version, directory.join(name).join(number));
            assert_eq!(text("/containersImages/0/name"), "policy");
            let image = text("/containersImages/0/image");
            assert!(image.ends_with(&format!("/{name}:v{number}")), "{image}");
            checked += 1;
        }
        assert!(checked > 0);
    }

    #[test]
    fn a_correction_of_package_or_readme_has_another_digest() {
        let package = json!({"version": "0.1.0", "description": "Does something"});
        let digest = |package: &Value, readme: &str| {
            let digest = identified(package.clone(), readme)["digest"].clone();
            digest.as_str().unwrap().to_owned()
        };
        let first = digest(&package, "# Title");
        assert_eq!(first.len(), 64);
        assert_eq!(digest(&package, "# Title"), first);
        assert_ne!(digest(&package, "# Another title"), first);
        let corrected = json!({"version": "0.1.0", "description": "Does something else"});
        assert_ne!(digest(&corrected, "# Title"), first);
    }

    #[test]
    fn annotations_say_what_the_metadata_says() {
        for module in modules::all(&Workspace::load().unwrap()).unwrap() {
            let annotations = annotations(&module).unwrap();
            let parsed = |name: &str| annotations.get(name).map(|it| parsed(it.as_str().unwrap()));
            let metadata = serde_json::to_value(module.metadata(None)).unwrap();
            assert_eq!(
                parsed("kubewarden/mutation").as_ref(),
                metadata.get("mutating")
            );
            assert_eq!(parsed("kubewarden/rules").as_ref(), metadata.get("rules"));
            let resources = parsed("kubewarden/contextAwareResources").unwrap_or(json!([]));
            assert_eq!(Some(&resources), metadata.get("contextAwareResources"));
        }
    }

    #[test]
    fn links_in_a_readme_lead_somewhere_from_any_page() {
        for module in modules::all(&Workspace::load().unwrap()).unwrap() {
            let readme = module.readme().unwrap();
            let targets = readme
                .split("](")
                .skip(1)
                .map(|rest| rest.split(')').next().unwrap_or(rest));
            for target in targets {
                // The README is the module's page on Artifact Hub and its usage in `kwctl inspect`.
                let leads = target.starts_with("https://") || target.starts_with('#');
                assert!(leads, "{}: `{target}` is relative", module.name);
            }
        }
    }
}
