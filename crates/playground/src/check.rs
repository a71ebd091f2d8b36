//! `agnostics check` over text.

use std::collections::BTreeSet;
use std::convert::Infallible;

use manifest::{Object, Problem, Severity};
use serde::Deserialize;
use simulate::{
    Builtin, Context, Policies, Policy, Profile, RouteNames, RouteSettings, Services, Simulator,
    Summary, is_ingress,
};

use crate::report::{ObjectReport, ProblemReport, Report, Source};
use crate::routes::Routes;

/// What the page holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// The manifests to judge: YAML documents or JSON.
    pub manifests: String,
    /// What else the cluster holds, in the same form: looked at and not judged.
    pub cluster: String,
    /// `azure`, `aws` or `k3s`.
    pub profile: String,
    /// Policies in place of the profile's.
    pub policies: Option<String>,
}

/// What the plane makes of the manifests.
///
/// # Errors
/// When there is no such profile.
pub fn check(input: &Input) -> Result<Report, String> {
    let profile = Profile::named(&input.profile)
        .ok_or_else(|| format!("no profile `{}`: azure, aws or k3s", input.profile))?;
    let mut report = Report::default();
    let text = input.policies.as_deref();
    let text = text.unwrap_or_else(|| profile.policies().1);
    let (policies, problems) = Policy::read_all(Source::Policies.name(), text);
    let mut fatal = false;
    for problem in problems {
        fatal |= problem.severity == Severity::Error;
        report.problem(&problem);
    }
    if policies.is_empty() && !fatal {
        // Without a policy everything would be accepted.
        fatal = true;
        report.problem(&no_policy());
    }
    if fatal {
        return Ok(report);
    }
    match loaded(input, profile, policies, &mut report) {
        Ok(()) => {}
        Err(problem) => report.problem(&problem),
    }
    Ok(report)
}

/// Judges the manifests by policies that could be read.
fn loaded(
    input: &Input,
    profile: Profile,
    policies: Vec<Policy>,
    report: &mut Report,
) -> Result<(), Problem> {
    let routes = simulate::route_settings(&policies);
    let policies = Policies::load(policies, &mut Builtin)?;
    let routes = routes?;
    for problem in policies.warnings().iter().chain(policies.not_run()) {
        report.problem(problem);
    }
    let mut context = Context::of(&policies);
    let mut services = Services::default();
    let mut collect = |item: Result<Object, Problem>| {
        let object = item?;
        context.collect(&object);
        services.note(&object);
        Ok(())
    };
    each(Source::Manifests, &input.manifests, |item| {
        // What is wrong here is said when it is judged.
        let _: Result<(), Problem> = collect(item);
    });
    each(Source::Cluster, &input.cluster, |item| {
        if let Err(problem) = collect(item) {
            report.problem(&problem);
        }
    });
    for warning in context.warnings(&policies) {
        report.problem(&warning.with_help("paste the Namespaces into the Cluster tab"));
    }
    let simulator = Simulator::new(policies, context, profile.default_storage_class())?;
    judge(input, &simulator, &routes, &services, report);
    Ok(())
}

fn judge(
    input: &Input,
    simulator: &Simulator,
    settings: &RouteSettings,
    services: &Services,
    report: &mut Report,
) {
    let mut summary = Summary::default();
    let mut not_checked = BTreeSet::new();
    let mut names = RouteNames::default();
    each(Source::Manifests, &input.manifests, |item| match item {
        Err(problem) => {
            summary.errors += usize::from(problem.severity == Severity::Error);
            report.problem(&problem);
        }
        Ok(object) => {
            let rows = simulator.simulate(&object);
            summary.count(&rows);
            not_checked.extend(rows.iter().flat_map(|row| row.not_checked.iter().cloned()));
            let routes = is_ingress(&object)
                .then(|| Routes::of(&object, settings, services, &mut names))
                .flatten();
            report.objects.push(ObjectReport::of(&object, rows, routes));
        }
    });
    report.summary = summary;
    report.not_checked = not_checked;
}

/// As `agnostics check --policies` says it of files.
fn no_policy() -> Problem {
    Problem::error(&Source::Policies.name().into(), "no policy in here")
        .at_line(1)
        .with_help("a policy is a ClusterAdmissionPolicy of policies.kubewarden.io/v1")
}

/// Every object and problem of a text. One that is blank is not begun yet, which is no problem.
fn each(source: Source, text: &str, mut take: impl FnMut(Result<Object, Problem>)) {
    if text.trim().is_empty() {
        return;
    }
    let Ok(()) = simulate::read(source.name(), text.as_bytes(), true, &mut |item| {
        take(item);
        Ok::<(), Infallible>(())
    });
}

impl Report {
    fn problem(&mut self, problem: &Problem) {
        self.problems.push(ProblemReport::of(problem));
    }
}
