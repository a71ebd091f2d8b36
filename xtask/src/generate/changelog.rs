//! Reads `CHANGELOG.md`, which follows [Keep a Changelog](https://keepachangelog.com/en/1.1.0/). A change
//! starts with its subject in bold: the name of a policy, or `all policies`.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// The section of one version.
#[derive(Debug)]
pub(crate) struct Release {
    /// `2026-11-23`; `None` while the version is unreleased.
    pub(crate) date: Option<String>,
    changes: Vec<(String, Change)>,
}

/// A change in the format of Artifact Hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    kind: Kind,
    description: String,
}

/// The kinds of changes in Keep a Changelog and Artifact Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Added,
    Changed,
    Deprecated,
    Removed,
    Fixed,
    Security,
}

impl Release {
    /// Reads the section of `version` in `changelog`.
    ///
    /// # Errors
    /// Returns an error if the section is missing or does not follow Keep a Changelog.
    pub(crate) fn read(changelog: &str, version: &str) -> Result<Self> {
        let heading = format!("\n## [{version}] - ");
        let (_, section) = changelog.split_once(&heading).with_context(|| {
            format!(
                "CHANGELOG.md has no section `{}YYYY-MM-DD`",
                heading.trim_start()
            )
        })?;
        let section = section.split("\n## ").next().unwrap_or_default();
        let mut parts = section.split("\n### ");
        let date = parts.next().unwrap_or_default();
        let date = date.lines().next().unwrap_or_default().trim();
        let is_date = date.len() == 10 && date.bytes().all(|it| it.is_ascii_digit() || it == b'-');
        ensure!(
            is_date || date == "Unreleased",
            "CHANGELOG.md: `{date}` is not a date; write one such as `2026-11-23`, or `Unreleased`"
        );
        let mut changes = Vec::new();
        for part in parts {
            let (heading, items) = part.split_once('\n').unwrap_or((part, ""));
            let kind: Kind = serde_json::from_value(heading.trim().to_lowercase().into())
                .with_context(|| format!("CHANGELOG.md: `### {heading}`"))?;
            for item in items.split("\n- ").skip(1) {
                let item = item.split_whitespace().collect::<Vec<_>>().join(" ");
                let subject = item.strip_prefix("**").and_then(|it| it.split_once("**: "));
                let (subject, description) = subject.unwrap_or(("", &item));
                let description = description.to_owned();
                changes.push((subject.to_owned(), Change { kind, description }));
            }
        }
        let date = is_date.then(|| date.to_owned());
        Ok(Self { date, changes })
    }

    /// Returns the changes of a policy, including those of all policies.
    pub(super) fn changes_of(&self, module: &str) -> Vec<Change> {
        let changes = self.changes.iter();
        changes
            .filter(|(subject, _)| subject == module || subject == "all policies")
            .map(|(_, change)| change.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHANGELOG: &str = "# Changelog

## [0.2.0] - Unreleased

## [0.1.0] - 2026-11-23

### Added

- **storage-class**: one thing,
  over two lines.
- The command line.

### Fixed

- **all policies**: another.

## [0.0.1] - 2026-01-01

### Security

- **storage-class**: an old change.
";

    #[test]
    fn only_the_section_of_the_version_is_read() {
        let release = Release::read(CHANGELOG, "0.1.0").unwrap();
        assert_eq!(release.date.as_deref(), Some("2026-11-23"));
        assert_eq!(
            json!(release.changes_of("storage-class")),
            json!([
                {"kind": "added", "description": "one thing, over two lines."},
                {"kind": "fixed", "description": "another."},
            ])
        );
        assert_eq!(release.changes_of("another-module").len(), 1);
        assert_eq!(Release::read(CHANGELOG, "0.2.0").unwrap().date, None);
    }

    #[test]
    fn a_section_in_another_format_is_an_error() {
        let error_of = |changelog: &str| {
            let error = Release::read(changelog, "0.1.0").unwrap_err();
            format!("{error:#}")
        };
        assert_eq!(
            error_of("# Changelog\n"),
            "CHANGELOG.md has no section `## [0.1.0] - YYYY-MM-DD`"
        );
        assert!(error_of("\n## [0.1.0] - soon\n").contains("`soon` is not a date; write one"));
        let unknown = error_of("\n## [0.1.0] - Unreleased\n\n### New\n");
        assert!(
            unknown.contains("unknown variant `new`, expected one of `added`"),
            "{unknown}"
        );
    }
}
