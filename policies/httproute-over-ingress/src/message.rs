//! The message of a rejection, and the warnings: a summary, the routes and the diagnostics.

use admission::{Verdict, joined};
use ingress2route::{Diagnostic, Translation};

use crate::decision::{Decision, RejectionReason};
use crate::suggest;

/// The maximum length of the first line, in characters: events and dashboards truncate longer ones.
const MAX_LINE_CHARS: usize = 200;
/// The maximum size of the routes in a message.
const MAX_YAML_BYTES: usize = 16 * 1024;
/// The maximum number of diagnostics in a list.
const MAX_LISTED: usize = 20;
/// The maximum number of warnings. The API server truncates each of them if all together exceed 4096
/// characters.
const MAX_WARNINGS: usize = 8;

const COMMAND: &str = "run `agnostics convert FILE` to get the routes and a list of what they lack";

/// The message for an Ingress that the policy rejects, or accepts with warnings.
pub(crate) struct Message<'m> {
    pub(crate) decision: &'m Decision,
    /// Notes that are not part of the translation.
    pub(crate) notes: &'m [String],
}

impl Message<'_> {
    /// Returns the rejection: the summary, an empty line, and YAML. Complete routes are YAML documents;
    /// incomplete routes and everything else are comments.
    pub(crate) fn rejection(&self) -> Verdict {
        let translation = &self.decision.translation;
        let mut rest = String::new();
        if self.lists_everything() {
            self.routes(&mut rest);
            list(
                &mut rest,
                "Cannot be expressed as a route:",
                &translation.untranslatable,
            );
        }
        // The summary is about the first of them.
        for unknown in translation.unknown.iter().skip(1).take(MAX_LISTED) {
            comment(&mut rest, &[&suggest::message(unknown)]);
        }
        if self.lists_everything() {
            list(
                &mut rest,
                "Annotations of other controllers:",
                &translation.other_controllers,
            );
            list(&mut rest, "Fix before applying:", &translation.blockers);
            list(&mut rest, "Notes:", &translation.notes);
        }
        for note in self.notes {
            comment(&mut rest, &[note]);
        }
        let mut out = first_line(&self.decision.summary);
        if !rest.is_empty() {
            out.push_str("\n\n");
            out.push_str(rest.trim_end());
        }
        Verdict::reject(out)
    }

    /// Returns the acceptance with the same content as warnings, without the routes.
    pub(crate) fn warnings(&self) -> Verdict {
        let translation = &self.decision.translation;
        let mut warnings = vec![first_line(&self.decision.summary)];
        for unknown in translation.unknown.iter().skip(1) {
            warnings.push(suggest::message(unknown));
        }
        if self.lists_everything() {
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
        warnings.extend_from_slice(self.notes);
        accept_with(warnings)
    }

    /// Whether the message lists more than unknown annotations.
    fn lists_everything(&self) -> bool {
        self.decision.reason != Some(RejectionReason::OnlyUnknown)
    }

    fn routes(&self, out: &mut String) {
        let translation = &self.decision.translation;
        let yaml = translation.to_yaml();
        let shown = truncate(&yaml);
        if translation.is_complete() && shown.len() == yaml.len() {
            return out.push_str(shown);
        }
        if !shown.is_empty() {
            comment(out, &["Incomplete, do not apply unchanged:"]);
        }
        for line in shown.lines() {
            comment(out, &[line]);
        }
        if shown.len() < yaml.len() {
            comment(
                out,
                &["truncated at 16 KiB: run `agnostics convert FILE` for the whole output"],
            );
        }
    }
}

/// Returns the acceptance of an Ingress that requires ingress-nginx, with the reasons as warnings.
pub(crate) fn requires_nginx(translation: &Translation) -> Verdict {
    let mut warnings = Vec::new();
    for diagnostic in &translation.untranslatable {
        warnings.push(joined(&[
            &diagnostic.path,
            ": requires ingress-nginx: ",
            &diagnostic.message,
        ]));
    }
    accept_with(warnings)
}

fn accept_with(warnings: Vec<String>) -> Verdict {
    let mut verdict = Verdict::accept();
    let more = warnings.len().saturating_sub(MAX_WARNINGS);
    for warning in warnings.into_iter().take(MAX_WARNINGS) {
        verdict = verdict.warn(warning);
    }
    match more {
        0 => verdict,
        more => verdict.warn(format!(
            "and {more} more; run `agnostics convert FILE` to list them"
        )),
    }
}

fn list(out: &mut String, title: &str, diagnostics: &[Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    comment(out, &[title]);
    for diagnostic in diagnostics.iter().take(MAX_LISTED) {
        comment(out, &["  ", &diagnostic.path, ": ", &diagnostic.message]);
    }
    if diagnostics.len() > MAX_LISTED {
        let more = (diagnostics.len() - MAX_LISTED).to_string();
        comment(out, &["  and ", &more, " more"]);
    }
}

/// Adds a YAML comment. Line breaks in `parts`, which may come from the Ingress, do not end it.
fn comment(out: &mut String, parts: &[&str]) {
    out.push('#');
    out.push(' ');
    for part in parts {
        push_line(out, part);
    }
    out.push('\n');
}

/// Adds text, with spaces instead of control characters and line breaks.
fn push_line(out: &mut String, text: &str) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    out.extend(text.chars().map(|c| if breaks(c) { ' ' } else { c }));
}

/// Returns the summary as a line, truncated to the maximum length.
fn first_line(summary: &str) -> String {
    let mut line = String::new();
    match summary.char_indices().nth(MAX_LINE_CHARS - 1) {
        Some((end, last)) if end + last.len_utf8() < summary.len() => {
            push_line(&mut line, summary.get(..end).unwrap_or_default());
            line.push('…');
        }
        _ => push_line(&mut line, summary),
    }
    line
}

/// Truncates the routes to the maximum size, at the end of a line.
fn truncate(yaml: &str) -> &str {
    if yaml.len() <= MAX_YAML_BYTES {
        return yaml;
    }
    let fits = |(end, _): &(usize, &str)| *end < MAX_YAML_BYTES;
    let end = yaml.match_indices('\n').take_while(fits).last();
    let end = end.map_or(0, |(end, _)| end + 1);
    yaml.get(..end).unwrap_or_default()
}
