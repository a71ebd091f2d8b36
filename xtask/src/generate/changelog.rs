//! `CHANGELOG.md`, in the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/): a section for
//! each version, in it one for each kind of change, in that the changes as a list. A change begins with
//! what it is about in bold: a module's name, or `all modules`.

use anyhow::{Result, bail, ensure};

/// What the changelog says of one version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// `2026-11-23`; `None` while the version is under way.
    pub(crate) date: Option<String>,
    changes: Vec<Change>,
}

/// One item of the changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// `added`, `changed`, `deprecated`, `removed`, `fixed` or `security`, as Artifact Hub spells them.
    pub(super) kind: String,
    /// What stands in bold at the start.
    about: Option<String>,
    /// The rest, in one line.
    pub(super) description: String,
}

/// The kinds of Keep a Changelog, which are those of Artifact Hub.
const KINDS: [&str; 6] = [
    "Added",
    "Changed",
    "Deprecated",
    "Removed",
    "Fixed",
    "Security",
];

impl Release {
    /// Finds the section of `version` in `changelog`.
    ///
    /// # Errors
    /// There is none, or it is not as Keep a Changelog has it.
    pub(crate) fn read(changelog: &str, version: &str) -> Result<Self> {
        let heading = format!("## [{version}] - ");
        let mut lines = changelog.lines();
        let Some(date) = lines.find_map(|line| line.strip_prefix(&heading)) else {
            bail!("CHANGELOG.md has no section `{heading}YYYY-MM-DD`");
        };
        let date = match date.trim() {
            "Unreleased" => None,
            date => {
                ensure!(
                    is_date(date),
                    "CHANGELOG.md: `{date}` is neither a date such as `2026-11-23` nor `Unreleased`"
                );
                Some(date.to_owned())
            }
        };
        let mut changes: Vec<Change> = Vec::new();
        let mut kind = None;
        for line in lines.take_while(|line| !line.starts_with("## ")) {
            if let Some(heading) = line.strip_prefix("### ") {
                ensure!(
                    KINDS.contains(&heading),
                    "CHANGELOG.md: `### {heading}` is none of {}",
                    KINDS.join(", ")
                );
                kind = Some(heading.to_lowercase());
            } else if let Some(item) = line.strip_prefix("- ") {
                let Some(kind) = kind.clone() else {
                    bail!("CHANGELOG.md: `{line}` stands above every `### Added` or the like");
                };
                let about = item
                    .strip_prefix("**")
                    .and_then(|rest| rest.split_once("**: "));
                let (about, description) = match about {
                    Some((about, description)) => (Some(about.to_owned()), description),
                    None => (None, item),
                };
                changes.push(Change {
                    kind,
                    about,
                    description: description.to_owned(),
                });
            } else if let (Some(more), Some(change)) = (line.strip_prefix("  "), changes.last_mut())
            {
                change.description.push(' ');
                change.description.push_str(more);
            }
        }
        Ok(Self { date, changes })
    }

    /// The changes of a module and of all modules.
    pub(super) fn changes_of(&self, module: &str) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| {
            let about = change.about.as_deref();
            about == Some(module) || about == Some("all modules")
        })
    }
}

fn is_date(text: &str) -> bool {
    let form = text.bytes().map(|byte| match byte {
        b'0'..=b'9' => '0',
        other => char::from(other),
    });
    form.collect::<String>() == "0000-00-00"
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog

## [0.2.0] - Unreleased

## [0.1.0] - 2026-11-23

### Added

- **storage-class**: one thing,
  told over two lines.
- The command line.

### Fixed

- **all modules**: another.

## [0.0.1] - 2026-01-01

### Security

- **storage-class**: of old.
";

    #[test]
    fn the_section_of_a_version_is_read_up_to_the_next() {
        let release = Release::read(CHANGELOG, "0.1.0").unwrap();
        assert_eq!(release.date.as_deref(), Some("2026-11-23"));
        let changes: Vec<_> = release
            .changes_of("storage-class")
            .map(|change| (change.kind.as_str(), change.description.as_str()))
            .collect();
        assert_eq!(
            changes,
            [
                ("added", "one thing, told over two lines."),
                ("fixed", "another.")
            ]
        );
        assert_eq!(release.changes_of("another-module").count(), 1);
    }

    #[test]
    fn a_version_under_way_has_no_date() {
        assert_eq!(Release::read(CHANGELOG, "0.2.0").unwrap().date, None);
    }

    #[test]
    fn what_is_not_in_its_form_is_refused() {
        let said = |changelog: &str| {
            let error = Release::read(changelog, "0.1.0").unwrap_err();
            error.to_string()
        };
        assert_eq!(
            said("# Changelog\n"),
            "CHANGELOG.md has no section `## [0.1.0] - YYYY-MM-DD`"
        );
        assert!(said("## [0.1.0] - soon\n").contains("`soon` is neither a date"));
        assert!(said("## [0.1.0] - Unreleased\n### New\n").contains("`### New` is none of Added"));
        assert!(said("## [0.1.0] - Unreleased\n- x\n").contains("stands above"));
    }
}
