//! Rejects tabs where YAML requires spaces.
//!
//! The parser accepts some tabs that go-yaml, and therefore kubectl, rejects.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use crate::fault::Fault;
use crate::tree::{Body, Node, Tree};

/// Rejects tabs in the indentation of a document that the parser accepted.
pub(crate) fn check(text: &str, tree: &Tree) -> Result<(), Fault> {
    if !text.contains('\t') {
        return Ok(());
    }
    check_dashes(text, tree)?;
    let exempt = exempt_ranges(text, tree);
    let mut exempt = exempt.iter().peekable();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        while exempt.next_if(|range| range.end <= start).is_some() {}
        let is_exempt = exempt.peek().is_some_and(|range| range.start < start);
        let content = line.trim_start_matches([' ', '\t']);
        let indentation = line.len() - content.len();
        let tab = line.get(..indentation).and_then(|it| it.find('\t'));
        // A blank line may contain a tab after spaces.
        let tolerated = |tab: usize| tab > 0 && content.trim().is_empty();
        if let Some(tab) = tab
            && !is_exempt
            && !tolerated(tab)
        {
            return Err(fault(index + 1, tab));
        }
        start += line.len();
    }
    Ok(())
}

/// Finds a tab in the indentation of a line or its neighbors, as the likely cause of a parser error there.
pub(crate) fn near(text: &str, line: usize) -> Option<Fault> {
    text.lines()
        .enumerate()
        .skip(line.saturating_sub(2))
        .take(3)
        .find_map(|(index, line)| {
            let content = line.trim_start_matches([' ', '\t']);
            let indentation = line.get(..line.len() - content.len())?;
            let tab = indentation.find('\t')?;
            (!content.is_empty()).then(|| fault(index + 1, tab))
        })
}

fn fault(line: usize, column: usize) -> Fault {
    Fault::at(
        line,
        column,
        "a tab is used for indentation, which YAML forbids",
    )
    .with_help("replace the tab with spaces")
}

/// Returns the ranges where lines may start with a tab: in quoted and block scalars and inside brackets.
/// They are sorted and not nested.
fn exempt_ranges(text: &str, tree: &Tree) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = tree
        .nodes
        .iter()
        .filter(|node| {
            text.get(node.span.clone())
                .is_some_and(|it| it.contains('\n'))
        })
        .filter_map(|node| exempt_range(text, node))
        .collect();
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut end = 0;
    ranges.retain(|range| {
        let outer = range.end > end;
        end = end.max(range.end);
        outer
    });
    ranges
}

fn exempt_range(text: &str, node: &Node) -> Option<Range<usize>> {
    let Range { start, end } = node.span;
    match &node.body {
        Body::Scalar {
            text: content,
            style: ScalarStyle::Literal | ScalarStyle::Folded,
        } => {
            // Without an indentation indicator, the first line may not start with a tab.
            let first_line_is_exempt = !content.starts_with('\t') || has_indicator(text, start);
            let line_start = text.get(..start)?.rfind('\n')?;
            Some(
                if first_line_is_exempt {
                    line_start
                } else {
                    start
                }..end,
            )
        }
        Body::Scalar {
            style: ScalarStyle::Plain,
            ..
        } => None,
        Body::Scalar { .. } => Some(start..end),
        _ if node.flow => Some(start..end),
        _ => None,
    }
}

/// Whether the block scalar whose content starts at `start` has an indentation indicator.
fn has_indicator(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default().trim_end();
    let header = before.rsplit(['|', '>']).next().unwrap_or_default();
    header.starts_with(|c: char| c.is_ascii_digit())
        || header.starts_with(['+', '-']) && header.contains(|c: char| c.is_ascii_digit())
}

/// Rejects tabs between a dash and its item.
fn check_dashes(text: &str, tree: &Tree) -> Result<(), Fault> {
    for node in &tree.nodes {
        let Body::Sequence(items) = &node.body else {
            continue;
        };
        if node.flow {
            continue;
        }
        for &item in items {
            let item = tree.node(item);
            let before = text.get(..item.span.start).unwrap_or_default();
            let dash = before.trim_end_matches([' ', '\t']);
            let gap = before.get(dash.len()..).unwrap_or_default();
            if dash.ends_with('-')
                && let Some(tab) = gap.find('\t')
            {
                let column = item.column.saturating_sub(gap.len() - tab);
                return Err(Fault::at(
                    item.line,
                    column,
                    "a tab follows the dash of a list item, which YAML forbids",
                )
                .with_help("replace the tab with a space"));
            }
        }
    }
    Ok(())
}
