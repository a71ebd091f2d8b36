//! Parts of a README that are made: between `<!-- name -->` and `<!-- /name -->`.

use anyhow::{Context, Result};

/// `readme` with `text` between the markers called `name`.
///
/// # Errors
/// If it has not both, in order.
pub(crate) fn fill(readme: &str, name: &str, text: &str) -> Result<String> {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let missing = || format!("`README.md` has no `{start}` with a `{end}` below it");
    let (before, rest) = readme.split_once(&start).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{start}\n{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn what_is_between_the_markers_is_replaced() {
        let readme = "# Title\n<!-- a -->\nold\n<!-- /a -->\nrest\n";
        let expected = "# Title\n<!-- a -->\nnew\n<!-- /a -->\nrest\n";
        assert_eq!(fill(readme, "a", "new\n").unwrap(), expected);
        assert_eq!(fill(expected, "a", "new\n").unwrap(), expected);
    }

    #[test]
    fn a_readme_without_markers_is_refused() {
        for readme in ["# Title", "<!-- a -->", "<!-- /a --> <!-- a -->"] {
            let said = fill(readme, "a", "").unwrap_err().to_string();
            assert_eq!(
                said,
                "`README.md` has no `<!-- a -->` with a `<!-- /a -->` below it"
            );
        }
    }
}
