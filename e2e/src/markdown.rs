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

/// Returns the rows of all tables below a heading of level 2, headers included, without the lines of dashes.
/// Cells contain no `|`.
pub fn table_rows<'a>(text: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let opening = format!("## {heading}");
    let section = text.lines().skip_while(|line| *line != opening).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    let rows = section.filter_map(|line| line.trim_end().strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| {
            !cells
                .iter()
                .all(|cell| cell.trim_matches(['-', ':']).is_empty())
        })
        .collect()
}

/// Returns the texts in backticks.
pub fn code_spans(text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    spans.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::table_rows;

    #[test]
    fn tables_are_found_by_their_heading() {
        let text = "# Page\n\n|x|\n\n## A\n\n| a | b |\n|---|:-:|\n| `1` |  |\n\n### C\n\n|c|\n\n## B\n|b|\n";
        assert_eq!(
            table_rows(text, "A"),
            [vec!["a", "b"], vec!["`1`", ""], vec!["c"]]
        );
        assert_eq!(table_rows(text, "B"), [["b"]]);
        assert!(table_rows(text, "C").is_empty());
    }
}
