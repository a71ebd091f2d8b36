//! The checks that need only the object itself.

use admission::{Findings, Malformed};

use crate::references::{Reference, StoreRef};
use crate::settings::{Settings, StoreKind};

/// Checks the references of one object.
pub(crate) struct Checker<'a> {
    pub(crate) settings: &'a Settings,
    /// The object's namespace; `None` for cluster-scoped kinds.
    pub(crate) namespace: Option<&'a str>,
}

impl Checker<'_> {
    /// Checks all references of an object. Returns the references to allowed stores, with their kinds.
    ///
    /// # Errors
    /// Returns an error if a field that the verdict depends on cannot be read.
    pub(crate) fn check<'a>(
        &self,
        references: Vec<Reference<'a>>,
        findings: &mut Findings,
    ) -> Result<Vec<(StoreKind, StoreRef<'a>)>, Malformed> {
        let prefixes = self.settings.key_prefixes(self.namespace);
        let prefixes = prefixes.as_deref();
        let mut allowed = Vec::new();
        for reference in references {
            if findings.is_full() {
                break;
            }
            match reference {
                Reference::Store(store) => {
                    let kind = self.store(&store, findings);
                    allowed.extend(kind.map(|kind| (kind, store)));
                }
                Reference::StoreSelector(node) => self.store_selector(node, findings),
                Reference::Generator(node, kind) => self.generator(node.path(), &kind, findings),
                Reference::Key(node, key) => self.key(node, &key, prefixes, findings),
                Reference::PushMetadata(node) => self.push_metadata(node, findings),
                Reference::AllKeys(node) => self.all_keys(node, prefixes, findings),
                Reference::Find(find) => self.find(&find, prefixes, findings)?,
                Reference::Invalid(node, rule, message) => {
                    findings.reject(rule, node.path(), message);
                }
            }
        }
        Ok(allowed)
    }
}
