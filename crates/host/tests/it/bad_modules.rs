use host::{Error, ExecutionMode, Metadata};

use crate::{guest, host};

/// What loading `wasm` says.
fn refusal(wasm: &[u8]) -> String {
    host().load("odd", wasm).unwrap_err().to_string()
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn what_is_not_a_module_is_refused() {
    let not_wasm = "module `odd` is not WebAssembly: it does not begin with `\\0asm`";
    assert_eq!(refusal(b""), not_wasm);
    assert_eq!(refusal(b"apiVersion: v1\nkind: Namespace\n"), not_wasm);
    assert_eq!(refusal(b"(module)"), not_wasm, "text format is for people");
    assert_eq!(
        refusal(&wat("(component)")),
        "module `odd` is a WebAssembly component, where Kubewarden runs core modules: build it for wasm32-wasip1"
    );
    let whole = guest("probe");
    let half = refusal(&whole[..whole.len() / 2]);
    assert!(
        half.starts_with("module `odd` cannot be loaded: unexpected end"),
        "{half}"
    );
}

#[test]
fn what_does_not_speak_wapc_is_refused() {
    let call = r#"(func (export "__guest_call") (param i32 i32) (result i32) i32.const 0)"#;
    let no_call =
        "module `odd` is not a waPC module: it does not export the function `__guest_call`";
    assert_eq!(
        refusal(&wat(&format!("(module {call})"))),
        "module `odd` is not a waPC module: it does not export a memory named `memory`"
    );
    assert_eq!(
        refusal(&wat(r#"(module (memory (export "memory") 1))"#)),
        no_call
    );
    assert_eq!(
        refusal(&wat(
            r#"(module (memory (export "memory") 1) (func (export "__guest_call")))"#
        )),
        no_call
    );
    let strange = refusal(&wat(&format!(
        r#"(module (import "env" "launch" (func)) (memory (export "memory") 1) {call})"#
    )));
    assert!(
        strange.starts_with("module `odd` cannot be loaded: ") && strange.contains("env::launch"),
        "{strange}"
    );
}

#[test]
fn other_execution_modes_are_refused() {
    for (mode, name) in [
        (ExecutionMode::Opa, "opa"),
        (ExecutionMode::Gatekeeper, "gatekeeper"),
        (ExecutionMode::Wasi, "wasi"),
    ] {
        let metadata = Metadata {
            execution_mode: mode,
            ..Metadata::default()
        };
        let wasm = kubewarden::write(&guest("constant"), &metadata).unwrap();
        assert_eq!(
            refusal(&wasm),
            format!(
                "module `odd` has execution mode `{name}`; only `kubewarden-wapc` can be run here"
            )
        );
    }
}

#[test]
fn broken_metadata_is_refused() {
    let wasm = wat(r#"(module (@custom "io.kubewarden.metadata" "{\"rules\": 3}"))"#);
    let message = refusal(&wasm);
    assert!(
        message.starts_with(
            "module `odd`: the custom section `io.kubewarden.metadata` is not valid metadata: "
        ),
        "{message}"
    );
    assert!(
        message.contains("rules") || message.contains("invalid type"),
        "{message}"
    );
}

#[test]
fn a_module_without_metadata_runs() {
    let module = host().load("bare", &guest("constant")).unwrap();
    assert!(module.metadata().is_none());
    assert_eq!(module.protocol_version().unwrap(), "v1");
}

#[test]
fn errors_are_told_apart_by_type() {
    assert!(matches!(
        host().load("odd", b"").unwrap_err(),
        Error::NotWasm { .. }
    ));
    assert!(matches!(
        host().load("odd", &wat("(component)")).unwrap_err(),
        Error::Component { .. }
    ));
    assert!(matches!(
        host().load("odd", &wat("(module)")).unwrap_err(),
        Error::Export { .. }
    ));
}
