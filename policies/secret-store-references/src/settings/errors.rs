//! Checks of settings beyond their types.

use admission::{SettingErrors, is_dns_label, is_dns_subdomain};
use regex_lite::Regex;

use super::Settings;

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = SettingErrors::default();
        for (index, store) in self.allowed_stores.iter().enumerate() {
            let setting = format!("allowedStores[{index}]");
            errors.name(format_args!("{setting}.name"), &store.name);
            let namespaces = format!("{setting}.namespaces");
            check_namespaces(&namespaces, &store.namespaces, &mut errors);
            for (regex_index, regex) in store.namespace_regexes.iter().enumerate() {
                let setting = format!("{setting}.namespaceRegexes[{regex_index}]");
                check_regex(&setting, regex, &mut errors);
            }
            let mut earlier = self.allowed_stores.iter().take(index);
            if earlier.any(|other| other.kind == store.kind && other.name == store.name) {
                let (kind, name) = (store.kind, &store.name);
                errors.push(format!(
                    "setting `{setting}`: {kind} `{name}` is listed twice; list all its namespaces in \
                     one item"
                ));
            }
        }
        if let Some(prefix) = &self.key_prefix {
            if prefix.is_empty() {
                let error = "setting `keyPrefix`: is empty; remove it to allow any key";
                errors.push(error.to_owned());
            }
            check_prefix("keyPrefix", prefix, &mut errors);
        }
        for (index, own) in self.key_prefixes.iter().enumerate() {
            let setting = format!("keyPrefixes[{index}]");
            let namespace = format!("{setting}.namespace");
            errors.namespace(format_args!("{namespace}"), &own.namespace);
            let prefixes = format!("{setting}.prefixes");
            if own.prefixes.is_empty() {
                errors.push(format!(
                    "setting `{prefixes}`: is empty, so no key is allowed; write `['']` to allow any key"
                ));
            }
            for (prefix_index, prefix) in own.prefixes.iter().enumerate() {
                check_prefix(&format!("{prefixes}[{prefix_index}]"), prefix, &mut errors);
            }
            let mut earlier = self.key_prefixes.iter().take(index);
            if earlier.any(|other| other.namespace == own.namespace) {
                errors.push(listed_twice(&namespace, &own.namespace));
            }
        }
        check_words(
            "allowedSecretTypes",
            &self.allowed_secret_types,
            SECRET_TYPE,
            b"-./",
            &mut errors,
        );
        check_words(
            "allowedGenerators",
            &self.allowed_generators,
            GENERATOR,
            b"",
            &mut errors,
        );
        let account = self.external_secrets_account.as_str();
        let is_account = account
            .strip_prefix("system:serviceaccount:")
            .and_then(|account| account.split_once(':'))
            .is_some_and(|(namespace, name)| is_dns_label(namespace) && is_dns_subdomain(name));
        let setting = format_args!("externalSecretsAccount");
        errors.require(is_account, setting, account, ACCOUNT);
        check_namespaces("platformNamespaces", &self.platform_namespaces, &mut errors);
        check_words(
            "allowedProviders",
            &self.allowed_providers,
            PROVIDER,
            b"",
            &mut errors,
        );
        errors.into_vec()
    }
}

const SECRET_TYPE: &str =
    "a type of Secret such as `Opaque`: use letters, digits, `-`, `.` and `/`";
const ACCOUNT: &str = "a service account: write `system:serviceaccount:NAMESPACE:NAME`";
const GENERATOR: &str = "a kind of generator: use letters and digits";
const PROVIDER: &str = "the name of a provider: use letters and digits";

fn check_namespaces(setting: &str, namespaces: &[String], errors: &mut SettingErrors) {
    for (index, namespace) in namespaces.iter().enumerate() {
        let setting = format!("{setting}[{index}]");
        errors.namespace(format_args!("{setting}"), namespace);
        if namespaces.iter().take(index).any(|it| it == namespace) {
            errors.push(listed_twice(&setting, namespace));
        }
    }
}

/// Checks types of Secrets, kinds of generators or names of providers. There is no list of valid ones, since
/// External Secrets adds some in every release.
fn check_words(
    setting: &str,
    words: &[String],
    form: &str,
    punctuation: &[u8],
    errors: &mut SettingErrors,
) {
    for (index, word) in words.iter().enumerate() {
        let setting = format!("{setting}[{index}]");
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || punctuation.contains(&byte);
        let valid = !word.is_empty() && word.bytes().all(is_valid);
        errors.require(valid, format_args!("{setting}"), word, form);
        if words.iter().take(index).any(|it| it == word) {
            errors.push(listed_twice(&setting, word));
        }
    }
}

fn check_regex(setting: &str, regex: &str, errors: &mut SettingErrors) {
    if regex.is_empty() {
        errors.push(format!(
            "setting `{setting}`: is empty, which matches every namespace; use `.*` if you mean that"
        ));
    } else if let Err(error) = Regex::new(regex) {
        errors.push(format!(
            "setting `{setting}`: `{regex}` is not a regular expression: {error}"
        ));
    }
}

/// Checks a prefix. A misspelt placeholder would be used literally, and no key would match.
fn check_prefix(setting: &str, prefix: &str, errors: &mut SettingErrors) {
    if prefix.replace("{namespace}", "").contains(['{', '}']) {
        errors.push(format!(
            "setting `{setting}`: `{prefix}` has braces; the only placeholder is `{{namespace}}`"
        ));
    }
}

fn listed_twice(setting: &str, name: &str) -> String {
    format!("setting `{setting}`: `{name}` is listed twice")
}
