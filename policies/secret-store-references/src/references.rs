//! What the four kinds refer to.
//!
//! Source: `apis/externalsecrets/v1` (`ExternalSecretSpec`) and `v1alpha1` (`PushSecretSpec`) in External
//! Secrets, and `Manager.Get` in its `pkg/controllers/secretstore` for the reference that it references.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, Rule};

admission::rule! {
    /// An entry refers to neither a store nor a generator.
    ///
    /// # What it checks
    /// Each entry of `data` and `dataFrom` must have a `sourceRef` with a store or generator, or the object
    /// must have a `secretStoreRef`. A PushSecret must have `secretStoreRefs`, and each entry of `dataTo` a
    /// `storeRef`. A reference to a store needs `name`, a reference to a generator needs `kind`.
    ///
    /// # Why
    /// External Secrets accepts such an object, but cannot sync it.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    pub STORE_NOT_SET = "store-not-set";
}

admission::rule! {
    /// A generator is in a place where External Secrets ignores it.
    ///
    /// # What it checks
    /// `generatorRef` is allowed only in `dataFrom`, in an entry without `extract` and `find`.
    ///
    /// # Why
    /// External Secrets does not support generators in `data`. In an entry with `extract` or `find` it ignores
    /// the generator and reads from the object's store.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   data:
    ///   - secretKey: password
    ///     sourceRef:
    ///       generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: db}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   dataFrom:
    ///   - sourceRef:
    ///       generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: db}
    /// ```
    pub MISPLACED_GENERATOR = "misplaced-generator";
}

/// A reference of an object to something outside of it.
pub(crate) enum Reference<'a> {
    /// A store by name.
    Store(StoreRef<'a>),
    /// Stores by label.
    StoreSelector(Node<'a>),
    /// A generator, with its kind.
    Generator(Node<'a>, Cow<'a, str>),
    /// The key of a remote secret, read or written.
    Key(Node<'a>, Cow<'a, str>),
    /// The provider's own options for a pushed secret.
    PushMetadata(Node<'a>),
    /// All keys of a Secret, as keys of remote secrets.
    AllKeys(Node<'a>),
    /// All remote secrets that match.
    Find(Object<'a>),
    /// A reference that External Secrets cannot use; the message says what to use instead.
    Invalid(Node<'a>, Rule, &'static str),
}

/// A reference to a store by name.
pub(crate) struct StoreRef<'a> {
    pub(crate) node: Node<'a>,
    /// `None` if the reference has no kind, which means SecretStore. An entry does not inherit the kind of the
    /// object's `secretStoreRef`.
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) name: Cow<'a, str>,
}

/// Returns the references in the spec of an ExternalSecret.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub(crate) fn of_external_secret<'a>(spec: &Object<'a>) -> Result<Vec<Reference<'a>>, Malformed> {
    let mut references = Vec::new();
    let top = spec.get("secretStoreRef")?.map(named_store).transpose()?;
    let top = top.flatten();
    let data = spec.array("data")?.unwrap_or_default();
    let data_from = spec.array("dataFrom")?.unwrap_or_default();
    // The object's reference is used for entries without their own. Without entries it is checked too, since
    // otherwise nothing would be.
    let mut is_top_used = data.is_empty() && data_from.is_empty();
    let mut without_source = |entry, references: &mut Vec<Reference<'a>>| {
        is_top_used = true;
        if top.is_none() {
            let message = "refers to no store; set `secretStoreRef` of the object, or \
                           `sourceRef.storeRef` here";
            references.push(Reference::Invalid(entry, STORE_NOT_SET, message));
        }
    };
    for entry in data {
        let fields = entry.object()?;
        if let Some(remote) = fields.object("remoteRef")? {
            key(&remote, "key", &mut references)?;
        }
        let Some(source) = fields.object("sourceRef")? else {
            without_source(entry, &mut references);
            continue;
        };
        let generator = source.get("generatorRef")?;
        let message = "External Secrets does not support generators in `data`; use `dataFrom`";
        references.extend(
            generator.map(|generator| Reference::Invalid(generator, MISPLACED_GENERATOR, message)),
        );
        source_store(&source, generator.is_some(), &mut references)?;
    }
    for entry in data_from {
        let fields = entry.object()?;
        let extract = fields.object("extract")?;
        if let Some(extract) = &extract {
            key(extract, "key", &mut references)?;
        }
        let find = fields.object("find")?;
        let has_key_or_find = extract.is_some() || find.is_some();
        references.extend(find.map(Reference::Find));
        let Some(source) = fields.object("sourceRef")? else {
            without_source(entry, &mut references);
            continue;
        };
        let generator = source.get("generatorRef")?;
        if let Some(generator) = generator {
            references.push(generator_ref(generator)?);
            // External Secrets would read the entry from the object's store.
            let message = "is in an entry with `extract` or `find`; use a separate entry";
            let invalid = Reference::Invalid(generator, MISPLACED_GENERATOR, message);
            references.extend(has_key_or_find.then_some(invalid));
        }
        source_store(&source, generator.is_some(), &mut references)?;
    }
    references.extend(top.filter(|_| is_top_used).map(Reference::Store));
    Ok(references)
}

/// Returns the references in the spec of a PushSecret.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub(crate) fn of_push_secret<'a>(spec: &Object<'a>) -> Result<Vec<Reference<'a>>, Malformed> {
    let mut references = Vec::new();
    let stores = spec.array("secretStoreRefs")?.unwrap_or_default();
    if stores.is_empty() {
        let message = "refers to no store; set `secretStoreRefs`";
        references.push(Reference::Invalid(spec.node(), STORE_NOT_SET, message));
    }
    for store in stores {
        push_store(store, &mut references)?;
    }
    for entry in spec.array("data")?.unwrap_or_default() {
        let fields = entry.object()?;
        references.extend(fields.get("metadata")?.map(Reference::PushMetadata));
        let matched = fields.object("match")?;
        let remote = matched.map(|it| it.object("remoteRef")).transpose()?;
        if let Some(remote) = remote.flatten() {
            key(&remote, "remoteKey", &mut references)?;
        }
    }
    for entry in spec.array("dataTo")?.unwrap_or_default() {
        let fields = entry.object()?;
        references.extend(fields.get("metadata")?.map(Reference::PushMetadata));
        match fields.get("storeRef")? {
            Some(store) => push_store(store, &mut references)?,
            None => {
                let message = "refers to no store; set `storeRef`";
                references.push(Reference::Invalid(entry, STORE_NOT_SET, message));
            }
        }
        match fields.get("remoteKey")? {
            Some(node) if node.text() != "\"\"" => key(&fields, "remoteKey", &mut references)?,
            _ => references.push(Reference::AllKeys(entry)),
        }
    }
    if let Some(selector) = spec.object("selector")?
        && let Some(generator) = selector.get("generatorRef")?
    {
        references.push(generator_ref(generator)?);
    }
    Ok(references)
}

/// Adds the store of a `sourceRef`, which replaces the object's `secretStoreRef` completely.
fn source_store<'a>(
    source: &Object<'a>,
    has_generator: bool,
    references: &mut Vec<Reference<'a>>,
) -> Result<(), Malformed> {
    match source.get("storeRef")? {
        Some(store) => references.push(store_ref(store)?),
        None if has_generator => {}
        None => references.push(Reference::Invalid(
            source.node(),
            STORE_NOT_SET,
            "refers to no store; set `storeRef`, or remove `sourceRef` to use `secretStoreRef`",
        )),
    }
    Ok(())
}

fn push_store<'a>(node: Node<'a>, references: &mut Vec<Reference<'a>>) -> Result<(), Malformed> {
    let selector = node.object()?.get("labelSelector")?;
    references.extend(selector.map(Reference::StoreSelector));
    // Whether External Secrets uses the selector or the name depends on the field, so both are checked.
    match named_store(node)? {
        Some(store) => references.push(Reference::Store(store)),
        None if selector.is_none() => references.push(store_ref(node)?),
        None => {}
    }
    Ok(())
}

fn generator_ref(node: Node<'_>) -> Result<Reference<'_>, Malformed> {
    let kind = node.object()?.string("kind")?.filter(|it| !it.is_empty());
    Ok(match kind {
        Some(kind) => Reference::Generator(node, kind),
        None => Reference::Invalid(
            node,
            STORE_NOT_SET,
            "refers to no generator; set `kind` and `name`",
        ),
    })
}

fn store_ref(node: Node<'_>) -> Result<Reference<'_>, Malformed> {
    Ok(match named_store(node)? {
        Some(store) => Reference::Store(store),
        None => Reference::Invalid(
            node,
            STORE_NOT_SET,
            "refers to no store; set `kind` and `name`",
        ),
    })
}

/// Returns the reference if it has a name.
fn named_store(node: Node<'_>) -> Result<Option<StoreRef<'_>>, Malformed> {
    let fields = node.object()?;
    let kind = fields.string("kind")?.filter(|kind| !kind.is_empty());
    let name = fields.string("name")?.filter(|name| !name.is_empty());
    Ok(name.map(|name| StoreRef { node, kind, name }))
}

fn key<'a>(
    fields: &Object<'a>,
    field: &str,
    references: &mut Vec<Reference<'a>>,
) -> Result<(), Malformed> {
    if let Some(node) = fields.get(field)? {
        references.push(Reference::Key(node, node.string()?));
    }
    Ok(())
}
