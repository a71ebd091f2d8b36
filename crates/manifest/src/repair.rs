//! Rewrites syntax that go-yaml accepts but this crate's parser does not.
//!
//! When the parser stops at such syntax, it is rewritten in a copy of the text without moving any
//! character, and the copy is parsed from the start.

/// Returns a copy of `text` that avoids the parser's error `info` at the character `index`; `None` if
/// go-yaml reports an error there too.
pub(crate) fn repair(text: &str, info: &str, index: usize) -> Option<String> {
    let at = text
        .char_indices()
        .nth(index)
        .map_or(text.len(), |(at, _)| at);
    // A tab between a colon and its value.
    if info.starts_with("':' must be followed by") {
        let before = text.get(..at)?;
        let from = before.trim_end_matches([' ', '\t']).len();
        return blank(text, from, at);
    }
    // go-yaml ignores indentation inside brackets: join the line with the previous one.
    if info.starts_with("invalid indentation") {
        let mut from = text.get(..at)?.trim_end().len();
        loop {
            let line_start = text
                .get(..from)?
                .rfind('\n')
                .map_or(0, |newline| newline + 1);
            let Some(comment) = comment_in(text.get(line_start..from)?) else {
                return blank(text, from, at);
            };
            from = text.get(..line_start + comment)?.trim_end().len();
        }
    }
    None
}

/// Replaces every character from `from` to `to` with a space; `None` if that changes nothing.
///
/// It replaces characters, not bytes, because the parser counts characters and positions refer to the
/// original text.
fn blank(text: &str, from: usize, to: usize) -> Option<String> {
    let old = text.get(from..to)?;
    if old.chars().all(|c| c == ' ') {
        return None;
    }
    let new = " ".repeat(old.chars().count());
    Some(format!("{}{new}{}", text.get(..from)?, text.get(to..)?))
}

/// Returns the start of the comment in a line, ignoring `#` in quotes.
fn comment_in(line: &str) -> Option<usize> {
    line.match_indices('#').map(|(at, _)| at).find(|&at| {
        let before = line.get(..at).unwrap_or_default();
        let balanced = |quote: char| before.matches(quote).count() % 2 == 0;
        (before.is_empty() || before.ends_with([' ', '\t'])) && balanced('"') && balanced('\'')
    })
}
