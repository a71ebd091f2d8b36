//! A module that misbehaves as its settings request, for the tests of the host.

#![cfg(target_family = "wasm")]

use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wapc_guest::{CallResult, host_call, register_function};

/// The number of calls that this instance has served; zero in a new instance.
static SERVED: AtomicU32 = AtomicU32::new(0);

/// Registers the operations. The waPC host calls it once per instance, before anything else.
#[allow(
    unsafe_code,
    reason = "the host finds the entry point by its unmangled name"
)]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function("protocol_version", |_| Ok(br#""v1""#.to_vec()));
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    settings: Settings<'a>,
    #[serde(borrow)]
    request: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings<'a> {
    #[serde(borrow, rename = "do")]
    action: Action<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Action<'a> {
    /// Accept.
    Accept,
    /// Reject, with the unchanged request as the message.
    Reject,
    /// Never return.
    Loop,
    /// Panic.
    Panic,
    /// Trap without a message.
    Trap,
    /// Return an error from the waPC call.
    Fail,
    /// Return something other than JSON.
    Garbage,
    /// Return the number of calls that this instance has served, including this one.
    Count,
    /// Allocate this many MiB at once.
    Allocate(usize),
    /// Return the object unchanged, with warnings and audit annotations.
    Echo,
    /// Return this object as the mutated one.
    Mutate(#[serde(borrow)] &'a RawValue),
    /// Make host calls and return the response of the last one; reject if it failed.
    #[serde(borrow)]
    Call(Vec<Call<'a>>),
}

#[derive(Deserialize)]
struct Call<'a> {
    binding: String,
    namespace: String,
    operation: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[derive(Serialize)]
struct Response<'a> {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<&'a RawValue>,
    audit_annotations: Option<serde_json::Value>,
    warnings: Option<Vec<String>>,
}

impl Response<'_> {
    const ACCEPTED: Self = Self {
        accepted: true,
        message: None,
        code: None,
        mutated_object: None,
        audit_annotations: None,
        warnings: None,
    };

    fn with_message(accepted: bool, message: String) -> Self {
        Self {
            accepted,
            message: Some(message),
            ..Self::ACCEPTED
        }
    }
}

#[allow(clippy::panic, reason = "the host must survive it")]
fn validate(payload: &[u8]) -> CallResult {
    let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
    let Payload { settings, request } = serde_json::from_slice(payload)?;
    let response = match settings.action {
        Action::Accept => Response::ACCEPTED,
        Action::Reject => Response {
            code: Some(418),
            ..Response::with_message(false, request.get().to_owned())
        },
        Action::Loop => loop {
            std::hint::spin_loop();
        },
        Action::Panic => panic!("the probe was told to"),
        Action::Trap => core::arch::wasm32::unreachable(),
        Action::Fail => return Err("the probe was told to".into()),
        Action::Garbage => return Ok(b"accepted".to_vec()),
        Action::Count => Response::with_message(true, served.to_string()),
        Action::Allocate(mib) => Response::with_message(
            true,
            std::hint::black_box(vec![1_u8; mib << 20])
                .len()
                .to_string(),
        ),
        Action::Echo => return echo(request),
        Action::Mutate(object) => Response {
            mutated_object: Some(object),
            ..Response::ACCEPTED
        },
        Action::Call(calls) => last_host_response(&calls),
    };
    Ok(serde_json::to_vec(&response)?)
}

fn echo(request: &RawValue) -> CallResult {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        object: &'a RawValue,
    }
    let request: Request = serde_json::from_str(request.get())?;
    Ok(serde_json::to_vec(&Response {
        mutated_object: Some(request.object),
        audit_annotations: Some(serde_json::json!({"b": "2", "a": "1"})),
        warnings: Some(vec![
            "second to none".to_owned(),
            "first to warn".to_owned(),
        ]),
        ..Response::ACCEPTED
    })?)
}

fn last_host_response(calls: &[Call]) -> Response<'static> {
    let mut response = Response::ACCEPTED;
    for Call {
        binding,
        namespace,
        operation,
        payload,
    } in calls
    {
        let result = host_call(binding, namespace, operation, payload.get().as_bytes());
        response = match result {
            Ok(response) => {
                Response::with_message(true, String::from_utf8_lossy(&response).into_owned())
            }
            Err(error) => Response::with_message(false, error.to_string()),
        };
    }
    response
}

fn validate_settings(payload: &[u8]) -> CallResult {
    Ok(match serde_json::from_slice::<Settings>(payload) {
        Ok(_) => br#"{"valid":true}"#.to_vec(),
        Err(error) => {
            serde_json::to_vec(&serde_json::json!({"valid": false, "message": error.to_string()}))?
        }
    })
}
