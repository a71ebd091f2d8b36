//! The command `agnostics convert`.
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use ingress2route::{Diagnostic, Translation};
use manifest::{Object, Problem, Severity};
use simulate::{Ingresses, Policy, RouteNames, RouteSettings, Services, is_ingress, paths};

use crate::arguments::Convert;
use crate::input::Input;
use crate::policies;
use crate::report::text;

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &Convert) -> ExitCode {
    let settings = policies::load(&arguments.policies, arguments.profile)
        .and_then(|policies| settings(arguments, &policies).map_err(|problem| vec![problem]));
    let settings = match settings {
        Ok(settings) => settings,
        Err(problems) => {
            problems.iter().for_each(report);
            return ExitCode::from(2);
        }
    };
    match convert(arguments, &settings) {
        Ok(summary) if summary.errors > 0 || summary.ingresses == 0 => ExitCode::from(2),
        Ok(summary) if summary.partial > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        // The reader may close the pipe early: `agnostics convert … | head`.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(cause) => {
            let message = format!("cannot be written: {cause}");
            report(&Problem::error(&Arc::from("routes"), message));
            ExitCode::from(2)
        }
    }
}

/// Returns the settings of the policy, overridden by the command line.
fn settings(arguments: &Convert, policies: &[Policy]) -> Result<RouteSettings, Problem> {
    let mut settings = simulate::route_settings(policies)?;
    if let Some((namespace, name)) = arguments.gateway.clone() {
        settings.gateway.namespace = namespace;
        settings.gateway.name = name;
        settings.gateway.section_name = None;
    }
    if arguments.section_name.is_some() {
        settings.gateway.section_name = arguments.section_name.clone();
    }
    if arguments.domain.is_some() {
        settings.domain = arguments.domain.clone();
    }
    if let Some(version) = arguments.gateway_version {
        settings.gateway_version = version;
    }
    if let Some(implementation) = arguments.implementation {
        settings.implementation = implementation;
    }
    if !arguments.nginx_class.is_empty() {
        settings.allowed_classes = arguments.nginx_class.clone();
    }
    Ok(settings)
}

/// Writes a problem to standard error, and ignores write errors.
fn report(problem: &Problem) {
    let _ = text::problem(&mut anstream::stderr(), problem);
}

#[derive(Debug, Default)]
struct Summary {
    ingresses: usize,
    /// The number of Ingresses that cannot be converted in full.
    partial: usize,
    /// The number of documents that could not be read.
    errors: usize,
}

fn convert(arguments: &Convert, settings: &RouteSettings) -> io::Result<Summary> {
    let input = Input::open(&arguments.paths, false);
    let mut services = Services::default();
    let mut ingresses = Ingresses::default();
    let Ok(()) = input.read(|item| {
        // The second pass reports documents that cannot be read.
        if let Ok(object) = item {
            services.add(&object);
            ingresses.add(&object);
        }
        Ok::<(), std::convert::Infallible>(())
    });
    let mut writer = Writer {
        out: Box::new(io::BufWriter::new(anstream::stdout())),
        as_comments: !arguments.partial,
        has_document: false,
        names: RouteNames::default(),
        summary: Summary::default(),
    };
    input
        .problems
        .iter()
        .for_each(|problem| writer.problem(problem));
    input.read(|item| match item {
        Err(problem) => {
            writer.problem(&problem);
            Ok(())
        }
        Ok(object) if is_ingress(&object) => {
            match simulate::translate_ingress(&object, settings, &services, &ingresses) {
                Ok(translation) => writer.translation(&object, translation),
                Err(malformed) => {
                    writer.problem(&problem_at(
                        &object,
                        &malformed.path,
                        malformed.problem.as_str(),
                        " ",
                    ));
                    Ok(())
                }
            }
        }
        Ok(_) => Ok(()),
    })?;
    writer.finish(arguments)
}

/// Returns a problem with the field at `path`, at the line of that field.
fn problem_at(object: &Object, path: &str, message: &str, separator: &str) -> Problem {
    let pointer = match path {
        "" => String::new(),
        path => paths::leading_pointer(path),
    };
    let message = match path {
        "" => message.to_owned(),
        path => format!("{path}{separator}{message}"),
    };
    Problem::error(&object.file, message).at_line(object.line_near(&pointer))
}

/// Writes routes and problems in the order of the input.
struct Writer {
    out: Box<dyn Write>,
    /// Whether incomplete routes are written as comments.
    as_comments: bool,
    /// Whether a document has been written.
    has_document: bool,
    names: RouteNames,
    summary: Summary,
}

impl Writer {
    fn problem(&mut self, problem: &Problem) {
        report(problem);
        if problem.severity == Severity::Error {
            self.summary.errors += 1;
        }
    }

    fn translation(&mut self, object: &Object, mut translation: Translation) -> io::Result<()> {
        self.summary.ingresses += 1;
        let complete = translation.is_complete();
        // Keeps standard output and standard error in order.
        self.out.flush()?;
        let to_problem = |diagnostic: &Diagnostic| {
            problem_at(object, &diagnostic.path, &diagnostic.message, ": ")
        };
        for list in [
            &translation.untranslatable,
            &translation.unknown,
            &translation.other_controllers,
            &translation.blockers,
        ] {
            list.iter().for_each(|finding| report(&to_problem(finding)));
        }
        for note in &translation.notes {
            let mut note = to_problem(note);
            note.severity = Severity::Warning;
            report(&note);
        }
        self.names.deduplicate(object, &mut translation);
        let yaml = translation.to_yaml();
        if complete {
            return self.document(&yaml);
        }
        self.summary.partial += 1;
        self.partial(object, &yaml)
    }

    fn document(&mut self, yaml: &str) -> io::Result<()> {
        // The route of another Ingress may include a canary.
        if yaml.is_empty() {
            return Ok(());
        }
        if std::mem::replace(&mut self.has_document, true) {
            self.out.write_all(b"---\n")?;
        }
        self.out.write_all(yaml.as_bytes())
    }

    fn partial(&mut self, object: &Object, yaml: &str) -> io::Result<()> {
        if yaml.is_empty() {
            return Ok(());
        }
        if !self.as_comments {
            return self.document(yaml);
        }
        writeln!(
            self.out,
            "# {}:{} cannot be converted in full. Incomplete routes:",
            object.file.escape_debug(),
            object.line
        )?;
        yaml.lines()
            .try_for_each(|line| writeln!(self.out, "# {line}"))
    }

    fn finish(mut self, arguments: &Convert) -> io::Result<Summary> {
        self.out.flush()?;
        let Summary {
            ingresses,
            partial,
            errors,
        } = self.summary;
        if ingresses == 0 && errors == 0 {
            let names: Vec<_> = arguments
                .paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let problem = Problem::error(&Arc::from(names.join(", ")), "no Ingress found");
            report(&problem.with_help("pass files or directories with rendered manifests"));
        }
        if ingresses > 0 {
            let _ = writeln!(
                anstream::stderr(),
                "not checked: Ingress objects outside the manifests"
            );
        }
        if partial > 0 {
            let _ = writeln!(
                anstream::stderr(),
                "{ingresses} {}, {partial} not converted in full",
                if ingresses == 1 {
                    "Ingress"
                } else {
                    "Ingresses"
                },
            );
        }
        Ok(self.summary)
    }
}
