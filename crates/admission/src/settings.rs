//! The settings of a module, read strictly.

use std::fmt::Arguments;

use crate::edit::push_string;
use crate::json::{Fault, Malformed, Node};
use crate::names::{is_dns_label, is_dns_subdomain, is_placeholder};
use crate::setting::Setting;

/// The settings of a module: camelCase, unknown ones refused, defaults that are right for K8TRE.
///
/// Types are declared with [`settings!`](crate::settings) and [`choice!`](crate::choice); what a type
/// cannot say is said in [`Settings::findings`].
pub trait Settings: Setting {
    /// What is wrong with values that have the right type, each finding a sentence that begins with
    /// the setting's name and ends with what is allowed. Empty when all is well.
    fn findings(&self) -> Vec<String>;
}

/// What is wrong with the values of settings, gathered for [`Settings::findings`].
#[derive(Debug, Default)]
pub struct SettingFindings(Vec<String>);

impl SettingFindings {
    /// Requires that `value` has a form, which is described by what follows "is no".
    pub fn require(&mut self, good: bool, setting: Arguments<'_>, value: &str, form: &str) {
        if !good {
            let finding = format!("setting `{setting}`: `{value}` is no {form}");
            self.0.push(finding);
        }
    }

    /// Requires the name of a namespace.
    pub fn namespace(&mut self, setting: Arguments<'_>, value: &str) {
        self.require(is_dns_label(value), setting, value, NAMESPACE);
    }

    /// Requires an object's name.
    pub fn name(&mut self, setting: Arguments<'_>, value: &str) {
        self.require(is_dns_subdomain(value), setting, value, NAME);
    }

    /// Requires a Service's name.
    pub fn service(&mut self, setting: Arguments<'_>, value: &str) {
        self.require(is_dns_label(value), setting, value, SERVICE);
    }

    /// Requires a domain or a placeholder for one.
    pub fn domain(&mut self, setting: Arguments<'_>, value: &str) {
        let good = is_dns_subdomain(value) || is_placeholder(value);
        self.require(good, setting, value, DOMAIN);
    }

    /// Adds a finding of another form.
    pub fn push(&mut self, finding: String) {
        self.0.push(finding);
    }

    /// Returns the findings, in the order in which they were made.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

const NAMESPACE: &str = "namespace: lower-case letters, digits and `-`, at most 63 characters";
const NAME: &str = "name: lower-case letters, digits, `-` and `.`, at most 253 characters";
const SERVICE: &str = "Service's name: lower-case letters, digits and `-`, at most 63 characters";
const DOMAIN: &str = "domain, such as `k8tre.internal`, nor a placeholder such as `${DOMAIN}`";

/// Reads settings from JSON text; `null` and nothing are the defaults.
///
/// # Errors
/// One sentence per wrong setting, each with the setting's name.
pub fn read<S: Settings>(text: &str) -> Result<S, String> {
    if text.trim().is_empty() {
        return read_node(None);
    }
    let node = Node::parse(text).map_err(|error| format!("settings {error}"))?;
    read_node(Some(node).filter(|node| !node.is_null()))
}

/// As [`read`], of a root that is not `null`.
pub(crate) fn read_node<S: Settings>(node: Option<Node<'_>>) -> Result<S, String> {
    let settings = match node {
        Some(node) => S::read(node),
        None => Node::parse("{}").and_then(S::read),
    };
    let settings = settings.map_err(complaint)?;
    let findings = settings.findings();
    let mut complaint = String::new();
    for finding in &findings {
        if !complaint.is_empty() {
            complaint.push_str("; ");
        }
        complaint.push_str(finding);
    }
    match complaint.is_empty() {
        true => Ok(settings),
        false => Err(complaint),
    }
}

fn complaint(malformed: Malformed) -> String {
    let Fault { path, problem } = &*malformed;
    match path.as_str() {
        "" => format!("settings: {problem}"),
        path => format!("setting `{path}`: {problem}"),
    }
}

/// The waPC response of `validate_settings`.
pub(crate) fn to_response(verdict: Result<(), String>) -> Vec<u8> {
    let Err(message) = verdict else {
        return b"{\"valid\":true}".to_vec();
    };
    let mut out = String::from("{\"valid\":false,\"message\":");
    push_string(&mut out, &message);
    out.push('}');
    out.into_bytes()
}
