//! The page's side: the functions as JavaScript has them, typed for TypeScript.

#![allow(
    unreachable_pub,
    reason = "what the page calls is exported from Wasm, not from the crate"
)]

use serde::Serialize;
use simulate::Profile;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

#[wasm_bindgen]
extern "C" {
    /// What the page holds.
    #[wasm_bindgen(typescript_type = "Input")]
    pub type Input;
    /// What the plane makes of it.
    #[wasm_bindgen(typescript_type = "Report")]
    pub type Report;
}

/// What the plane makes of the manifests.
///
/// # Errors
/// When the input is none, or names no profile.
#[wasm_bindgen(unchecked_return_type = "Report")]
pub fn check(input: Input) -> Result<JsValue, JsError> {
    let text = js_sys::JSON::stringify(&input).map_err(|_| JsError::new("no input"))?;
    let input = serde_json::from_str(&String::from(text))?;
    give(&crate::check(&input).map_err(|error| JsError::new(&error))?)
}

/// The text of a profile's policies.
///
/// # Errors
/// When there is no such profile.
#[wasm_bindgen]
pub fn policies(profile: &str) -> Result<String, JsError> {
    let named = Profile::from_name(profile);
    let named = named.ok_or_else(|| JsError::new(&format!("no profile `{profile}`")))?;
    Ok(named.policies().1.to_owned())
}

/// One call of one module: a call as JSON in, the module's response as JSON out, both byte for byte, which
/// numbers in JavaScript are not.
///
/// # Errors
/// When it is no call.
#[wasm_bindgen]
pub fn evaluate(call: &str) -> Result<String, JsError> {
    let call = serde_json::from_str(call)?;
    crate::evaluate(call).map_err(|error| JsError::new(&error))
}

fn give(value: &impl Serialize) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    js_sys::JSON::parse(&text).map_err(|_| JsError::new("the report is no JSON"))
}
