//! Finds commands in Markdown and compares their output.

const OWN: &str = "cargo xtask";

/// A command that a README shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Example {
    /// Counted from one.
    pub(super) line: usize,
    pub(super) command: String,
    pub(super) output: Vec<String>,
}

/// A fenced block: its language, and its lines with their numbers.
struct Block<'a> {
    language: &'a str,
    lines: Vec<(usize, &'a str)>,
}

fn fenced(markdown: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in (1..).zip(markdown.lines()) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let language = language.trim();
                open = Some(Block {
                    language,
                    lines: Vec::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.lines.push((number, line)),
            (None, None) => {}
        }
    }
    blocks
}

/// The examples of each `console` block.
pub(super) fn console(markdown: &str) -> Vec<Vec<Example>> {
    let blocks = fenced(markdown).into_iter();
    blocks
        .filter(|block| block.language == "console")
        .map(|block| examples(&block.lines))
        .collect()
}

fn examples(lines: &[(usize, &str)]) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut continues = false;
    for &(line, text) in lines {
        let start = text.strip_prefix("$ ").filter(|_| !continues);
        match (start, examples.last_mut()) {
            (Some(command), _) => examples.push(Example {
                line,
                command: command.to_owned(),
                output: Vec::new(),
            }),
            (None, Some(example)) if continues => {
                example.command.push('\n');
                example.command.push_str(text);
            }
            (None, Some(example)) => example.output.push(text.to_owned()),
            (None, None) => {}
        }
        continues = (start.is_some() || continues) && text.ends_with('\\');
    }
    examples
}

/// The lines of every block that call this program.
pub(super) fn own_commands(markdown: &str) -> Vec<(usize, String)> {
    let lines = fenced(markdown).into_iter().flat_map(|block| block.lines);
    lines
        .map(|(number, line)| (number, line.trim_start_matches("$ ").trim()))
        .filter(|(_, line)| is_own(line))
        .map(|(number, line)| (number, line.to_owned()))
        .collect()
}

/// Whether a command is this program's.
pub(super) fn is_own(command: &str) -> bool {
    let rest = command.strip_prefix(OWN);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The arguments of one of this program's commands on its line, up to what is the shell's: a comment, a
/// pipe, a redirection, a line that goes on.
pub(super) fn own_arguments(command: &str) -> Vec<&str> {
    let rest = command.strip_prefix(OWN).unwrap_or(command);
    rest.split_whitespace()
        .take_while(|word| !word.starts_with(['#', '|', '>', '\\']))
        .collect()
}

/// Compares output with what is shown of it; nothing shown is nothing to compare.
pub(super) fn compare(shown: &[String], output: &str) -> Result<(), String> {
    let tidy = |lines: Vec<&str>| -> Vec<String> {
        let mut lines: Vec<String> = lines
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    };
    let expected = tidy(shown.iter().map(String::as_str).collect());
    let found = tidy(output.lines().collect());
    if expected.is_empty() || matches(&expected, &found) {
        return Ok(());
    }
    Err(format!(
        "shows other output than it has, which is:\n{}",
        found.join("\n")
    ))
}

fn matches(expected: &[String], found: &[String]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((line, rest)) if line.trim() == "…" || line.trim() == "..." => {
            (0..=found.len()).any(|skip| matches(rest, found.get(skip..).unwrap_or_default()))
        }
        Some((line, rest)) => found
            .split_first()
            .is_some_and(|(first, others)| first == line && matches(rest, others)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_have_a_line_a_command_and_output() {
        let markdown =
            "text\n```console\n$ one \\\n  more\nout\n\nout\n$ two\n```\n```sh\nno\n```\n";
        let example = |line, command: &str, output: &[&str]| Example {
            line,
            command: command.into(),
            output: output.iter().map(|&line| line.into()).collect(),
        };
        assert_eq!(
            console(markdown),
            [vec![
                example(3, "one \\\n  more", &["out", "", "out"]),
                example(8, "two", &[]),
            ]]
        );
    }

    #[test]
    fn own_commands_lose_their_comments() {
        let markdown = "```sh\ncargo xtask build  # modules\ncargo build\ncargo xtasks\n```\n";
        let commands = own_commands(markdown);
        assert_eq!(commands, [(2, "cargo xtask build  # modules".to_owned())]);
        assert_eq!(own_arguments(&commands[0].1), ["build"]);
        for shell in ["| less", "> file", "\\"] {
            assert_eq!(
                own_arguments(&format!("cargo xtask build {shell}")),
                ["build"]
            );
        }
    }

    fn shown(lines: &[&str], output: &str) -> bool {
        let lines: Vec<String> = lines.iter().map(|&line| line.into()).collect();
        compare(&lines, output).is_ok()
    }

    #[test]
    fn an_ellipsis_stands_for_any_lines() {
        assert!(shown(&["a", "…", "z"], "a\nb\nc\nz\n"));
        assert!(shown(&["a", "...", "z"], "a\nz\n"));
        assert!(!shown(&["a", "…", "z"], "a\nb\n"));
        assert!(shown(&["a", "…"], "a\nb\n"));
    }

    #[test]
    fn space_at_the_ends_of_lines_does_not_count_and_all_else_does() {
        assert!(shown(&["a", "b", ""], "a  \nb\n\n"));
        assert!(!shown(&["a"], "a\nb\n"));
        assert!(!shown(&["a"], " a\n"));
        assert!(shown(&[], "anything"));
    }
}
