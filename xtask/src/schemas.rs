//! The registry of settings: one line for each module. `cargo xtask generate` refuses a module that
//! has none.

use anyhow::{Result, anyhow};
use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;

type SchemaOf = fn() -> Schema;

const SETTINGS: &[(&str, SchemaOf)] = &[
    (
        "httproute-attachment",
        schema::<httproute_attachment::Settings>,
    ),
    (
        "httproute-over-ingress",
        schema::<httproute_over_ingress::Settings>,
    ),
    (
        "internal-load-balancer",
        schema::<internal_load_balancer::Settings>,
    ),
    (
        "secret-store-references",
        schema::<secret_store_references::Settings>,
    ),
    ("storage-class", schema::<storage_class::Settings>),
];

fn schema<Settings: JsonSchema>() -> Schema {
    schema_for!(Settings)
}

/// The JSON schema of a module's settings.
///
/// # Errors
/// If the module is not registered.
pub(crate) fn of(module: &str) -> Result<Value> {
    let registered = SETTINGS.iter().find(|(name, _)| *name == module);
    let (_, schema) = registered.ok_or_else(|| {
        anyhow!(
            "`{module}` is not registered: add it to `SETTINGS` in `xtask/src/schemas.rs` \
             and to the dependencies in `xtask/Cargo.toml`"
        )
    })?;
    Ok(schema().to_value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules;
    use crate::workspace::Workspace;

    #[test]
    fn every_module_is_registered_and_nothing_else() {
        let workspace = Workspace::load().unwrap();
        let modules = modules::all(&workspace).unwrap();
        let modules: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
        let mut registered: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
        registered.sort_unstable();
        assert_eq!(registered, modules);
    }

    #[test]
    fn an_unregistered_module_is_told_where_to_register() {
        let said = of("no-such-module").unwrap_err().to_string();
        assert!(said.contains("xtask/src/schemas.rs"), "{said}");
    }
}
