//! Links between pages. The Markdown files of the repository link to one another by relative path, which works
//! on GitHub; the site has other paths, and not every file is a page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

/// The address of the site.
pub(super) const SITE: &str = "https://k8tre.github.io/agnostics/";
/// The playground, which the site has and this build has not.
const PLAYGROUND: &str = "playground/";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Rewrites links, and collects the problems and images it finds.
pub(super) struct Links<'a> {
    /// The root of the repository.
    pub(super) root: &'a Path,
    /// The page of each file of the repository that is one.
    pub(super) pages: &'a BTreeMap<String, String>,
    /// The images in the repository that pages link to; the site needs a copy of each.
    pub(super) images: BTreeSet<String>,
    /// The links that lead nowhere.
    pub(super) problems: Vec<String>,
}

impl Links<'_> {
    /// Returns `text`, the Markdown of `file`, with its links as the page `page` needs them: to a page of the
    /// site, or to the file on GitHub.
    pub(super) fn rewrite(&mut self, file: &str, page: &str, text: &str) -> String {
        // By position, since the events of a link around an image are not in the order of their targets.
        let mut targets = BTreeMap::new();
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            if let Event::Start(
                Tag::Link {
                    link_type: LinkType::Inline,
                    dest_url,
                    ..
                }
                | Tag::Image {
                    link_type: LinkType::Inline,
                    dest_url,
                    ..
                },
            ) = event
                && let Some(index) = text.get(range.clone()).and_then(|it| it.rfind(&*dest_url))
            {
                targets.insert(range.start + index, dest_url);
            }
        }
        let mut rewritten = String::with_capacity(text.len());
        let mut rest = text;
        let mut end = 0;
        for (start, target) in targets {
            let (before, after) = rest.split_at(start - end);
            rewritten.push_str(before);
            rewritten.push_str(&self.target(file, page, &target));
            rest = after.strip_prefix(&*target).unwrap_or(after);
            end = start + target.len();
        }
        rewritten.push_str(rest);
        rewritten
    }

    /// Returns the target of a link in the site.
    fn target(&mut self, file: &str, page: &str, target: &str) -> String {
        let (path, fragment) = match target.split_once('#') {
            Some((path, fragment)) => (path, format!("#{fragment}")),
            None => (target, String::new()),
        };
        if path.is_empty() {
            return target.to_owned();
        }
        // READMEs have absolute addresses where Artifact Hub shows them too.
        if let Some(own) = path
            .strip_prefix(SITE)
            .filter(|it| !it.starts_with(PLAYGROUND))
        {
            return format!("{}{own}{fragment}", to_root(page));
        }
        let path = match in_repository(path) {
            Some(path) => path.to_owned(),
            None if path.contains("://") => return target.to_owned(),
            None => match resolve(file, path) {
                Some(path) => path,
                None => {
                    self.problem(file, target, "leaves the repository");
                    return target.to_owned();
                }
            },
        };
        let readme = format!("{path}/README.md");
        if let Some(path) = self.pages.get(&path).or_else(|| self.pages.get(&readme)) {
            return format!("{}{path}{fragment}", to_root(page));
        }
        let place = self.root.join(&path);
        if !place.exists() {
            self.problem(file, target, "leads to no file of the repository");
        }
        if [".png", ".svg"].iter().any(|it| path.ends_with(it)) {
            let image = path.strip_prefix("docs/").unwrap_or(&path);
            let link = format!("{}{image}", to_root(page));
            self.images.insert(path);
            return link;
        }
        let kind = if place.is_dir() { "tree" } else { "blob" };
        format!("{REPOSITORY}/{kind}/main/{path}{fragment}")
    }

    fn problem(&mut self, file: &str, target: &str, problem: &str) {
        self.problems
            .push(format!("{file}: the link `{target}` {problem}"));
    }
}

/// Returns the path from the directory of a page to the root of the site.
fn to_root(page: &str) -> String {
    "../".repeat(page.matches('/').count())
}

/// Returns the path in the repository that an address on GitHub has.
fn in_repository(address: &str) -> Option<&str> {
    let path = address.strip_prefix(REPOSITORY)?;
    let main = ["/blob/main/", "/tree/main/"];
    main.iter().find_map(|main| path.strip_prefix(main))
}

/// Returns the path in the repository that a link in `file` has; `None` if it is outside.
fn resolve(file: &str, link: &str) -> Option<String> {
    let mut path: Vec<&str> = file.split('/').collect();
    path.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop()?;
            }
            name => path.push(name),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as the page `a/page.md`, and the problems.
    fn rewritten(text: &str) -> (String, Vec<String>) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("docs/pictures")).unwrap();
        for file in ["LICENSE", "docs/pictures/a.png"] {
            std::fs::write(root.path().join(file), "").unwrap();
        }
        let pages = [
            ("docs/concepts.md", "concepts.md"),
            ("policies/x/README.md", "policies/x.md"),
        ];
        let pages = pages.map(|(file, page)| (file.to_owned(), page.to_owned()));
        let mut links = Links {
            root: root.path(),
            pages: &pages.into(),
            images: BTreeSet::new(),
            problems: Vec::new(),
        };
        let text = links.rewrite("docs/a/page.md", "a/page.md", text);
        (text, links.problems)
    }

    #[test]
    fn links_lead_to_pages_of_the_site_or_files_on_github() {
        for (link, expected) in [
            ("../concepts.md", "../concepts.md"),
            ("../concepts.md#modes", "../concepts.md#modes"),
            ("../../policies/x/README.md", "../policies/x.md"),
            ("../../policies/x", "../policies/x.md"),
            ("../../policies/x/", "../policies/x.md"),
            ("#here", "#here"),
            ("https://example.org/x.md", "https://example.org/x.md"),
            (
                "../../LICENSE",
                "https://github.com/k8tre/agnostics/blob/main/LICENSE",
            ),
            (
                "../pictures",
                "https://github.com/k8tre/agnostics/tree/main/docs/pictures",
            ),
            (
                "https://github.com/k8tre/agnostics/blob/main/docs/concepts.md",
                "../concepts.md",
            ),
            (
                "https://k8tre.github.io/agnostics/rules/a.html#why",
                "../rules/a.html#why",
            ),
            (
                "https://k8tre.github.io/agnostics/playground/",
                "https://k8tre.github.io/agnostics/playground/",
            ),
        ] {
            let (text, problems) = rewritten(&format!("See [`x`]({link}), and\nmore.\n"));
            assert_eq!(text, format!("See [`x`]({expected}), and\nmore.\n"));
            assert_eq!(problems, [""; 0]);
        }
    }

    #[test]
    fn images_are_copied() {
        let (text, _) = rewritten("![a](../pictures/a.png)\n");
        assert_eq!(text, "![a](../pictures/a.png)\n");
    }

    #[test]
    fn code_is_no_link() {
        let text = "`[a](b)` and `c\n[d](e)` end\n\n```yaml\n[f](g)\n```\n";
        assert_eq!(rewritten(text), (text.to_owned(), Vec::new()));
    }

    #[test]
    fn links_that_lead_nowhere_are_problems() {
        for (link, problem) in [
            ("absent.md", "leads to no file of the repository"),
            ("../../../x", "leaves the repository"),
            (
                "https://github.com/k8tre/agnostics/blob/main/absent",
                "leads to no file of the repository",
            ),
        ] {
            let (_, problems) = rewritten(&format!("`a` [b]({link})"));
            assert_eq!(
                problems,
                [format!("docs/a/page.md: the link `{link}` {problem}")]
            );
        }
    }
}
