//! The table of ingress-nginx's annotations in the README of the module that goes by it.

use std::fmt::Write;

use anyhow::Result;
use ingress2route::{ANNOTATIONS, Annotation, Effect};

use super::markers;

/// The module whose README has the table.
const MODULE: &str = "httproute-over-ingress";

const NAME: &str = "annotations";

/// What the built module's README says in place of the table, which every node would keep.
const ELSEWHERE: &str = "The table is in the README of the module's source.\n";

/// `readme` of a module with the table, where it has one.
pub(super) fn replace(module: &str, readme: &str) -> Result<String> {
    match module {
        MODULE => markers::fill(readme, NAME, &table()),
        _ => Ok(readme.to_owned()),
    }
}

/// The same without the table, for the built module.
pub(crate) fn leave_out(module: &str, readme: &str) -> Result<String> {
    match module {
        MODULE => markers::fill(readme, NAME, ELSEWHERE),
        _ => Ok(readme.to_owned()),
    }
}

fn table() -> String {
    let mut table = "| annotation | what becomes of it | how, or why |\n|---|---|---|\n".to_owned();
    for annotation in ANNOTATIONS {
        let Annotation { name, why, .. } = annotation;
        let _ = writeln!(table, "| `{name}` | {} | {why} |", fate(annotation));
    }
    table
}

fn fate(annotation: &Annotation) -> String {
    let fate = annotation.fate.name();
    match annotation.effect {
        Effect::Given => fate.to_owned(),
        Effect::True => format!("{fate} where true"),
        Effect::Not(value) => format!("{fate} unless `{value}`"),
        Effect::Beside(main) => format!("as `{main}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_annotation() {
        let table = table();
        assert_eq!(table.lines().count(), 2 + ANNOTATIONS.len());
        for row in [
            "| `auth-signin` | as `auth-url` | has no effect of its own |",
            "| `configuration-snippet` | untranslatable | is NGINX configuration |",
            "| `enable-modsecurity` | untranslatable where true | is a web application firewall; the gateway has none |",
            "| `limit-rps` | untranslatable unless `0` | limits requests; a route cannot |",
        ] {
            assert!(table.lines().any(|line| line == row), "{row}\n{table}");
        }
    }

    #[test]
    fn other_modules_have_no_table() {
        assert_eq!(replace("storage-class", "# Title").unwrap(), "# Title");
        assert!(replace(MODULE, "# Title").is_err());
    }

    #[test]
    fn the_built_module_names_the_place_of_the_table() {
        let readme = replace(MODULE, "<!-- annotations -->\n<!-- /annotations -->\n").unwrap();
        let expected = format!("<!-- annotations -->\n{ELSEWHERE}<!-- /annotations -->\n");
        assert_eq!(leave_out(MODULE, &readme).unwrap(), expected);
    }
}
