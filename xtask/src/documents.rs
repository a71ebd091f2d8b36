//! Tests of the documents for developers: their commands exist, and the code that they quote is in the sources.

use crate::workspace::{Workspace, read};

/// Returns the code blocks of a document, each with its language and the last path in backticks before it.
fn blocks(document: &str) -> Vec<(&str, &str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = document;
    let mut path = "";
    // A fence is at the start of a line; nested ones are inside comments.
    while let Some((text, after)) = split_at_fence(rest) {
        let paths = text.split('`').skip(1).step_by(2);
        path = paths.filter(|it| it.contains('/')).last().unwrap_or(path);
        let (language, after) = after.split_once('\n').unwrap();
        let (code, after) = split_at_fence(after).unwrap();
        blocks.push((language, path, code));
        rest = after;
    }
    blocks
}

/// Splits a text at the first line that starts with a fence.
fn split_at_fence(text: &str) -> Option<(&str, &str)> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some(after) = line.trim_start().strip_prefix("```") {
            let end = offset + line.len() - after.len();
            return Some((text.get(..offset)?, text.get(end..)?));
        }
        offset += line.len();
    }
    None
}

/// Returns a text without its indentation.
fn unindented(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn quoted_code_is_in_the_named_file() {
    let workspace = Workspace::load().unwrap();
    let document = read(&workspace.path("CONTRIBUTING.md")).unwrap();
    let quotes = blocks(&document).into_iter();
    let quotes = quotes.filter(|(language, ..)| matches!(*language, "rust" | "yaml"));
    let mut checked = 0;
    for (_, path, code) in quotes {
        let source = unindented(&read(&workspace.path(path)).unwrap());
        assert!(
            source.contains(&unindented(code)),
            "CONTRIBUTING.md quotes code that is not in {path}; update the quote:\n{code}"
        );
        checked += 1;
    }
    assert!(checked > 3, "only {checked} quotes");
}

#[test]
fn every_documented_test_exists() {
    let workspace = Workspace::load().unwrap();
    let packages = workspace.packages.iter();
    let targets = packages.clone().flat_map(|it| it.targets.iter());
    let tests: Vec<&str> = targets
        .filter(|it| it.is_test())
        .map(|it| it.name.as_str())
        .collect();
    let packages: Vec<&str> = packages.map(|it| it.name.as_str()).collect();
    let mut checked = 0;
    for file in ["CONTRIBUTING.md", "e2e/README.md"] {
        let text = read(&workspace.path(file)).unwrap();
        for command in text.split("cargo test ").skip(1) {
            let command = command.split(['`', '\n']).next().unwrap_or(command);
            let words: Vec<&str> = command.split_whitespace().collect();
            for pair in words.windows(2) {
                let known = match pair {
                    ["--package", name] => packages.contains(name),
                    ["--test", "NAME"] => continue,
                    ["--test", name] => tests.contains(name),
                    _ => continue,
                };
                assert!(known, "{file}: cargo test {command}");
                checked += 1;
            }
        }
    }
    assert!(checked > 8, "only {checked} names");
}
