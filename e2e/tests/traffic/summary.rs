//! Counts the results, and describes unexplained differences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::explain::GENERAL;
use crate::report::{Difference, Group};
use crate::run::{Comparison, Excluded, Outcome, Unexplained};

/// The groups whose sets show each difference that their translations report.
const FIXTURES: [&str; 2] = ["documentation", "five-behaviors"];
/// Differences that no request of the suite shows: the suite waits for no timeout, and has no other server.
const INVISIBLE: [&str; 3] = ["auth-request", "cors-origin", "timeout"];

/// Returns the figures of each group of sets.
pub(crate) fn groups(outcomes: &[Outcome]) -> Vec<Group> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for outcome in outcomes {
        let name = outcome.set.origin;
        let group = groups.entry(name).or_insert_with(|| Group {
            name: name.to_owned(),
            ..Group::default()
        });
        match &outcome.result {
            Err(Excluded::Incomplete(_)) => group.incomplete += 1,
            Err(Excluded::Rejected(_)) => group.rejected += 1,
            Err(Excluded::Unsupported(_)) => group.unsupported += 1,
            Ok(comparison) => {
                let Comparison {
                    requests,
                    explained,
                    unexplained,
                    ..
                } = comparison;
                let reported: usize = explained.values().sum();
                group.compared += 1;
                group.requests += requests;
                group.reported += reported;
                group.unexplained += unexplained.len();
                group.equal += requests - reported - unexplained.len();
            }
        }
    }
    groups.into_values().collect()
}

/// Prints the sets that are not compared, with the reasons.
pub(crate) fn print_excluded(outcomes: &[Outcome]) {
    for outcome in outcomes {
        let reason = match &outcome.result {
            Ok(_) => continue,
            Err(Excluded::Incomplete(problem)) => format!("incomplete: {problem}"),
            Err(Excluded::Rejected(message)) => format!("rejected by ingress-nginx: {message}"),
            Err(Excluded::Unsupported(missing)) => format!("requires {missing}"),
        };
        println!("{}: {reason}", outcome.set.id);
    }
}

/// Returns the differences that explain results, with the number of requests.
pub(crate) fn differences(outcomes: &[Outcome]) -> Vec<Difference> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut messages: BTreeMap<&str, String> =
        GENERAL.map(|(code, text)| (code, text.to_owned())).into();
    for comparison in outcomes.iter().filter_map(|it| it.result.as_ref().ok()) {
        for (codes, count) in &comparison.explained {
            for code in codes {
                *counts.entry(code).or_default() += count;
            }
        }
        for (code, message) in &comparison.reports {
            messages.entry(code).or_insert_with(|| message.clone());
        }
    }
    let differences = counts.into_iter().map(|(code, requests)| Difference {
        code: code.to_owned(),
        requests,
        example: messages.get(code).cloned().unwrap_or_default(),
    });
    differences.collect()
}

/// Returns the reported differences that no request shows. Only fixtures are made to show all.
fn not_shown(outcome: &Outcome, comparison: &Comparison) -> Vec<String> {
    if !FIXTURES.contains(&outcome.set.origin) {
        return Vec::new();
    }
    let shown: BTreeSet<_> = comparison.explained.keys().flatten().collect();
    let reports = comparison.reports.iter();
    let missing = reports.filter(|(code, _)| !shown.contains(code) && !INVISIBLE.contains(code));
    missing
        .map(|(code, message)| {
            format!(
                "\n{}: no request shows `{code}`: {message}\n",
                outcome.set.id
            )
        })
        .collect()
}

/// Describes the unexplained differences of a group, one of each kind for each set, and the reported ones that do
/// not exist. Returns an empty text if everything is explained.
pub(crate) fn failures(outcomes: &[Outcome], group: &str) -> String {
    let mut out = String::new();
    for outcome in outcomes.iter().filter(|it| it.set.origin == group) {
        let Ok(comparison) = &outcome.result else {
            continue;
        };
        let mut kinds: BTreeMap<String, Vec<&Unexplained>> = BTreeMap::new();
        for it in &comparison.unexplained {
            kinds.entry(it.aspects.join(", ")).or_default().push(it);
        }
        for (kind, all) in kinds {
            let shortest = all.iter().min_by_key(|it| it.probe.request.path.len());
            let Some(Unexplained {
                probe,
                nginx,
                gateway,
                ..
            }) = shortest
            else {
                continue;
            };
            let _ = write!(
                out,
                "\n{}: {kind}: {} requests, such as one with {}\n  {}\n  NGINX:   {nginx}\n  gateway: {gateway}\n",
                outcome.set.id,
                all.len(),
                probe.variant,
                probe.request,
            );
        }
        let not_shown = not_shown(outcome, comparison);
        out.extend(not_shown.iter().map(String::as_str));
        if !comparison.unexplained.is_empty() || !not_shown.is_empty() {
            for ingress in &outcome.set.ingresses {
                let _ = writeln!(
                    out,
                    "  {}",
                    serde_json::json!([
                        ingress["metadata"]["annotations"],
                        ingress["spec"]["rules"]
                    ])
                );
            }
        }
    }
    out
}
