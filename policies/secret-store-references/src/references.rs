//! What the four kinds refer to.
//!
//! Source: External Secrets' `apis/externalsecrets/v1` (`ExternalSecretSpec`) and `v1alpha1`
//! (`PushSecretSpec`), and for which reference counts `Manager.Get` in `pkg/controllers/secretstore`.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};

/// One thing that an object uses, at its place.
pub(crate) enum Use<'a> {
    /// A store by name.
    Store(StoreRef<'a>),
    /// Stores by labels.
    Selector(Node<'a>),
    /// A generator, with its kind.
    Generator(Node<'a>, Cow<'a, str>),
    /// The key of a remote secret, read or written.
    Key(Node<'a>, Cow<'a, str>),
    /// Every remote secret that matches.
    Find(Object<'a>),
    /// Keys of a Secret, whatever they are, as keys of remote secrets.
    EveryKey(Node<'a>),
    /// What External Secrets cannot carry out, and what to write instead.
    Wrong(Node<'a>, &'static str),
}

/// A reference to a store, as it is written.
pub(crate) struct StoreRef<'a> {
    pub(crate) node: Node<'a>,
    /// `None` where it is left out, which means SecretStore: never the kind of a reference above.
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) name: Cow<'a, str>,
}

/// Everything that the spec of an ExternalSecret uses.
///
/// # Errors
/// When a field that decides cannot be read.
pub(crate) fn of_external_secret<'a>(spec: &Object<'a>) -> Result<Vec<Use<'a>>, Malformed> {
    let mut uses = Vec::new();
    let top = spec.get("secretStoreRef")?.map(named).transpose()?;
    let top = top.flatten();
    let data = spec.array("data")?.unwrap_or_default();
    let data_from = spec.array("dataFrom")?.unwrap_or_default();
    // The reference above counts where an entry has none of its own; with no entry at all, nothing else
    // would be judged.
    let mut top_counts = data.is_empty() && data_from.is_empty();
    let mut without_source = |entry, uses: &mut Vec<Use<'a>>| {
        top_counts = true;
        if top.is_none() {
            let problem = "names no store; write `secretStoreRef` for the whole object, or \
                           `sourceRef.storeRef` here";
            uses.push(Use::Wrong(entry, problem));
        }
    };
    for entry in data {
        let fields = entry.object()?;
        if let Some(remote) = fields.object("remoteRef")? {
            key(&remote, "key", &mut uses)?;
        }
        let Some(source) = fields.object("sourceRef")? else {
            without_source(entry, &mut uses);
            continue;
        };
        let generator = source.get("generatorRef")?;
        let problem = "External Secrets has no generators in `data`; use `dataFrom`";
        uses.extend(generator.map(|generator| Use::Wrong(generator, problem)));
        store_of(&source, generator.is_some(), &mut uses)?;
    }
    for entry in data_from {
        let fields = entry.object()?;
        let extract = fields.object("extract")?;
        if let Some(extract) = &extract {
            key(extract, "key", &mut uses)?;
        }
        let find = fields.object("find")?;
        let reads = extract.is_some() || find.is_some();
        uses.extend(find.map(Use::Find));
        let Some(source) = fields.object("sourceRef")? else {
            without_source(entry, &mut uses);
            continue;
        };
        let generator = source.get("generatorRef")?;
        if let Some(generator) = generator {
            uses.push(of_generator(generator)?);
            // Else the entry would be read from the store above.
            let problem = "stands beside `extract` or `find`; write it in an entry of its own";
            uses.extend(reads.then_some(Use::Wrong(generator, problem)));
        }
        store_of(&source, generator.is_some(), &mut uses)?;
    }
    uses.extend(top.filter(|_| top_counts).map(Use::Store));
    Ok(uses)
}

/// Everything that the spec of a PushSecret uses.
///
/// # Errors
/// When a field that decides cannot be read.
pub(crate) fn of_push_secret<'a>(spec: &Object<'a>) -> Result<Vec<Use<'a>>, Malformed> {
    let mut uses = Vec::new();
    let stores = spec.array("secretStoreRefs")?.unwrap_or_default();
    if stores.is_empty() {
        let problem = "names no store to push to; write `secretStoreRefs`";
        uses.push(Use::Wrong(spec.node(), problem));
    }
    for store in stores {
        push_store(store, &mut uses)?;
    }
    for entry in spec.array("data")?.unwrap_or_default() {
        let matched = entry.object()?.object("match")?;
        let remote = matched.map(|it| it.object("remoteRef")).transpose()?;
        if let Some(remote) = remote.flatten() {
            key(&remote, "remoteKey", &mut uses)?;
        }
    }
    for entry in spec.array("dataTo")?.unwrap_or_default() {
        let fields = entry.object()?;
        match fields.get("storeRef")? {
            Some(store) => push_store(store, &mut uses)?,
            None => uses.push(Use::Wrong(entry, "names no store; write `storeRef`")),
        }
        match fields.get("remoteKey")? {
            Some(node) if node.text() != "\"\"" => key(&fields, "remoteKey", &mut uses)?,
            _ => uses.push(Use::EveryKey(entry)),
        }
    }
    if let Some(selector) = spec.object("selector")?
        && let Some(generator) = selector.get("generatorRef")?
    {
        uses.push(of_generator(generator)?);
    }
    Ok(uses)
}

/// The store of a `sourceRef`, which replaces the one above wholly.
fn store_of<'a>(
    source: &Object<'a>,
    has_generator: bool,
    uses: &mut Vec<Use<'a>>,
) -> Result<(), Malformed> {
    match source.get("storeRef")? {
        Some(store) => uses.push(store_or_none(store)?),
        None if has_generator => {}
        None => uses.push(Use::Wrong(
            source.node(),
            "names no store; write `storeRef` in it, or leave it out for the `secretStoreRef` above",
        )),
    }
    Ok(())
}

fn push_store<'a>(node: Node<'a>, uses: &mut Vec<Use<'a>>) -> Result<(), Malformed> {
    let selector = node.object()?.get("labelSelector")?;
    uses.extend(selector.map(Use::Selector));
    // Of a selector and a name, which of them counts depends on the place: both are judged.
    match named(node)? {
        Some(store) => uses.push(Use::Store(store)),
        None if selector.is_none() => uses.push(store_or_none(node)?),
        None => {}
    }
    Ok(())
}

fn of_generator(node: Node<'_>) -> Result<Use<'_>, Malformed> {
    let kind = node.object()?.string("kind")?.filter(|it| !it.is_empty());
    Ok(match kind {
        Some(kind) => Use::Generator(node, kind),
        None => Use::Wrong(node, "names no generator; write its `kind` and `name`"),
    })
}

fn store_or_none(node: Node<'_>) -> Result<Use<'_>, Malformed> {
    Ok(match named(node)? {
        Some(store) => Use::Store(store),
        None => Use::Wrong(node, "names no store; write its `kind` and `name`"),
    })
}

/// The reference, where it has a name.
fn named(node: Node<'_>) -> Result<Option<StoreRef<'_>>, Malformed> {
    let fields = node.object()?;
    let kind = fields.string("kind")?.filter(|kind| !kind.is_empty());
    let name = fields.string("name")?.filter(|name| !name.is_empty());
    Ok(name.map(|name| StoreRef { node, kind, name }))
}

fn key<'a>(fields: &Object<'a>, field: &str, uses: &mut Vec<Use<'a>>) -> Result<(), Malformed> {
    if let Some(node) = fields.get(field)? {
        uses.push(Use::Key(node, node.string()?));
    }
    Ok(())
}
