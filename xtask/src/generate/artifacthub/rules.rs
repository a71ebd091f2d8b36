//! The rules by which Artifact Hub takes or refuses what is in `artifacthub/`: its
//! `docs/metadata/artifacthub-pkg.yml`, what `internal/pkg/metadata.go` refuses, and the annotations of
//! Kubewarden's packages.

use std::path::{Path, PathBuf};

use cargo_metadata::semver::Version;
use serde_json::Value;

use crate::files;

/// What a field holds.
enum Form {
    Text,
    Flag,
    Texts,
    /// A list of objects with these fields, each of them with those that must be there first.
    Objects(&'static [&'static str], &'static [&'static str]),
    Object(&'static [&'static str]),
    /// Strings by name.
    Map,
}

/// Every field there is: a file with any other is refused.
const FIELDS: &[(&str, Form)] = &[
    ("version", Form::Text),
    ("name", Form::Text),
    ("alternativeName", Form::Text),
    ("category", Form::Text),
    ("displayName", Form::Text),
    ("createdAt", Form::Text),
    ("description", Form::Text),
    ("logoPath", Form::Text),
    ("logoURL", Form::Text),
    ("digest", Form::Text),
    ("license", Form::Text),
    ("homeURL", Form::Text),
    ("appVersion", Form::Text),
    (
        "containersImages",
        Form::Objects(&["image"], &["name", "whitelisted", "platforms"]),
    ),
    ("containsSecurityUpdates", Form::Flag),
    ("operator", Form::Flag),
    ("deprecated", Form::Flag),
    ("prerelease", Form::Flag),
    ("keywords", Form::Texts),
    ("links", Form::Objects(&["name", "url"], &[])),
    ("readme", Form::Text),
    ("install", Form::Text),
    (
        "changes",
        Form::Objects(&["description"], &["kind", "links"]),
    ),
    ("maintainers", Form::Objects(&["name", "email"], &[])),
    ("provider", Form::Object(&["name"])),
    ("ignore", Form::Texts),
    ("recommendations", Form::Objects(&["url"], &[])),
    ("screenshots", Form::Objects(&["title", "url"], &[])),
    ("annotations", Form::Map),
];

/// Those that must be there, and `digest`, without which corrections would not be read.
const REQUIRED: [&str; 6] = [
    "version",
    "name",
    "displayName",
    "createdAt",
    "description",
    "digest",
];

const CATEGORIES: [&str; 9] = [
    "ai-machine-learning",
    "database",
    "integration-delivery",
    "monitoring-logging",
    "networking",
    "security",
    "storage",
    "streaming-messaging",
    "skip-prediction",
];

const KINDS: [&str; 6] = [
    "added",
    "changed",
    "deprecated",
    "removed",
    "fixed",
    "security",
];

/// What `kwctl scaffold artifacthub` writes, which is what Kubewarden's UI reads.
const ANNOTATIONS: [&str; 5] = [
    "kubewarden/mutation",
    "kubewarden/resources",
    "kubewarden/rules",
    "kubewarden/contextAwareResources",
    "kubewarden/questions-ui",
];

/// Every package file below `directory`.
pub(super) fn packages(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(packages(&path));
        } else if path.ends_with("artifacthub-pkg.yml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A YAML file, by a reader that is not this program's.
pub(super) fn read(path: &Path) -> Value {
    parse(&files::read(path).unwrap())
}

pub(super) fn parse(text: &str) -> Value {
    let mut documents = manifest::read("generated", text.as_bytes());
    let document = documents.next().unwrap().unwrap();
    assert!(documents.next().is_none(), "more than one document");
    document.value().unwrap()
}

/// Every reason to refuse a package of Kubewarden policies.
pub(super) fn complaints(package: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let fields = package.as_object().unwrap();
    for (name, value) in fields {
        match FIELDS.iter().find(|(known, _)| known == name) {
            None => complaints.push(format!("`{name}` is no field")),
            Some((_, form)) => form.hold(name, value, &mut complaints),
        }
    }
    for name in REQUIRED {
        if text(package, name).is_empty() {
            complaints.push(format!("`{name}` is missing"));
        }
    }
    let mut must = |holds: bool, complaint: &str| {
        if !holds {
            complaints.push(complaint.to_owned());
        }
    };
    let version = text(package, "version");
    must(Version::parse(version).is_ok(), "`version` is no SemVer");
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    must(
        text(package, "name").bytes().all(is_name),
        "`name` has other letters than alphanumeric ones and dashes",
    );
    must(
        is_rfc3339(text(package, "createdAt")),
        "`createdAt` is not RFC 3339",
    );
    let category = text(package, "category");
    must(
        category.is_empty() || CATEGORIES.contains(&category),
        "`category` is none of Artifact Hub's",
    );
    for change in list(package, "changes") {
        let kind = text(change, "kind");
        must(
            kind.is_empty() || KINDS.contains(&kind),
            "a change's `kind` is none of Artifact Hub's",
        );
    }
    let images: Vec<_> = list(package, "containersImages")
        .iter()
        .map(|image| text(image, "name"))
        .collect();
    must(
        matches!(
            images.as_slice(),
            ["policy"]
                | ["policy", "policy-alternative-location"]
                | ["policy-alternative-location", "policy"]
        ),
        "`containersImages` is not one `policy`, with a `policy-alternative-location` or without",
    );
    for image in list(package, "containersImages") {
        let image = text(image, "image");
        must(
            image.ends_with(&format!(":v{version}")) && image.matches('/').count() >= 2,
            "an image is not HOST/PATH/NAME:v<version>",
        );
    }
    for address in addresses(package) {
        must(
            address.starts_with("https://") && !address.contains(char::is_whitespace),
            "an address does not begin with https://",
        );
    }
    let annotations = package.get("annotations").and_then(Value::as_object);
    for name in annotations.into_iter().flat_map(|all| all.keys()) {
        must(
            ANNOTATIONS.contains(&name.as_str()),
            "an annotation is none of Kubewarden's",
        );
    }
    for name in [
        "kubewarden/mutation",
        "kubewarden/resources",
        "kubewarden/rules",
    ] {
        let there = annotations.is_some_and(|annotations| annotations.contains_key(name));
        must(there, "an annotation of every Kubewarden policy is missing");
    }
    complaints
}

impl Form {
    fn hold(&self, name: &str, value: &Value, complaints: &mut Vec<String>) {
        let mut must = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("`{name}` {what}"));
            }
        };
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        match self {
            Self::Text => must(is_text(value), "is no text"),
            Self::Flag => must(value.is_boolean(), "is neither true nor false"),
            Self::Texts => must(
                value.is_array() && items.iter().all(is_text),
                "is no list of texts",
            ),
            Self::Objects(required, optional) => {
                must(value.is_array(), "is no list");
                for item in items {
                    must(
                        required.iter().all(|field| is_text(&item[*field])),
                        "has an item without what it must have",
                    );
                    let known = |field: &String| {
                        let field = &field.as_str();
                        required.contains(field) || optional.contains(field)
                    };
                    let all_known = item.as_object().is_some_and(|item| item.keys().all(known));
                    must(all_known, "has an item with a field there is not");
                }
            }
            Self::Object(fields) => {
                let object = value.as_object();
                let same = object.is_some_and(|object| object.keys().eq(fields.iter()));
                must(same, "has other fields than it must have");
            }
            Self::Map => {
                let map = value.as_object();
                must(
                    map.is_some_and(|map| map.values().all(is_text)),
                    "has a value that is no text",
                );
            }
        }
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value.get(field).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Every address in the package.
fn addresses(package: &Value) -> Vec<&str> {
    let lists = ["links", "recommendations", "screenshots"];
    let listed = lists.iter().flat_map(|name| list(package, name));
    let mut addresses: Vec<_> = listed.map(|item| text(item, "url")).collect();
    addresses.push(text(package, "homeURL"));
    addresses
}

/// As far as the generated form goes: midnight, in UTC.
fn is_rfc3339(moment: &str) -> bool {
    let Some(date) = moment.strip_suffix("T00:00:00Z") else {
        return false;
    };
    let numbers: Vec<Option<u32>> = date.split('-').map(|part| part.parse().ok()).collect();
    let lengths: Vec<usize> = date.split('-').map(str::len).collect();
    lengths == [4, 2, 2] && matches!(numbers.as_slice(), [Some(_), Some(1..=12), Some(1..=31)])
}

mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_rule_refuses_what_it_is_there_for() {
        let right = json!({
            "version": "0.1.0",
            "name": "storage-class",
            "displayName": "Storage class",
            "createdAt": "2026-11-23T00:00:00Z",
            "description": "Does something",
            "digest": "0123",
            "homeURL": "https://example.org",
            "containersImages": [{"name": "policy", "image": "registry.example/a/b:v0.1.0"}],
            "changes": [{"kind": "added", "description": "It"}],
            "annotations": {
                "kubewarden/mutation": "true",
                "kubewarden/resources": "Pod",
                "kubewarden/rules": "[]",
            },
        });
        assert_eq!(complaints(&right), Vec::<String>::new());
        let wrong = [
            ("/version", json!("one")),
            ("/name", json!("storage class")),
            ("/displayName", json!("")),
            ("/createdAt", json!("2026-13-01T00:00:00Z")),
            ("/createdAt", json!("yesterday")),
            ("/description", Value::Null),
            ("/digest", json!("")),
            ("/homeURL", json!("example.org")),
            ("/containersImages/0/name", json!("module")),
            ("/containersImages/0/image", json!("storage-class:v0.1.0")),
            ("/containersImages", json!([])),
            ("/changes/0/kind", json!("new")),
            ("/changes/0", json!({"kind": "added"})),
            ("/annotations/kubewarden~1mutation", json!(true)),
            ("/annotations", json!({})),
        ];
        for (pointer, value) in wrong {
            let mut package = right.clone();
            *package.pointer_mut(pointer).unwrap() = value;
            assert!(!complaints(&package).is_empty(), "{pointer}");
        }
        for (field, value) in [
            ("signKey", json!("x")),
            ("category", json!("secrets")),
            ("provider", json!("K8TRE")),
            ("maintainers", json!([{"name": "someone"}])),
        ] {
            let mut package = right.clone();
            package[field] = value;
            assert!(!complaints(&package).is_empty(), "{field}");
        }
    }
}
