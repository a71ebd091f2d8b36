//! A policy's settings.

use serde::de::DeserializeOwned;

use crate::edit::push_string;
use crate::json::path_of_error;

/// The settings of a module: camelCase, unknown ones refused, defaults that are right for K8TRE.
///
/// Types derive `Deserialize` with `#[serde(default, deny_unknown_fields)]`; what a type cannot say
/// is said in [`Settings::findings`].
pub trait Settings: Default + DeserializeOwned {
    /// What is wrong with values that have the right type, each finding a sentence that begins with
    /// the setting's name and ends with what is allowed. Empty when all is well.
    fn findings(&self) -> Vec<String>;
}

/// Reads settings from JSON text; `null` and nothing are the defaults.
///
/// # Errors
/// One sentence per wrong setting, each with the setting's name.
pub fn read<S: Settings>(text: &str) -> Result<S, String> {
    let settings: S = match text.trim() {
        "" | "null" => S::default(),
        text => serde_json::from_str(text).map_err(|error| complaint(text, &error))?,
    };
    let findings = settings.findings();
    if findings.is_empty() {
        return Ok(settings);
    }
    Err(findings.join("; "))
}

/// serde's complaint with the setting's name in place of line and column.
fn complaint(text: &str, error: &serde_json::Error) -> String {
    let said = error.to_string();
    let what = match said.rfind(" at line ") {
        Some(end) => said.get(..end).unwrap_or(&said),
        None => &said,
    };
    match path_of_error(text, error).as_str() {
        "" => format!("settings: {what}"),
        path => format!("setting `{path}`: {what}"),
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
