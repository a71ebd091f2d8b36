//! Checks the messages and warnings of all cases: their first line fits a terminal and a Kubernetes event.

use e2e::hosts::{Host, Native};
use e2e::{Case, Outcome};

/// The maximum length of the first line of a message. Events and dashboards truncate longer ones.
const MAX_FIRST_LINE: usize = 200;

/// The maximum length of a warning without its path and without quoted values, which come from the user.
const MAX_WARNING_TEXT: usize = 120;

/// Returns the length of a warning without the path at its start and without text in backticks.
fn fixed_text_length(warning: &str) -> usize {
    let words = warning
        .split_once(": ")
        .map_or(warning, |(_path, words)| words);
    let outside = words.split('`').step_by(2);
    outside.map(|text| text.chars().count()).sum()
}

fn is_printable_line(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

#[test]
fn messages_and_warnings_are_short_and_printable() -> Result<(), e2e::Error> {
    let mut read = 0;
    for module in Native::modules() {
        for case in Case::all_of(module)? {
            let outcome = Native.run(module, &case)?;
            let Outcome::Verdict {
                accepted,
                message,
                warnings,
                ..
            } = &outcome
            else {
                continue;
            };
            let about = format!("{}: {outcome:#?}", case.title());
            let first_line = message.iter().flat_map(|text| text.lines()).next();
            if let Some(line) = first_line {
                assert!(line.chars().count() <= MAX_FIRST_LINE, "{about}");
            }
            for warning in warnings {
                assert!(is_printable_line(warning), "{about}");
                // The warning of a rejection is the first line of its message.
                assert!(
                    !accepted || fixed_text_length(warning) <= MAX_WARNING_TEXT,
                    "{about}"
                );
            }
            read += warnings.len();
        }
    }
    assert!(read > 100, "only {read} warnings");
    Ok(())
}
