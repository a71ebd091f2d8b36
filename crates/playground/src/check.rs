//! Checks the manifests in the page, like `agnostics check`.

use std::collections::BTreeSet;
use std::convert::Infallible;

use manifest::{Object, Problem, Severity};
use serde::Deserialize;
use simulate::{
    Builtin, Context, Ingresses, Policies, Policy, Profile, RouteNames, RouteSettings, Services,
    Simulator, Summary, is_ingress,
};

use crate::report::{ObjectReport, ProblemReport, Report, Source};
use crate::routes::Routes;

/// The input of the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// The manifests to check: YAML documents or JSON.
    pub manifests: String,
    /// Other objects in the cluster, as YAML documents or JSON. Policies look them up; they are not checked.
    pub cluster: String,
    /// `azure`, `aws` or `k3s`.
    pub profile: String,
    /// Policies that replace those of the profile.
    pub policies: Option<String>,
}

/// Checks the manifests.
///
/// # Errors
/// Returns an error if the profile is unknown.
pub fn check(input: &Input) -> Result<Report, String> {
    let profile = Profile::from_name(&input.profile)
        .ok_or_else(|| format!("unknown profile `{}`; use azure, aws or k3s", input.profile))?;
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
        // Without policies every object would be accepted.
        fatal = true;
        report.problem(&no_policy());
    }
    if fatal {
        return Ok(report);
    }
    match check_with(input, profile, policies, &mut report) {
        Ok(()) => {}
        Err(problem) => report.problem(&problem),
    }
    Ok(report)
}

/// Checks the manifests with these policies.
fn check_with(
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
    let mut context = Context::new(&policies);
    let mut services = Services::default();
    let mut ingresses = Ingresses::default();
    let mut collect = |item: Result<Object, Problem>| {
        let object = item?;
        context.collect(&object);
        services.add(&object);
        ingresses.add(&object);
        Ok(())
    };
    for_each(Source::Manifests, &input.manifests, |item| {
        // The second pass reports problems.
        let _: Result<(), Problem> = collect(item);
    });
    for_each(Source::Cluster, &input.cluster, |item| {
        if let Err(problem) = collect(item) {
            report.problem(&problem);
        }
    });
    for warning in context.warnings(&policies) {
        report.problem(&warning.with_help("paste the Namespaces into the Cluster tab"));
    }
    let simulator = Simulator::new(policies, context, profile.default_storage_class())?;
    check_objects(input, &simulator, &routes, (&services, &ingresses), report);
    Ok(())
}

fn check_objects(
    input: &Input,
    simulator: &Simulator,
    settings: &RouteSettings,
    neighbours: (&Services, &Ingresses),
    report: &mut Report,
) {
    let mut summary = Summary::default();
    let mut not_checked = BTreeSet::new();
    let mut names = RouteNames::default();
    for_each(Source::Manifests, &input.manifests, |item| match item {
        Err(problem) => {
            summary.errors += usize::from(problem.severity == Severity::Error);
            report.problem(&problem);
        }
        Ok(object) => {
            let rows = simulator.simulate(&object);
            summary.count(&rows);
            not_checked.extend(rows.iter().flat_map(|row| row.not_checked.iter().cloned()));
            let routes = is_ingress(&object)
                .then(|| Routes::new(&object, settings, neighbours, &mut names))
                .flatten();
            report
                .objects
                .push(ObjectReport::new(&object, rows, routes));
        }
    });
    report.summary = summary;
    report.not_checked = not_checked;
}

/// Returns the problem that `agnostics check --policies` reports for files without policies.
fn no_policy() -> Problem {
    Problem::error(&Source::Policies.name().into(), "no policy found")
        .at_line(1)
        .with_help("a policy is a ClusterAdmissionPolicy of policies.kubewarden.io/v1")
}

/// Passes each object and each problem of a text to `visit`. A blank text is not a problem in the page.
fn for_each(source: Source, text: &str, mut visit: impl FnMut(Result<Object, Problem>)) {
    if text.trim().is_empty() {
        return;
    }
    let Ok(()) = simulate::read(source.name(), text.as_bytes(), true, &mut |item| {
        visit(item);
        Ok::<(), Infallible>(())
    });
}

impl Report {
    fn problem(&mut self, problem: &Problem) {
        self.problems.push(ProblemReport::new(problem));
    }
}
