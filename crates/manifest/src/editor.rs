//! One change in the text of one document.
//!
//! Positions that the parser does not give, such as those of colons and dashes, are found by
//! walking down from the root. Wherever the text is not as expected the answer is `None`; what is
//! answered is checked by the caller.

use std::ops::Range;

use saphyr_parser::ScalarStyle;
use serde_json::Value;

use crate::locate;
use crate::render::{self, Block};
use crate::tree::{Body, Id, Node, Tree};

/// A document to change.
pub(crate) struct Editor<'a> {
    text: &'a str,
    tree: Tree,
    newline: &'static str,
    block: Block,
}

/// A value's place in the text.
#[derive(Debug, Clone)]
struct Spot {
    id: Id,
    /// Where the space for the value begins: behind the colon, the dash or the bracket.
    from: usize,
    site: Site,
}

/// What holds a value.
#[derive(Debug, Clone, Copy)]
enum Site {
    Root,
    /// A member of a block mapping, its key at a column.
    Member {
        column: usize,
    },
    /// An item of a block sequence, its dash at a byte.
    Item {
        dash: usize,
    },
    /// Something in flow style.
    Flow,
}

impl<'a> Editor<'a> {
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        let tree = Tree::parse(text).ok()?;
        let newline = match text.find('\n') {
            Some(at) if text.get(..at)?.ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let mut editor = Self {
            text,
            tree,
            newline,
            block: Block::default(),
        };
        editor.block = editor.style();
        Some(editor)
    }

    /// The text with the value at `tokens` replaced.
    pub(crate) fn replace(&self, tokens: &[String], value: &Value) -> Option<String> {
        let spot = self.spot(tokens)?;
        self.replace_at(&spot, value)
    }

    /// The text with a member or an item added; a member that is there is replaced.
    pub(crate) fn add(&self, tokens: &[String], value: &Value) -> Option<String> {
        let (last, parents) = tokens.split_last()?;
        let parent = self.spot(parents)?;
        let node = self.tree.node(parent.id);
        match &node.body {
            Body::Mapping(_) if locate::own_member(&self.tree, parent.id, last).is_some() => {
                self.replace(tokens, value)
            }
            Body::Mapping(entries) => match entries.last() {
                Some(&entry) if node.flow => self.add_flow_member(entry, last, value),
                Some(&entry) => self.add_block_member(entries.first()?.0, entry, last, value),
                None if matches!(parent.site, Site::Flow | Site::Root) => {
                    let member = render::flow_member(last, value, self.is_json(None));
                    self.splice(node.span.clone(), &format!("{{{member}}}"))
                }
                None => self.replace_at(&parent, &render::one_member(last, value)),
            },
            Body::Sequence(items) => {
                let index = if last == "-" {
                    items.len()
                } else {
                    locate::index(last)?
                };
                match items.get(index) {
                    Some(&item) if node.flow => {
                        let new = render::flow(value, self.is_json(None));
                        let at = self.tree.node(item).span.start;
                        self.splice(at..at, &format!("{new}, "))
                    }
                    Some(_) => self.insert_block_item(&parent, items, index, value),
                    None => self.append_item(&parent, items, value),
                }
            }
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }

    /// The text without the member or item at `tokens`.
    pub(crate) fn remove(&self, tokens: &[String]) -> Option<String> {
        let (last, parents) = tokens.split_last()?;
        let parent = self.spot(parents)?;
        let node = self.tree.node(parent.id);
        match &node.body {
            Body::Mapping(entries) => {
                let key = locate::own_member(&self.tree, parent.id, last)?.key?;
                let index = entries.iter().position(|&(it, _)| it == key)?;
                let ends: Option<Vec<Range<usize>>> = entries
                    .iter()
                    .map(|&(key, value)| {
                        Some(self.tree.node(key).span.start..self.entry_end(key, value)?)
                    })
                    .collect();
                self.remove_part(
                    &parent,
                    &ends?,
                    index,
                    &Value::Object(serde_json::Map::new()),
                )
            }
            Body::Sequence(items) => {
                let index = locate::index(last)?;
                let ranges: Option<Vec<Range<usize>>> = if node.flow {
                    items
                        .iter()
                        .map(|&item| Some(self.tree.node(item).span.start..self.end(item)?))
                        .collect()
                } else {
                    (0..items.len())
                        .map(|index| {
                            let item = self.item(&parent, items, index)?;
                            let Site::Item { dash } = item.site else {
                                return None;
                            };
                            Some(dash..self.spot_end(&item)?)
                        })
                        .collect()
                };
                self.remove_part(&parent, &ranges?, index, &Value::Array(Vec::new()))
            }
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }
}

/// Finding things.
impl Editor<'_> {
    /// The place that `tokens` lead to without aliases and merges.
    fn spot(&self, tokens: &[String]) -> Option<Spot> {
        let root = Spot {
            id: self.tree.root,
            from: self.content_start(),
            site: if self.tree.json {
                Site::Flow
            } else {
                Site::Root
            },
        };
        tokens
            .iter()
            .try_fold(root, |spot, token| self.child(&spot, token))
    }

    /// Where the document begins behind directives and a marker.
    fn content_start(&self) -> usize {
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            if line.starts_with("---") {
                return at + 3;
            }
            let skipped = line.trim().is_empty() || line.starts_with(['%', '#']);
            if !skipped {
                break;
            }
            at += line.len();
        }
        0
    }

    fn child(&self, parent: &Spot, token: &str) -> Option<Spot> {
        let node = self.tree.node(parent.id);
        match &node.body {
            Body::Mapping(_) => {
                let place = locate::own_member(&self.tree, parent.id, token)?;
                let key = place.key?;
                let value = self.tree.node(place.value);
                let from = match self.colon(key) {
                    Some(colon) => colon + 1,
                    // `{a}`, where there is no colon to write behind.
                    None if node.flow && !is_nothing(value) => value.span.start,
                    None => return None,
                };
                Some(Spot {
                    id: place.value,
                    from,
                    site: if node.flow {
                        Site::Flow
                    } else {
                        Site::Member {
                            column: self.tree.node(key).column,
                        }
                    },
                })
            }
            Body::Sequence(items) if node.flow => {
                let id = *items.get(locate::index(token)?)?;
                Some(Spot {
                    id,
                    from: self.tree.node(id).span.start,
                    site: Site::Flow,
                })
            }
            Body::Sequence(items) => self.item(parent, items, locate::index(token)?),
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }

    /// An item of a block sequence: only from the ones before it is known which dash is its.
    fn item(&self, parent: &Spot, items: &[Id], index: usize) -> Option<Spot> {
        let mut from = self.behind_properties(parent.from)?;
        for (position, &id) in items.iter().enumerate() {
            let dash = self.skip_blank(from);
            if !self.text.get(dash..)?.starts_with('-') {
                return None;
            }
            let spot = Spot {
                id,
                from: dash + 1,
                site: Site::Item { dash },
            };
            if position == index {
                return Some(spot);
            }
            from = self.spot_end(&spot)?;
        }
        None
    }

    /// Behind an anchor and a tag at `from`, if there are.
    fn behind_properties(&self, mut from: usize) -> Option<usize> {
        loop {
            let at = self.skip_blank(from);
            let rest = self.text.get(at..)?;
            if !rest.starts_with(['&', '!']) {
                return Some(from);
            }
            from = at + rest.find(char::is_whitespace)?;
        }
    }

    /// The colon behind a key.
    fn colon(&self, key: Id) -> Option<usize> {
        let at = self.skip_blank(self.end(key)?);
        self.text.get(at..)?.starts_with(':').then_some(at)
    }

    /// The first byte from `at` on that is neither white space nor in a comment.
    fn skip_blank(&self, mut at: usize) -> usize {
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let content = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            at += rest.len() - content.len();
            if !content.starts_with('#') {
                return at;
            }
            at += content.find('\n').unwrap_or(content.len());
        }
    }

    /// Where a node's last character ends, without the blank lines behind a block scalar.
    fn end(&self, id: Id) -> Option<usize> {
        let node = self.tree.node(id);
        match &node.body {
            Body::Scalar {
                style: ScalarStyle::Literal | ScalarStyle::Folded,
                ..
            } => Some(self.text.get(..node.span.end)?.trim_end().len()),
            Body::Sequence(items) if !node.flow => match items.last() {
                Some(&last) => Some(self.end(last)?.max(self.tree.node(last).span.start)),
                None => Some(node.span.end),
            },
            Body::Mapping(entries) if !node.flow => {
                let &(key, value) = entries.last()?;
                self.entry_end(key, value)
            }
            _ => Some(node.span.end),
        }
    }

    fn entry_end(&self, key: Id, value: Id) -> Option<usize> {
        let node = self.tree.node(value);
        let key_end = self.end(key)?;
        if is_nothing(node) {
            return Some(self.colon(key).map_or(key_end, |colon| colon + 1));
        }
        Some(self.end(value)?.max(key_end))
    }

    fn spot_end(&self, spot: &Spot) -> Option<usize> {
        if is_nothing(self.tree.node(spot.id)) {
            return Some(spot.from);
        }
        Some(self.end(spot.id)?.max(spot.from))
    }

    fn line_start(&self, at: usize) -> usize {
        self.text
            .get(..at)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1)
    }

    /// Behind the line break of the line that `at` is in, if only a comment is left in it.
    fn next_line(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let end = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let left = rest.get(..end)?.trim();
        (left.is_empty() || left.starts_with('#')).then_some(at + end)
    }

    /// The column of a byte, in characters.
    fn column(&self, at: usize) -> Option<usize> {
        Some(self.text.get(self.line_start(at)..at)?.chars().count())
    }

    /// Whether only spaces stand before `at` in its line.
    fn is_first_in_line(&self, at: usize) -> bool {
        self.text
            .get(self.line_start(at)..at)
            .is_some_and(|before| before.bytes().all(|byte| byte == b' '))
    }

    /// How the document's lists and levels are indented, by the first of each.
    fn style(&self) -> Block {
        let mut found = (None, None);
        for node in &self.tree.nodes {
            let Body::Mapping(entries) = &node.body else {
                continue;
            };
            if node.flow {
                continue;
            }
            for &(key, value) in entries {
                let column = self.tree.node(key).column;
                let value = self.tree.node(value);
                match &value.body {
                    Body::Mapping(_) if !value.flow && found.0.is_none() => {
                        found.0 = value.column.checked_sub(column);
                    }
                    Body::Sequence(items) if !value.flow && found.1.is_none() => {
                        found.1 = items.first().and_then(|&item| {
                            let start = self.tree.node(item).span.start;
                            let dash = self.text.get(..start)?.trim_end_matches(' ').len();
                            let dash = dash.checked_sub(1)?;
                            let is_dash = self.text.get(dash..)?.starts_with('-');
                            is_dash
                                .then(|| self.column(dash)?.checked_sub(column))
                                .flatten()
                        });
                    }
                    _ => {}
                }
            }
        }
        let default = Block::default();
        Block {
            step: found.0.filter(|&step| step > 0).unwrap_or(default.step),
            list_indent: found.1.unwrap_or(default.list_indent),
        }
    }

    /// Whether members are to be written as JSON, like the one that is there.
    fn is_json(&self, key: Option<Id>) -> bool {
        let quoted = |key: Id| {
            matches!(
                self.tree.node(key).body,
                Body::Scalar {
                    style: ScalarStyle::DoubleQuoted,
                    ..
                }
            )
        };
        self.tree.json || key.is_some_and(quoted)
    }
}

/// Changing things.
impl Editor<'_> {
    fn splice(&self, range: Range<usize>, new: &str) -> Option<String> {
        let before = self.text.get(..range.start)?;
        let after = self.text.get(range.end..)?;
        Some(format!("{before}{new}{after}"))
    }

    /// Puts whole lines at the start of a line, or behind the last one.
    fn insert_lines(&self, at: usize, lines: &str) -> Option<String> {
        let lines = lines.replace('\n', self.newline);
        let before = self.text.get(..at)?;
        if before.is_empty() || before.ends_with('\n') {
            return self.splice(at..at, &lines);
        }
        let lines = lines.strip_suffix(self.newline).unwrap_or(&lines);
        self.splice(at..at, &format!("{}{lines}", self.newline))
    }

    fn replace_at(&self, spot: &Spot, value: &Value) -> Option<String> {
        let node = self.tree.node(spot.id);
        let end = self.spot_end(spot)?;
        let is_block = match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        match spot.site {
            Site::Root => None,
            Site::Flow => {
                let new = match like(node, value) {
                    Some(new) => new,
                    None => render::flow(value, self.is_json(None)),
                };
                if is_nothing(node) {
                    self.splice(spot.from..spot.from, &format!(" {new}"))
                } else {
                    self.splice(node.span.clone(), &new)
                }
            }
            Site::Member { column } if is_block => {
                let indent = match value {
                    Value::Array(_) => column + self.block.list_indent,
                    _ => column + self.block.step,
                };
                self.replace_by_block(spot.from, end, value, indent)
            }
            Site::Item { dash } if is_block => {
                let column = self.column(dash)?;
                let behind = self.text.get(end..self.next_line(end)?)?;
                if behind.trim().is_empty() {
                    let mut lines = String::new();
                    self.block.item(&mut lines, value, column);
                    let lines = lines.trim_end_matches('\n').replace('\n', self.newline);
                    return self.splice(dash..end, &lines);
                }
                self.replace_by_block(spot.from, end, value, column + 2)
            }
            Site::Member { .. } | Site::Item { .. } => {
                let old_is_short = matches!(
                    node.body,
                    Body::Scalar {
                        style: ScalarStyle::Plain
                            | ScalarStyle::SingleQuoted
                            | ScalarStyle::DoubleQuoted,
                        ..
                    } | Body::Alias(_)
                ) || node.flow;
                let new = like(node, value).unwrap_or_else(|| short(value));
                if old_is_short && !is_nothing(node) {
                    return self.splice(node.span.start..end, &new);
                }
                // A comment between the colon and a block stays in its line.
                let comment = if old_is_short {
                    spot.from
                } else {
                    self.next_line(spot.from).map_or(spot.from, |next| {
                        self.text.get(..next).map_or(next, |it| it.trim_end().len())
                    })
                };
                let kept = self.text.get(spot.from..comment)?;
                self.splice(spot.from..end, &format!(" {new}{kept}"))
            }
        }
    }

    /// Replaces what is between `from` and `end` by lines below, keeping a comment that stands
    /// in the line.
    fn replace_by_block(
        &self,
        from: usize,
        end: usize,
        value: &Value,
        indent: usize,
    ) -> Option<String> {
        let mut lines = String::new();
        self.block.value(&mut lines, value, indent);
        let lines = lines.trim_end_matches('\n').replace('\n', self.newline);
        let next = self.next_line(end)?;
        // The comment of the key's line: behind the colon, or behind a value of one line.
        let comment_from = match self.next_line(from) {
            Some(_) => from,
            None => end,
        };
        let comment_end = self.next_line(comment_from)?;
        let comment = self.text.get(comment_from..comment_end)?.trim_end();
        let rest_of_line = self.text.get(end..next)?;
        let line_break = rest_of_line
            .get(rest_of_line.trim_end_matches(['\r', '\n']).len()..)
            .unwrap_or_default();
        self.splice(
            from..next,
            &format!("{comment}{}{lines}{line_break}", self.newline),
        )
    }

    fn add_block_member(
        &self,
        first_key: Id,
        (last_key, last_value): (Id, Id),
        key: &str,
        value: &Value,
    ) -> Option<String> {
        let at = self.next_line(self.entry_end(last_key, last_value)?)?;
        let indent = self.tree.node(first_key).column;
        let mut lines = " ".repeat(indent);
        self.block.member(&mut lines, key, value, indent);
        self.insert_lines(at, &lines)
    }

    fn add_flow_member(
        &self,
        (last_key, last_value): (Id, Id),
        key: &str,
        value: &Value,
    ) -> Option<String> {
        let json = self.is_json(Some(last_key));
        let at = self.entry_end(last_key, last_value)?;
        let start = self.tree.node(last_key).span.start;
        if !self.is_alone(start) {
            let member = render::flow_member(key, value, json);
            return self.splice(at..at, &format!(", {member}"));
        }
        let indent = self.text.get(self.line_start(start)..start)?;
        let name = render::flow_text(key, json);
        let value = self.flow_lines(value, json, indent);
        self.splice(at..at, &format!(",{}{indent}{name}: {value}", self.newline))
    }

    /// Whether white space alone stands before `at` in its line.
    fn is_alone(&self, at: usize) -> bool {
        let start = self.line_start(at);
        start > 0
            && self
                .text
                .get(start..at)
                .is_some_and(|before| before.trim().is_empty())
    }

    /// A value in flow style on as many lines as JSON takes when it is printed for people.
    fn flow_lines(&self, value: &Value, json: bool, indent: &str) -> String {
        if !json {
            return render::flow(value, json);
        }
        serde_json::to_string_pretty(value)
            .unwrap_or_else(|_| render::flow(value, json))
            .replace('\n', &format!("{}{indent}", self.newline))
    }

    fn append_item(&self, parent: &Spot, items: &[Id], value: &Value) -> Option<String> {
        let node = self.tree.node(parent.id);
        let Some(&last) = items.last() else {
            if matches!(parent.site, Site::Flow | Site::Root) {
                let new = render::flow(value, self.is_json(None));
                return self.splice(node.span.clone(), &format!("[{new}]"));
            }
            return self.replace_at(parent, &Value::Array(vec![value.clone()]));
        };
        if node.flow {
            let at = self.end(last)?;
            let start = self.tree.node(last).span.start;
            let json = self.is_json(None);
            if self.is_alone(start) {
                let indent = self.text.get(self.line_start(start)..start)?;
                let new = self.flow_lines(value, json, indent);
                return self.splice(at..at, &format!(",{}{indent}{new}", self.newline));
            }
            return self.splice(at..at, &format!(", {}", render::flow(value, json)));
        }
        let spot = self.item(parent, items, items.len() - 1)?;
        let Site::Item { dash } = spot.site else {
            return None;
        };
        let column = self.column(dash)?;
        let at = self.next_line(self.spot_end(&spot)?)?;
        let mut lines = " ".repeat(column);
        self.block.item(&mut lines, value, column);
        self.insert_lines(at, &lines)
    }

    fn insert_block_item(
        &self,
        parent: &Spot,
        items: &[Id],
        index: usize,
        value: &Value,
    ) -> Option<String> {
        let Site::Item { dash } = self.item(parent, items, index)?.site else {
            return None;
        };
        let column = self.column(dash)?;
        let mut lines = String::new();
        self.block.item(&mut lines, value, column);
        lines.push_str(&" ".repeat(column));
        self.splice(dash..dash, &lines.replace('\n', self.newline))
    }

    /// Removes one of the `parts` of a collection; with the only one it becomes `empty`.
    fn remove_part(
        &self,
        parent: &Spot,
        parts: &[Range<usize>],
        index: usize,
        empty: &Value,
    ) -> Option<String> {
        let part = parts.get(index)?;
        let next = parts.get(index + 1);
        let node = self.tree.node(parent.id);
        if parts.len() == 1 {
            return if node.flow {
                let inside = node.span.start + 1..node.span.end.checked_sub(1)?;
                let opening = self.text.get(node.span.start..inside.start)?;
                matches!(opening, "{" | "[")
                    .then(|| self.splice(inside, ""))
                    .flatten()
            } else {
                self.replace_at(parent, empty)
            };
        }
        if node.flow {
            return match (next, index.checked_sub(1)) {
                (Some(next), _) => self.splice(part.start..next.start, ""),
                (None, Some(before)) => self.splice(parts.get(before)?.end..part.end, ""),
                (None, None) => None,
            };
        }
        let behind = self.next_line(part.end)?;
        if self.is_first_in_line(part.start) {
            return self.splice(self.line_start(part.start)..behind, "");
        }
        // The first one behind a dash: what follows, be it a comment, takes its place.
        next?;
        let rest = self.text.get(behind..)?;
        let content = rest.trim_start_matches([' ', '\r', '\n']);
        self.splice(part.start..behind + rest.len() - content.len(), "")
    }
}

/// Whether a node is a value left out.
fn is_nothing(node: &Node) -> bool {
    node.span.is_empty() && node.scalar() == Some(("", true))
}

/// A string in the quotes of the one it replaces.
fn like(old: &Node, value: &Value) -> Option<String> {
    let Value::String(new) = value else {
        return None;
    };
    match old.body {
        Body::Scalar {
            style: ScalarStyle::SingleQuoted,
            ..
        } => render::single_quoted(new),
        Body::Scalar {
            style: ScalarStyle::DoubleQuoted,
            ..
        } => Some(render::double_quoted(new)),
        _ => None,
    }
}

/// A scalar or an empty collection on one line.
fn short(value: &Value) -> String {
    match value {
        Value::String(string) => render::text(string),
        _ => render::plain(value),
    }
}
