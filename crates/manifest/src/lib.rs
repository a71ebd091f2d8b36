//! Kubernetes manifests as kubectl reads them, with positions, and edits that keep their form.
//!
//! ```
//! let source = b"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: research # the only one\n";
//! for document in manifest::read("namespace.yaml", source) {
//!     for object in document.expect("it is YAML").objects() {
//!         let object = object.expect("it is an object");
//!         assert_eq!(object.kind(), "Namespace");
//!         assert_eq!(object.line_of("/metadata/name"), Some(4));
//!     }
//! }
//! ```
//!
//! [`read`] cuts a source into documents, [`Document::objects`] a document into objects, so that
//! a broken part costs only itself. Nothing here touches a file system but [`walk`].
//!
//! Where kubectl would guess, this crate refuses: duplicate keys are errors, and so is a second
//! document that kubectl would skip silently.

mod convert;
mod document;
mod edit;
mod editor;
mod fault;
mod json;
mod locate;
mod mend;
mod object;
mod placeholders;
mod positions;
mod problem;
mod read;
mod render;
mod scalar;
mod split;
mod tabs;
mod tree;
pub mod walk;
mod well_known;

pub use document::{Document, Objects};
pub use object::Object;
pub use placeholders::{Placeholder, placeholders, warn_of_placeholders};
pub use problem::{Problem, Severity};
pub use read::{Documents, read};
pub use render::render;

/// The largest document that is read: 3 MiB.
///
/// That is what the API server takes of a request's body (`MaxRequestBodyBytes` in
/// k8s.io/apiserver's `server/config.go`); etcd refuses objects from 1.5 MiB on by default.
pub const MAX_DOCUMENT_BYTES: usize = 3 * 1024 * 1024;
