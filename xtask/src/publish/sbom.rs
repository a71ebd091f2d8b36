//! What a module is made of, in [CycloneDX's JSON](https://cyclonedx.org/docs/1.5/json/): the crates that
//! are compiled into it, without those that only build, test or derive.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

use super::provenance::printed;
use crate::build;
use crate::files;
use crate::modules::Module;
use crate::toolchain::{TARGET, active_cargo};
use crate::workspace::Workspace;

/// What `Cargo.lock` and the packages' own manifests say.
pub(super) struct Lock {
    metadata: Metadata,
    /// The checksum of each crate from the registry, by name and version.
    checksums: BTreeMap<(String, String), String>,
}

impl Lock {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .cargo_path(active_cargo())
            .current_dir(&workspace.root)
            .other_options(["--locked", "--filter-platform", TARGET].map(str::to_owned))
            .exec()
            .context("cannot ask cargo for the dependencies")?;
        Ok(Self {
            metadata,
            checksums: checksums(&files::read(&workspace.path("Cargo.lock"))?),
        })
    }

    fn checksum(&self, package: &Package) -> Option<&str> {
        let key = (package.name.to_string(), package.version.to_string());
        self.checksums.get(&key).map(String::as_str)
    }
}

/// The bill of materials of one module.
pub(super) fn of(
    workspace: &Workspace,
    module: &Module,
    lock: &Lock,
    wasm: &[u8],
    compiler: &str,
) -> Result<Value> {
    let compiled = compiled(workspace, &module.name)?;
    let is_compiled = |package: &Package| {
        compiled.contains(&(package.name.to_string(), package.version.to_string()))
    };
    let packages: BTreeMap<&PackageId, &Package> = lock
        .metadata
        .packages
        .iter()
        .filter(|package| is_compiled(package))
        .map(|package| (&package.id, package))
        .collect();
    let mut packages_in_order: Vec<&Package> = packages.values().copied().collect();
    packages_in_order.sort_by_key(|package| (package.name.to_string(), package.version.clone()));
    let own = |package: &&Package| package.name == module.name;

    let package = module_package(&packages_in_order, module)?;
    let subject = component("application", package, Some(&build::digest(wasm)));

    // Compiled in as well, and known to no manifest.
    let standard_library = json!({
        "type": "library",
        "bom-ref": "rust-std",
        "name": "rust-std",
        "version": compiler.split(' ').nth(1).unwrap_or_default(),
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
    });
    let components = packages_in_order
        .iter()
        .filter(|package| !own(package))
        .map(|package| component("library", package, lock.checksum(package)));
    let components: Vec<Value> = components.chain([standard_library]).collect();

    let resolve = lock.metadata.resolve.as_ref();
    let nodes = resolve.context("cargo resolved no dependencies")?;
    let mut dependencies: Vec<Value> = Vec::new();
    for package in &packages_in_order {
        let node = nodes.nodes.iter().find(|node| node.id == package.id);
        let used = node.into_iter().flat_map(|node| &node.deps);
        let is_normal = |dep: &&cargo_metadata::NodeDep| {
            let mut kinds = dep.dep_kinds.iter();
            kinds.any(|kind| kind.kind == DependencyKind::Normal)
        };
        let on: BTreeSet<String> = used
            .filter(is_normal)
            .filter_map(|dep| packages.get(&dep.pkg))
            .map(|package| url(package))
            .collect();
        dependencies.push(json!({"ref": url(package), "dependsOn": on}));
    }

    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": subject,
            "tools": {"components": [{"type": "application", "name": "rustc", "version": compiler}]},
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn module_package<'a>(packages: &[&'a Package], module: &Module) -> Result<&'a Package> {
    let found = packages.iter().find(|package| package.name == module.name);
    found.copied().context("cargo does not know the module")
}

fn component(kind: &str, package: &Package, sha256: Option<&str>) -> Value {
    // Older manifests write a slash for OR.
    let license = package.license.as_ref().map(|it| it.replace('/', " OR "));
    let mut component = json!({
        "type": kind,
        "bom-ref": url(package),
        "name": package.name,
        "version": package.version.to_string(),
        // In a package URL a crate without a place is crates.io's, and ours are not there.
        "purl": package.source.is_some().then(|| url(package)),
        "licenses": license.map(|expression| json!([{"expression": expression}])),
        "hashes": sha256.map(|content| json!([{"alg": "SHA-256", "content": content}])),
    });
    if let Some(fields) = component.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    component
}

/// The [package URL](https://github.com/package-url/purl-spec) of a crate.
fn url(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// Name and version of every crate that is compiled into a module. `cargo metadata` does not tell: it
/// gives every crate the features that the whole workspace asks of it.
fn compiled(workspace: &Workspace, name: &str) -> Result<BTreeSet<(String, String)>> {
    let tree = printed(workspace.cargo().args([
        "tree",
        "--locked",
        "--package",
        name,
        "--target",
        TARGET,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?);
        Some((name.to_owned(), version.strip_prefix('v')?.to_owned()))
    });
    Ok(crates.collect())
}

/// The checksums in `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let packages = lock.split("[[package]]").skip(1);
    let entry = |package: &str| {
        let field = |name: &str| {
            let mut lines = package.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
            Some(value?.trim_end_matches('"').to_owned())
        };
        Some(((field("name")?, field("version")?), field("checksum")?))
    };
    packages.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules;

    #[test]
    fn a_bill_of_materials_names_what_is_compiled_in_and_nothing_else() {
        let workspace = Workspace::load().unwrap();
        let lock = Lock::read(&workspace).unwrap();
        for module in modules::all(&workspace).unwrap() {
            let compiler = "rustc 1.95.0 (of a day)";
            let bill = of(&workspace, &module, &lock, b"wasm", compiler).unwrap();
            let subject = &bill["metadata"]["component"];
            assert_eq!(subject["name"], module.name);
            assert_eq!(subject["hashes"][0]["content"], build::digest(b"wasm"));
            let components = bill["components"].as_array().unwrap();
            let named = |name: &str| components.iter().find(|it| it["name"] == name);
            assert_eq!(named("rust-std").unwrap()["version"], "1.95.0");
            let own = named("admission").unwrap();
            assert!(own["hashes"].is_null() && own["purl"].is_null());
            let outside = named("wapc-guest").unwrap();
            assert_eq!(outside["hashes"][0]["content"].as_str().unwrap().len(), 64);
            assert!(outside["licenses"][0]["expression"].is_string());
            for not_in_it in ["proptest", "serde_derive", "wasmtime", "schemars"] {
                assert!(named(not_in_it).is_none(), "{not_in_it}");
            }
            let dependencies = bill["dependencies"].as_array().unwrap();
            let of_module = dependencies
                .iter()
                .find(|it| it["ref"] == subject["bom-ref"]);
            let on = of_module.unwrap()["dependsOn"].as_array().unwrap();
            assert!(on.contains(&named("admission").unwrap()["bom-ref"]));
            // Every reference leads to a component.
            for dependency in dependencies {
                for on in dependency["dependsOn"].as_array().unwrap() {
                    assert!(components.iter().any(|it| it["bom-ref"] == *on), "{on}");
                }
            }
        }
    }

    #[test]
    fn checksums_are_read_by_name_and_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
                    checksum = \"12\"\ndependencies = [\n \"b\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
        let found = checksums(lock);
        assert_eq!(found.len(), 1);
        assert_eq!(found[&("a".to_owned(), "1.0.0".to_owned())], "12");
    }
}
