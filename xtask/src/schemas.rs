//! The JSON schemas of the policies' settings.

use anyhow::{Context, Result};
use serde_json::Value;
use simulate::builtin;

/// The JSON schema of a policy's settings.
///
/// # Errors
/// If the policy is not registered.
pub(crate) fn of(policy: &str) -> Result<Value> {
    let builtin = builtin::policy(policy).with_context(|| {
        format!(
            "`{policy}` is not registered: add it to `POLICIES` in `crates/simulate/src/builtin.rs` and to \
             the dependencies in `crates/simulate/Cargo.toml`"
        )
    })?;
    Ok((builtin.settings_schema)().to_value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules;
    use crate::workspace::Workspace;

    #[test]
    fn every_policy_is_registered_and_nothing_else() {
        let workspace = Workspace::load().unwrap();
        let modules = modules::all(&workspace).unwrap();
        let modules: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
        let mut registered: Vec<&str> = builtin::POLICIES.iter().map(|it| it.name).collect();
        registered.sort_unstable();
        assert_eq!(registered, modules);
    }

    #[test]
    fn an_unregistered_policy_is_told_where_to_register() {
        let said = of("no-such-policy").unwrap_err().to_string();
        assert!(said.contains("crates/simulate/src/builtin.rs"), "{said}");
    }
}
