//! Checks of settings beyond their types.

use regex_lite::Regex;

use super::Settings;

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        for (index, store) in self.allowed_stores.iter().enumerate() {
            let setting = format!("allowedStores[{index}]");
            errors.extend(of_name(&format!("{setting}.name"), &store.name, 253, true));
            errors.extend(of_namespaces(
                &format!("{setting}.namespaces"),
                &store.namespaces,
            ));
            for (regex_index, regex) in store.namespace_regexes.iter().enumerate() {
                let setting = format!("{setting}.namespaceRegexes[{regex_index}]");
                errors.extend(of_regex(&setting, regex));
            }
            let earlier = self.allowed_stores.iter().take(index);
            if earlier
                .clone()
                .any(|other| other.kind == store.kind && other.name == store.name)
            {
                let (kind, name) = (store.kind, &store.name);
                errors.push(format!(
                    "setting `{setting}`: {kind} `{name}` is listed twice; name all its namespaces \
                     in one item"
                ));
            }
        }
        errors.extend(self.key_prefix.as_ref().and_then(|prefix| {
            let finding = "setting `keyPrefix`: is empty; leave it out where any key may be used";
            prefix.is_empty().then(|| finding.to_owned())
        }));
        errors.extend(
            self.key_prefix
                .iter()
                .filter_map(|it| of_prefix("keyPrefix", it)),
        );
        for (index, own) in self.key_prefixes.iter().enumerate() {
            let setting = format!("keyPrefixes[{index}]");
            let namespace = format!("{setting}.namespace");
            errors.extend(of_name(&namespace, &own.namespace, 63, false));
            errors.extend(of_prefix(&format!("{setting}.prefix"), &own.prefix));
            let mut earlier = self.key_prefixes.iter().take(index);
            if earlier.any(|other| other.namespace == own.namespace) {
                errors.push(listed_twice(&namespace, &own.namespace));
            }
        }
        errors.extend(of_words("allowedGenerators", &self.allowed_generators));
        errors.extend(of_namespaces(
            "platformNamespaces",
            &self.platform_namespaces,
        ));
        errors.extend(of_words("allowedProviders", &self.allowed_providers));
        errors
    }
}

fn of_namespaces(setting: &str, namespaces: &[String]) -> Vec<String> {
    let mut errors = Vec::new();
    for (index, namespace) in namespaces.iter().enumerate() {
        let setting = format!("{setting}[{index}]");
        errors.extend(of_name(&setting, namespace, 63, false));
        if namespaces.iter().take(index).any(|it| it == namespace) {
            errors.push(listed_twice(&setting, namespace));
        }
    }
    errors
}

/// Kinds of generators and names of providers, which are not checked against a list: ESO adds some
/// with every release.
fn of_words(setting: &str, words: &[String]) -> Vec<String> {
    let mut errors = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let setting = format!("{setting}[{index}]");
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            errors.push(format!(
                "setting `{setting}`: `{word}` is no name that External Secrets could have; write \
                 letters and digits"
            ));
        }
        if words.iter().take(index).any(|it| it == word) {
            errors.push(listed_twice(&setting, word));
        }
    }
    errors
}

/// A store's name is a DNS-1123 subdomain, a namespace's a label (their API references).
fn of_name(setting: &str, name: &str, longest: usize, dots: bool) -> Option<String> {
    let good = if dots {
        admission::is_dns_subdomain(name)
    } else {
        admission::is_dns_label(name)
    };
    if good {
        return None;
    }
    let and_dots = if dots { ", `-` and `.`" } else { " and `-`" };
    Some(format!(
        "setting `{setting}`: `{name}` is no name: lower-case letters, digits{and_dots}, at most \
         {longest} characters"
    ))
}

fn of_regex(setting: &str, regex: &str) -> Option<String> {
    if regex.is_empty() {
        return Some(format!(
            "setting `{setting}`: is empty, which every namespace matches; write `.*` if that is meant"
        ));
    }
    let error = Regex::new(regex).err()?;
    Some(format!(
        "setting `{setting}`: `{regex}` is no regular expression: {error}"
    ))
}

/// What looks like the placeholder and is not would be taken as it stands, and nothing would match.
fn of_prefix(setting: &str, prefix: &str) -> Option<String> {
    let rest = prefix.replace("{namespace}", "");
    rest.contains(['{', '}']).then(|| {
        format!(
            "setting `{setting}`: `{prefix}` has braces; the only placeholder is `{{namespace}}`"
        )
    })
}

fn listed_twice(setting: &str, name: &str) -> String {
    format!("setting `{setting}`: `{name}` is listed twice")
}
