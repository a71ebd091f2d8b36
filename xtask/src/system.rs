//! The machine, as far as provisioning needs it: programs to run and files to find. A trait, so that
//! tests can play every machine.

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::progress::seconds;

/// A program to run with a time limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Name on PATH, or a path.
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) limit: Duration,
}

impl Call {
    pub(crate) fn new(program: &str, args: &[&str], limit: Duration) -> Self {
        Self {
            program: program.into(),
            args: args.iter().map(|&arg| arg.into()).collect(),
            limit,
        }
    }
}

/// How a [`Call`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Exit status 0, with everything it printed.
    Done(String),
    /// Any other status, with everything it printed.
    Failed(String),
    /// There is no such program.
    Missing,
    /// It was stopped at its limit.
    TimedOut,
}

pub(crate) trait System {
    /// Runs a program to its end, without input, and collects what it prints.
    fn run(&self, call: &Call) -> Answer;
    /// The names in a directory; none if it cannot be read.
    fn names_in(&self, directory: &Path) -> Vec<OsString>;
    /// Whether a file or directory is there.
    fn exists(&self, path: &Path) -> bool;
}

/// The machine this runs on.
pub(crate) struct Machine;

impl System for Machine {
    fn run(&self, call: &Call) -> Answer {
        match run(call) {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => Answer::Missing,
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    fn names_in(&self, directory: &Path) -> Vec<OsString> {
        let entries = std::fs::read_dir(directory).into_iter().flatten();
        entries.flatten().map(|entry| entry.file_name()).collect()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

/// Output goes to a file rather than a pipe: a grandchild that outlives a stopped child (apt-get's
/// methods) would hold a pipe open and keep its reader waiting.
fn run(call: &Call) -> std::io::Result<Answer> {
    let mut output = tempfile::tempfile()?;
    let mut child = Command::new(&call.program)
        .args(&call.args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?)
        .spawn()?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > call.limit {
            child.kill()?;
            child.wait()?;
            return Ok(Answer::TimedOut);
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut bytes = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(if status.success() {
        Answer::Done(text)
    } else {
        Answer::Failed(text)
    })
}

/// A program on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|place| place.join(program));
    places.find(|place| place.is_file())
}

/// For questions that are answered from the disk.
const MOMENT: Duration = Duration::from_secs(20);

/// The last line a program prints, without its surroundings, or in one line why it did not.
pub(crate) fn ask(system: &dyn System, program: &str, args: &[&str]) -> Result<String, String> {
    let call = Call::new(program, args, MOMENT);
    let output = said(&call, system.run(&call))?;
    Ok(output.lines().last().unwrap_or_default().trim().to_owned())
}

/// What a program printed, or in one line why it did not do its work.
pub(crate) fn said(call: &Call, answer: Answer) -> Result<String, String> {
    let line = format!("`{} {}`", call.program, call.args.join(" "));
    match answer {
        Answer::Done(output) => Ok(output),
        Answer::Missing => Err(format!("no `{}` on PATH", call.program)),
        Answer::TimedOut => Err(format!(
            "{line} had not ended after {}; if the network is slow, run it by hand",
            seconds(call.limit)
        )),
        Answer::Failed(output) => Err(format!("{line} failed: {}", complaint(&output))),
    }
}

/// The line of a failed program's output that says why: its first error, else its last line.
fn complaint(output: &str) -> &str {
    let lines = || {
        output
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let is_error = |line: &&str| line.starts_with("error") || line.starts_with("E:");
    lines()
        .find(is_error)
        .or_else(|| lines().next_back())
        .unwrap_or("it printed nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(program: &str, args: &[&str], limit: Duration) -> Answer {
        Machine.run(&Call::new(program, args, limit))
    }

    #[test]
    fn tells_the_four_ends_apart() {
        let limit = Duration::from_secs(60);
        let both = "echo out; echo err >&2";
        assert_eq!(
            call("sh", &["-c", both], limit),
            Answer::Done("out\nerr\n".into())
        );
        assert_eq!(
            call("sh", &["-c", "echo no; exit 3"], limit),
            Answer::Failed("no\n".into())
        );
        assert_eq!(call("no-such-program-here", &[], limit), Answer::Missing);
        assert_eq!(
            call("sleep", &["60"], Duration::from_millis(10)),
            Answer::TimedOut
        );
    }

    #[test]
    fn a_grandchild_does_not_hold_up_the_end() {
        let answer = call(
            "sh",
            &["-c", "sleep 60 & sleep 60"],
            Duration::from_millis(10),
        );
        assert_eq!(answer, Answer::TimedOut);
    }
}
