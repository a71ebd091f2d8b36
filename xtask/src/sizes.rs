//! The size of the built modules: every node keeps them, and every request pays for their memory.

use anyhow::{Context, Result, bail};

use crate::modules;
use crate::progress::say;
use crate::workspace::Workspace;

/// In bytes, with annotations.
const LIMIT: u64 = 200_000;

/// Modules with a limit of their own, each with its reason.
const LIMITS: &[(&str, u64)] = &[
    // All that is known of ingress-nginx, and the writing of routes.
    ("httproute-over-ingress", 250_000),
    // A regular expression engine that takes linear time, and host calls.
    ("secret-store-references", 300_000),
];

fn limit(module: &str) -> u64 {
    let own = LIMITS.iter().find(|(name, _)| *name == module);
    own.map_or(LIMIT, |(_, limit)| *limit)
}

/// Says how large the built modules are.
///
/// # Errors
/// If one is over the limit or not built.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut over = Vec::new();
    for module in modules::all(workspace)? {
        let path = workspace
            .path("target/modules")
            .join(&module.name)
            .with_extension("wasm");
        let name = workspace.display(&path);
        let file = std::fs::metadata(&path)
            .with_context(|| format!("no `{name}`: run `cargo xtask build`"))?;
        let (size, limit) = (kilobytes(file.len()), kilobytes(self::limit(&module.name)));
        say(format_args!("{name}: {size} of at most {limit}"));
        if file.len() > self::limit(&module.name) {
            over.push(format!("`{}` has {size} of {limit}", module.name));
        }
    }
    if !over.is_empty() {
        bail!("modules over their limits: {}", over.join(", "));
    }
    Ok(())
}

/// `196.4 KB`; a KB is 1000 bytes.
pub(crate) fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_down() {
        assert_eq!(kilobytes(196_455), "196.4 KB");
        assert_eq!(kilobytes(99), "0.0 KB");
    }
}
