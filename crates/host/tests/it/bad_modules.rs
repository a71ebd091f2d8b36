use host::{Error, ExecutionMode, Metadata};

use crate::{guest, host};

/// The error of loading `wasm`.
fn load_error(wasm: &[u8]) -> String {
    host().load("odd", wasm).unwrap_err().to_string()
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn bytes_that_are_not_a_core_module_are_rejected() {
    let not_wasm = "module `odd` is not WebAssembly: it does not start with `\\0asm`";
    assert_eq!(load_error(b""), not_wasm);
    assert_eq!(load_error(b"apiVersion: v1\nkind: Namespace\n"), not_wasm);
    assert_eq!(load_error(b"(module)"), not_wasm, "the text format");
    assert_eq!(
        load_error(&wat("(component)")),
        "module `odd` is a WebAssembly component, but Kubewarden runs core modules; build it for wasm32-wasip1"
    );
    let wasm = guest("probe");
    let truncated = load_error(&wasm[..wasm.len() / 2]);
    assert!(
        truncated.starts_with("module `odd` cannot be loaded: unexpected end"),
        "{truncated}"
    );
}

#[test]
fn modules_without_wapc_are_rejected() {
    let call = r#"(func (export "__guest_call") (param i32 i32) (result i32) i32.const 0)"#;
    let no_guest_call =
        "module `odd` is not a waPC module: it does not export the function `__guest_call`";
    assert_eq!(
        load_error(&wat(&format!("(module {call})"))),
        "module `odd` is not a waPC module: it does not export a memory named `memory`"
    );
    assert_eq!(
        load_error(&wat(r#"(module (memory (export "memory") 1))"#)),
        no_guest_call
    );
    assert_eq!(
        load_error(&wat(
            r#"(module (memory (export "memory") 1) (func (export "__guest_call")))"#
        )),
        no_guest_call
    );
    let unknown_import = load_error(&wat(&format!(
        r#"(module (import "env" "launch" (func)) (memory (export "memory") 1) {call})"#
    )));
    assert!(
        unknown_import.starts_with("module `odd` cannot be loaded: ")
            && unknown_import.contains("env::launch"),
        "{unknown_import}"
    );
}

#[test]
fn other_execution_modes_are_rejected() {
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
            load_error(&wasm),
            format!(
                "module `odd` has execution mode `{name}`; only `kubewarden-wapc` is supported here"
            )
        );
    }
}

#[test]
fn invalid_metadata_is_rejected() {
    let wasm = wat(r#"(module (@custom "io.kubewarden.metadata" "{\"rules\": 3}"))"#);
    let message = load_error(&wasm);
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
fn each_cause_has_its_own_error_variant() {
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
        Error::MissingExport { .. }
    ));
}
