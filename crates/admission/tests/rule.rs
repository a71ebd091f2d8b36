//! Rules and their documentation.

use admission::{MALFORMED_INPUT, Rule, RuleId, RuleSet, SHARED_RULES, read_settings};
use serde_json::json;

/// A module, so that the rules have visibilities.
mod rules {
    admission::rule! {
        /// A widget has a colour that is not one of the
        /// allowed colours.
        ///
        /// # What it checks
        /// The field `spec.colour`.
        /// ```yaml
        /// # A comment, not a heading.
        /// colour: red
        /// ```
        /// It must be blue.
        ///
        /// # Why
        /// Red is taken.
        pub(crate) COLOUR = "colour";
    }

    admission::rule! {
        /// A widget is too large.
        pub SIZE = "size";
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Example;

impl RuleSet for Example {
    const RULES: &'static [Rule] = &[rules::COLOUR, rules::SIZE];
}

admission::settings! {
    /// Settings that disable rules.
    pub struct Settings {
        /// The rules.
        pub disabled_rules: Vec<RuleId<Example>> = Vec::new(),
    }
}

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn a_rule_has_an_id_and_a_summary() {
    assert_eq!(rules::COLOUR.id, "colour");
    assert_eq!(rules::COLOUR.to_string(), "colour");
    assert_eq!(
        rules::COLOUR.summary(),
        "A widget has a colour that is not one of the allowed colours."
    );
    assert_eq!(rules::SIZE.summary(), "A widget is too large.");
    assert_ne!(rules::COLOUR, rules::SIZE);
}

#[test]
fn sections_end_at_the_next_heading_outside_code() {
    assert_eq!(
        rules::COLOUR.section("What it checks").as_deref(),
        Some(
            "The field `spec.colour`.\n```yaml\n# A comment, not a heading.\ncolour: red\n```\nIt must be blue."
        )
    );
    assert_eq!(
        rules::COLOUR.section("Why").as_deref(),
        Some("Red is taken.")
    );
    assert_eq!(rules::COLOUR.section("Use instead"), None);
    assert_eq!(rules::SIZE.section("Why"), None);
}

#[test]
fn the_documentation_has_headings_of_level_two() {
    assert_eq!(
        rules::COLOUR.documentation(),
        "\
A widget has a colour that is not one of the
allowed colours.

## What it checks
The field `spec.colour`.
```yaml
# A comment, not a heading.
colour: red
```
It must be blue.

## Why
Red is taken.
"
    );
    assert_eq!(rules::SIZE.documentation(), "A widget is too large.\n");
}

#[test]
fn shared_rules_are_documented() {
    assert!(SHARED_RULES.contains(&MALFORMED_INPUT));
    for rule in SHARED_RULES {
        for title in ["What it checks", "Why", "Example", "Use instead"] {
            assert!(rule.section(title).is_some(), "{rule}: {title}");
        }
    }
}

#[test]
fn settings_name_rules_by_id() {
    let settings = read_settings::<Settings>(r#"{"disabledRules":["size"]}"#);
    let rules: Vec<_> = settings.iter().flat_map(|it| &it.disabled_rules).collect();
    assert_eq!(
        rules.iter().map(|it| it.rule).collect::<Vec<_>>(),
        [rules::SIZE]
    );
    assert_eq!(json!(rules), json!(["size"]));
    assert_eq!(
        read_settings::<Settings>(r#"{"disabledRules":["sizes"]}"#),
        Err(
            "setting `disabledRules[0]`: `sizes` is not known; write one of `colour`, `size`"
                .to_owned()
        )
    );
}
