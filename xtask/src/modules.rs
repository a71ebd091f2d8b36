//! The modules: every member under `mutators/` and `policies/`, with what
//! `[package.metadata.kubewarden]` says of it.

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
        folder == name,
        "directory `{folder}` and package `{name}` are to be called the same"
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

    /// The settings of the module.
    ///
    /// # Errors
    /// The module is not registered, or a setting is not as [`setting::read`] needs it.
    pub(crate) fn settings(&self) -> Result<Vec<Setting>> {
        setting::read(&self.schema()?)
    }

    /// The JSON schema of the settings.
    pub(crate) fn schema(&self) -> Result<Value> {
        Ok((self.builtin()?.settings_schema)().to_value())
    }

    /// The rules of the policy.
    pub(crate) fn rules(&self) -> Result<&'static [admission::Rule]> {
        Ok(self.builtin()?.rules)
    }

    fn builtin(&self) -> Result<&'static BuiltinPolicy> {
        builtin::policy(&self.name).with_context(|| {
            format!(
                "`{}` is not registered: add it to `POLICIES` in `crates/simulate/src/builtin.rs` and to the \
                 dependencies in `crates/simulate/Cargo.toml`",
                self.name
            )
        })
    }

    /// The module's sources as they were when its version was released.
    pub(crate) fn source(&self) -> Option<String> {
        let (repository, version) = (self.package.repository.as_ref()?, &self.package.version);
        let group = self.directory.parent()?.file_name()?.to_string_lossy();
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

    /// The module's README.
    pub(crate) fn readme(&self) -> Result<String> {
        workspace::read(&self.directory.join("README.md"))
    }

    /// The README in the built module.
    pub(crate) fn usage(&self) -> Result<String> {
        readme::usage(&self.name, &self.readme()?)
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
    fn every_module_is_registered_and_nothing_else() {
        let modules = all(&Workspace::load().unwrap()).unwrap();
        assert_eq!(modules.len(), builtin::POLICIES.len());
        for mut module in modules {
            module.settings().unwrap();
            module.name.push('2');
            let said = module.settings().unwrap_err().to_string();
            assert!(said.contains("crates/simulate/src/builtin.rs"), "{said}");
        }
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
    fn the_annotated_module_says_the_same() {
        let metadata = storage_class().metadata(None);
        let empty_module = b"\0asm\x01\0\0\0";
        let wasm = kubewarden::write(empty_module, &metadata).unwrap();
        assert_eq!(kubewarden::read(&wasm).unwrap(), Some(metadata));
    }

    #[test]
    fn a_package_that_is_not_called_as_its_directory_is_an_error() {
        let said = read(&storage_class().package, "/mutators/storageclass".into());
        let said = said.err().unwrap().to_string();
        let expected =
            "directory `storageclass` and package `storage-class` are to be called the same";
        assert_eq!(said, expected);
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let mut module = storage_class();
        module.package.metadata["kubewarden"]["backgroundAudits"] = true.into();
        let said = read(&module.package, module.directory);
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
