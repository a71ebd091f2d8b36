//! Keys of remote secrets, and the prefix that they must have.

use admission::{Findings, Malformed, Node, Object};

use crate::checker::Checker;

admission::rule! {
    /// A remote key is outside the key prefix of the namespace.
    ///
    /// # What it checks
    /// With the setting `keyPrefix` or `keyPrefixes`, each remote key that an object reads or writes must begin
    /// with the prefix and not contain `..` as a path segment. A `find` needs a `name.regexp` that matches only
    /// keys with the prefix: it begins with `^` and the escaped prefix, and has no `|`. Cluster-scoped objects
    /// are checked if the prefix is the same for all namespaces.
    ///
    /// # Why
    /// All namespaces share one store, so without a prefix each project can read and overwrite the secrets of
    /// every other project.
    ///
    /// # Example
    /// ```yaml
    /// # settings of secret-store-references: {keyPrefix: "{namespace}/"}
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: genomics/db}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of secret-store-references: {keyPrefix: "{namespace}/"}
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: research/db}}]
    /// ```
    pub KEY_OUTSIDE_PREFIX = "key-outside-prefix";
}

admission::rule! {
    /// `dataFrom[].find` reads every secret that matches.
    ///
    /// # What it checks
    /// `find` is rejected unless the setting `allowFind` is set.
    ///
    /// # Why
    /// A `find` also reads secrets that are added to the store later, which nobody meant to give to this
    /// namespace. K8TRE's manifests do not use it.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   dataFrom: [{find: {name: {regexp: "^research/"}}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   dataFrom: [{extract: {key: research/db}}]
    /// ```
    pub FIND_NOT_ALLOWED = "find-not-allowed";
}

impl Checker<'_> {
    pub(crate) fn key(
        &self,
        node: Node<'_>,
        key: &str,
        prefix: Option<&str>,
        findings: &mut Findings,
    ) {
        if let Some(prefix) = prefix
            && !has_prefix(key, prefix)
        {
            reject_key(node.path(), key, prefix, findings);
        }
    }

    pub(crate) fn all_keys(&self, node: Node<'_>, prefix: Option<&str>, findings: &mut Findings) {
        if let Some(prefix) = prefix {
            let message = format!(
                "pushes every key of the Secret under its own name; set a `remoteKey` that begins with \
                 `{prefix}`"
            );
            findings.reject(KEY_OUTSIDE_PREFIX, node.path(), message);
        }
    }

    pub(crate) fn find(
        &self,
        find: &Object<'_>,
        prefix: Option<&str>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let path = find.node().path();
        if !self.settings.allow_find {
            let message = "reads every secret that matches, now and later; name keys with `extract` or `data`";
            findings.reject(FIND_NOT_ALLOWED, path, message);
            return Ok(());
        }
        let Some(prefix) = prefix else {
            return Ok(());
        };
        if let Some(key) = find.string("path")?
            && !has_prefix(&key, prefix)
        {
            reject_key(format!("{path}.path"), &key, prefix, findings);
        }
        // Some providers, such as Azure's, ignore `path`, and tags do not restrict keys.
        let name = find.object("name")?;
        let regex = name.map(|name| name.string("regexp")).transpose()?;
        let regex = regex.flatten().unwrap_or_default();
        if !requires_prefix(&regex, prefix) {
            let anchored = anchored(prefix);
            let message = format!(
                "may match keys outside `{prefix}`; begin it with `{anchored}` and do not use `|`"
            );
            findings.reject(KEY_OUTSIDE_PREFIX, format!("{path}.name.regexp"), message);
        }
        Ok(())
    }
}

fn reject_key(path: String, key: &str, prefix: &str, findings: &mut Findings) {
    let message = format!("`{key}` is outside `{prefix}`; use a key that begins with it");
    findings.reject(KEY_OUTSIDE_PREFIX, path, message);
}

/// Returns whether a key begins with `prefix` for every provider.
fn has_prefix(key: &str, prefix: &str) -> bool {
    // Vault and others clean paths: `team-a/../team-b/password` is a key of team-b.
    key.starts_with(prefix) && !key.split('/').any(|part| part == "..")
}

/// Returns whether a regular expression (RE2) matches only keys that begin with `prefix`: it begins with
/// [`anchored`], and nothing after that makes part of it optional. False if in doubt.
fn requires_prefix(regex: &str, prefix: &str) -> bool {
    regex
        .strip_prefix(anchored(prefix).as_str())
        .is_some_and(|rest| !rest.starts_with(['*', '?', '{', '+']) && !rest.contains('|'))
}

/// Returns the regular expression for keys that begin with `prefix`.
fn anchored(prefix: &str) -> String {
    let mut regex = String::from("^");
    for c in prefix.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_the_prefix() {
        for (key, expected) in [
            ("team-a/db", true),
            ("team-a/", true),
            ("team-a/..b", true),
            ("team-ab/db", false),
            ("db", false),
            ("team-a/../team-b/db", false),
            ("team-a/..", false),
        ] {
            assert_eq!(has_prefix(key, "team-a/"), expected, "{key}");
        }
    }

    #[test]
    fn regular_expressions_that_require_the_prefix() {
        for (regex, expected) in [
            ("^team-a/", true),
            ("^team-a/.*$", true),
            ("team-a/", false),
            ("^team-a", false),
            ("^team-a/*", false),
            ("^team-a/?", false),
            ("^team-a/{0}", false),
            ("^team-a/|.*", false),
            ("(?i)^team-a/", false),
            ("^", false),
            ("", false),
        ] {
            assert_eq!(requires_prefix(regex, "team-a/"), expected, "{regex}");
        }
        assert_eq!(anchored(r"a.b\(c)/"), r"^a\.b\\\(c\)/");
        assert!(requires_prefix(r"^a\.b/", "a.b/"));
        assert!(!requires_prefix("^a.b/", "a.b/"));
    }
}
