//! `artifacthub/`: what [Artifact Hub](https://artifacthub.io) lists, a directory for each module and
//! version. Only those of the present version are written; those of past ones stay as they were
//! released.

#[cfg(test)]
mod rules;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::changelog::Release;
use super::setting::{self, Kind};
use super::{Generated, questions, yaml};
use crate::build;
use crate::files;
use crate::modules::{self, Module};
use crate::schemas;
use crate::workspace::Workspace;

const CATEGORIES: [&str; 3] = ["networking", "security", "storage"];

/// The packages of every module in the version of `Cargo.toml`, or none
/// while `CHANGELOG.md` calls that version unreleased.
pub(super) fn files(workspace: &Workspace) -> Result<Vec<Generated>> {
    let directory = workspace.path("artifacthub");
    let changelog = files::read(&workspace.path("CHANGELOG.md"))?;
    let mut files = Vec::new();
    for module in modules::all(workspace)? {
        let version = module.package.version.to_string();
        let release = Release::read(&changelog, &version)?;
        let Some(date) = &release.date else {
            continue;
        };
        let package = package(&module, &release, date)
            .with_context(|| format!("no package for `{}`", module.name))?;
        let readme = module.usage()?.unwrap_or_default();
        let directory = directory.join(&module.name).join(&version);
        files.push(Generated {
            path: directory.join("artifacthub-pkg.yml"),
            text: format!(
                "# Made by `{}` from Cargo.toml, src/settings.rs and CHANGELOG.md.\n{}",
                super::COMMAND,
                yaml::block(&identified(package, &readme))
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
    let digest = build::digest(format!("{}\n{readme}", yaml::block(&package)).as_bytes());
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
    let changes: Vec<Value> = release
        .changes_of(&module.name)
        .map(|change| json!({"kind": change.kind, "description": change.description}))
        .collect();
    let mut fields = json!({
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
        "changes": changes,
        "provider": {"name": "K8TRE"},
        "screenshots": [
            {"title": "The playground: verdicts beside the lines that caused them", "url": picture("light")},
            {"title": "The playground: the same manifests on three vendors", "url": picture("portable")},
        ],
        "recommendations": [{"url": "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller"}],
        "annotations": annotations(module)?,
    });
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    }
    Ok(fields)
}

/// What the package page shows behind its INSTALL button.
fn install(module: &Module, repository: &str, image: &str) -> Result<String> {
    let identity = format!("{repository}/.github/workflows/release.yml@refs/tags/v");
    let policy = yaml::block(&policy(module, image)?);
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
    let part = |name: &str| metadata.get(name).cloned().unwrap_or_default();
    let mut spec = Map::new();
    spec.insert("module".to_owned(), format!("registry://{image}").into());
    spec.insert("mutating".to_owned(), part("mutating"));
    spec.insert("rules".to_owned(), part("rules"));
    if !module.kubewarden.context_aware_resources.is_empty() {
        let name = "contextAwareResources";
        spec.insert(name.to_owned(), part(name));
    }
    spec.insert("settings".to_owned(), required_settings(module)?);
    Ok(json!({
        "apiVersion": "policies.kubewarden.io/v1",
        "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": module.name},
        "spec": spec,
    }))
}

/// The settings that have no default, each with the first value there is for it.
fn required_settings(module: &Module) -> Result<Value> {
    let settings = setting::read(&schemas::of(&module.name)?)?;
    let required = settings.into_iter().filter(|setting| setting.required);
    let values = required.map(|setting| {
        let first = match setting.kind {
            Kind::Enum(options) => options.into_iter().next().into(),
            _ => Value::Null,
        };
        (setting.name, first)
    });
    Ok(Value::Object(values.collect()))
}

fn annotations(module: &Module) -> Result<Map<String, Value>> {
    let metadata = serde_json::to_value(module.metadata(None))?;
    let part = |name: &str| yaml::block(metadata.get(name).unwrap_or(&Value::Null));
    let kubewarden = &module.kubewarden;
    let mut annotations = Map::new();
    let mut add = |name: &str, value: String| {
        annotations.insert(format!("kubewarden/{name}"), value.into());
    };
    // Their values are strings, whatever they hold.
    add("mutation", kubewarden.mutating.to_string());
    add("resources", kubewarden.resources.join(", "));
    add("rules", part("rules"));
    if !kubewarden.context_aware_resources.is_empty() {
        add("contextAwareResources", part("contextAwareResources"));
    }
    add("questions-ui", questions(module)?);
    Ok(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Vec<(String, Value)> {
        let workspace = Workspace::load().unwrap();
        let paths = rules::packages(&workspace.path("artifacthub"));
        let read = |path| (workspace.display(path), rules::read(path));
        paths.iter().map(|path| read(path)).collect()
    }

    #[test]
    fn artifact_hub_would_take_every_package_of_every_version() {
        let packages = packages();
        for (path, package) in &packages {
            assert_eq!(rules::complaints(package), Vec::<String>::new(), "{path}");
            let field = |name: &str| package[name].as_str().unwrap();
            let (name, version) = (field("name"), field("version"));
            assert_eq!(
                *path,
                format!("artifacthub/{name}/{version}/artifacthub-pkg.yml")
            );
        }
        let workspace = Workspace::load().unwrap();
        for made in files(&workspace).unwrap() {
            let path = workspace.display(&made.path);
            let listed = packages.iter().any(|(listed, _)| *listed == path);
            assert!(listed || path.ends_with("README.md"), "{path}");
        }
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
        let workspace = Workspace::load().unwrap();
        for module in modules::all(&workspace).unwrap() {
            let annotations = annotations(&module).unwrap();
            let parsed = |name: &str| rules::parse(annotations[name].as_str().unwrap());
            let metadata = rules::read(&module.directory.join("metadata.yml"));
            assert_eq!(parsed("kubewarden/rules"), metadata["rules"]);
            if module.kubewarden.context_aware_resources.is_empty() {
                assert!(!annotations.contains_key("kubewarden/contextAwareResources"));
            } else {
                assert_eq!(
                    parsed("kubewarden/contextAwareResources"),
                    metadata["contextAwareResources"]
                );
            }
            let form = module.directory.join("questions-ui.yml");
            assert_eq!(parsed("kubewarden/questions-ui"), rules::read(&form));
            let mutation = annotations["kubewarden/mutation"].as_str().unwrap();
            assert_eq!(mutation, metadata["mutating"].to_string());
        }
    }

    #[test]
    fn links_in_a_readme_lead_somewhere_from_any_page() {
        for module in modules::all(&Workspace::load().unwrap()).unwrap() {
            let readme = module.readme().unwrap().unwrap();
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
