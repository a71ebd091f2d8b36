//! Markdown documents, whose commands and manifests tests run.

/// Returns the fenced code blocks of a language, without their fences. A block that is not closed ends with the
/// document, as in CommonMark.
pub fn code_blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    let blocks = text.split(&opening).skip(1);
    blocks
        .map(|rest| rest.split_once("\n```").map_or(rest, |(block, _)| block))
        .collect()
}
