//! Cases that are still a directory each: `case.yaml`, and beside it the manifests it is about.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{Case, Error};

/// The case of a directory.
pub(crate) fn read(dir: &Path) -> Result<Case, Error> {
    let in_case = |cause: &dyn std::fmt::Display| format!("{}: {cause}", dir.display());
    let file = dir.join("case.yaml");
    let mut written = value(&file)?.ok_or_else(|| in_case(&"case.yaml is missing"))?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let members = written
        .as_object_mut()
        .ok_or_else(|| in_case(&"case.yaml is no object"))?;
    members.insert("name".to_owned(), name.into());
    let mut case: Case = serde_json::from_value(written).map_err(|cause| in_case(&cause))?;
    case.location = file.display().to_string();
    case.object = value(&dir.join("object.yaml"))?;
    case.old_object = value(&dir.join("old-object.yaml"))?;
    case.patched = value(&dir.join("patched.yaml"))?;
    if let Ok(entries) = fs::read_dir(dir.join("cluster")) {
        let mut paths: Vec<_> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            case.cluster.extend(values(&path)?);
        }
    }
    Ok(case)
}

/// The one document of a file; `None` when there is no such file.
fn value(path: &Path) -> Result<Option<Value>, Error> {
    match path.exists() {
        true => Ok(values(path)?.into_iter().next()),
        false => Ok(None),
    }
}

fn values(path: &Path) -> Result<Vec<Value>, Error> {
    let bytes = fs::read(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    manifest::read(&path.to_string_lossy(), &bytes)
        .map(|document| Ok(document?.value()?))
        .collect()
}
