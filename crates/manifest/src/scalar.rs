//! What a scalar means, as go-yaml v2 and `sigs.k8s.io/yaml` decide it.
//!
//! kubectl turns YAML into JSON with `sigs.k8s.io/yaml`, which resolves scalars by the rules of
//! YAML 1.1 as go-yaml v2 has them (`resolve.go`), and names mapping keys by its own rules
//! (`yaml.go`). The expectations in this crate's tests were checked against sigs.k8s.io/yaml 1.6.

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

/// Resolves a scalar written with `tag` (in full, or none).
///
/// `plain` tells whether it was written without quotes and not as a block.
///
/// # Errors
/// What the tag and the text do not agree on, as a sentence.
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
            return Err(format!("`{}` cannot be read as `!!{kind}`", shown(text)));
        }
        (Some("binary"), _) => {
            let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            let bytes = STANDARD
                .decode(compact)
                .map_err(|cause| format!("the `!!binary` value is not base64: {cause}"))?;
            Scalar::Text(lossy(&bytes).into())
        }
        // Timestamps stay as written, and a tag that nobody knows says nothing.
        _ => Scalar::Text(Cow::Borrowed(text)),
    };
    Ok(resolved)
}

/// Text from bytes as Go's JSON encoder makes it: a replacement character per broken byte.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Resolves a scalar without quotes and tag.
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

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, unsigned.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, unsigned.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    // Rust's parser takes a sign of its own, which would allow `0x-1`.
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

/// A float of the form `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, when in range.
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
    /// The JSON value kubectl sends for this scalar.
    ///
    /// # Errors
    /// JSON has neither infinities nor NaN.
    pub(crate) fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::from(value),
            Self::Uint(value) => Value::from(value),
            Self::Float(value) => number(value).ok_or_else(|| {
                format!(
                    "`{}` is not a number that JSON can hold",
                    special_float(value)
                )
            })?,
            Self::Text(text) => Value::String(text.into_owned()),
        })
    }

    /// The name a mapping key gets in JSON.
    ///
    /// # Errors
    /// Null and integers above 2^63 - 1 cannot be keys.
    pub(crate) fn into_key(self) -> Result<String, String> {
        match self {
            Self::Null => Err("a null cannot be a mapping key".to_owned()),
            Self::Uint(value) => Err(format!("the number {value} is too big for a mapping key")),
            Self::Bool(value) => Ok(value.to_string()),
            Self::Int(value) => Ok(value.to_string()),
            Self::Float(value) => Ok(float_key(value)),
            Self::Text(text) => Ok(text.into_owned()),
        }
    }
}

/// Go writes whole floats below 1e21 without fraction, so that they come back as integers.
fn number(value: f64) -> Option<Value> {
    const EXACT: f64 = 1e21;
    if value.fract() == 0.0 && value.abs() < EXACT && !(value == 0.0 && value.is_sign_negative()) {
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

/// `strconv.FormatFloat(value, 'g', -1, 32)`: the shortest digits that give the same float32.
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

/// A scalar's text short enough for a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST).collect();
    short.push('…');
    short
}

/// Why a scalar is not the text it looks like, and what to write for the text.
pub(crate) fn hint(text: &str) -> Option<String> {
    match untagged(text) {
        Scalar::Bool(value) if !matches!(text, "true" | "false") => Some(format!(
            "YAML reads `{text}` as the boolean {value}; quote it (`\"{text}\"`) if text is meant"
        )),
        Scalar::Int(value) if value.to_string() != text => Some(format!(
            "YAML reads `{text}` as the number {value}; quote it (`\"{text}\"`) if text is meant"
        )),
        Scalar::Float(value) if text.contains(['e', 'E', '_']) => Some(format!(
            "YAML reads `{text}` as the number {value}; quote it (`\"{text}\"`) if text is meant"
        )),
        _ => None,
    }
}
