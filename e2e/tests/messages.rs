//! What people read of every case: the first line says it all, and fits a terminal and an event.

use e2e::hosts::{Host, Native};
use e2e::{Case, Outcome};

/// Events and dashboards cut a message after this many characters.
const LONGEST_FIRST_LINE: usize = 200;

/// How long a warning's own words may be. What stands in backticks is the user's, and so is the path.
const LONGEST_WORDS: usize = 120;

/// The module's own words in a warning: without the path it begins with, and what is in backticks.
fn own_words(warning: &str) -> usize {
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
fn messages_can_be_read_at_a_glance() -> Result<(), e2e::Error> {
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
                assert!(line.chars().count() <= LONGEST_FIRST_LINE, "{about}");
            }
            for warning in warnings {
                assert!(is_printable_line(warning), "{about}");
                // A rejection's warning is the first line of its message.
                assert!(!accepted || own_words(warning) <= LONGEST_WORDS, "{about}");
            }
            read += warnings.len();
        }
    }
    assert!(read > 100, "only {read} warnings");
    Ok(())
}
