//! Runs every case in wasmtime and compares the bytes with those of the native code.

use e2e::hosts::Native;
use e2e::{Case, Error};
use e2e_wasmtime::Module;
use wasmtime::Engine;

#[test]
fn responses_in_wasmtime_equal_those_of_native_code() -> Result<(), Error> {
    let engine = Engine::default();
    let mut ran = 0;
    for policy in Native::modules() {
        let module = Module::built(&engine, policy)?;
        for case in Case::all_of(policy)? {
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(
                text(module.response(&case)?),
                text(Native::response(policy, &case)?),
                "{}",
                case.title()
            );
            ran += 1;
        }
    }
    println!("wasmtime: {ran} cases, identical to native code");
    assert!(ran > 800, "only {ran} cases");
    Ok(())
}
