use host::{Error, Host, Module, Options, Response, Snapshot};
use serde_json::{Value, json};

use crate::{guest, host, probe, request, settings_for};

fn run(module: &Module, action: Value) -> Result<Response, Error> {
    module.validate(&settings_for(action), &request(), &Snapshot::new())
}

fn host_with_little_fuel() -> Host {
    Host::new(Options {
        fuel_limit: 50_000_000,
        ..Options::default()
    })
    .unwrap()
}

#[test]
fn a_module_that_never_returns_runs_out_of_fuel() {
    let module = host_with_little_fuel()
        .load("probe", &guest("probe"))
        .unwrap();
    let error = run(&module, json!("loop")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "module `probe` did not finish `validate` within 50000000 instructions; the policy server interrupts it after 2 s"
    );
    assert!(matches!(error, Error::OutOfFuel { .. }));
    assert!(
        run(&module, json!("accept")).unwrap().accepted,
        "the next request succeeds"
    );
}

#[test]
fn modules_keep_the_fuel_limit_after_the_host_is_dropped() {
    let host = host_with_little_fuel();
    let module = host.load("probe", &guest("probe")).unwrap();
    drop(host);
    assert!(matches!(
        run(&module, json!("loop")),
        Err(Error::OutOfFuel { .. })
    ));
}

#[test]
fn a_module_whose_initialization_never_returns_runs_out_of_fuel() {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "wapc_init") (loop br 0))
            (func (export "__guest_call") (param i32 i32) (result i32) i32.const 0))"#,
    );
    let module = host_with_little_fuel()
        .load("endless", &wasm.unwrap())
        .unwrap();
    let error = module.protocol_version().unwrap_err();
    assert_eq!(
        error.to_string(),
        "module `endless` did not finish `protocol_version` within 50000000 instructions; the policy server interrupts it after 2 s"
    );
}

#[test]
fn a_trap_is_an_error_with_the_module_and_the_operation() {
    let module = probe();
    for action in ["trap", "panic"] {
        let error = run(&module, json!(action)).unwrap_err();
        assert!(matches!(error, Error::Trap { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "module `probe` trapped in `validate`: wasm `unreachable` instruction executed (memory limit: 256 MiB)"
        );
    }
    assert!(
        run(&module, json!("accept")).unwrap().accepted,
        "the next request succeeds"
    );
}

#[test]
fn a_module_cannot_exceed_the_memory_limit() {
    let wasm = guest("probe");
    let default = host().load("probe", &wasm).unwrap();
    let response = run(&default, json!({"allocate": 64})).unwrap();
    assert_eq!(response.message.as_deref(), Some("67108864"));

    let limited = Host::new(Options {
        memory_limit: 32 << 20,
        ..Options::default()
    })
    .unwrap();
    let limited = limited.load("probe", &wasm).unwrap();
    let error = run(&limited, json!({"allocate": 64})).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Trap {
                memory_limit: 33_554_432,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().ends_with("(memory limit: 32 MiB)"),
        "{error}"
    );
    assert!(
        run(&limited, json!({"allocate": 8})).unwrap().accepted,
        "the next request succeeds"
    );
}

#[test]
fn a_module_whose_initial_memory_exceeds_the_limit_cannot_start() {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 10000)
            (func (export "__guest_call") (param i32 i32) (result i32) i32.const 0))"#,
    );
    let error = host()
        .load("giant", &wasm.unwrap())
        .unwrap()
        .protocol_version()
        .unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error:?}");
    let message = error.to_string();
    assert!(
        message.starts_with("module `giant` cannot start: ") && message.contains("memory"),
        "{message}"
    );
}

#[test]
fn an_address_outside_the_memory_is_an_error() {
    let wasm = wat::parse_str(
        r#"(module (import "wapc" "__guest_response" (func $answer (param i32 i32)))
            (memory (export "memory") 1)
            (func (export "__guest_call") (param i32 i32) (result i32)
                (call $answer (i32.const 65530) (i32.const 100)) i32.const 1))"#,
    );
    let module = host().load("stray", &wasm.unwrap()).unwrap();
    let error = module.protocol_version().unwrap_err();
    assert!(matches!(error, Error::Trap { .. }), "{error:?}");
    assert!(
        error.to_string().contains("an address outside its memory"),
        "{error}"
    );
}
