//! The modules: every workspace member in `mutators/` and `policies/`, with the
//! `[package.metadata.kubewarden]` of its Cargo.toml.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Package;
use cargo_metadata::semver::Version;
use kubewarden::{ContextAwareResource, Metadata, Rule};
use serde::Deserialize;
use serde_json::Value;
use simulate::builtin::{self, BuiltinPolicy};

use crate::generate::readme;
use crate::generate::setting::{self, Setting};
use crate::workspace::{self, Workspace};

/// The version of Kubewarden's waPC protocol that `admission` implements.
const PROTOCOL_VERSION: &str = "v1";

/// A policy crate, built as one Wasm module.
pub(crate) struct Module {
    /// The name of directory, crate and policy.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    pub(crate) package: Package,
    pub(crate) kubewarden: Kubewarden,
}

/// `[package.metadata.kubewarden]`: the metadata that `[package]` has no field for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kubewarden {
    pub(crate) display_name: String,
    pub(crate) severity: String,
    pub(crate) category: String,
    pub(crate) keywords: Vec<String>,
    /// The kinds that the policy checks, as shown to users.
    pub(crate) resources: Vec<String>,
    pub(crate) mutating: bool,
    pub(crate) background_audit: bool,
    /// A full version with three numbers: kwctl rejects a module whose metadata says `1.19`.
    pub(crate) minimum_kubewarden_version: Version,
    pub(crate) rules: Vec<Rule>,
    #[serde(default)]
    pub(crate) context_aware_resources: Vec<ContextAwareResource>,
    #[serde(default)]
    pub(crate) host_capabilities: Vec<String>,
}

/// Returns every module, sorted by name.
///
/// # Errors
/// Returns an error with the path of the Cargo.toml if a member's metadata is missing or invalid.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    for package in &workspace.packages {
        let manifest = package.manifest_path.as_std_path();
        let directory = manifest.parent().unwrap_or(manifest);
        let groups = ["mutators", "policies"].map(|group| Some(workspace.path(group)));
        if groups.contains(&directory.parent().map(PathBuf::from)) {
            let module = read(package, directory.into());
            modules.push(module.with_context(|| workspace.display(manifest))?);
        }
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(modules)
}

/// Returns the modules called `names`, or all modules without names.
pub(crate) fn named(workspace: &Workspace, names: &[String]) -> Result<Vec<Module>> {
    let mut modules = all(workspace)?;
    let known: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    for name in names {
        ensure!(
            known.contains(&name.as_str()),
            "unknown policy `{name}`; the policies are {}",
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
        bail!("`[package.metadata.kubewarden]` is missing; every crate in this directory needs it");
    };
    let kubewarden = Kubewarden::deserialize(section).context(
        "invalid `[package.metadata.kubewarden]`; see `Kubewarden` in `xtask/src/modules.rs`",
    )?;
    let name = package.name.to_string();
    let folder = directory.file_name().unwrap_or_default().to_string_lossy();
    ensure!(
        folder == name,
        "directory `{folder}` and package `{name}` must have the same name"
    );
    ensure!(
        package.description.is_some(),
        "`package.description` is missing; write one sentence on what the policy does"
    );
    Ok(Module {
        name,
        directory,
        package: package.clone(),
        kubewarden,
    })
}

impl Module {
    /// Returns the module's Kubewarden metadata. `usage` is the README, which only the built module
    /// contains; see [`Module::usage`].
    pub(crate) fn metadata(&self, usage: Option<String>) -> Metadata {
        let (package, kubewarden) = (&self.package, &self.kubewarden);
        let some = |text: &str| Some(text.to_owned());
        let policy = [
            ("title", some(&self.name)),
            ("description", package.description.clone()),
            ("version", Some(package.version.to_string())),
            ("author", Some(package.authors.join(", "))),
            ("url", package.repository.clone()),
            ("source", self.source()),
            ("ociUrl", self.image()),
            ("license", package.license.clone()),
            ("severity", some(&kubewarden.severity)),
            ("category", some(&kubewarden.category)),
            ("usage", usage),
        ];
        let policy = policy.map(|(key, value)| (format!("io.kubewarden.policy.{key}"), value));
        let artifacthub = [
            ("displayName", some(&kubewarden.display_name)),
            ("resources", Some(kubewarden.resources.join(", "))),
            ("keywords", Some(kubewarden.keywords.join(", "))),
        ];
        let artifacthub = artifacthub.map(|(key, value)| (format!("io.artifacthub.{key}"), value));
        let annotations = policy.into_iter().chain(artifacthub);
        let annotations = annotations.filter_map(|(key, value)| Some((key, value?)));
        Metadata {
            protocol_version: Some(PROTOCOL_VERSION.to_owned()),
            rules: kubewarden.rules.clone(),
            annotations: annotations.collect(),
            mutating: kubewarden.mutating,
            background_audit: kubewarden.background_audit,
            context_aware_resources: kubewarden.context_aware_resources.iter().cloned().collect(),
            host_capabilities: (!kubewarden.host_capabilities.is_empty())
                .then(|| kubewarden.host_capabilities.iter().cloned().collect()),
            minimum_kubewarden_version: Some(kubewarden.minimum_kubewarden_version.to_string()),
            ..Metadata::default()
        }
    }

    /// Returns the settings of the policy.
    ///
    /// # Errors
    /// Returns an error if the policy is not registered, or [`setting::read`] fails.
    pub(crate) fn settings(&self) -> Result<Vec<Setting>> {
        setting::read(&self.schema()?)
    }

    /// Returns the JSON schema of the settings.
    pub(crate) fn schema(&self) -> Result<Value> {
        Ok((self.builtin()?.settings_schema)().to_value())
    }

    /// Returns the rules of the policy.
    pub(crate) fn rules(&self) -> Result<&'static [admission::Rule]> {
        Ok(self.builtin()?.rules)
    }

    fn builtin(&self) -> Result<&'static BuiltinPolicy> {
        builtin::policy(&self.name).with_context(|| {
            format!(
                "`{}` is not registered; add it to `POLICIES` in `crates/simulate/src/builtin.rs` and to the \
                 dependencies in `crates/simulate/Cargo.toml`",
                self.name
            )
        })
    }

    /// Returns the URL of the module's sources at the tag of its version.
    pub(crate) fn source(&self) -> Option<String> {
        let (repository, version) = (self.package.repository.as_ref()?, &self.package.version);
        let group = self.directory.parent()?.file_name()?.to_string_lossy();
        Some(format!(
            "{repository}/tree/v{version}/{group}/{}",
            self.name
        ))
    }

    /// Returns the OCI repository that the release workflow pushes the module to.
    pub(crate) fn image(&self) -> Option<String> {
        let repository = self.package.repository.as_ref()?;
        let path = repository.strip_prefix("https://github.com/")?;
        Some(format!("ghcr.io/{path}/{}", self.name))
    }

    /// Returns the README of the crate.
    pub(crate) fn readme(&self) -> Result<String> {
        workspace::read(&self.directory.join("README.md"))
    }

    /// Returns the README as the built module contains it.
    pub(crate) fn usage(&self) -> Result<String> {
        readme::usage(&self.name, &self.readme()?)
    }

    /// Returns the README as Artifact Hub shows it.
    pub(crate) fn page(&self) -> Result<String> {
        readme::page(&self.name, &self.readme()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage_class() -> Module {
        let workspace = Workspace::load().unwrap();
        named(&workspace, &["storage-class".to_owned()])
            .unwrap()
            .remove(0)
    }

    #[test]
    fn exactly_the_modules_are_registered() {
        let modules = all(&Workspace::load().unwrap()).unwrap();
        assert_eq!(modules.len(), builtin::POLICIES.len());
        for mut module in modules {
            module.settings().unwrap();
            module.name.push('2');
            let message = module.settings().unwrap_err().to_string();
            assert!(
                message.contains("crates/simulate/src/builtin.rs"),
                "{message}"
            );
        }
    }

    #[test]
    fn metadata_comes_from_cargo_toml() {
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
    fn the_built_module_contains_the_metadata() {
        let metadata = storage_class().metadata(None);
        let empty_module = b"\0asm\x01\0\0\0";
        let wasm = kubewarden::write(empty_module, &metadata).unwrap();
        assert_eq!(kubewarden::read(&wasm).unwrap(), Some(metadata));
    }

    #[test]
    fn package_and_directory_must_have_the_same_name() {
        let message = read(&storage_class().package, "/mutators/storageclass".into());
        let message = message.err().unwrap().to_string();
        let expected =
            "directory `storageclass` and package `storage-class` must have the same name";
        assert_eq!(message, expected);
    }

    #[test]
    fn an_unknown_metadata_key_is_an_error() {
        let mut module = storage_class();
        module.package.metadata["kubewarden"]["backgroundAudits"] = true.into();
        let message = read(&module.package, module.directory);
        let message = format!("{:#}", message.err().unwrap());
        assert!(
            message.contains("unknown field `backgroundAudits`"),
            "{message}"
        );
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_policies() {
        let workspace = Workspace::load().unwrap();
        let message = named(&workspace, &["storageclass".to_owned()])
            .err()
            .unwrap()
            .to_string();
        assert!(
            message.starts_with("unknown policy `storageclass`; the policies are "),
            "{message}"
        );
        assert!(message.contains("storage-class"), "{message}");
    }
}
