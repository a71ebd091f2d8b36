//! Reads Kubernetes manifests as kubectl does, with positions, and edits them without reformatting.
//!
//! ```
//! let source = b"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: research # the only one\n";
//! for document in manifest::read("namespace.yaml", source) {
//!     for object in document.expect("valid YAML").objects() {
//!         let object = object.expect("a Kubernetes object");
//!         assert_eq!(object.kind(), "Namespace");
//!         assert_eq!(object.line_of("/metadata/name"), Some(4));
//!     }
//! }
//! ```
//!
//! [`read`] splits a source into documents, and [`Document::objects`] splits a document into objects. An
//! error in one of them does not affect the others. Only [`walk`] accesses the file system.
//!
//! This crate is stricter than kubectl where kubectl would guess: duplicate keys are errors, and so is a
//! second document that kubectl would skip silently.

mod convert;
mod document;
mod edit;
mod editor;
mod fault;
mod json;
mod locate;
mod non_manifest;
mod object;
mod placeholders;
mod positions;
mod problem;
mod read;
mod render;
mod repair;
mod scalar;
mod split;
mod tabs;
mod tree;
pub mod walk;

pub use document::{Document, Objects};
pub use object::Object;
pub use placeholders::{Placeholder, placeholder_warning, placeholders};
pub use problem::{Problem, Severity};
pub use read::{Documents, read};
pub use render::render;

/// The maximum size of a document: 3 MiB.
///
/// This is the API server's limit for a request body (`MaxRequestBodyBytes` in k8s.io/apiserver's
/// `server/config.go`). By default, etcd rejects objects above 1.5 MiB.
pub const MAX_DOCUMENT_BYTES: usize = 3 * 1024 * 1024;
