//! The syntax tree of a document: its nodes, their style and their positions.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::fault::Fault;
use crate::positions::Positions;
use crate::{fault, json, repair, tabs};

/// The maximum depth of nested mappings and sequences. The deepest manifests of Kubernetes itself, CRDs with
/// nested schemas, stay below 70.
pub(crate) const MAX_DEPTH: usize = 100;

/// Limits how many bytes are parsed again because of syntax that the parser does not support.
const MAX_REPAIRED_BYTES: usize = 64 * 1024 * 1024;

/// The index of a node in [`Tree::nodes`].
pub(crate) type Id = usize;

/// A parsed document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: Id,
    /// Whether the text was read as JSON, so edits must keep it valid JSON.
    pub(crate) json: bool,
}

/// A value in a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// The bytes in the document's text.
    ///
    /// The range of a block sequence may start after its first dash, and that of a block scalar starts after
    /// its header. The end of a block collection's range is meaningless.
    pub(crate) span: Range<usize>,
    /// The line in the document's text, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 0.
    pub(crate) column: usize,
    /// The full tag, such as `tag:yaml.org,2002:str` or `!local`.
    pub(crate) tag: Option<Box<str>>,
    /// Whether the node is `[…]` or `{…}`, or inside one.
    pub(crate) flow: bool,
    pub(crate) body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Scalar {
        text: Box<str>,
        style: ScalarStyle,
    },
    Sequence(Vec<Id>),
    Mapping(Vec<(Id, Id)>),
    /// An alias of a node.
    Alias(Id),
}

impl Default for Body {
    fn default() -> Self {
        Self::Scalar {
            text: Box::default(),
            style: ScalarStyle::Plain,
        }
    }
}

/// The node for an invalid id. Ids are always valid, but the lints forbid indexing, which could panic.
static EMPTY_NODE: std::sync::LazyLock<Node> = std::sync::LazyLock::new(Node::default);

impl Tree {
    /// Parses one document.
    ///
    /// # Errors
    /// Returns the first syntax error in `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        if json::looks_like_object(text)
            && let Some(tree) = json::parse(text)
        {
            return Ok(tree);
        }
        fault::check_characters(text)?;
        let tree = Self::parse_yaml(text)?;
        tabs::check(text, &tree)?;
        Ok(tree)
    }

    fn parse_yaml(text: &str) -> Result<Self, Fault> {
        let positions = Positions::new(text);
        let mut repaired: Option<String> = None;
        let mut parsed_bytes = 0;
        loop {
            let parsed_text = repaired.as_deref().unwrap_or(text);
            match Builder::new(text, &positions).build(parsed_text) {
                Ok(tree) => return Ok(tree),
                Err(BuildError::Fault(fault)) => return Err(fault),
                Err(BuildError::Scan(cause)) => {
                    parsed_bytes += text.len() + 1;
                    let index = cause.marker().index();
                    repaired = (parsed_bytes < MAX_REPAIRED_BYTES)
                        .then(|| repair::repair(parsed_text, cause.info(), index))
                        .flatten();
                    if repaired.is_none() {
                        let (line, column) = positions.line_and_column(index);
                        return Err(fault::from_parser_error(text, cause.info(), line, column));
                    }
                }
            }
        }
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&EMPTY_NODE)
    }

    /// Resolves an alias; returns any other node unchanged.
    pub(crate) fn target(&self, id: Id) -> Id {
        match self.node(id).body {
            Body::Alias(target) => target,
            _ => id,
        }
    }
}

impl Node {
    /// Returns the text of a scalar, and whether it is plain: neither quoted nor a block.
    pub(crate) fn scalar(&self) -> Option<(&str, bool)> {
        match &self.body {
            Body::Scalar { text, style } => Some((text, *style == ScalarStyle::Plain)),
            _ => None,
        }
    }

    /// Whether this is the merge key `<<`.
    pub(crate) fn is_merge_key(&self) -> bool {
        match self.scalar() {
            Some(("<<", plain)) => match self.tag.as_deref() {
                None => plain,
                Some(tag) => tag == "tag:yaml.org,2002:merge",
            },
            _ => false,
        }
    }
}

/// A collection whose end has not been reached.
struct Open {
    id: Id,
    items: Items,
}

enum Items {
    Sequence(Vec<Id>),
    Mapping {
        entries: Vec<(Id, Id)>,
        key: Option<Id>,
    },
}

/// Why a tree cannot be built.
enum BuildError {
    Fault(Fault),
    Scan(ScanError),
}

/// Builds the tree from the parser's events.
struct Builder<'a> {
    text: &'a str,
    positions: &'a Positions,
    tree: Tree,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
    done: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, positions: &'a Positions) -> Self {
        Self {
            text,
            positions,
            tree: Tree::default(),
            open: Vec::new(),
            anchors: HashMap::new(),
            done: false,
        }
    }

    /// Parses `repaired`, which is the text with the changes of [`repair`].
    fn build(mut self, repaired: &str) -> Result<Tree, BuildError> {
        for event in Parser::new_from_str(repaired) {
            let (event, span) = event.map_err(BuildError::Scan)?;
            self.handle(event, span).map_err(BuildError::Fault)?;
        }
        Ok(self.tree)
    }

    fn handle(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(_) if self.done => {
                return Err(self
                    .fault(span, "a second document starts here")
                    .with_help("put a line with `---` between documents"));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let mut node = self.node(span, tag.as_deref());
                if text.is_empty() && style == ScalarStyle::Plain && anchor == 0 && tag.is_none() {
                    node.span = self.span_of_empty_node(node.span);
                }
                node.span.end = self.end_of_scalar(&node.span, style);
                node.body = Body::Scalar {
                    text: text.into(),
                    style,
                };
                let id = self.push(node, anchor);
                self.attach(id);
            }
            Event::Alias(anchor) => {
                let Some(&target) = self.anchors.get(&anchor) else {
                    return Err(self.fault(
                        span,
                        "this alias refers to an anchor that the document does not define",
                    ));
                };
                let mut node = self.node(span, None);
                node.body = Body::Alias(target);
                let id = self.push(node, 0);
                self.attach(id);
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), Items::Sequence(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                let items = Items::Mapping {
                    entries: Vec::new(),
                    key: None,
                };
                self.open(span, anchor, tag.as_deref(), items)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { id, items }) = self.open.pop() {
                    // Ends after the bracket; the parser's span may end after a comment.
                    let end = self.positions.byte(self.text, span.start.index());
                    let rest = self.text.get(end..).unwrap_or_default();
                    let end = end + usize::from(rest.starts_with([']', '}']));
                    if let Some(node) = self.tree.nodes.get_mut(id) {
                        node.span.end = end.max(node.span.start);
                        node.body = match items {
                            Items::Sequence(items) => Body::Sequence(items),
                            Items::Mapping { entries, .. } => Body::Mapping(entries),
                        };
                    }
                    self.attach(id);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open(
        &mut self,
        span: Span,
        anchor: usize,
        tag: Option<&Tag>,
        items: Items,
    ) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.fault(
                span,
                format!("mappings and lists are nested more than {MAX_DEPTH} levels deep here"),
            ));
        }
        let mut node = self.node(span, tag);
        let opening = self.text.get(node.span.clone()).unwrap_or_default();
        node.flow |= opening.ends_with(['[', '{']);
        let id = self.push(node, anchor);
        self.open.push(Open { id, items });
        Ok(())
    }

    fn fault(&self, span: Span, message: impl Into<String>) -> Fault {
        let (line, column) = self.positions.line_and_column(span.start.index());
        Fault::at(line, column, message)
    }

    fn node(&self, span: Span, tag: Option<&Tag>) -> Node {
        let start = self.positions.byte(self.text, span.start.index());
        let end = self.positions.byte(self.text, span.end.index());
        let (line, column) = self.positions.line_and_column(span.start.index());
        Node {
            span: start..end.max(start),
            line,
            column,
            tag: tag.map(|tag| format!("{}{}", tag.handle, tag.suffix).into()),
            flow: self
                .open
                .last()
                .is_some_and(|open| self.tree.node(open.id).flow),
            body: Body::default(),
        }
    }

    /// Returns the span of an empty node. The parser's span is that of the token before or after it.
    fn span_of_empty_node(&self, span: Range<usize>) -> Range<usize> {
        match self.text.get(span.clone()) {
            Some(":" | "-") => span.end..span.end,
            _ => span.start..span.start,
        }
    }

    /// Returns the end of a scalar. The parser's span of a quoted scalar may end after a comment.
    fn end_of_scalar(&self, span: &Range<usize>, style: ScalarStyle) -> usize {
        let quote = match style {
            ScalarStyle::SingleQuoted => '\'',
            ScalarStyle::DoubleQuoted => '"',
            _ => return span.end,
        };
        let written = self.text.get(span.clone()).unwrap_or_default();
        let opening = written.find(quote).unwrap_or_default();
        let mut escaped = false;
        // In single quotes, `''` is an escaped quote, so only the last quote of a run can close the string.
        let mut closing = None;
        for (at, c) in written.char_indices().skip_while(|&(at, _)| at <= opening) {
            match (c, closing) {
                (c, None) if c == quote && !escaped => closing = Some(at),
                (c, Some(_)) if c == quote && quote == '\'' => closing = None,
                (_, Some(_)) => break,
                _ => {}
            }
            escaped = quote == '"' && c == '\\' && !escaped;
        }
        closing.map_or(span.end, |at| span.start + at + 1)
    }

    fn push(&mut self, node: Node, anchor: usize) -> Id {
        let id = self.tree.nodes.len();
        self.tree.nodes.push(node);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn attach(&mut self, id: Id) {
        match self.open.last_mut().map(|open| &mut open.items) {
            Some(Items::Sequence(items)) => items.push(id),
            Some(Items::Mapping { entries, key }) => match key.take() {
                Some(key) => entries.push((key, id)),
                None => *key = Some(id),
            },
            None => {
                self.tree.root = id;
                self.done = true;
            }
        }
    }
}
