use host::{Error, Host, Module, Options, Response, Snapshot};
use serde_json::{Value, json};

use crate::{guest, host, probe, request, told};

fn run(module: &Module, action: Value) -> Result<Response, Error> {
    module.validate(&told(action), &request(), &Snapshot::new())
}

fn impatient() -> Host {
    Host::new(Options {
        fuel_limit: 50_000_000,
        ..Options::default()
    })
    .unwrap()
}

#[test]
fn a_module_that_never_answers_is_stopped() {
    let module = impatient().load("probe", &guest("probe")).unwrap();
    let error = run(&module, json!("loop")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "module `probe` did not answer `validate` within 50000000 instructions; the policy server interrupts it after 2 s"
    );
    assert!(matches!(error, Error::OutOfFuel { .. }));
    assert!(
        run(&module, json!("accept")).unwrap().accepted,
        "the next request is served"
    );
}

#[test]
fn the_fuel_limit_outlives_the_host_with_its_modules() {
    let host = impatient();
    let module = host.load("probe", &guest("probe")).unwrap();
    drop(host);
    assert!(matches!(
        run(&module, json!("loop")),
        Err(Error::OutOfFuel { .. })
    ));
}

#[test]
fn a_module_that_never_starts_is_stopped() {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "wapc_init") (loop br 0))
            (func (export "__guest_call") (param i32 i32) (result i32) i32.const 0))"#,
    );
    let module = impatient().load("sleeper", &wasm.unwrap()).unwrap();
    let error = module.protocol_version().unwrap_err();
    assert_eq!(
        error.to_string(),
        "module `sleeper` did not answer `protocol_version` within 50000000 instructions; the policy server interrupts it after 2 s"
    );
}

#[test]
fn a_trap_is_an_error_that_names_module_and_call() {
    let module = probe();
    for action in ["trap", "panic"] {
        let error = run(&module, json!(action)).unwrap_err();
        assert!(matches!(error, Error::Trap { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "module `probe` trapped in `validate`: wasm `unreachable` instruction executed (it may use 256 MiB of memory)"
        );
    }
    assert!(
        run(&module, json!("accept")).unwrap().accepted,
        "the next request is served"
    );
}

#[test]
fn memory_ends_where_it_is_limited() {
    let wasm = guest("probe");
    let roomy = host().load("probe", &wasm).unwrap();
    let taken = run(&roomy, json!({"allocate": 64})).unwrap();
    assert_eq!(taken.message.as_deref(), Some("67108864"));

    let narrow = Host::new(Options {
        memory_limit: 32 << 20,
        ..Options::default()
    })
    .unwrap();
    let narrow = narrow.load("probe", &wasm).unwrap();
    let error = run(&narrow, json!({"allocate": 64})).unwrap_err();
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
        error.to_string().ends_with("(it may use 32 MiB of memory)"),
        "{error}"
    );
    assert!(
        run(&narrow, json!({"allocate": 8})).unwrap().accepted,
        "the next request is served"
    );
}

#[test]
fn a_module_that_begins_beyond_its_memory_cannot_start() {
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
fn an_address_outside_of_memory_does_not_take_the_host_down() {
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
