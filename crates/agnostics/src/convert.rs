//! `agnostics convert`.

mod services;
mod settings;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use admission::{Malformed, Node};
use manifest::{Object, Problem, Severity};
use translation::{Class, Finding, Kind, Options, Translation, translate};

use crate::arguments::Convert;
use crate::input::Input;
use crate::report::text;
use crate::{evaluate, kinds, paths, policies};

use services::Services;
use settings::Settings;

/// Runs the command to its exit code.
pub(crate) fn run(arguments: &Convert) -> ExitCode {
    let settings = policies::load(&arguments.policies, arguments.profile)
        .and_then(|policies| Settings::read(arguments, &policies).map_err(|problem| vec![problem]));
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

fn convert(arguments: &Convert, settings: &Settings) -> io::Result<Summary> {
    let input = Input::open(&arguments.paths);
    let services = Services::read(&input);
    let mut writer = Writer {
        out: Box::new(io::BufWriter::new(anstream::stdout())),
        as_comments: !arguments.partial,
        begun: false,
        names: BTreeMap::new(),
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
        Ok(object) if is_ingress(&object) => match translation(&object, settings, &services) {
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
        },
        Ok(_) => Ok(()),
    })?;
    writer.finish(arguments)
}

fn is_ingress(object: &Object) -> bool {
    let (group, _) = kinds::group_version(object.api_version());
    object.kind() == "Ingress" && matches!(group, "networking.k8s.io" | "extensions")
}

fn translation(
    object: &Object,
    settings: &Settings,
    services: &Services,
) -> Result<Translation, Malformed> {
    let text = object.value.to_string();
    let ingress = Node::parse(&text)?.object()?;
    let class = Class::read(&ingress)?;
    let options = Options {
        gateway: settings.gateway(),
        domain: settings.domain.as_deref(),
        nginx: class.names().all(|name| settings.is_nginx(name)),
    };
    let namespace = evaluate::namespace(&object.value).unwrap_or_default();
    translate(&ingress, &options, &|service, port| {
        services.port(&namespace, service, port)
    })
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
    /// Which Ingress a route is of, by namespace, kind and name.
    names: BTreeMap<(String, &'static str, String), String>,
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
        let of = |finding: &Finding| problem(object, &finding.path, &finding.message, ": ");
        for list in [
            &translation.untranslatable,
            &translation.unknown,
            &translation.foreign,
            &translation.obstacles,
        ] {
            list.iter().for_each(|finding| tell(&of(finding)));
        }
        for note in &translation.notes {
            let mut note = of(note);
            note.severity = Severity::Warning;
            tell(&note);
        }
        self.tell_apart(object, &mut translation);
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

    /// Two Ingresses can come to one name of a route: `a` with the host `b.c`, `a-b` with `c`.
    fn tell_apart(&mut self, object: &Object, translation: &mut Translation) {
        for route in &mut translation.routes {
            let namespace = route.namespace.clone().unwrap_or_default();
            let key = |kind: Kind, name: &str| (namespace.clone(), kind.name(), name.to_owned());
            let of_other = self
                .names
                .get(&key(route.kind, &route.name))
                .is_some_and(|ingress| ingress != object.name());
            if of_other {
                route.name = translation::distinct(&route.name, object.name());
            }
            let key = key(route.kind, &route.name);
            self.names.insert(key, object.name().to_owned());
        }
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
