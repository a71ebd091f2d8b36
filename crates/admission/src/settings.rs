//! The settings of a policy, read strictly.

use std::fmt::Arguments;

use crate::edit::push_string;
use crate::exemption::Exemption;
use crate::json::{Fault, Malformed, Node};
use crate::names::{is_dns_label, is_dns_subdomain, is_placeholder};
use crate::setting::Setting;

/// The settings of a policy: camelCase, unknown names rejected, K8TRE's conventions as defaults.
///
/// Types are declared with [`settings!`](crate::settings) and [`choice!`](crate::choice);
/// [`Settings::errors`] checks what types cannot express.
pub trait Settings: Setting {
    /// Returns what is wrong with values of the right type: one sentence each, which begins with the name of
    /// the setting and ends with what is allowed.
    fn errors(&self) -> Vec<String>;
}

/// A list of errors for [`Settings::errors`].
#[derive(Debug, Default)]
pub struct SettingErrors(Vec<String>);

impl SettingErrors {
    /// Adds an error unless `valid`. `form` completes "is not", such as "a header: letters and digits".
    pub fn require(&mut self, valid: bool, setting: Arguments<'_>, value: &str, form: &str) {
        if !valid {
            let error = match value {
                "" => format!("setting `{setting}`: is empty, not {form}"),
                value => format!("setting `{setting}`: `{value}` is not {form}"),
            };
            self.0.push(error);
        }
    }

    /// Requires the name of a namespace.
    pub fn namespace(&mut self, setting: Arguments<'_>, value: &str) {
        self.require(is_dns_label(value), setting, value, NAMESPACE);
    }

    /// Requires the name of an object.
    pub fn name(&mut self, setting: Arguments<'_>, value: &str) {
        self.require(is_dns_subdomain(value), setting, value, NAME);
    }

    /// Requires the name of a Service.
    pub fn service(&mut self, setting: Arguments<'_>, value: &str) {
        self.require(is_dns_label(value), setting, value, SERVICE);
    }

    /// Requires a domain, or a placeholder for one.
    pub fn domain(&mut self, setting: Arguments<'_>, value: &str) {
        let valid = is_dns_subdomain(value) || is_placeholder(value);
        self.require(valid, setting, value, DOMAIN);
    }

    /// Requires valid exemptions in the setting `exemptions`.
    pub fn exemptions(&mut self, exemptions: &[Exemption]) {
        for (index, exemption) in exemptions.iter().enumerate() {
            let setting = format_args!("exemptions[{index}].namespace");
            self.namespace(setting, &exemption.namespace);
            self.name(format_args!("exemptions[{index}].name"), &exemption.name);
        }
    }

    /// Adds an error of another form.
    pub fn push(&mut self, error: String) {
        self.0.push(error);
    }

    /// Returns the errors in the order in which they were added.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

const NAMESPACE: &str =
    "a namespace: use lower-case letters, digits and `-`, at most 63 characters";
const NAME: &str = "a name: use lower-case letters, digits, `-` and `.`, at most 253 characters";
const SERVICE: &str =
    "the name of a Service: use lower-case letters, digits and `-`, at most 63 characters";
const DOMAIN: &str = "a domain such as `k8tre.internal` or a placeholder such as `${DOMAIN}`";

/// Reads settings from JSON text; `null` and the empty text stand for the defaults.
///
/// # Errors
/// Returns one sentence for each wrong setting, with its name.
pub fn read<S: Settings>(text: &str) -> Result<S, String> {
    if text.trim().is_empty() {
        return read_node(None);
    }
    let node = Node::parse(text).map_err(describe)?;
    read_node(Some(node).filter(|node| !node.is_null()))
}

/// Reads settings from a root that is not `null`, like [`read`].
pub(crate) fn read_node<S: Settings>(node: Option<Node<'_>>) -> Result<S, String> {
    let settings = match node {
        Some(node) => S::read(node),
        None => Node::parse("{}").and_then(S::read),
    };
    let settings = settings.map_err(describe)?;
    let mut message = String::new();
    for error in settings.errors() {
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(&error);
    }
    match message.is_empty() {
        true => Ok(settings),
        false => Err(message),
    }
}

fn describe(malformed: Malformed) -> String {
    let Fault { path, problem } = &*malformed;
    match path.as_str() {
        "" => format!("settings: {problem}"),
        path => format!("setting `{path}`: {problem}"),
    }
}

/// Returns the waPC response of `validate_settings`.
pub(crate) fn to_response(verdict: Result<(), String>) -> Vec<u8> {
    let Err(message) = verdict else {
        return b"{\"valid\":true}".to_vec();
    };
    let mut out = String::from("{\"valid\":false,\"message\":");
    push_string(&mut out, &message);
    out.push('}');
    out.into_bytes()
}
