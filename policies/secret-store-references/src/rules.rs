//! What may be used, told from the object alone.

use admission::{Malformed, Object};

use crate::findings::Findings;
use crate::keys;
use crate::references::{StoreRef, Use};
use crate::settings::{Settings, StoreKind};
use crate::suggest;

/// The rules for one object.
pub(crate) struct Rules<'a> {
    pub(crate) settings: &'a Settings,
    /// The object's namespace; `None` for cluster-wide kinds.
    pub(crate) namespace: Option<&'a str>,
}

impl Rules<'_> {
    /// Judges everything that an object uses, and gives back the references to approved stores with
    /// their kinds.
    ///
    /// # Errors
    /// When a field that decides cannot be read.
    pub(crate) fn judge<'a>(
        &self,
        uses: Vec<Use<'a>>,
        findings: &mut Findings,
    ) -> Result<Vec<(StoreKind, StoreRef<'a>)>, Malformed> {
        let prefix = self.settings.key_prefix(self.namespace);
        let mut approved = Vec::new();
        for used in uses {
            if findings.are_enough() {
                break;
            }
            match used {
                Use::Store(store) => {
                    let kind = self.store(&store, findings);
                    approved.extend(kind.map(|kind| (kind, store)));
                }
                Use::Selector(node) => {
                    if !self.settings.allow_push_selectors {
                        findings.refuse(
                            node.path(),
                            "stores chosen by labels cannot be held against the approved ones; \
                             name a store",
                        );
                    }
                }
                Use::Generator(node, kind) => {
                    if let Some(problem) = self.generator(&kind) {
                        findings.refuse(node.path(), problem);
                    }
                }
                Use::Key(node, key) => {
                    if let Some(prefix) = &prefix
                        && !keys::is_below(prefix, &key)
                    {
                        let problem = outside(&key, prefix);
                        findings.refuse(node.path(), problem);
                    }
                }
                Use::Find(find) => self.find(&find, prefix.as_deref(), findings)?,
                Use::EveryKey(node) => {
                    if let Some(prefix) = &prefix {
                        let problem = format!(
                            "every key of the Secret becomes a remote one; write a `remoteKey` that \
                             begins with `{prefix}`"
                        );
                        findings.refuse(node.path(), problem);
                    }
                }
                Use::Wrong(node, problem) => findings.refuse(node.path(), problem),
            }
        }
        Ok(approved)
    }

    /// The kind of an approved store; else what is wrong is noted.
    fn store(&self, store: &StoreRef<'_>, findings: &mut Findings) -> Option<StoreKind> {
        let name = store.name.as_ref();
        let kind = match store.kind.as_deref() {
            None | Some("SecretStore") => StoreKind::SecretStore,
            Some("ClusterSecretStore") => StoreKind::ClusterSecretStore,
            Some(kind) => {
                let problem = format!(
                    "`{kind}` is no kind of store; write ClusterSecretStore or SecretStore"
                );
                findings.refuse(format!("{}.kind", store.node.path()), problem);
                return None;
            }
        };
        if self.settings.allows_store(kind, name, self.namespace) {
            return Some(kind);
        }
        let approved: Vec<_> = self.settings.stores_for(self.namespace).collect();
        let instead = suggest::instead(kind, name, &approved);
        let problem = match store.kind {
            None if approved.iter().any(|other| other.name == name) => {
                format!("an omitted kind means {kind}; {instead}")
            }
            _ => {
                let place = match self.namespace {
                    Some(namespace) if self.settings.allows_store(kind, name, None) => {
                        format!(" in namespace `{namespace}`")
                    }
                    _ => String::new(),
                };
                format!("{kind} `{name}` is not approved{place}; {instead}")
            }
        };
        findings.refuse(store.node.path(), problem);
        None
    }

    fn generator(&self, kind: &str) -> Option<String> {
        let allowed = &self.settings.allowed_generators;
        if allowed.iter().any(|it| it == kind) {
            return None;
        }
        let why = match kind {
            "Webhook" => "sends data out of the cluster",
            "ClusterGenerator" => "hides which generator it is",
            // These make values up.
            "Fake" | "MFA" | "Password" | "SSHKey" | "UUID" => "is not allowed here",
            _ => "has credentials of its own",
        };
        let instead = match allowed.as_slice() {
            [] => "none is allowed".to_owned(),
            allowed => format!("allowed: {}", allowed.join(", ")),
        };
        Some(format!("`{kind}` {why}; {instead}"))
    }

    fn find(
        &self,
        find: &Object<'_>,
        prefix: Option<&str>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let place = find.node().path();
        if !self.settings.allow_find {
            findings.refuse(
                place,
                "reads every secret that matches, now and later; name keys with `extract` or `data`",
            );
            return Ok(());
        }
        let Some(prefix) = prefix else {
            return Ok(());
        };
        if let Some(path) = find.string("path")?
            && !keys::is_below(prefix, &path)
        {
            findings.refuse(format!("{place}.path"), outside(&path, prefix));
        }
        // Some providers pass over `path`, Azure's among them, and none goes by tags alone.
        let name = find.object("name")?;
        let regex = name.map(|name| name.string("regexp")).transpose()?;
        let regex = regex.flatten().unwrap_or_default();
        if !keys::is_anchored_below(prefix, &regex) {
            let anchored = keys::anchored(prefix);
            let problem = format!(
                "may match keys outside of `{prefix}`; begin it with `{anchored}` and write no `|`"
            );
            findings.refuse(format!("{place}.name.regexp"), problem);
        }
        Ok(())
    }
}

fn outside(key: &str, prefix: &str) -> String {
    format!("`{key}` is outside of `{prefix}`; write a key that begins with it")
}
