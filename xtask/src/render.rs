//! `cargo xtask bootstrap render`: the manifests of `bootstrap/` with checked variables.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Result, anyhow, ensure};
use bootstrap::{ENVIRONMENTS, Kustomize, PROFILES, VARIABLES};
use clap::{Args, builder::PossibleValuesParser};

use crate::workspace::Workspace;

/// What is rendered, and with which values.
#[derive(Debug, Args)]
#[command(after_help = variables())]
pub(crate) struct Render {
    /// The vendor
    #[arg(long, value_parser = PossibleValuesParser::new(PROFILES))]
    profile: String,
    /// The environment
    #[arg(long, value_parser = PossibleValuesParser::new(ENVIRONMENTS))]
    env: String,
    /// A variable's value; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    variables: Vec<(String, String)>,
    /// Only this component; may be repeated
    #[arg(long = "component", value_name = "NAME")]
    components: Vec<String>,
}

/// Writes the manifests to standard output, in the order in which they are installed.
///
/// # Errors
/// Everything that is wrong with the variables, each with the file that uses it.
pub(crate) fn render(workspace: &Workspace, wanted: &Render) -> Result<()> {
    let root = workspace.path("bootstrap");
    let mut overlays = bootstrap::of_profile(&root, &wanted.profile, &wanted.env)?;
    for name in &wanted.components {
        let known: Vec<&str> = overlays.iter().map(|it| it.component).collect();
        ensure!(
            known.contains(&name.as_str()),
            "`{name}` is no component of {}, which has `{}`",
            wanted.profile,
            known.join("`, `")
        );
    }
    let all = wanted.components.is_empty();
    overlays.retain(|it| all || wanted.components.iter().any(|name| name == it.component));
    let mut values = BTreeMap::new();
    for (name, value) in &wanted.variables {
        let twice = values.insert(name.clone(), value.clone()).is_some();
        ensure!(!twice, "`{name}` is given twice");
    }
    let rendered = bootstrap::render(&Kustomize::find()?, &root, &overlays, &values);
    let prefix = format!("{}/", workspace.root.display());
    let rendered = rendered.map_err(|error| anyhow!(error.to_string().replace(&prefix, "")))?;
    let mut output = std::io::stdout().lock();
    for it in rendered {
        writeln!(
            output,
            "---\n# {}\n{}",
            it.overlay.path.display(),
            it.yaml.trim_end()
        )?;
    }
    Ok(())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn variables() -> String {
    let mut text = "Variables, of which a vendor's overlays use some:\n".to_owned();
    for it in VARIABLES {
        let example = match it.literal {
            Some(literal) => format!("`{literal}` when not given"),
            None => format!("such as `{}`", it.example),
        };
        text += &format!("  {:<34} {}; {example}\n", it.name, it.meaning);
    }
    text
}
