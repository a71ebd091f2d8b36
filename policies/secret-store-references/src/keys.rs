//! Keys of remote secrets, and the prefix that they must have.

use admission::{Findings, Malformed, Node, Object, listed};

use crate::checker::Checker;

admission::rule! {
    /// A remote key is outside the key prefix of the namespace.
    ///
    /// # What it checks
    /// With the setting `keyPrefix` or `keyPrefixes`, each remote key that an object reads or writes must begin
    /// with a prefix of its namespace and not contain `..` as a path segment. `secret/`, `key/` or `cert/` before
    /// the key is skipped if the prefix has no `/`, as in names of Azure Key Vault. A `find` must have no `tags`,
    /// and a `name.regexp` that begins with `^` and the escaped prefix. After that, it ends, or continues with a
    /// letter, a digit, `.`, `$`, `[`, or an escaped or unreserved punctuation character. It has no `|`.
    /// Cluster-scoped objects are checked if the prefix is the same for all namespaces.
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
        prefixes: Option<&[String]>,
        findings: &mut Findings,
    ) {
        if let Some(prefixes) = prefixes
            && !is_allowed(key, prefixes)
        {
            reject_key(node.path(), key, prefixes, findings);
        }
    }

    pub(crate) fn all_keys(
        &self,
        node: Node<'_>,
        prefixes: Option<&[String]>,
        findings: &mut Findings,
    ) {
        if let Some(prefixes) = prefixes {
            let message = format!(
                "pushes every key of the Secret under its own name; set a `remoteKey` that begins with {}",
                list(prefixes)
            );
            findings.reject(KEY_OUTSIDE_PREFIX, node.path(), message);
        }
    }

    pub(crate) fn find(
        &self,
        find: &Object<'_>,
        prefixes: Option<&[String]>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let path = find.node().path();
        if !self.settings.allow_find {
            let message = "reads every secret that matches, now and later; name keys with `extract` or `data`";
            findings.reject(FIND_NOT_ALLOWED, path, message);
            return Ok(());
        }
        let Some(prefixes) = prefixes else {
            return Ok(());
        };
        if let Some(key) = find.string("path")?
            && !is_allowed(&key, prefixes)
        {
            reject_key(format!("{path}.path"), &key, prefixes, findings);
        }
        // The provider kubernetes ignores `name` if there are tags, and `{}` matches every key
        // (providers/v1/kubernetes/client.go, `GetAllSecrets` and `findByTags`).
        if let Some(tags) = find.get("tags")? {
            let message = "select keys of other namespaces; use `name.regexp`";
            findings.reject(KEY_OUTSIDE_PREFIX, tags.path(), message);
        }
        // Azure ignores `path` (providers/v1/azure/keyvault/keyvault.go, `isValidSecret`).
        let name = find.object("name")?;
        let regex = name.map(|name| name.string("regexp")).transpose()?;
        let regex = regex.flatten().unwrap_or_default();
        if !prefixes
            .iter()
            .any(|prefix| requires_prefix(&regex, prefix))
        {
            let anchored = prefixes.first().map(|prefix| anchored(prefix));
            let message = format!(
                "may match other keys; begin it with `{}` and a letter, `.` or `[`; no `|`",
                anchored.unwrap_or_default()
            );
            findings.reject(KEY_OUTSIDE_PREFIX, format!("{path}.name.regexp"), message);
        }
        Ok(())
    }
}

fn reject_key(path: String, key: &str, prefixes: &[String], findings: &mut Findings) {
    let it = if prefixes.len() == 1 {
        "it"
    } else {
        "one of them"
    };
    let message = format!(
        "`{key}` is outside {}; use a key that begins with {it}",
        list(prefixes)
    );
    findings.reject(KEY_OUTSIDE_PREFIX, path, message);
}

fn list(prefixes: &[String]) -> String {
    match prefixes {
        [prefix] => format!("`{prefix}`"),
        prefixes => listed(prefixes.iter().map(String::as_str)),
    }
}

/// Returns whether a key begins with one of the prefixes, whatever the provider is.
fn is_allowed(key: &str, prefixes: &[String]) -> bool {
    // Vault and others clean paths: `team-a/../team-b/password` is a key of team-b.
    !key.split('/').any(|part| part == "..")
        && prefixes.iter().any(|prefix| has_prefix(key, prefix))
}

/// Returns whether a key begins with the prefix, both as it is written and as Azure reads it.
///
/// Azure's `secret/db` is the secret `db`, and elsewhere it is the key `secret/db`, which can belong to a
/// namespace `secret`. Names in a key vault have no `/`, so only prefixes without one are compared with the name
/// alone. With the prefix `secret/`, every key of a vault would match, so it matches none.
fn has_prefix(key: &str, prefix: &str) -> bool {
    let Some(name) = vault_name(key) else {
        return key.starts_with(prefix);
    };
    let prefix_of_name = vault_name(prefix).unwrap_or(prefix);
    !prefix_of_name.is_empty()
        && name.starts_with(prefix_of_name)
        && (key.starts_with(prefix) || !prefix.contains('/'))
}

/// Returns the name in a key with one of Azure's types of objects.
///
/// Source: `getObjType` in External Secrets' `providers/v1/azure/keyvault/keyvault.go`. Any other first part is
/// an error there.
fn vault_name(key: &str) -> Option<&str> {
    ["secret/", "key/", "cert/"]
        .iter()
        .find_map(|kind| key.strip_prefix(kind))
}

/// Returns whether a regular expression matches only keys that begin with `prefix`: it begins with
/// [`anchored`], and nothing after that can make part of it optional. False if in doubt.
///
/// External Secrets compiles it with Go's `regexp` (`runtime/find/find.go`, `New`). A quantifier there applies to
/// what was parsed before it, and flags and an empty quotation are not parsed to anything: `^a/(?i)?` and
/// `^a/\Q\E?` make the `/` optional (`regexp/syntax/parse.go`, `parse` and `repeat`). So the expression must
/// continue with a part of its own, to which a quantifier applies instead.
fn requires_prefix(regex: &str, prefix: &str) -> bool {
    let Some(rest) = regex.strip_prefix(anchored(prefix).as_str()) else {
        return false;
    };
    let is_part = match rest.as_bytes() {
        [] => true,
        [b'\\', c, ..] => c.is_ascii_punctuation(),
        [c, ..] => c.is_ascii_alphanumeric() || b"-_/.$[".contains(c),
    };
    is_part && !rest.contains('|')
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
        for (key, prefix, expected) in [
            ("team-a/db", "team-a/", true),
            ("team-a/", "team-a/", true),
            ("team-a/..b", "team-a/", true),
            ("team-ab/db", "team-a/", false),
            ("db", "team-a/", false),
            ("team-a/../team-b/db", "team-a/", false),
            ("team-a/..", "team-a/", false),
            // Azure reads the name after the type.
            ("secret/team-a--db", "team-a--", true),
            ("key/team-a--db", "team-a--", true),
            ("cert/team-a--db", "team-a--", true),
            ("certs/team-a--db", "team-a--", false),
            ("secret/team-b--db", "team-a--", false),
            ("secret/secret/team-a--db", "team-a--", false),
            ("secret/team-a--db", "secret/team-a--", true),
            ("key/team-a--db", "secret/team-a--", false),
            ("team-a--db", "secret/team-a--", false),
            // A namespace with the name of a type.
            ("secret/team-b--db", "secret/", false),
            ("secret/team-b--db", "secret", false),
            ("secret/team-b--db", "s", false),
            ("secrets/db", "secrets/", true),
            // Elsewhere, this is a key of the namespace `secret`.
            ("secret/team-a/db", "team-a/", false),
        ] {
            let prefixes = [prefix.to_owned()];
            assert_eq!(is_allowed(key, &prefixes), expected, "{key} {prefix}");
        }
        let several = ["team-a/".to_owned(), "shared/".to_owned()];
        assert!(is_allowed("shared/db", &several));
        assert!(!is_allowed("team-b/db", &several));
    }

    #[test]
    fn regular_expressions_that_require_the_prefix() {
        for (regex, expected) in [
            ("^team-a/", true),
            ("^team-a/.*$", true),
            ("^team-a/$", true),
            ("^team-a/db", true),
            ("^team-a/[a-z]?", true),
            (r"^team-a/\.+", true),
            ("^team-a/-?", true),
            ("team-a/", false),
            ("^team-a", false),
            ("^team-a/*", false),
            ("^team-a/+", false),
            ("^team-a/?", false),
            ("^team-a/{0}", false),
            ("^team-a/{0,}", false),
            ("^team-a/|.*", false),
            ("^team-a/db|.*", false),
            ("^team-a/(?i)?", false),
            ("^team-a/(?i)db", false),
            ("^team-a/(?:)?", false),
            ("^team-a/(db)?", false),
            (r"^team-a/\Q\E?", false),
            (r"^team-a/\Q|\E", false),
            (r"^team-a/\d", false),
            (r"^team-a/\", false),
            ("^team-a/)", false),
            ("^team-a/é", false),
            ("(?i)^team-a/", false),
            ("(?m)^team-a/", false),
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
