//! The source of the book: the pages in `docs/`, the READMEs of the policies, and generated pages.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use simulate::builtin;

use super::links::{Links, SITE};
use crate::modules::{self, Module};
use crate::workspace::{Workspace, read, write_if_changed};

const SUMMARY: &str = "docs/SUMMARY.md";

/// A page of the site.
struct Page {
    /// The file of the repository that it is, or that stands for it in messages.
    file: String,
    /// Its path in the site.
    path: String,
    text: String,
}

/// Writes the source of the book to `directory`. `command_line` is the reference of the command line.
///
/// # Errors
/// Returns an error if a page of `docs/` is not in the summary, or a link leads to no file of the repository.
pub(super) fn assemble(workspace: &Workspace, command_line: &str, directory: &Path) -> Result<()> {
    let policies = modules::named(workspace, &[])?;
    let (summary, mut pages) = pages(workspace, &policies)?;
    for page in &mut pages {
        match page.path.as_str() {
            "policies.md" => fill(page, "policies", &policy_table(&policies))?,
            "rules.md" => fill(page, "rules", &rule_tables())?,
            "command-line.md" => fill(page, "commands", command_line)?,
            _ => {}
        }
    }
    let paths = pages
        .iter()
        .map(|page| (page.file.clone(), page.path.clone()))
        .collect();
    let mut links = Links {
        root: &workspace.root,
        pages: &paths,
        images: BTreeSet::new(),
        problems: Vec::new(),
    };
    if directory.exists() {
        fs::remove_dir_all(directory).context("cannot remove the last source of the book")?;
    }
    let source = directory.join("src");
    let summary = links.rewrite(SUMMARY, "SUMMARY.md", &summary);
    write_if_changed(&source.join("SUMMARY.md"), summary.as_bytes())?;
    for Page { file, path, text } in &pages {
        let text = links.rewrite(file, path, text);
        write_if_changed(&source.join(path), text.as_bytes())?;
    }
    ensure!(
        links.problems.is_empty(),
        "links of the book lead nowhere:\n{}",
        links.problems.join("\n")
    );
    for image in &links.images {
        let bytes = fs::read(workspace.path(image))?;
        let path = image.strip_prefix("docs/").unwrap_or(image);
        write_if_changed(&source.join(path), &bytes)?;
    }
    let config = read(&workspace.path("docs/book.toml"))?;
    write_if_changed(&directory.join("book.toml"), config.as_bytes())?;
    Ok(())
}

/// Returns the summary with its generated entries, and the pages that it names.
fn pages(workspace: &Workspace, policies: &[Module]) -> Result<(String, Vec<Page>)> {
    let mut summary = String::new();
    let mut pages = Vec::new();
    for line in read(&workspace.path(SUMMARY))?.lines() {
        let entry = line.trim_start();
        let indent = line.strip_suffix(entry).unwrap_or_default();
        match entry {
            "<!-- policies -->" => {
                for policy in policies {
                    let file = format!("{}/README.md", workspace.display(&policy.directory));
                    let name = &policy.name;
                    let _ = writeln!(summary, "{indent}- [{name}](../{file})");
                    pages.push(Page {
                        text: read(&workspace.path(&file))?,
                        file,
                        path: format!("policies/{name}.md"),
                    });
                    let indent = format!("{indent}  ");
                    add_rules(Some(name), &indent, &mut summary, &mut pages);
                }
            }
            "<!-- rules -->" => add_rules(None, indent, &mut summary, &mut pages),
            "<!-- records -->" => {
                for (name, text) in records(workspace)? {
                    let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
                    let title = title.with_context(|| format!("`docs/adr/{name}` has no title"))?;
                    let _ = writeln!(summary, "{indent}- [{title}](adr/{name})");
                    pages.push(Page {
                        file: format!("docs/adr/{name}"),
                        path: format!("adr/{name}"),
                        text,
                    });
                }
            }
            _ => {
                let _ = writeln!(summary, "{line}");
                if let Some((_, target)) = entry.split_once("](") {
                    let target = target.trim_end_matches(')');
                    pages.push(page(workspace, target)?);
                }
            }
        }
    }
    all_listed(workspace, &pages)?;
    Ok((summary, pages))
}

/// Reads a page that the summary links to. Files outside of `docs/` are READMEs, named after their directory.
fn page(workspace: &Workspace, target: &str) -> Result<Page> {
    let (file, path) = match target.strip_prefix("../") {
        None => (format!("docs/{target}"), target.to_owned()),
        Some(file) => {
            let name = file.strip_suffix("/README.md");
            let name = name.with_context(|| format!("`{SUMMARY}` names `{file}`, no README"))?;
            (file.to_owned(), format!("{name}.md"))
        }
    };
    let text = read(&workspace.path(&file))?;
    Ok(Page { file, path, text })
}

/// Adds the pages of a policy's rules; without a policy, those of the rules that all policies share.
fn add_rules(policy: Option<&str>, indent: &str, summary: &mut String, pages: &mut Vec<Page>) {
    for (_, rule) in builtin::rules().filter(|(of, _)| *of == policy) {
        let path = format!("rules/{rule}.md");
        let _ = writeln!(summary, "{indent}- [{rule}]({path})");
        let whose = match policy {
            Some(name) => format!("policy [{name}]({SITE}policies/{name}.html)"),
            None => "every policy".to_owned(),
        };
        pages.push(Page {
            file: format!("docs/{path}"),
            path,
            text: format!("# {rule}\n\nRule of {whose}.\n\n{}", rule.documentation()),
        });
    }
}

/// Returns the architecture decision records: the name and text of each.
fn records(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(workspace.path("docs/adr"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(|it: char| it.is_ascii_digit()) {
            let text = read(&workspace.path(&format!("docs/adr/{name}")))?;
            records.push((name, text));
        }
    }
    records.sort();
    Ok(records)
}

/// Returns an error if a Markdown file of `docs/` is no page: mdBook would silently omit it.
fn all_listed(workspace: &Workspace, pages: &[Page]) -> Result<()> {
    for directory in ["docs", "docs/adr"] {
        for entry in fs::read_dir(workspace.path(directory))? {
            let file = workspace.display(&entry?.path());
            let is_listed = file == SUMMARY || pages.iter().any(|page| page.file == file);
            ensure!(
                is_listed || !file.ends_with(".md"),
                "`{file}` is not in `{SUMMARY}`"
            );
        }
    }
    Ok(())
}

/// Replaces the marker called `name` in a page.
fn fill(page: &mut Page, name: &str, text: &str) -> Result<()> {
    let marker = format!("<!-- {name} -->\n");
    let Some((before, after)) = page.text.split_once(&marker) else {
        bail!("`{}` has no line `{}`", page.file, marker.trim());
    };
    page.text = format!("{before}{text}{after}");
    Ok(())
}

fn policy_table(policies: &[Module]) -> String {
    let mut table = "| policy | kinds | what it does |\n|---|---|---|\n".to_owned();
    for policy in policies {
        let name = &policy.name;
        let kinds = policy.kubewarden.resources.join(", ");
        let description = policy.package.description.as_deref().unwrap_or_default();
        let _ = writeln!(
            table,
            "| [{name}]({SITE}policies/{name}.html) | {kinds} | {description} |"
        );
    }
    table
}

/// Returns the rules, with a heading for each policy.
fn rule_tables() -> String {
    let mut tables = String::new();
    let mut last = None;
    for (policy, rule) in builtin::rules() {
        let policy = policy.unwrap_or("Every policy");
        if last.replace(policy) != Some(policy) {
            let _ = write!(tables, "\n## {policy}\n\n| rule | reports |\n|---|---|\n");
        }
        let summary = rule.summary();
        let _ = writeln!(tables, "| [{rule}]({SITE}rules/{rule}.html) | {summary} |");
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_the_documentation_lead_somewhere() {
        let workspace = Workspace::load().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let book = directory.path().join("book");
        assemble(&workspace, "", &book).unwrap();
        assert!(book.join("src/index.md").is_file());
    }

    #[test]
    fn reports_link_to_this_site() {
        let workspace = Workspace::load().unwrap();
        let mut packages = workspace.packages.iter();
        let agnostics = packages
            .find(|package| package.name == "agnostics")
            .unwrap();
        assert_eq!(format!("{}/", agnostics.homepage.as_deref().unwrap()), SITE);
    }
}
