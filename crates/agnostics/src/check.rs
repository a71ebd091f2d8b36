//! The command `agnostics check`.
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use manifest::{Object, Problem, Severity};
use simulate::{Context, Policies, Policy, Profile, Row, Simulator, Summary};

use crate::arguments::{Check, Output};
use crate::input::Input;
use crate::report::{github, json, junit, sarif, text};
use crate::{modules, policies};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &Check) -> ExitCode {
    match check(arguments) {
        Ok(summary) if summary.errors > 0 => ExitCode::from(2),
        Ok(summary) if summary.rejected > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        // The reader may close the pipe early: `agnostics check … | head`.
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            for problem in failure.problems() {
                // A failure to write to standard error cannot be reported.
                let _ = text::problem(&mut anstream::stderr(), &problem);
            }
            ExitCode::from(2)
        }
    }
}

/// An error that ends the command.
enum Failure {
    /// Policies cannot be read or run.
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
    let policies = load(arguments, policies)?;
    let input = Input::open(&arguments.paths, arguments.only_manifests);
    let context = collect(&input, &policies)?;
    let mut report = Report::new(arguments.output, &policies);
    let simulator = Simulator::new(policies, context, default_storage_class(arguments));
    let simulator = simulator.map_err(|problem| Failure::Policies(vec![problem]))?;
    for problem in &input.problems {
        report.problem(problem)?;
    }
    input.read(|item| match item {
        Ok(object) => report.object(&object, simulator.simulate(&object)),
        Err(problem) => report.problem(&problem),
    })?;
    report.finish(arguments, input.skipped)
}

/// Loads the code of the policies. Prints warnings about them to standard error.
fn load(arguments: &Check, policies: Vec<Policy>) -> Result<Policies, Failure> {
    let mut runtime = modules::runtime(arguments.modules.as_deref()).map_err(|message| {
        Failure::Policies(vec![Problem::error(&Arc::from("--modules"), message)])
    })?;
    let policies = Policies::load(policies, &mut *runtime)
        .map_err(|problem| Failure::Policies(vec![problem]))?;
    for warning in policies.not_run().iter().chain(policies.warnings()) {
        text::problem(&mut anstream::stderr(), warning)?;
    }
    Ok(policies)
}

/// Returns the default storage class: that of the command line, else that of the profile.
fn default_storage_class(arguments: &Check) -> Option<&str> {
    let profile = match arguments.policies.is_empty() {
        true => Some(arguments.profile.unwrap_or(Profile::DEFAULT)),
        false => arguments.profile,
    };
    let of_profile = profile.and_then(Profile::default_storage_class);
    arguments.default_storage_class.as_deref().or(of_profile)
}

/// Collects cluster data from the manifests.
fn collect(input: &Input, policies: &Policies) -> Result<Context, Failure> {
    let mut context = Context::new(policies);
    if !context.is_needed() {
        return Ok(context);
    }
    input.read(|item| {
        if let Ok(object) = item {
            context.collect(&object);
        }
        Ok::<(), Failure>(())
    })?;
    for warning in context.warnings(policies) {
        let warning = warning.with_help("also check the Namespace manifests");
        text::problem(&mut anstream::stderr(), &warning)?;
    }
    Ok(context)
}

/// Writes the report while objects are checked.
struct Report {
    out: Box<dyn Write>,
    output: Output,
    summary: Summary,
    /// The rows of formats that are written at the end.
    rows: Vec<Row>,
    /// Checks that were skipped for lack of cluster data.
    not_checked: BTreeSet<String>,
    /// Policies that did not run because their code is missing.
    not_run: Vec<String>,
    progress: Progress,
}

impl Report {
    fn new(output: Output, policies: &Policies) -> Self {
        let not_run = policies.not_run().iter();
        Self {
            not_run: not_run.map(|it| it.message.clone()).collect(),
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

    /// Prints a problem to standard error. Errors are also part of the report.
    fn problem(&mut self, problem: &Problem) -> Result<(), Failure> {
        self.out.flush()?;
        self.progress
            .suspend(|| text::problem(&mut anstream::stderr(), problem))?;
        if problem.severity == Severity::Error {
            self.summary.errors += 1;
            self.rows.push(Row::from_problem(problem));
        }
        Ok(())
    }

    fn finish(mut self, arguments: &Check, skipped: usize) -> Result<Summary, Failure> {
        self.progress.end();
        if self.summary.objects == 0 && self.summary.errors == 0 && !arguments.only_manifests {
            let paths: Vec<String> = arguments
                .paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let problem =
                Problem::error(&Arc::from(paths.join(", ")), "no Kubernetes objects found");
            self.problem(&problem.with_help("pass files or directories with rendered manifests"))?;
        }
        match self.output {
            Output::Json => {
                json::write(
                    &mut self.out,
                    &self.summary,
                    &self.rows,
                    &self.not_checked,
                    &self.not_run,
                )?;
            }
            Output::Sarif => sarif::write(&mut self.out, &self.rows)?,
            Output::Junit => junit::write(&mut self.out, &self.rows)?,
            Output::Github => github::write(&mut self.out, &self.summary, &self.rows)?,
            Output::Text => {
                text::summary(&mut self.out, &self.summary)?;
                for policy in &self.not_run {
                    writeln!(self.out, "{policy}")?;
                }
                for check in &self.not_checked {
                    writeln!(self.out, "not checked: {check}")?;
                }
                if skipped > 0 {
                    let s = text::plural(skipped);
                    writeln!(
                        self.out,
                        "skipped {skipped} file{s} read by other programs: kustomizations, patches, Helm values"
                    )?;
                }
                if arguments.profile.is_none() && arguments.policies.is_empty() {
                    let name = Profile::DEFAULT.name();
                    writeln!(
                        self.out,
                        "profile: {name} (the default); choose another with --profile azure|aws|k3s"
                    )?;
                }
            }
        }
        self.out.flush()?;
        Ok(self.summary)
    }
}

/// A counter on the terminal for runs that take longer than a second.
struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// Whether the report is written to the terminal, where it shows the progress itself.
    report_on_terminal: bool,
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
            report_on_terminal: output == Output::Text && io::stdout().is_terminal(),
        }
    }

    fn set(&self, objects: usize) {
        if self.bar.is_hidden()
            && !self.report_on_terminal
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
