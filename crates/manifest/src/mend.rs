//! Spellings that go-yaml reads and this crate's parser does not.
//!
//! When the parser stops at one, the place is rewritten in a copy of the text, keeping every
//! character's offset, and the copy is parsed from the start.

/// A copy of `text` in which the parser gets past the complaint `info` at the character `index`;
/// nothing when it is a complaint that go-yaml has too.
pub(crate) fn mend(text: &str, info: &str, index: usize) -> Option<String> {
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
    // Inside brackets go-yaml does not care for indentation: join the line to the one before.
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

/// The text with a space for every character from `from` to `to`, if that changes it.
///
/// Characters are counted, not bytes: the parser counts so too, and positions are looked up in
/// the text as it was.
fn blank(text: &str, from: usize, to: usize) -> Option<String> {
    let old = text.get(from..to)?;
    if old.chars().all(|c| c == ' ') {
        return None;
    }
    let new = " ".repeat(old.chars().count());
    Some(format!("{}{new}{}", text.get(..from)?, text.get(to..)?))
}

/// Where a comment begins in a line, quotes considered.
fn comment_in(line: &str) -> Option<usize> {
    line.match_indices('#').map(|(at, _)| at).find(|&at| {
        let before = line.get(..at).unwrap_or_default();
        let balanced = |quote: char| before.matches(quote).count() % 2 == 0;
        (before.is_empty() || before.ends_with([' ', '\t'])) && balanced('"') && balanced('\'')
    })
}
