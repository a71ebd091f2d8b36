//! The modules: every member under `mutators/` and `policies/`, with what
//! `[package.metadata.kubewarden]` says of it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Package;
use cargo_metadata::semver::Version;
use kubewarden::{ContextAwareResource, Metadata, Rule};
use serde::Deserialize;

use crate::files;
use crate::generate::annotations;
use crate::workspace::Workspace;

/// The version of the waPC protocol that `admission` speaks.
const PROTOCOL_VERSION: &str = "v1";

/// A module of the plane.
pub(crate) struct Module {
    /// Directory, crate and title.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    pub(crate) package: Package,
    pub(crate) kubewarden: Kubewarden,
}

/// `[package.metadata.kubewarden]`: what `[package]` has no field for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kubewarden {
    /// The same as the package's name; said here because it is what users search for.
    pub(crate) title: String,
    pub(crate) display_name: String,
    pub(crate) severity: String,
    pub(crate) category: String,
    pub(crate) keywords: Vec<String>,
    /// Kinds, for people.
    pub(crate) resources: Vec<String>,
    pub(crate) mutating: bool,
    pub(crate) background_audit: bool,
    /// All three numbers: kwctl refuses a module that says `1.19`.
    pub(crate) minimum_kubewarden_version: Version,
    pub(crate) rules: Vec<Rule>,
    #[serde(default)]
    pub(crate) context_aware_resources: Vec<ContextAwareResource>,
    #[serde(default)]
    pub(crate) host_capabilities: Vec<String>,
}

/// Every module, by name.
///
/// # Errors
/// A member whose metadata is missing or wrong, with its manifest's path.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    for package in &workspace.packages {
        let Some(directory) = package.manifest_path.parent() else {
            continue;
        };
        let is_module = ["mutators", "policies"]
            .iter()
            .any(|group| directory.as_std_path().parent() == Some(&workspace.path(group)));
        if is_module {
            let module = read(package, directory.into())
                .with_context(|| workspace.display(package.manifest_path.as_std_path()))?;
            modules.push(module);
        }
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(modules)
}

/// The modules called `names`, or all of them if there are no names.
pub(crate) fn named(workspace: &Workspace, names: &[String]) -> Result<Vec<Module>> {
    let mut modules = all(workspace)?;
    let known: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    for name in names {
        ensure!(
            known.contains(&name.as_str()),
            "no module `{name}`, there are: {}",
            known.join(", ")
        );
    }
    if !names.is_empty() {
        modules.retain(|module| names.contains(&module.name));
    }
    Ok(modules)
}

fn read(package: &Package, directory: PathBuf) -> Result<Module> {
    let Some(section) = package.metadata.get("kubewarden") else {
        bail!("no `[package.metadata.kubewarden]`; every crate here is a module and has one");
    };
    let kubewarden = Kubewarden::deserialize(section)
        .context("`[package.metadata.kubewarden]` is not as `xtask/src/modules.rs` reads it")?;
    let name = package.name.to_string();
    let folder = directory.file_name().unwrap_or_default().to_string_lossy();
    ensure!(
        folder == name && kubewarden.title == name,
        "directory `{folder}`, package `{name}` and title `{}` are to be the same",
        kubewarden.title
    );
    ensure!(
        package.description.is_some(),
        "`package.description` is missing; it is what users read first"
    );
    Ok(Module {
        name,
        directory,
        package: package.clone(),
        kubewarden,
    })
}

impl Module {
    /// What Kubewarden reads of the module; `usage` is the README, which only the built module
    /// carries: see [`Module::usage`].
    pub(crate) fn metadata(&self, usage: Option<String>) -> Metadata {
        let (package, kubewarden) = (&self.package, &self.kubewarden);
        let mut annotations: Vec<(&str, String)> = vec![
            ("io.kubewarden.policy.title", kubewarden.title.clone()),
            ("io.kubewarden.policy.version", package.version.to_string()),
            ("io.kubewarden.policy.author", package.authors.join(", ")),
            ("io.kubewarden.policy.severity", kubewarden.severity.clone()),
            ("io.kubewarden.policy.category", kubewarden.category.clone()),
            (
                "io.artifacthub.displayName",
                kubewarden.display_name.clone(),
            ),
            ("io.artifacthub.resources", kubewarden.resources.join(", ")),
            ("io.artifacthub.keywords", kubewarden.keywords.join(", ")),
        ];
        let optional = [
            ("io.kubewarden.policy.description", &package.description),
            ("io.kubewarden.policy.url", &package.repository),
            ("io.kubewarden.policy.license", &package.license),
            ("io.kubewarden.policy.usage", &usage),
        ];
        for (key, value) in optional {
            annotations.extend(value.clone().map(|value| (key, value)));
        }
        let places = [
            ("io.kubewarden.policy.source", self.source()),
            ("io.kubewarden.policy.ociUrl", self.image()),
        ];
        for (key, value) in places {
            annotations.extend(value.map(|value| (key, value)));
        }
        Metadata {
            protocol_version: Some(PROTOCOL_VERSION.to_owned()),
            rules: kubewarden.rules.clone(),
            annotations: annotations
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
            mutating: kubewarden.mutating,
            background_audit: kubewarden.background_audit,
            context_aware_resources: kubewarden.context_aware_resources.iter().cloned().collect(),
            host_capabilities: match kubewarden.host_capabilities.as_slice() {
                [] => None,
                paths => Some(paths.iter().cloned().collect()),
            },
            minimum_kubewarden_version: Some(kubewarden.minimum_kubewarden_version.to_string()),
            ..Metadata::default()
        }
    }

    /// The module's sources as they were when its version was released.
    pub(crate) fn source(&self) -> Option<String> {
        let (repository, version) = (self.package.repository.as_ref()?, &self.package.version);
        let group = self.group();
        Some(format!(
            "{repository}/tree/v{version}/{group}/{}",
            self.name
        ))
    }

    /// Where the release workflow pushes the module, without a tag.
    pub(crate) fn image(&self) -> Option<String> {
        let repository = self.package.repository.as_ref()?;
        let path = repository.strip_prefix("https://github.com/")?;
        Some(format!("ghcr.io/{path}/{}", self.name))
    }

    /// The module's README, if it has one.
    pub(crate) fn readme(&self) -> Result<Option<String>> {
        let path = self.directory.join("README.md");
        if !path.exists() {
            return Ok(None);
        }
        files::read(&path).map(Some)
    }

    /// The README as those read it who have the module and not its sources: without the marks of what is
    /// generated, and without what every node would have to keep.
    pub(crate) fn usage(&self) -> Result<Option<String>> {
        let Some(readme) = self.readme()? else {
            return Ok(None);
        };
        let readme = annotations::leave_out(&self.name, &readme)?;
        let is_mark = |line: &&str| line.starts_with("<!--") && line.ends_with("-->");
        let lines = readme.lines().filter(|line| !is_mark(line));
        Ok(Some(lines.map(|line| format!("{line}\n")).collect()))
    }

    /// `mutators` or `policies`.
    pub(crate) fn group(&self) -> String {
        let group = self
            .directory
            .parent()
            .and_then(|parent| parent.file_name());
        group.unwrap_or_default().to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn storage_class() -> Module {
        let workspace = Workspace::load().unwrap();
        named(&workspace, &["storage-class".to_owned()])
            .unwrap()
            .remove(0)
    }

    /// Reads storage-class with its metadata changed.
    fn changed(change: impl FnOnce(&mut Value)) -> Result<Module> {
        let module = storage_class();
        let mut package = module.package;
        change(&mut package.metadata["kubewarden"]);
        read(&package, module.directory)
    }

    #[test]
    fn metadata_is_what_the_manifest_says() {
        let module = storage_class();
        let metadata = module.metadata(Some("# The README".to_owned()));
        let annotation = |key: &str| metadata.annotations.get(key).unwrap().as_str();
        assert_eq!(annotation("io.kubewarden.policy.title"), "storage-class");
        assert_eq!(
            annotation("io.kubewarden.policy.version"),
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(annotation("io.kubewarden.policy.usage"), "# The README");
        assert!(annotation("io.kubewarden.policy.source").ends_with("/mutators/storage-class"));
        assert!(metadata.mutating);
        assert_eq!(metadata.protocol_version.as_deref(), Some("v1"));
        assert_eq!(metadata.rules[0].resources, ["persistentvolumeclaims"]);
        assert!(
            module
                .metadata(None)
                .annotations
                .keys()
                .all(|key| !key.ends_with("usage"))
        );
    }

    #[test]
    fn usage_is_the_readme_without_marks() {
        let module = storage_class();
        let (readme, usage) = (module.readme().unwrap(), module.usage().unwrap());
        assert!(readme.unwrap().contains("\n<!-- settings -->\n"));
        let usage = usage.unwrap();
        assert!(!usage.contains("<!--") && usage.contains("| setting | type |"));
    }

    #[test]
    fn the_annotated_module_says_the_same() {
        let metadata = storage_class().metadata(None);
        let empty_module = b"\0asm\x01\0\0\0";
        let wasm = kubewarden::write(empty_module, &metadata).unwrap();
        assert_eq!(kubewarden::read(&wasm).unwrap(), Some(metadata));
    }

    #[test]
    fn a_title_that_is_not_the_directory_is_refused() {
        let said = changed(|kubewarden| kubewarden["title"] = json!("storageclass"));
        let said = said.err().unwrap().to_string();
        assert!(
            said.contains("title `storageclass` are to be the same"),
            "{said}"
        );
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let said = changed(|kubewarden| kubewarden["backgroundAudits"] = json!(true));
        let said = format!("{:#}", said.err().unwrap());
        assert!(said.contains("unknown field `backgroundAudits`"), "{said}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let workspace = Workspace::load().unwrap();
        let said = named(&workspace, &["storageclass".to_owned()])
            .err()
            .unwrap()
            .to_string();
        assert!(
            said.starts_with("no module `storageclass`, there are: "),
            "{said}"
        );
        assert!(said.contains("storage-class"), "{said}");
    }
}
