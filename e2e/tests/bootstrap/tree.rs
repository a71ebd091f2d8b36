//! The rendered manifests of `bootstrap/`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use agnostics::bootstrap::{Kustomize, Overlay, Rendered, VARIABLES};
use e2e::workspace;
use manifest::Object;

/// An object and its overlay.
pub(crate) struct TreeObject {
    pub(crate) overlay: Overlay,
    pub(crate) object: Object,
}

impl TreeObject {
    /// Returns kind, name and file for messages.
    pub(crate) fn name(&self) -> String {
        let Object { file, .. } = &self.object;
        let (kind, name) = (self.object.kind(), self.object.name());
        format!("{kind} {name} of {file}")
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        let value = self.object.value.pointer(pointer);
        value.and_then(|it| it.as_str()).unwrap_or_default()
    }
}

pub(crate) fn root() -> PathBuf {
    workspace::root().join("bootstrap")
}

/// Finds kubectl. Prints that the test is skipped if it is missing.
pub(crate) fn kustomize() -> Option<Kustomize> {
    match Kustomize::find() {
        Ok(kustomize) => Some(kustomize),
        Err(missing) => {
            // To standard output directly: the test runner captures what passing tests print with `println!`.
            let written = writeln!(std::io::stdout(), "\nskipped: {missing}");
            written.expect("standard output is open");
            None
        }
    }
}

/// Returns valid values for the variables that the overlays of a profile use.
pub(crate) fn values(profile: &str) -> BTreeMap<String, String> {
    let names: &[&str] = match profile {
        "azure" => &[
            "AZURE_DNS_RESOURCE_GROUP",
            "AZURE_EXTERNAL_DNS_CLIENT_ID",
            "AZURE_EXTERNAL_SECRETS_CLIENT_ID",
            "AZURE_KEYVAULT_URL",
            "AZURE_SUBSCRIPTION_ID",
            "AZURE_TENANT_ID",
            "DOMAIN",
        ],
        "aws" => &["CLUSTER_NAME", "DOMAIN", "EFS_FILE_SYSTEM_ID", "REGION"],
        _ => &["DOMAIN", "METALLB_IP_RANGE"],
    };
    let named = |name: &&str| {
        let variable = VARIABLES.iter().find(|it| it.name == *name);
        let variable = variable.unwrap_or_else(|| panic!("{name} is a variable"));
        ((*name).to_owned(), variable.example.to_owned())
    };
    names.iter().map(named).collect()
}

pub(crate) fn render(kustomize: &Kustomize, profile: &str, environment: &str) -> Vec<Rendered> {
    let root = root();
    let overlays =
        agnostics::bootstrap::of_profile(&root, profile, environment).expect("there are overlays");
    match agnostics::bootstrap::render(kustomize, &root, &overlays, &values(profile)) {
        Ok(rendered) => rendered,
        Err(error) => panic!("{profile} {environment}: {error}"),
    }
}

pub(crate) fn objects(name: &str, yaml: &str) -> Vec<Object> {
    let documents = manifest::read(name, yaml.as_bytes());
    let objects = documents.flat_map(|document| document.expect("YAML").objects());
    let objects: Vec<Object> = objects.map(|it| it.expect("an object")).collect();
    assert!(!objects.is_empty(), "{name} has no objects");
    objects
}

/// Returns every object of every overlay. Without kubectl, returns none and prints that the test is skipped.
pub(crate) fn all_objects() -> &'static [TreeObject] {
    static OBJECTS: OnceLock<Vec<TreeObject>> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let Some(kustomize) = kustomize() else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for profile in agnostics::bootstrap::PROFILES {
            for environment in agnostics::bootstrap::ENVIRONMENTS {
                for Rendered { overlay, yaml } in render(&kustomize, profile, environment) {
                    let file = overlay.path.display().to_string();
                    all.extend(objects(&file, &yaml).into_iter().map(|object| TreeObject {
                        overlay: overlay.clone(),
                        object,
                    }));
                }
            }
        }
        assert!(all.len() > 200, "the tree has {} objects", all.len());
        all
    })
}

/// Returns the objects of one kind. Unless kubectl is missing, panics if the tree has no such object, so that
/// tests are not vacuous.
pub(crate) fn of_kind(kind: &str) -> Vec<&'static TreeObject> {
    let all = all_objects();
    let found: Vec<_> = all.iter().filter(|it| it.object.kind() == kind).collect();
    assert!(all.is_empty() || !found.is_empty(), "no {kind}");
    found
}

/// Writes a kustomization of a resource and a component of the tree, in a directory that is deleted when the
/// result is dropped.
pub(crate) fn customized(resource: &str, component: &str) -> tempfile::TempDir {
    // In the workspace, because kustomize accepts only relative paths.
    let directory = workspace::root().join("target/tmp");
    std::fs::create_dir_all(&directory).expect("a directory");
    let directory = tempfile::tempdir_in(directory).expect("a directory");
    let tree = Path::new("../../../bootstrap");
    let (resource, component) = (tree.join(resource), tree.join(component));
    let kustomization = format!(
        "resources: [{}]\ncomponents: [{}]\n",
        resource.display(),
        component.display()
    );
    let path = directory.path().join("kustomization.yaml");
    std::fs::write(path, kustomization).expect("a file");
    directory
}
