//! `agnostics convert`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use ingress2route::{Diagnostic, Translation};
use manifest::{Object, Problem, Severity};
use simulate::{Policy, RouteNames, RouteSettings, Services, is_ingress, paths};

use crate::arguments::Convert;
use crate::input::Input;
use crate::policies;
use crate::report::text;

/// Runs the command to its exit code.
pub(crate) fn run(arguments: &Convert) -> ExitCode {
    let settings = policies::load(&arguments.policies, arguments.profile)
        .and_then(|policies| settings(arguments, &policies).map_err(|problem| vec![problem]));
    let settings = match settings {
        Ok(settings) => settings,
        Err(problems) => {
            problems.iter().for_each(tell);
            return ExitCode::from(2);
        }
    };
    match convert(arguments, &settings) {
        Ok(summary) if summary.errors > 0 || summary.ingresses == 0 => ExitCode::from(2),
        Ok(summary) if summary.partial > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        // The reader has what it wants: `agnostics convert … | head`.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(cause) => {
            let message = format!("cannot be written: {cause}");
            tell(&Problem::error(&Arc::from("routes"), message));
            ExitCode::from(2)
        }
    }
}

/// Where routes go: as the policy says, unless the command line says otherwise.
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
    if !arguments.nginx_class.is_empty() {
        settings.allowed_classes = arguments.nginx_class.clone();
    }
    Ok(settings)
}

/// Writes a problem to standard error. Nothing is left to be done where even this cannot be written.
fn tell(problem: &Problem) {
    let _ = text::problem(&mut anstream::stderr(), problem);
}

#[derive(Debug, Default)]
struct Summary {
    ingresses: usize,
    /// How many of them do not translate in full.
    partial: usize,
    /// What could not be read.
    errors: usize,
}

fn convert(arguments: &Convert, settings: &RouteSettings) -> io::Result<Summary> {
    let input = Input::open(&arguments.paths, false);
    let mut services = Services::default();
    let Ok(()) = input.read(|item| {
        // What cannot be read is told with the Ingresses.
        if let Ok(object) = item {
            services.note(&object);
        }
        Ok::<(), std::convert::Infallible>(())
    });
    let mut writer = Writer {
        out: Box::new(io::BufWriter::new(anstream::stdout())),
        as_comments: !arguments.partial,
        begun: false,
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
            match simulate::translation(&object, settings, &services) {
                Ok(translation) => writer.translation(&object, translation),
                Err(malformed) => {
                    writer.problem(&problem(
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

/// What is to be said of a place in the object, with the line that it stands on.
fn problem(object: &Object, path: &str, message: &str, between: &str) -> Problem {
    let pointer = match path {
        "" => String::new(),
        path => paths::leading_pointer(path),
    };
    let message = match path {
        "" => message.to_owned(),
        path => format!("{path}{between}{message}"),
    };
    Problem::error(&object.file, message).at_line(object.line_near(&pointer))
}

/// The routes and what is said of them, as they come.
struct Writer {
    out: Box<dyn Write>,
    /// Whether routes that lack something are comments.
    as_comments: bool,
    /// Whether there is a document already.
    begun: bool,
    names: RouteNames,
    summary: Summary,
}

impl Writer {
    fn problem(&mut self, problem: &Problem) {
        tell(problem);
        if problem.severity == Severity::Error {
            self.summary.errors += 1;
        }
    }

    fn translation(&mut self, object: &Object, mut translation: Translation) -> io::Result<()> {
        self.summary.ingresses += 1;
        let complete = translation.is_complete();
        // What came before is on the screen before what is said now.
        self.out.flush()?;
        let of =
            |diagnostic: &Diagnostic| problem(object, &diagnostic.path, &diagnostic.message, ": ");
        for list in [
            &translation.untranslatable,
            &translation.unknown,
            &translation.other_controllers,
            &translation.blockers,
        ] {
            list.iter().for_each(|finding| tell(&of(finding)));
        }
        for note in &translation.notes {
            let mut note = of(note);
            note.severity = Severity::Warning;
            tell(&note);
        }
        self.names.tell_apart(object, &mut translation);
        let yaml = translation.to_yaml();
        if complete {
            if std::mem::replace(&mut self.begun, true) {
                self.out.write_all(b"---\n")?;
            }
            return self.out.write_all(yaml.as_bytes());
        }
        self.summary.partial += 1;
        self.partial(object, &yaml)
    }

    fn partial(&mut self, object: &Object, yaml: &str) -> io::Result<()> {
        if yaml.is_empty() {
            return Ok(());
        }
        if !self.as_comments {
            if std::mem::replace(&mut self.begun, true) {
                self.out.write_all(b"---\n")?;
            }
            return self.out.write_all(yaml.as_bytes());
        }
        writeln!(
            self.out,
            "# {}:{} does not translate in full. As far as it does:",
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
            let problem = Problem::error(&Arc::from(names.join(", ")), "no Ingress in here");
            tell(&problem.with_help("name files or directories of rendered manifests"));
        }
        if partial > 0 {
            let _ = writeln!(
                anstream::stderr(),
                "{ingresses} {}, {partial} not translated in full",
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
