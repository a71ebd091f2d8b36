//! Resolves scalars as go-yaml v2 and `sigs.k8s.io/yaml` do.
//!
//! kubectl converts YAML to JSON with `sigs.k8s.io/yaml`. It resolves scalars by go-yaml v2's version of
//! the YAML 1.1 rules (`resolve.go`) and converts mapping keys by its own rules (`yaml.go`). The expectations
//! in this crate's tests were checked against sigs.k8s.io/yaml 1.6.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

/// A resolved scalar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(Cow<'a, str>),
}

const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// Resolves a scalar with an optional tag in its full form.
///
/// `plain` is true if the scalar is neither quoted nor a block.
///
/// # Errors
/// Returns a message if the text does not match the tag.
pub(crate) fn resolve<'a>(
    tag: Option<&str>,
    text: &'a str,
    plain: bool,
) -> Result<Scalar<'a>, String> {
    let Some(tag) = tag else {
        return Ok(if plain {
            untagged(text)
        } else {
            Scalar::Text(Cow::Borrowed(text))
        });
    };
    let untyped = untagged(text);
    let resolved = match (tag.strip_prefix(TAG_PREFIX), untyped) {
        (Some("null"), Scalar::Null) => Scalar::Null,
        (Some("bool"), found @ Scalar::Bool(_)) => found,
        (Some("int"), found @ (Scalar::Int(_) | Scalar::Uint(_))) => found,
        (Some("float"), found @ Scalar::Float(_)) => found,
        #[expect(clippy::cast_precision_loss, reason = "what Go's float64 does too")]
        (Some("float"), Scalar::Int(value)) => Scalar::Float(value as f64),
        (Some(kind @ ("null" | "bool" | "int" | "float")), _) => {
            return Err(format!("`{}` cannot be read as `!!{kind}`", truncate(text)));
        }
        (Some("binary"), _) => {
            let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            let bytes = STANDARD
                .decode(compact)
                .map_err(|cause| format!("the `!!binary` value is not base64: {cause}"))?;
            Scalar::Text(lossy(&bytes).into())
        }
        // Timestamps stay as written, and unknown tags have no effect.
        _ => Scalar::Text(Cow::Borrowed(text)),
    };
    Ok(resolved)
}

/// Decodes bytes as Go's JSON encoder does: each invalid byte becomes a replacement character.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Resolves a plain scalar without a tag.
pub(crate) fn untagged(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => float(text),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let digits: Cow<'_, str> = if text.contains('_') {
                text.replace('_', "").into()
            } else {
                text.into()
            };
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    };
    number.unwrap_or(Scalar::Text(Cow::Borrowed(text)))
}

/// Parses an integer like `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, unsigned.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, unsigned.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    // Rust's parser accepts a sign, which would allow `0x-1`.
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if text.starts_with('-') {
        0_i64.checked_sub_unsigned(magnitude).map(Scalar::Int)
    } else {
        match i64::try_from(magnitude) {
            Ok(value) => Some(Scalar::Int(value)),
            Err(_) if text.starts_with('+') => None,
            Err(_) => Some(Scalar::Uint(magnitude)),
        }
    }
}

/// Parses a float of the form `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, if it is finite.
fn float(text: &str) -> Option<Scalar<'static>> {
    let digits_end = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits_end(unsigned);
    let mut rest = unsigned.get(whole..)?;
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = digits_end(after);
        if whole + fraction == 0 {
            return None;
        }
        rest = after.get(fraction..)?;
    } else if whole == 0 {
        return None;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let exponent = after.strip_prefix(['+', '-']).unwrap_or(after);
        if exponent.is_empty() || digits_end(exponent) != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    text.parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
        .map(Scalar::Float)
}

impl Scalar<'_> {
    /// Converts the scalar to the JSON value that kubectl sends.
    ///
    /// # Errors
    /// Returns an error for infinities and NaN, which JSON does not have.
    pub(crate) fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::from(value),
            Self::Uint(value) => Value::from(value),
            Self::Float(value) => number(value).ok_or_else(|| {
                format!("`{}` cannot be represented in JSON", special_float(value))
            })?,
            Self::Text(text) => Value::String(text.into_owned()),
        })
    }

    /// Converts the scalar to a member name in JSON.
    ///
    /// # Errors
    /// Returns an error for null and integers above 2^63 - 1.
    pub(crate) fn into_key(self) -> Result<String, String> {
        match self {
            Self::Null => Err("null cannot be a mapping key".to_owned()),
            Self::Uint(value) => Err(format!("the number {value} is too large for a mapping key")),
            Self::Bool(value) => Ok(value.to_string()),
            Self::Int(value) => Ok(value.to_string()),
            Self::Float(value) => Ok(float_key(value)),
            Self::Text(text) => Ok(text.into_owned()),
        }
    }
}

/// Converts a float to a JSON number. Go writes whole floats below 1e21 without a fraction, so they become
/// integers.
fn number(value: f64) -> Option<Value> {
    const MAX_WITHOUT_EXPONENT: f64 = 1e21;
    if value.fract() == 0.0
        && value.abs() < MAX_WITHOUT_EXPONENT
        && !(value == 0.0 && value.is_sign_negative())
    {
        let digits = value.to_string();
        if let Ok(value) = digits.parse::<i64>() {
            return Some(Value::from(value));
        }
        if let Ok(value) = digits.parse::<u64>() {
            return Some(Value::from(value));
        }
    }
    Number::from_f64(value).map(Value::Number)
}

fn special_float(value: f64) -> &'static str {
    if value.is_nan() {
        ".nan"
    } else if value > 0.0 {
        ".inf"
    } else {
        "-.inf"
    }
}

/// Formats a float like `strconv.FormatFloat(value, 'g', -1, 32)`: the shortest digits that round-trip as
/// float32.
fn float_key(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "kubectl rounds float keys to float32"
    )]
    let value = value as f32;
    if !value.is_finite() {
        return special_float(f64::from(value)).to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{value}"),
    }
}

/// Truncates a scalar's text for a message.
fn truncate(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    let mut truncated: String = text.chars().take(MAX_CHARS).collect();
    truncated.push('…');
    truncated
}

/// Explains why YAML does not read a scalar as the string it looks like, and how to write the string.
pub(crate) fn hint(text: &str) -> Option<String> {
    match untagged(text) {
        Scalar::Bool(value) if !matches!(text, "true" | "false") => Some(format!(
            "YAML reads `{text}` as the boolean {value}; quote it (`\"{text}\"`) if you mean a string"
        )),
        Scalar::Int(value) if value.to_string() != text => Some(format!(
            "YAML reads `{text}` as the number {value}; quote it (`\"{text}\"`) if you mean a string"
        )),
        Scalar::Float(value) if text.contains(['e', 'E', '_']) => Some(format!(
            "YAML reads `{text}` as the number {value}; quote it (`\"{text}\"`) if you mean a string"
        )),
        _ => None,
    }
}
