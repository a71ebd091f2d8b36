//! What people read: a sentence, the routes, and everything that is to be said with them.

use admission::{Verdict, joined};
use ingress2route::{Diagnostic, Translation};

use crate::ruling::{Refusal, Ruling};
use crate::suggest;

/// How long the first line may be, in characters: events and dashboards cut the rest.
const LONGEST_LINE: usize = 200;
/// How much of the routes a message holds, in bytes.
const LONGEST_YAML: usize = 16 * 1024;
/// How many findings of a sort are listed.
const MOST_LISTED: usize = 20;
/// How many findings become warnings: the API server cuts each of them where they come to 4096
/// characters.
const MOST_WARNED: usize = 8;

const COMMAND: &str = "`agnostics convert FILE` writes the routes, and says what they lack";

/// The refusal of an Ingress.
pub(crate) struct Message<'m> {
    pub(crate) ruling: &'m Ruling,
    /// What is said beside the translation.
    pub(crate) remarks: &'m [String],
}

impl Message<'_> {
    /// The sentence, an empty line, and YAML: the routes where they can be applied as they stand, else as
    /// comments, as all the rest is.
    pub(crate) fn rejection(&self) -> Verdict {
        let translation = &self.ruling.translation;
        let mut rest = String::new();
        if self.is_about_all() {
            self.routes(&mut rest);
            list(&mut rest, "No route can say:", &translation.untranslatable);
        }
        // The sentence is about the first of them.
        for unknown in translation.unknown.iter().skip(1).take(MOST_LISTED) {
            comment(&mut rest, &[&suggest::sentence(unknown)]);
        }
        if self.is_about_all() {
            list(&mut rest, "Not understood:", &translation.other_controllers);
            list(&mut rest, "To be put right:", &translation.blockers);
            list(&mut rest, "Good to know:", &translation.notes);
        }
        for remark in self.remarks {
            comment(&mut rest, &[remark]);
        }
        let mut out = first_line(&self.ruling.sentence);
        if !rest.is_empty() {
            out.push_str("\n\n");
            out.push_str(rest.trim_end());
        }
        Verdict::reject(out)
    }

    /// The same for an Ingress that passes, as warnings.
    pub(crate) fn warnings(&self) -> Verdict {
        let translation = &self.ruling.translation;
        let mut warnings = vec![first_line(&self.ruling.sentence)];
        for unknown in translation.unknown.iter().skip(1) {
            warnings.push(suggest::sentence(unknown));
        }
        if self.is_about_all() {
            if !translation.routes.is_empty() {
                warnings.push(COMMAND.to_owned());
            }
            for list in [
                &translation.untranslatable,
                &translation.other_controllers,
                &translation.blockers,
            ] {
                for diagnostic in list {
                    warnings.push(joined(&[&diagnostic.path, ": ", &diagnostic.message]));
                }
            }
        }
        warnings.extend_from_slice(self.remarks);
        warn(warnings)
    }

    /// Whether more than an annotation is wrong.
    fn is_about_all(&self) -> bool {
        self.ruling.refusal != Some(Refusal::OnlyUnknown)
    }

    fn routes(&self, out: &mut String) {
        let translation = &self.ruling.translation;
        let yaml = translation.to_yaml();
        let start = start(&yaml);
        if translation.is_complete() && start.len() == yaml.len() {
            return out.push_str(start);
        }
        if !start.is_empty() {
            comment(out, &["Not to be applied as it stands:"]);
        }
        for line in start.lines() {
            comment(out, &[line]);
        }
        if start.len() < yaml.len() {
            comment(
                out,
                &["cut at 16 KiB: `agnostics convert FILE` writes all of it"],
            );
        }
    }
}

/// An Ingress that no route can say, and that may be used for it: what forces it.
pub(crate) fn admitted(translation: &Translation) -> Verdict {
    let mut warnings = Vec::new();
    for diagnostic in &translation.untranslatable {
        warnings.push(joined(&[
            &diagnostic.path,
            ": forces NGINX: ",
            &diagnostic.message,
        ]));
    }
    warn(warnings)
}

fn warn(warnings: Vec<String>) -> Verdict {
    let mut verdict = Verdict::accept();
    let more = warnings.len().saturating_sub(MOST_WARNED);
    for warning in warnings.into_iter().take(MOST_WARNED) {
        verdict = verdict.warn(warning);
    }
    match more {
        0 => verdict,
        more => verdict.warn(format!(
            "and {more} more, which `agnostics convert FILE` says"
        )),
    }
}

fn list(out: &mut String, title: &str, diagnostics: &[Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    comment(out, &[title]);
    for diagnostic in diagnostics.iter().take(MOST_LISTED) {
        comment(out, &["  ", &diagnostic.path, ": ", &diagnostic.message]);
    }
    if diagnostics.len() > MOST_LISTED {
        let more = (diagnostics.len() - MOST_LISTED).to_string();
        comment(out, &["  and ", &more, " more"]);
    }
}

/// Adds a line that YAML passes over, whatever the Ingress has brought into its parts.
fn comment(out: &mut String, parts: &[&str]) {
    out.push('#');
    out.push(' ');
    for part in parts {
        push_line(out, part);
    }
    out.push('\n');
}

/// Adds text without what would end the line.
fn push_line(out: &mut String, text: &str) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    out.extend(text.chars().map(|c| if breaks(c) { ' ' } else { c }));
}

/// The sentence as a line that is not cut elsewhere.
fn first_line(sentence: &str) -> String {
    let mut line = String::new();
    match sentence.char_indices().nth(LONGEST_LINE - 1) {
        Some((end, last)) if end + last.len_utf8() < sentence.len() => {
            push_line(&mut line, sentence.get(..end).unwrap_or_default());
            line.push('…');
        }
        _ => push_line(&mut line, sentence),
    }
    line
}

/// Whole lines from the start of the routes, as many as a message holds.
fn start(yaml: &str) -> &str {
    if yaml.len() <= LONGEST_YAML {
        return yaml;
    }
    let fits = |(end, _): &(usize, &str)| *end < LONGEST_YAML;
    let end = yaml.match_indices('\n').take_while(fits).last();
    let end = end.map_or(0, |(end, _)| end + 1);
    yaml.get(..end).unwrap_or_default()
}
