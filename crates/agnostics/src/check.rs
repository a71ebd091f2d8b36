//! `agnostics check`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::Snapshot;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use manifest::{Object, Problem, Severity};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use crate::arguments::{Check, Output};
use crate::claims::Deriver;
use crate::evaluate::{self, Judge, Plane};
use crate::input::Input;
use crate::kinds;
use crate::modules::Modules;
use crate::policies;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::report::{Row, Summary, github, json, junit, sarif, text};
use crate::selector::NAMESPACE_NAME_LABEL;

/// Runs the command to its exit code.
pub(crate) fn run(arguments: &Check) -> ExitCode {
    match check(arguments) {
        Ok(summary) if summary.errors > 0 || summary.objects == 0 => ExitCode::from(2),
        Ok(summary) if summary.rejected > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        // The reader has what it wants: `agnostics check … | head`.
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            for problem in failure.problems() {
                // Nothing is left to be done where even this cannot be written.
                let _ = text::problem(&mut anstream::stderr(), &problem);
            }
            ExitCode::from(2)
        }
    }
}

/// Why the work could not be done.
enum Failure {
    /// Policies that cannot be read or carried out.
    Policies(Vec<Problem>),
    /// The report could not be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

impl Failure {
    fn problems(self) -> Vec<Problem> {
        match self {
            Self::Policies(problems) => problems,
            Self::Output(cause) => {
                vec![Problem::error(
                    &Arc::from("report"),
                    format!("cannot be written: {cause}"),
                )]
            }
        }
    }
}

fn check(arguments: &Check) -> Result<Summary, Failure> {
    let policies =
        policies::load(&arguments.policies, arguments.profile).map_err(Failure::Policies)?;
    let mut plane = plane(arguments, policies)?;
    let input = Input::open(&arguments.paths);
    learn_namespaces(&input, &mut plane)?;
    learn_cluster(&input, &mut plane)?;
    let mut report = Report::new(arguments.output);
    for problem in &input.problems {
        report.problem(problem)?;
    }
    input.read(|item| match item {
        Ok(object) => report.object(&object, plane.judge(&object)),
        Err(problem) => report.problem(&problem),
    })?;
    report.finish(arguments, input.skipped)
}

/// Loads what the policies need, and has their settings checked by the modules.
fn plane(arguments: &Check, mut policies: Vec<Policy>) -> Result<Plane, Failure> {
    let failure = |file: &str, message: String| {
        Failure::Policies(vec![Problem::error(&Arc::from(file), message)])
    };
    let mut modules = Modules::new(arguments.modules.as_deref())
        .map_err(|message| failure("modules", message))?;
    policies.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut judges = Vec::new();
    for policy in policies {
        let about = |message: String| Failure::Policies(vec![policy.error(&message)]);
        if !policy.spec.match_conditions.is_empty() {
            let warning = policy.warning(
                "matchConditions are not evaluated offline; it is taken to see every object that its \
                 rules and selectors match",
            );
            text::problem(&mut anstream::stderr(), &warning)?;
        }
        let module = modules.load(policy.module_name()).map_err(about)?;
        let module =
            module.with_context_aware_resources(policy.spec.context_aware_resources.clone());
        let settings = if policy.spec.settings.is_null() {
            json!({})
        } else {
            policy.spec.settings.clone()
        };
        let settings = to_raw_value(&settings).map_err(|error| about(error.to_string()))?;
        let verdict = module
            .validate_settings(&settings)
            .map_err(|error| about(error.to_string()))?;
        if !verdict.valid {
            return Err(about(verdict.message.unwrap_or_default()));
        }
        judges.push(Judge {
            policy,
            module,
            settings,
        });
    }
    let of_profile = match arguments.policies.is_empty() {
        true => arguments
            .profile
            .unwrap_or(Profile::DEFAULT)
            .default_storage_class(),
        false => arguments.profile.and_then(Profile::default_storage_class),
    };
    let default = arguments.default_storage_class.as_deref().or(of_profile);
    Ok(Plane {
        judges,
        deriver: Deriver::new().map_err(|message| failure("claims", message))?,
        default_storage_class: default.filter(|class| !class.is_empty()).map(str::to_owned),
        namespaces: BTreeMap::new(),
        cluster: Snapshot::new(),
    })
}

/// Namespace selectors go by labels, which the namespaces among the manifests tell. Where they do not,
/// whether a policy applies is a guess, and that is said.
fn learn_namespaces(input: &Input, plane: &mut Plane) -> Result<(), Failure> {
    let by_labels = |policy: &&Policy| policy.spec.namespace_selector.needs_more_than_the_name();
    let policies = || {
        plane
            .judges
            .iter()
            .map(|judge| &judge.policy)
            .filter(by_labels)
    };
    if policies().next().is_none() {
        return Ok(());
    }
    let mut known = BTreeMap::new();
    let mut used = BTreeSet::new();
    input.read(|item| {
        if let Ok(object) = item {
            if object.kind() == "Namespace" {
                let labels = crate::policy::labels(&object.value);
                known.insert(object.name().to_owned(), labels);
            } else {
                used.extend(evaluate::namespace(&object.value));
            }
        }
        Ok::<(), Failure>(())
    })?;
    let unknown: Vec<String> = used
        .iter()
        .filter(|name| !known.contains_key(*name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !unknown.is_empty() {
        for policy in policies() {
            let warning = policy.warning(&format!(
                "its namespaceSelector goes by labels, and no manifest here tells those of {}; taken to \
                 have none",
                unknown.join(", ")
            ));
            let help = "name the manifests of the namespaces too";
            text::problem(&mut anstream::stderr(), &warning.with_help(help))?;
        }
    }
    plane.namespaces = known;
    Ok(())
}

/// Context-aware modules find the objects among the manifests of the kinds that their policies name. Of
/// others nothing is known: they may well be in the cluster.
fn learn_cluster(input: &Input, plane: &mut Plane) -> Result<(), Failure> {
    let kinds: BTreeSet<_> = plane
        .judges
        .iter()
        .flat_map(|judge| judge.policy.spec.context_aware_resources.iter().cloned())
        .collect();
    if kinds.is_empty() {
        return Ok(());
    }
    let cluster = &mut plane.cluster;
    input.read(|item| {
        let Ok(object) = item else {
            return Ok(());
        };
        let (group, _) = kinds::group_version(object.api_version());
        // The API server gives an object in every version of its kind; modules ask for one.
        let kind = kinds.iter().find(|kind| {
            kind.kind == object.kind() && kinds::group_version(&kind.api_version).0 == group
        });
        let Some(kind) = kind else {
            return Ok(());
        };
        let mut value = object.value.clone();
        let namespace = match kinds::is_cluster_scoped(group, &kind.kind) {
            true => None,
            false => evaluate::namespace(&value),
        };
        if let Some(fields) = value.as_object_mut() {
            fields.insert("apiVersion".to_owned(), kind.api_version.clone().into());
            let metadata = fields.get_mut("metadata").and_then(|it| it.as_object_mut());
            if let (Some(metadata), Some(namespace)) = (metadata, namespace) {
                metadata.insert("namespace".to_owned(), namespace.into());
            }
            if group.is_empty() && kind.kind == "Namespace" {
                label_with_name(fields);
            }
        }
        // One without a name is no object that could be looked up; its own row says what is wrong.
        let _ = cluster.insert(value);
        Ok::<(), Failure>(())
    })
}

/// Gives a Namespace the label with its name, as the API server does; selectors go by it.
fn label_with_name(namespace: &mut Map<String, Value>) {
    let metadata = namespace.get_mut("metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else {
        return;
    };
    let Some(name) = metadata.get("name").cloned() else {
        return;
    };
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if labels.is_null() {
        *labels = json!({});
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name);
    }
}

/// The report as it grows.
struct Report {
    out: Box<dyn Write>,
    output: Output,
    summary: Summary,
    /// Rows kept for a form that comes at the end.
    rows: Vec<Row>,
    /// What modules could not tell without a cluster.
    not_checked: BTreeSet<String>,
    progress: Progress,
}

impl Report {
    fn new(output: Output) -> Self {
        Self {
            out: Box::new(io::BufWriter::new(anstream::stdout())),
            output,
            summary: Summary::default(),
            rows: Vec::new(),
            not_checked: BTreeSet::new(),
            progress: Progress::new(output),
        }
    }

    fn object(&mut self, object: &Object, rows: Vec<Row>) -> Result<(), Failure> {
        self.summary.count(&rows);
        self.not_checked
            .extend(rows.iter().flat_map(|row| row.not_checked.iter().cloned()));
        self.progress.set(self.summary.objects);
        match self.output {
            Output::Text => text::object(&mut self.out, object, &rows)?,
            _ => self.rows.extend(rows),
        }
        Ok(())
    }

    /// Problems are for the person at the terminal, whatever becomes of the report; errors are in it
    /// too.
    fn problem(&mut self, problem: &Problem) -> Result<(), Failure> {
        self.out.flush()?;
        self.progress
            .suspend(|| text::problem(&mut anstream::stderr(), problem))?;
        if problem.severity == Severity::Error {
            self.summary.errors += 1;
            self.rows.push(Row::of_problem(problem));
        }
        Ok(())
    }

    fn finish(mut self, arguments: &Check, skipped: usize) -> Result<Summary, Failure> {
        self.progress.end();
        if self.summary.objects == 0 && self.summary.errors == 0 {
            let paths: Vec<String> = arguments
                .paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let problem = Problem::error(
                &Arc::from(paths.join(", ")),
                "no Kubernetes objects in here",
            );
            self.problem(&problem.with_help("name files or directories of rendered manifests"))?;
        }
        match self.output {
            Output::Json => {
                json::write(&mut self.out, &self.summary, &self.rows, &self.not_checked)?;
            }
            Output::Sarif => sarif::write(&mut self.out, &self.rows)?,
            Output::Junit => junit::write(&mut self.out, &self.rows)?,
            Output::Github => github::write(&mut self.out, &self.summary, &self.rows)?,
            Output::Text => {
                text::summary(&mut self.out, &self.summary)?;
                for what in &self.not_checked {
                    writeln!(self.out, "not checked: {what}")?;
                }
                if skipped > 0 {
                    writeln!(
                        self.out,
                        "left out {skipped} files that are no manifests: kustomizations, their patches, Helm values"
                    )?;
                }
                if arguments.profile.is_none() && arguments.policies.is_empty() {
                    let name = Profile::DEFAULT.name();
                    writeln!(
                        self.out,
                        "profile {name}: none was given, and {name} is what K8TRE runs on a developer's machine; \
                         choose with --profile azure|aws|k3s"
                    )?;
                }
            }
        }
        self.out.flush()?;
        Ok(self.summary)
    }
}

/// A count on the terminal, for work that takes long enough to wonder about.
struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// A report on the terminal tells how far the work is by itself.
    report_is_there: bool,
}

impl Progress {
    fn new(output: Output) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} objects checked") {
            bar.set_style(style);
        }
        Self {
            bar,
            started: Instant::now(),
            report_is_there: output == Output::Text && io::stdout().is_terminal(),
        }
    }

    fn set(&self, objects: usize) {
        if self.bar.is_hidden()
            && !self.report_is_there
            && self.started.elapsed() > Duration::from_secs(1)
        {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(objects as u64);
    }

    fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bar.suspend(work)
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
