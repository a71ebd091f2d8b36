//! The commands in the README files: what a reader types is run, what the README shows is compared.
//!
//! In a fenced block of the language `console`, a line after `$ ` is a command (continued after a
//! `\`), and what follows up to the next one is its output; a line `…` stands for any lines, and
//! where no output is shown none is compared. `$ echo $?` shows the status of the command before it.
//! Blocks of other languages are not run. Of this program's own commands it is only checked, in
//! every block, that they exist.

mod blocks;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::files;
use crate::progress::say;
use crate::test::tally::Tally;
use crate::workspace::Workspace;
use blocks::Example;

const SHOW_STATUS: &str = "echo $?";

/// Checks every README in the workspace and says which commands fail.
pub(crate) fn check(workspace: &Workspace) -> Result<Tally> {
    let mut tally = Tally::default();
    for path in readmes(&workspace.root)? {
        let text = files::read(&path)?;
        let name = workspace.display(&path);
        let mut report = |line: usize, command: &str, checked: Result<(), String>| {
            tally += Tally::one(checked.is_ok());
            match checked {
                Ok(()) => say(format_args!("{name}:{line}: `{command}` ok")),
                Err(problem) => say(format_args!("{name}:{line}: `{command}` {problem}")),
            }
        };
        for (line, command) in blocks::own_commands(&text) {
            report(line, &command, own_command_exists(&command));
        }
        for block in blocks::console(&text) {
            check_block(workspace, &block, &mut report)?;
        }
    }
    Ok(tally)
}

fn check_block(
    workspace: &Workspace,
    block: &[Example],
    report: &mut impl FnMut(usize, &str, Result<(), String>),
) -> Result<()> {
    let mut status = 0;
    for (index, example) in block.iter().enumerate() {
        if blocks::is_own(&example.command) {
            continue;
        }
        let ran = run(workspace, &example.command, status)?;
        status = ran.status;
        let status_is_shown = block
            .get(index + 1)
            .is_some_and(|next| next.command == SHOW_STATUS);
        // What `agnostics check` found is in its output; status 1 only says that it found something.
        let found = status == 1 && example.command.contains("agnostics check");
        let checked = if status != 0 && !status_is_shown && !found {
            Err(format!("ended with status {status}:\n{}", ran.output))
        } else {
            blocks::compare(&example.output, &ran.output)
        };
        report(example.line, &example.command, checked);
    }
    Ok(())
}

struct Ran {
    status: i32,
    output: String,
}

/// Runs a command in the root as a reader would, with the built command line on PATH.
fn run(workspace: &Workspace, command: &str, status_before: i32) -> Result<Ran> {
    let present = std::env::var_os("PATH").unwrap_or_default();
    let programs = [workspace.cargo_target.join("release")];
    let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&present)))?;
    // Both streams in one, in order, as a terminal shows them.
    let script = format!("exec 2>&1\n(exit {status_before})\n{command}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&workspace.root)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .context("cannot run `bash`")?;
    Ok(Ran {
        status: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

fn own_command_exists(command: &str) -> Result<(), String> {
    let arguments = blocks::own_arguments(command);
    crate::cli_accepts(&arguments)
}

/// Directories without READMEs of this repository as it is: what is built or installed, and copies kept as
/// they were released.
const PASSED_OVER: [&str; 3] = ["target", "artifacthub", "node_modules"];

/// Every README.md, in order; hidden directories are passed over too.
fn readmes(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read `{}`", directory.display()))?;
    let mut entries: Vec<_> = entries.collect::<std::io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !PASSED_OVER.contains(&&*name) && !name.starts_with('.') {
                found.extend(readmes(&entry.path())?);
            }
        } else if name == "README.md" {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(root: &Path) -> Workspace {
        Workspace {
            root: root.into(),
            cargo_target: root.join("target"),
            packages: Vec::new(),
        }
    }

    fn tally_of(readme: &str) -> Tally {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("README.md"), readme).unwrap();
        check(&workspace(directory.path())).unwrap()
    }

    fn tally(passed: usize, failed: usize) -> Tally {
        Tally {
            passed,
            failed,
            skipped: 0,
        }
    }

    #[test]
    fn commands_are_run_and_their_output_compared() {
        assert_eq!(
            tally_of("```console\n$ echo one; echo two >&2\none\ntwo\n```\n"),
            tally(1, 0)
        );
        assert_eq!(tally_of("```console\n$ echo one\ntwo\n```\n"), tally(0, 1));
        assert_eq!(tally_of("```console\n$ false\n$ true\n```\n"), tally(1, 1));
    }

    #[test]
    fn a_status_that_is_shown_is_expected() {
        assert_eq!(
            tally_of("```console\n$ (exit 3)\n$ echo $?\n3\n```\n"),
            tally(2, 0)
        );
        assert_eq!(
            tally_of("```console\n$ (exit 3)\n$ echo $?\n1\n```\n"),
            tally(1, 1)
        );
    }

    #[test]
    fn own_commands_are_looked_up_in_every_block_and_not_run() {
        assert_eq!(tally_of("```sh\ncargo xtask test\n```\n"), tally(1, 0));
        assert_eq!(
            tally_of("```console\n$ cargo xtask demo\nshown\n```\n"),
            tally(1, 0)
        );
        assert_eq!(
            tally_of("```sh\ncargo xtask no-such-command\n```\n"),
            tally(0, 1)
        );
        assert_eq!(
            tally_of("```sh\ncargo xtask build --no-such-flag\n```\n"),
            tally(0, 1)
        );
    }

    #[test]
    fn other_blocks_are_not_run() {
        assert_eq!(tally_of("```sh\nfalse\n```\n\n    $ false\n"), tally(0, 0));
    }

    #[test]
    fn readmes_are_found_where_people_put_them() {
        let directory = tempfile::tempdir().unwrap();
        for folder in ["b", "a", "target", "artifacthub", "node_modules", ".hidden"] {
            let folder = directory.path().join(folder);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("README.md"), "").unwrap();
        }
        let found = readmes(directory.path()).unwrap();
        let expected = ["a/README.md", "b/README.md"].map(|path| directory.path().join(path));
        assert_eq!(found, expected);
    }
}
