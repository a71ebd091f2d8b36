//! Converts a document to JSON as kubectl does.

use serde_json::{Map, Value};

use crate::MAX_DOCUMENT_BYTES;
use crate::fault::Fault;
use crate::scalar;
use crate::tree::{Body, Id, MAX_DEPTH, Tree};

/// Converts a node to JSON.
///
/// # Errors
/// Returns an error if JSON cannot represent the value, on duplicate keys, or if aliases expand too far.
pub(crate) fn value(tree: &Tree, id: Id) -> Result<Value, Fault> {
    value_within(tree, id, &mut Budget::default())
}

/// Like [`value`], for several values of a document that share a budget.
pub(crate) fn value_within(tree: &Tree, id: Id, budget: &mut Budget) -> Result<Value, Fault> {
    Converter {
        tree,
        budget,
        aliases: Vec::new(),
        depth: 0,
    }
    .value(id)
}

/// Converts a mapping key to a member name in JSON.
///
/// # Errors
/// Returns an error if the key is a collection, null or otherwise not a valid name.
pub(crate) fn key(tree: &Tree, id: Id) -> Result<String, Fault> {
    let target = tree.node(tree.target(id));
    let fault = |message: String| Fault {
        column: Some(tree.node(id).column + 1),
        ..Fault::on_line(tree.node(id).line, message)
    };
    let Some((text, plain)) = target.scalar() else {
        return Err(
            fault("a mapping or list cannot be a mapping key".to_owned()).with_help(
                "quote the key; without quotes, a placeholder such as `{{ name }}` is a mapping",
            ),
        );
    };
    scalar::resolve(target.tag.as_deref(), text, plain)
        .and_then(scalar::Scalar::into_key)
        .map_err(fault)
}

struct Converter<'t> {
    tree: &'t Tree,
    budget: &'t mut Budget,
    /// The aliases that are being expanded, outermost first.
    aliases: Vec<Id>,
    /// The depth of the current value, including expanded aliases.
    depth: usize,
}

impl Converter<'_> {
    fn fault(&self, id: Id, message: impl Into<String>) -> Fault {
        let node = self.tree.node(id);
        Fault {
            column: Some(node.column + 1),
            ..Fault::on_line(node.line, message)
        }
    }

    fn spend(&mut self, id: Id, bytes: usize) -> Result<(), Fault> {
        let aliased = !self.aliases.is_empty();
        self.budget.spend(aliased, bytes).map_err(|message| {
            // Points to the current node, although the alias that led here may have to change.
            self.fault(id, message)
                .with_help("use fewer aliases, or write out the repeated parts")
        })
    }

    fn value(&mut self, id: Id) -> Result<Value, Fault> {
        if self.depth > MAX_DEPTH {
            return Err(self.fault(
                id,
                format!("mappings and lists are nested more than {MAX_DEPTH} levels deep here"),
            ));
        }
        self.depth += 1;
        let value = self.value_at_depth(id);
        self.depth -= 1;
        value
    }

    fn value_at_depth(&mut self, id: Id) -> Result<Value, Fault> {
        let node = self.tree.node(id);
        match &node.body {
            Body::Scalar { text, style } => {
                self.spend(id, text.len())?;
                let plain = *style == saphyr_parser::ScalarStyle::Plain;
                scalar::resolve(node.tag.as_deref(), text, plain)
                    .and_then(scalar::Scalar::into_value)
                    .map_err(|message| self.fault(id, message))
            }
            Body::Sequence(items) => {
                self.spend(id, 0)?;
                let items: Result<Vec<Value>, Fault> =
                    items.iter().map(|&item| self.value(item)).collect();
                items.map(Value::Array)
            }
            Body::Mapping(_) => {
                let mut members = Map::new();
                self.mapping(id, &mut members)?;
                Ok(Value::Object(members))
            }
            &Body::Alias(target) => self.expand(id, target, |this| this.value(target)),
        }
    }

    /// Expands an alias.
    fn expand<T>(
        &mut self,
        id: Id,
        target: Id,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.aliases.contains(&target) {
            return Err(self.fault(id, "this alias refers to a value that contains it"));
        }
        if self.aliases.len() >= MAX_DEPTH {
            return Err(self.fault(
                id,
                format!("aliases are nested more than {MAX_DEPTH} levels deep here"),
            ));
        }
        self.aliases.push(target);
        let result = self.spend(id, 0).and_then(|()| read(self));
        self.aliases.pop();
        result
    }

    /// Adds a mapping's members to `members`, in the order of the text. As in go-yaml v2, a merge overrides
    /// the members before it and is overridden by the members after it.
    fn mapping(&mut self, id: Id, members: &mut Map<String, Value>) -> Result<(), Fault> {
        self.spend(id, 0)?;
        let Body::Mapping(entries) = &self.tree.node(id).body else {
            return Err(self.fault(
                id,
                "only a mapping or a list of mappings can be merged with `<<`",
            ));
        };
        let mut own: std::collections::HashMap<String, Id> =
            std::collections::HashMap::with_capacity(entries.len());
        for &(key_id, value_id) in entries {
            if self.tree.node(key_id).is_merge_key() {
                self.merge(value_id, members)?;
                continue;
            }
            let name = key(self.tree, key_id)?;
            self.spend(key_id, name.len())?;
            if let Some(&first) = own.get(&name) {
                let first = self.tree.node(first).line;
                return Err(self
                    .fault(key_id, format!("duplicate key `{name}`"))
                    .with_first(first));
            }
            let value = self.value(value_id)?;
            own.insert(name.clone(), key_id);
            members.insert(name, value);
        }
        Ok(())
    }

    fn merge(&mut self, id: Id, members: &mut Map<String, Value>) -> Result<(), Fault> {
        match &self.tree.node(id).body {
            Body::Sequence(items) => {
                // Earlier items win, so they are merged last.
                for &item in items.iter().rev() {
                    self.merge_one(item, members)?;
                }
                Ok(())
            }
            _ => self.merge_one(id, members),
        }
    }

    fn merge_one(&mut self, id: Id, members: &mut Map<String, Value>) -> Result<(), Fault> {
        match self.tree.node(id).body {
            Body::Alias(target) => self.expand(id, target, |this| this.mapping(target, members)),
            _ => self.mapping(id, members),
        }
    }
}

/// Limits how much of a document may come from expanding aliases.
///
/// The ratio is that of go-yaml v2 (`allowedAliasRatio` in `decode.go`), so a document that kubectl rejects
/// is rejected here too. The bytes are also limited, because text is copied here, unlike in Go.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    decoded: u64,
    aliased: u64,
    aliased_bytes: usize,
    /// Whether the limit is exceeded; the conversion then stops.
    pub(crate) exceeded: bool,
}

impl Budget {
    /// Between these node counts, the allowed share of aliased nodes falls from 99 % to 10 %.
    const LOW: u64 = 400_000;
    const HIGH: u64 = 4_000_000;

    /// Counts a node and the bytes of its text. `aliased` is true if it comes from an alias.
    ///
    /// # Errors
    /// Returns an error if the document exceeds the limit.
    pub(crate) fn spend(&mut self, aliased: bool, bytes: usize) -> Result<(), &'static str> {
        self.decoded += 1;
        if !aliased {
            return Ok(());
        }
        self.aliased += 1;
        self.aliased_bytes += bytes;
        if self.aliased > 100 && self.decoded > 1000 && self.aliased_share_exceeded() {
            self.exceeded = true;
            return Err("aliases make this document expand too far");
        }
        if self.aliased_bytes > MAX_DOCUMENT_BYTES {
            self.exceeded = true;
            return Err("aliases make this document expand beyond 3 MiB");
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "the counts stay far below 2^52")]
    fn aliased_share_exceeded(&self) -> bool {
        let above = self.decoded.clamp(Self::LOW, Self::HIGH) - Self::LOW;
        let allowed = 0.99 - 0.89 * (above as f64 / (Self::HIGH - Self::LOW) as f64);
        self.aliased as f64 / self.decoded as f64 > allowed
    }
}
