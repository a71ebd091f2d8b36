//! A document of a source, and its objects.

use std::sync::Arc;

use crate::convert::{self, Budget};
use crate::fault::Fault;
use crate::locate;
use crate::non_manifest::NonManifest;
use crate::object::{Object, Source};
use crate::problem::Problem;
use crate::split::Chunk;
use crate::tree::{Body, Id, Node, Tree};

/// A parsed YAML or JSON document, which need not contain Kubernetes objects.
#[derive(Debug, Clone)]
pub struct Document {
    source: Arc<Source>,
}

impl Document {
    pub(crate) fn new(file: &Arc<str>, chunk: Chunk<'_>, tree: Tree) -> Self {
        Self {
            source: Arc::new(Source {
                file: Arc::clone(file),
                text: chunk.text.to_owned(),
                first_line: chunk.line,
                tree,
            }),
        }
    }

    /// The name of the source, as given by the caller.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.source.file
    }

    /// The line of the source where the document's content starts, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.source.line(self.source.root().line)
    }

    /// The line of the source where [`Document::source`] starts, from 1.
    #[must_use]
    pub fn source_line(&self) -> usize {
        self.source.first_line
    }

    /// The document's text between its markers, including comments.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source.text
    }

    /// Converts the document to JSON, whether or not it is a Kubernetes object.
    ///
    /// # Errors
    /// Returns an error if JSON cannot represent the document, or if it contains a duplicate key.
    pub fn value(&self) -> Result<serde_json::Value, Problem> {
        let source = &self.source;
        convert::value(&source.tree, source.tree.root).map_err(|fault| {
            source
                .with_likely_cause(fault)
                .into_problem(&source.file, source.first_line)
        })
    }

    /// Returns the line of the value at a JSON pointer, like [`Object::line_of`], but from the root of the
    /// document.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> Option<usize> {
        let tree = &self.source.tree;
        let place = locate::find(tree, tree.root, &locate::tokens(pointer)?)?;
        Some(self.source.line(place.line(tree)))
    }

    /// Returns the objects of the document: the document itself, or the items of a `List`.
    ///
    /// As in kubectl, `kind: List` and kinds that end in `List` and have `items` are split into their
    /// items, recursively. Items of a typed list such as `ConfigMapList` inherit its kind and version if
    /// they have neither. An invalid item is a [`Problem`] with its line and index, and does not affect the
    /// other items.
    #[must_use]
    pub fn objects(self) -> Objects {
        let root = self.source.tree.root;
        Objects {
            pending: vec![Item {
                id: root,
                pointer: String::new(),
                list: None,
                aliased: false,
            }],
            budget: Budget::default(),
            source: self.source,
        }
    }
}

/// An iterator over the objects of a document; see [`Document::objects`].
#[derive(Debug)]
pub struct Objects {
    source: Arc<Source>,
    /// The items to visit; the next one is last.
    pending: Vec<Item>,
    budget: Budget,
}

/// A node that should be an object.
#[derive(Debug, Clone)]
struct Item {
    id: Id,
    /// Its JSON pointer in the document.
    pointer: String,
    list: Option<List>,
    /// Whether it, or a list that contains it, is an alias.
    aliased: bool,
}

/// What an item inherits from the list that contains it.
#[derive(Debug, Clone)]
struct List {
    /// The index of the item.
    index: usize,
    /// The version and kind of the item if it has neither.
    default_type: Option<(String, String)>,
}

impl Iterator for Objects {
    type Item = Result<Object, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let item = self.pending.pop()?;
            match self.visit(&item) {
                Ok(Some(object)) => return Some(Ok(object)),
                Ok(None) => {}
                Err(fault) => {
                    // Once the budget is exceeded, all other items would fail too.
                    if self.budget.exceeded {
                        self.pending.clear();
                    }
                    return Some(Err(self.problem(&item, fault)));
                }
            }
        }
    }
}

impl Objects {
    /// Returns the item's object. If the item is a list, queues its items and returns `None`.
    fn visit(&mut self, item: &Item) -> Result<Option<Object>, Fault> {
        let source = Arc::clone(&self.source);
        let tree = &source.tree;
        let id = tree.target(item.id);
        let aliased = item.aliased || id != item.id;
        self.budget
            .spend(aliased, 0)
            .map_err(|message| Fault::on_line(tree.node(item.id).line, message))?;
        let Body::Mapping(_) = tree.node(id).body else {
            return Err(self.not_an_object(item));
        };
        if item.list.is_none() && text_of(tree, id, "kind").is_none() {
            let non_manifest = match text_of(tree, id, "apiVersion") {
                Some(_) => NonManifest::from_name(&source.file),
                None => NonManifest::from_name_of_untyped(&source.file),
            };
            if let Some(non_manifest) = non_manifest {
                return Err(not_a_manifest(tree.node(id), non_manifest));
            }
        }
        if let Some(items) = self.list_items(item)? {
            self.pending.extend(items.into_iter().rev());
            return Ok(None);
        }
        let mut value = convert::value_within(tree, item.id, &mut self.budget)
            .map_err(|fault| source.with_likely_cause(fault))?;
        if let Some(members) = value.as_object_mut()
            && let Some((version, kind)) =
                item.list.as_ref().and_then(|it| it.default_type.as_ref())
            && !members.contains_key("apiVersion")
            && !members.contains_key("kind")
        {
            members.shift_insert(0, "apiVersion".to_owned(), version.as_str().into());
            members.shift_insert(1, "kind".to_owned(), kind.as_str().into());
        }
        for field in ["apiVersion", "kind"] {
            match value.get(field) {
                Some(serde_json::Value::String(text)) if !text.is_empty() => {}
                found => return Err(self.invalid_type(item, field, found)),
            }
        }
        if value
            .get("apiVersion")
            .and_then(serde_json::Value::as_str)
            .is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
        {
            return Err(not_a_manifest(tree.node(id), NonManifest::Kustomization));
        }
        Ok(Some(Object {
            file: Arc::clone(&source.file),
            line: source.line(tree.node(item.id).line),
            value,
            source: Arc::clone(&source),
            root: item.id,
            pointer: item.pointer.clone(),
        }))
    }

    /// Returns the items if this is a list of objects.
    fn list_items(&self, item: &Item) -> Result<Option<Vec<Item>>, Fault> {
        let tree = &self.source.tree;
        let Some(kind) = text_of(tree, item.id, "kind") else {
            return Ok(None);
        };
        let Some(item_kind) = kind.strip_suffix("List") else {
            return Ok(None);
        };
        let items = locate::find(tree, item.id, &["items".to_owned()]);
        let items = match items.map(|place| &tree.node(tree.target(place.value)).body) {
            Some(Body::Sequence(items)) => items.as_slice(),
            // An empty list. A custom kind whose name merely ends in `List` has no `items`.
            Some(Body::Scalar { text, .. }) if matches!(&**text, "" | "null" | "~") => &[],
            None if item_kind.is_empty() => &[],
            None => return Ok(None),
            Some(_) if item_kind.is_empty() => {
                let line = items.map_or(1, |place| place.line(tree));
                return Err(Fault::on_line(
                    line,
                    "the `items` of a `List` must be a list",
                ));
            }
            Some(_) => return Ok(None),
        };
        let version = text_of(tree, item.id, "apiVersion").unwrap_or_default();
        let default_type =
            (!item_kind.is_empty()).then(|| (version.to_owned(), item_kind.to_owned()));
        let items = items.iter().enumerate().map(|(index, &id)| Item {
            id,
            pointer: format!("{}/items/{index}", item.pointer),
            list: Some(List {
                index,
                default_type: default_type.clone(),
            }),
            aliased: item.aliased || tree.target(item.id) != item.id,
        });
        Ok(Some(items.collect()))
    }

    fn not_an_object(&self, item: &Item) -> Fault {
        let tree = &self.source.tree;
        let node = tree.node(tree.target(item.id));
        let line = tree.node(item.id).line;
        let fault = match &node.body {
            Body::Sequence(items) => {
                let is_patch = items
                    .first()
                    .is_some_and(|&first| text_of(tree, first, "op").is_some());
                if is_patch {
                    return Fault::on_line(
                        line,
                        "this is a list of JSON patch operations, not an object",
                    )
                    .with_help(NonManifest::Kustomization.help());
                }
                Fault::on_line(line, "this is a list, not an object").with_help(
                    "put `---` between objects, or wrap them in `kind: List` with `items`",
                )
            }
            Body::Scalar { text, .. } if text.is_empty() => {
                Fault::on_line(line, "this is empty, not an object")
            }
            _ => Fault::on_line(line, "this is text, not an object")
                .with_help("an object is a mapping with `apiVersion`, `kind` and `metadata`"),
        };
        match item.list {
            None => match NonManifest::from_name(&self.source.file) {
                Some(non_manifest) => not_a_manifest(tree.node(item.id), non_manifest),
                None => fault,
            },
            Some(_) => fault,
        }
    }

    /// Returns the fault of an object whose `apiVersion` or `kind` is missing or not a non-empty string.
    fn invalid_type(&self, item: &Item, field: &str, found: Option<&serde_json::Value>) -> Fault {
        let tree = &self.source.tree;
        let Some(found) = found else {
            return Fault::on_line(
                tree.node(item.id).line,
                format!("this object has no `{field}`"),
            )
            .with_help("every object needs `apiVersion` and `kind`");
        };
        let place = locate::find_nearest(tree, item.id, &[field.to_owned()]);
        let fault = Fault::on_line(
            place.line(tree),
            format!("`{field}` must be a non-empty string, not `{found}`"),
        );
        let written = tree.node(tree.target(place.value)).scalar();
        match written {
            Some((text, true)) => match crate::scalar::hint(text) {
                Some(hint) => fault.with_help(hint),
                None => fault,
            },
            _ => fault,
        }
    }

    fn problem(&self, item: &Item, mut fault: Fault) -> Problem {
        if let Some(list) = &item.list {
            fault.message = format!("item {} of the list: {}", list.index, fault.message);
        }
        fault.into_problem(&self.source.file, self.source.first_line)
    }
}

fn not_a_manifest(node: &Node, non_manifest: NonManifest) -> Fault {
    Fault::on_line(node.line, format!("this is {}", non_manifest.description()))
        .with_help(non_manifest.help())
}

/// Returns the text of a scalar member such as `kind`, unless it is empty.
fn text_of<'t>(tree: &'t Tree, id: Id, name: &str) -> Option<&'t str> {
    let place = locate::find(tree, id, &[name.to_owned()])?;
    tree.node(tree.target(place.value))
        .scalar()
        .map(|(text, _)| text)
        .filter(|text| !text.is_empty())
}
