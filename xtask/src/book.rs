//! `cargo xtask book`: builds the documentation site to `target/book/` and checks its links.

mod links;
mod source;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::progress::Step;
use crate::workspace::{Workspace, run};

const MDBOOK: &str = "0.5.4";
const HYPERLINK: &str = "0.3.2";

/// The directory of the assembled source, which mdBook reads.
const SOURCE: &str = "target/book-source";
/// The directory of the site; `docs/book.toml` names it too.
const SITE: &str = "target/book";

/// Builds the site and checks its links.
///
/// # Errors
/// Returns an error if a tool cannot be installed, or if a link leads nowhere: within the site, to an anchor
/// of a page, or to a file of the repository.
pub(crate) fn book(workspace: &Workspace) -> Result<()> {
    let mdbook = install(
        workspace,
        "mdbook",
        MDBOOK,
        &["--no-default-features", "--features", "search"],
    )?;
    let hyperlink = install(workspace, "hyperlink", HYPERLINK, &[])?;
    let step = Step::start("compiling agnostics");
    build::compile_programs(workspace, &["agnostics"])?;
    step.end("done");
    let directory = workspace.path(SOURCE);
    source::assemble(workspace, &command_line(workspace)?, &directory)?;
    run(Command::new(mdbook).arg("build").arg(&directory))?;
    // hyperlink also exits with an error if only anchors are broken.
    run(Command::new(hyperlink)
        .args([SITE, "--check-anchors", "--sources"])
        .arg(directory.join("src"))
        .current_dir(&workspace.root))?;
    println!("{SITE}/index.html is the first page");
    Ok(())
}

/// Installs a program from crates.io to target/tools/ unless this version is already there. Returns its path.
fn install(workspace: &Workspace, name: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    let root = workspace.path(&format!("target/tools/{name}-{version}"));
    let program = root.join("bin").join(name);
    if !program.is_file() {
        let step = Step::start(format!("installing {name} {version}"));
        run(workspace
            .cargo()
            .args(["install", "--quiet", "--locked", name, "--version", version])
            .args(options)
            .arg("--root")
            .arg(root))?;
        step.end("done");
    }
    Ok(program)
}

/// Returns the reference of the command line in Markdown: the help text of `agnostics` and of each command.
fn command_line(workspace: &Workspace) -> Result<String> {
    let overview = help(workspace, &[])?;
    let mut reference = section("agnostics", &overview);
    for command in commands(&overview) {
        let text = help(workspace, &[command])?;
        reference += &section(&format!("agnostics {command}"), &text);
    }
    Ok(reference)
}

/// Returns the names of the commands in the help text of a program.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let list = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    // Descriptions that continue on a second line are indented further.
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    names
        .map(|(name, _)| name)
        .filter(|name| !matches!(*name, "" | "help"))
}

fn section(title: &str, help: &str) -> String {
    format!("\n## {title}\n\n```text\n{help}```\n")
}

/// Returns what `agnostics … --help` prints.
fn help(workspace: &Workspace, command: &[&str]) -> Result<String> {
    let mut agnostics = build::compiled_program(workspace, "agnostics");
    // clap takes the width from a terminal if there is one, and shows the values of the environment variables.
    let output = agnostics
        .args(command)
        .arg("--help")
        .stdin(Stdio::null())
        .env("COLUMNS", "100")
        .env_remove("AGNOSTICS_MODULES")
        .env_remove("AGNOSTICS_PROFILE")
        .output()
        .context("cannot run `agnostics`")?;
    ensure!(output.status.success(), "`agnostics --help` failed");
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_the_help_text() {
        let help = "About\n\nUsage: x\n\nCommands:\n  check    Show\n           more\n  convert  Say\n  \
                    help     Print\n\nOptions:\n  -h, --help\n";
        assert_eq!(commands(help).collect::<Vec<_>>(), ["check", "convert"]);
    }
}
