//! Every module linked as a library, with the calls that it answers in Wasm.

mod cluster;

pub use cluster::Objects;

use admission::Cluster;

/// A module's two calls.
#[derive(Debug)]
pub struct Calls {
    /// The module's name.
    pub module: &'static str,
    /// Answers `validate`: a payload of settings and request in, a response out.
    pub validate: fn(&[u8], &dyn Cluster) -> Vec<u8>,
    /// Answers `validate_settings`.
    pub validate_settings: fn(&[u8]) -> Vec<u8>,
}

macro_rules! calls {
    ($module:literal, $crate_name:ident) => {
        Calls {
            module: $module,
            validate: |payload, cluster| {
                admission::validate::<$crate_name::Settings>(
                    payload,
                    $crate_name::evaluate,
                    cluster,
                )
            },
            validate_settings: |payload| {
                admission::validate_settings::<$crate_name::Settings>(payload)
            },
        }
    };
}

/// Every module, by name.
pub const MODULES: &[Calls] = &[
    calls!("httproute-attachment", httproute_attachment),
    calls!("httproute-over-ingress", httproute_over_ingress),
    calls!("internal-load-balancer", internal_load_balancer),
    calls!("secret-store-references", secret_store_references),
    calls!("storage-class", storage_class),
];

/// The module of this name.
pub fn module(name: &str) -> Option<&'static Calls> {
    MODULES.iter().find(|calls| calls.module == name)
}
