//! The JavaScript bindings, with TypeScript types.

#![allow(
    unreachable_pub,
    reason = "these functions are exported from the Wasm module, not from the crate"
)]

use serde::Serialize;
use simulate::Profile;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

#[wasm_bindgen]
extern "C" {
    /// The input of the page.
    #[wasm_bindgen(typescript_type = "Input")]
    pub type Input;
    /// The result of a check.
    #[wasm_bindgen(typescript_type = "Report")]
    pub type Report;
}

/// Checks the manifests.
///
/// # Errors
/// Returns an error if the input is malformed or the profile is unknown.
#[wasm_bindgen(unchecked_return_type = "Report")]
pub fn check(input: Input) -> Result<JsValue, JsError> {
    let text =
        js_sys::JSON::stringify(&input).map_err(|_| JsError::new("the input is not JSON"))?;
    let input = serde_json::from_str(&String::from(text))?;
    to_js(&crate::check(&input).map_err(|error| JsError::new(&error))?)
}

/// Returns the text of a profile's policies.
///
/// # Errors
/// Returns an error if the profile is unknown.
#[wasm_bindgen]
pub fn policies(profile: &str) -> Result<String, JsError> {
    let found = Profile::from_name(profile)
        .ok_or_else(|| JsError::new(&format!("unknown profile `{profile}`")))?;
    Ok(found.policies().1.to_owned())
}

/// Calls one policy. Takes a call and returns the response, both as JSON text: JavaScript objects would not
/// preserve numbers byte for byte.
///
/// # Errors
/// Returns an error if the call is malformed.
#[wasm_bindgen]
pub fn evaluate(call: &str) -> Result<String, JsError> {
    let call = serde_json::from_str(call)?;
    crate::evaluate(call).map_err(|error| JsError::new(&error))
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    js_sys::JSON::parse(&text).map_err(|_| JsError::new("the report is not JSON"))
}
