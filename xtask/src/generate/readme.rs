//! The generated parts of a policy's README: those between `<!-- name -->` and `<!-- /name -->`.

use std::fmt::Write;

use admission::Rule;
use anyhow::{Context, Result};
use ingress2route::{ANNOTATIONS, ActiveWhen, Annotation, CAPABILITIES, Role, SOURCES};
use serde_json::Value;

use super::setting::{Kind, Setting};

/// The policy whose README has the table of ingress-nginx's annotations.
const ANNOTATIONS_POLICY: &str = "httproute-over-ingress";

/// The text that replaces all sections of that policy's README in the built module.
const README_LINK: &str =
    "The README of the policy's source describes its rules, annotations and settings.\n";

/// The text that replaces a table of that policy.
const TABLE_LINK: &str = "The table is in the README of the policy's source.\n";

/// Returns the README of a policy with its tables.
pub(super) fn replace(
    module: &str,
    readme: &str,
    rules: &[Rule],
    settings: &[Setting],
) -> Result<String> {
    let readme = fill(readme, "rules", &rules_table(rules))?;
    let readme = fill(&readme, "settings", &settings_table(settings))?;
    match module {
        ANNOTATIONS_POLICY => fill(&readme, "annotations", &annotations_table()),
        _ => Ok(readme),
    }
}

/// The text above the table of annotations.
const ANNOTATIONS_INTRODUCTION: &str = "\
How each annotation of ingress-nginx is handled. Only *untranslatable* ones require ingress-nginx, and only if
their value has an effect. If the value of a *translated* one cannot be expressed in a route, the message says
why. Annotations in the last column have no effect on their own.

The column *changes* says what an update changes with the annotation and those in the last column: where requests
are *routed*, or what is *protected*.
";

/// Returns the README for the built module, whose size every node pays for: for the largest policy, only the
/// introduction.
pub(crate) fn usage(module: &str, readme: &str) -> Result<String> {
    match readme.split_once("\n## Rules\n") {
        Some((introduction, _)) if module == ANNOTATIONS_POLICY => {
            Ok(format!("{introduction}\n{README_LINK}"))
        }
        _ => without(module, readme, &[]),
    }
}

/// Returns the README for Artifact Hub, without the table of annotations.
pub(crate) fn page(module: &str, readme: &str) -> Result<String> {
    without(module, readme, &["annotations"])
}

/// Returns the README without the markers of generated parts, and for the largest policy without these tables.
fn without(module: &str, readme: &str, tables: &[&str]) -> Result<String> {
    let mut readme = readme.to_owned();
    if module == ANNOTATIONS_POLICY {
        for table in tables {
            readme = fill(&readme, table, TABLE_LINK)?;
        }
    }
    let is_marker = |line: &&str| line.starts_with("<!--") && line.ends_with("-->");
    let lines = readme.lines().filter(|line| !is_marker(line));
    Ok(lines.map(|line| format!("{line}\n")).collect())
}

/// Returns the guide to the migration with its table of what Gateways can do.
pub(super) fn guide(guide: &str) -> Result<String> {
    fill(guide, "capabilities", &capabilities_table())
}

fn capabilities_table() -> String {
    let mut table = "| feature | Gateway API, standard channel | experimental channel | Cilium | source |\n|---|---|---|---|---|\n".to_owned();
    let since = |minor: Option<u8>, oldest| match minor {
        None => "no".to_owned(),
        Some(minor) if minor <= oldest => format!("1.{oldest} or before"),
        Some(minor) => format!("since 1.{minor}"),
    };
    for (row, (_, title, source)) in CAPABILITIES.iter().zip(SOURCES) {
        let _ = writeln!(
            table,
            "| {title} | {} | {} | {} | {source} |",
            since(row.standard, 3),
            since(Some(row.experimental), 3),
            since(row.cilium, 19),
        );
    }
    table
}

/// Returns `readme` with `text` between the markers called `name`.
///
/// # Errors
/// Returns an error if a marker is missing or they are in the wrong order.
fn fill(readme: &str, name: &str, text: &str) -> Result<String> {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let missing = || format!("`README.md` must contain `{start}` followed by `{end}`");
    let (before, rest) = readme.split_once(&start).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{start}\n{text}{end}{after}"))
}

/// One row for all annotations with the same handling and reason, together with the annotations that only
/// configure them.
fn annotations_table() -> String {
    let mut table = format!(
        "{ANNOTATIONS_INTRODUCTION}\n| annotation | handling | changes | how, or why | configured by |\n|---|---|---|---|---|\n"
    );
    let mut rows: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for known in ANNOTATIONS {
        let handling = known.handling.name();
        let handling = match known.active_when {
            ActiveWhen::PartOf(_) => continue,
            ActiveWhen::NotEmpty | ActiveWhen::StatusCodes | ActiveWhen::Characters(_) => {
                handling.to_owned()
            }
            ActiveWhen::True => format!("{handling} if true"),
            ActiveWhen::OneOf(values) => {
                let values = code_list(values.iter().copied()).replace(", ", " or ");
                format!("{handling} if {values}")
            }
            ActiveWhen::Positive => format!("{handling} if above 0"),
            ActiveWhen::BelowDefaultBodySize => format!("{handling} if below `1m`, except `0`"),
            ActiveWhen::Networks => format!("{handling} if addresses or networks"),
            ActiveWhen::SomeNetworks => {
                format!("{handling} if addresses or networks, except `/0`")
            }
            ActiveWhen::NotOff(_) => format!("{handling} unless `off`"),
            ActiveWhen::TwoWords(_) => format!("{handling} if two domains"),
            ActiveWhen::Url(_) => format!("{handling} if a URL"),
        };
        let changes = match known.role() {
            Role::Routes => "routed",
            Role::Protects => "protected",
            Role::Neutral => "",
        };
        let handling = format!("{handling} | {changes}");
        let row = rows
            .iter_mut()
            .find(|row| (row.0.as_str(), row.1) == (&handling, known.reason));
        match row {
            Some((_, _, names)) => names.push(known.name),
            None => rows.push((handling, known.reason, vec![known.name])),
        }
    }
    for (handling, reason, names) in rows {
        let is_part = |known: &&Annotation| matches!(known.active_when, ActiveWhen::PartOf(main) if names.contains(&main));
        let parts = ANNOTATIONS.iter().filter(is_part).map(|known| known.name);
        let parts = code_list(parts);
        let names = code_list(names.iter().copied());
        let _ = writeln!(table, "| {names} | {handling} | {reason} | {parts} |");
    }
    table
}

fn rules_table(rules: &[Rule]) -> String {
    let mut table = "| rule | reports |\n|---|---|\n".to_owned();
    for rule in rules {
        let _ = writeln!(
            table,
            "| `{rule}` | {} |",
            rule.summary().replace('|', "\\|")
        );
    }
    table
}

fn code_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn settings_table(settings: &[Setting]) -> String {
    if settings.is_empty() {
        return "There are no settings.\n".to_owned();
    }
    let mut table = "| setting | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    rows(&mut table, settings, "");
    table
}

fn rows(table: &mut String, settings: &[Setting], prefix: &str) {
    for setting in settings {
        let path = format!("{prefix}{}", setting.name);
        let (kind, default) = (kind(&setting.kind), default(setting));
        let row = [&format!("`{path}`"), &kind, &default, &setting.description];
        let row = row.map(|cell| cell.replace('|', "\\|")).join(" | ");
        let _ = writeln!(table, "| {row} |");
        match &setting.kind {
            Kind::Object(fields) => rows(table, fields, &format!("{path}.")),
            Kind::Sequence(fields) => rows(table, fields, &format!("{path}[].")),
            _ => {}
        }
    }
}

fn kind(of: &Kind) -> String {
    match of {
        Kind::String => "string".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Integer => "integer".to_owned(),
        Kind::Enum(names) => format!("`{}`", names.join("`, `")),
        Kind::List(items) => format!("list of {}", plural(items)),
        Kind::Sequence(_) => "list of objects".to_owned(),
        Kind::Map(values) => format!("map to {}", plural(values)),
        Kind::Object(_) => "object".to_owned(),
    }
}

fn plural(of: &Kind) -> String {
    match of {
        Kind::Enum(_) | Kind::List(_) | Kind::Sequence(_) | Kind::Map(_) => kind(of),
        _ => format!("{}s", kind(of)),
    }
}

fn default(setting: &Setting) -> String {
    match (&setting.default, &setting.kind) {
        _ if setting.required => "required".to_owned(),
        (Value::Null, _) => "none".to_owned(),
        (Value::String(text), _) if !text.is_empty() => format!("`{text}`"),
        // The rows of its fields show their defaults.
        (Value::Object(_), Kind::Object(_)) => String::new(),
        (value, _) => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use admission::NOT_CHECKED;

    use super::*;
    use crate::generate::setting::tests::example;

    #[test]
    fn a_row_for_each_rule_setting_and_field() {
        let readme = "# Title\n\n<!-- rules -->\n<!-- /rules -->\n\n<!-- settings -->\nold\n<!-- /settings -->\n\nrest\n";
        let expected = "# Title\n\n<!-- rules -->
| rule | reports |
|---|---|
| `not-checked` | The policy could not check something, for the reason that it names. |
<!-- /rules -->\n\n<!-- settings -->
| setting | type | default | meaning |
|---|---|---|---|
| `greeting` | string | `\"\"` | Says something. |
| `mode` | `reject`, `warn` | `reject` | What happens. |
| `names` | list of strings | `[]` | Names. |
| `maybe` | object | none | The name if there is one. |
| `maybe.namespace` | string | required | Where. |
| `maybe.times` | integer | `0` | How often. |
| `labels` | map to strings | `{}` | Labels. |
| `exceptions` | list of objects | `[]` | Exceptions. |
| `exceptions[].namespace` | string | required | Where. |
| `exceptions[].times` | integer | `0` | How often. |
<!-- /settings -->\n\nrest\n";
        let once = replace("storage-class", readme, &[NOT_CHECKED], &example()).unwrap();
        assert_eq!(once, expected);
        let twice = replace("storage-class", &once, &[NOT_CHECKED], &example()).unwrap();
        assert_eq!(twice, expected);
    }

    #[test]
    fn pipes_are_escaped() {
        let mut settings = example();
        settings.truncate(1);
        settings[0].description = "a | b".into();
        assert!(settings_table(&settings).ends_with("| a \\| b |\n"));
    }

    #[test]
    fn a_readme_without_markers_is_an_error() {
        for readme in ["# Title", "<!-- a -->", "<!-- /a --> <!-- a -->"] {
            let message = fill(readme, "a", "").unwrap_err().to_string();
            assert_eq!(
                message,
                "`README.md` must contain `<!-- a -->` followed by `<!-- /a -->`"
            );
        }
    }

    #[test]
    fn every_annotation_is_in_one_row() {
        let table = annotations_table();
        for known in ANNOTATIONS {
            let name = format!("`{}`", known.name);
            assert_eq!(table.matches(&name).count(), 1, "{name}\n{table}");
        }
        for row in [
            "| `configuration-snippet`, `server-snippet`, `stream-snippet` | untranslatable | protected | \
             is NGINX configuration, which ingress-nginx rejects by default |  |",
            "| `affinity` | untranslatable if `cookie` | routed | ",
            "| `enable-modsecurity` | untranslatable if true | protected | \
             the Gateway has no web application firewall | `enable-owasp-core-rules`, `modsecurity-snippet`, ",
            "| `limit-rpm`, `limit-rps` | untranslatable if above 0 | protected | a route cannot limit the request rate | \
             `limit-allowlist`, `limit-burst-multiplier`, `limit-whitelist` |",
        ] {
            assert!(
                table.lines().any(|line| line.starts_with(row)),
                "{row}\n{table}"
            );
        }
    }

    #[test]
    fn the_largest_module_links_to_its_tables() {
        let table = |name| format!("<!-- {name} -->\n| {name} |\n<!-- /{name} -->\n");
        let readme = ["rules", "annotations", "settings"].map(table).concat();
        assert_eq!(
            usage(
                ANNOTATIONS_POLICY,
                &format!("# Title\n\n## Rules\n{readme}")
            )
            .unwrap(),
            format!("# Title\n\n{README_LINK}")
        );
        assert_eq!(
            page(ANNOTATIONS_POLICY, &readme).unwrap(),
            format!("| rules |\n{TABLE_LINK}| settings |\n")
        );
        assert_eq!(
            usage("storage-class", &readme).unwrap(),
            "| rules |\n| annotations |\n| settings |\n"
        );
    }
}
