//! Overlays with their gaps filled in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use manifest::placeholders;

use super::error::Error;
use super::format::{parse_network, parse_range};
use super::kustomize::Kustomize;
use super::overlay::{Overlay, PROFILES};
use super::variable::{VARIABLES, Variable};

/// The variable that the choice of an environment sets.
const ENVIRONMENT: &str = "ENVIRONMENT";

/// What an overlay makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Which one.
    pub overlay: Overlay,
    /// Manifests without placeholders.
    pub yaml: String,
}

/// Builds `overlays`, which are of one profile and environment, with the variables `given`.
///
/// # Errors
/// If kustomize fails; if a variable that the overlays use is not given, or one that is given is unknown,
/// is used by none of them or is not right in form; if addresses do not fit one another.
pub fn render(
    kustomize: &Kustomize,
    root: &Path,
    overlays: &[Overlay],
    given: &BTreeMap<String, String>,
) -> Result<Vec<Rendered>, Error> {
    let mut rendered = Vec::new();
    for overlay in overlays {
        let yaml = kustomize.build(&root.join(&overlay.path))?;
        let overlay = overlay.clone();
        rendered.push(Rendered { overlay, yaml });
    }
    let mut problems = unknown_gaps(root, &rendered);
    for variable in VARIABLES {
        let users = rendered.iter().filter(|it| it.uses(variable));
        let users: Vec<&Overlay> = users.map(|it| &it.overlay).collect();
        let given = given.get(variable.name);
        problems.extend(problem_with(root, variable, given, &users));
    }
    for name in given.keys() {
        if Variable::named(name).is_none() {
            problems.push(unknown(name, &rendered));
        }
    }
    if problems.is_empty() {
        problems = misplaced_addresses(&Values { given });
    }
    if !problems.is_empty() {
        return Err(Error { problems });
    }
    for it in &mut rendered {
        it.fill(given);
    }
    Ok(rendered)
}

impl Rendered {
    fn uses(&self, variable: &Variable) -> bool {
        match variable.only_checked {
            true => self.uses_any_address(),
            false => self.yaml.contains(&variable.gap()),
        }
    }

    /// Whether something here is held against the Services' addresses.
    fn uses_any_address(&self) -> bool {
        let names = ["KARE_DNS_IP", "METALLB_IP_RANGE"];
        let mut addresses = names.into_iter().filter_map(Variable::named);
        addresses.any(|variable| self.yaml.contains(&variable.gap()))
    }

    fn fill(&mut self, given: &BTreeMap<String, String>) {
        let environment = format!("${{{ENVIRONMENT}}}");
        self.yaml = self.yaml.replace(&environment, self.overlay.environment);
        for variable in VARIABLES.iter().filter(|variable| !variable.only_checked) {
            if let Some(value) = given.get(variable.name) {
                self.yaml = self.yaml.replace(&variable.gap(), value);
            }
        }
    }
}

/// Placeholders that stand for no variable.
fn unknown_gaps(root: &Path, rendered: &[Rendered]) -> Vec<String> {
    let mut problems = Vec::new();
    for it in rendered {
        for gap in placeholders(&it.yaml) {
            if gap.name != ENVIRONMENT && Variable::named(gap.name).is_none() {
                let text = format!("${{{}}}", gap.name);
                let place = place(root, &it.overlay, &text);
                problems.push(format!("{place}: `{text}` is no variable of the tree"));
            }
        }
    }
    problems
}

fn problem_with(
    root: &Path,
    variable: &Variable,
    given: Option<&String>,
    users: &[&Overlay],
) -> Option<String> {
    let Variable {
        name,
        meaning,
        example,
        ..
    } = variable;
    match (given, users.first()) {
        (Some(value), Some(user)) => {
            let must = (variable.check)(value).err()?;
            let place = place(root, user, &variable.gap());
            Some(format!(
                "{place}: `{name}` is `{value}`, and {meaning} must be {must}"
            ))
        }
        (Some(_), None) => Some(format!("`{name}` is given, and nothing here uses it")),
        (None, Some(user)) if variable.literal.is_none() => {
            let place = place(root, user, &variable.gap());
            Some(format!(
                "{place}: `{name}` is not set: give {meaning}, such as `{name}={example}`"
            ))
        }
        (None, _) => None,
    }
}

fn unknown(name: &str, rendered: &[Rendered]) -> String {
    if name == ENVIRONMENT {
        return format!("`{ENVIRONMENT}` is set by the choice of the environment");
    }
    let used = |variable: &&Variable| rendered.iter().any(|it| it.uses(variable));
    let names: Vec<&str> = VARIABLES.iter().filter(used).map(|it| it.name).collect();
    format!(
        "`{name}` is no variable of the tree; these are used here: `{}`",
        names.join("`, `")
    )
}

/// The values in force.
struct Values<'a> {
    given: &'a BTreeMap<String, String>,
}

impl Values<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let default = || Variable::named(name)?.literal;
        self.given.get(name).map(String::as_str).or_else(default)
    }
}

/// Addresses that are right in form and wrong in place.
fn misplaced_addresses(values: &Values<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let cidr = values.get("SERVICE_CIDR").unwrap_or_default();
    let Some(services) = parse_network(cidr) else {
        return problems;
    };
    let kare_dns = values.get("KARE_DNS_IP").unwrap_or_default();
    if let Ok(address) = kare_dns.parse::<IpAddr>() {
        if !services.contains(&address) {
            problems.push(format!(
                "`KARE_DNS_IP` is `{kare_dns}`, outside of `SERVICE_CIDR`, which is `{cidr}`: take an address of it"
            ));
        } else if services.hosts().take(10).any(|taken| taken == address) {
            problems.push(format!(
                "`KARE_DNS_IP` is `{kare_dns}`, among the first ten addresses of `SERVICE_CIDR`, which \
                 Kubernetes and K3s take for the API server and the cluster's DNS: take another of `{cidr}`"
            ));
        }
    }
    let range = values.get("METALLB_IP_RANGE").unwrap_or_default();
    if let Some((first, last)) = parse_range(range)
        && first <= services.broadcast()
        && services.network() <= last
    {
        problems.push(format!(
            "`METALLB_IP_RANGE` is `{range}`, and part of it lies in `SERVICE_CIDR`, which is `{cidr}`: take \
             addresses of the nodes' network"
        ));
    }
    problems
}

/// The file and line where a text stands that an overlay's output has.
fn place(root: &Path, overlay: &Overlay, text: &str) -> String {
    let directory = root.join(overlay.component);
    let mut files = Vec::new();
    list(&directory, overlay.profile, &mut files);
    for file in files {
        let Ok(content) = std::fs::read_to_string(&file) else {
            continue;
        };
        if let Some(line) = content.lines().position(|line| line.contains(text)) {
            return format!("{}:{}", file.display(), line + 1);
        }
    }
    directory.display().to_string()
}

/// The files below a directory that an overlay of the profile can use, in order.
fn list(directory: &Path, profile: &str, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if PROFILES.contains(&&*name) && name != profile {
            continue;
        }
        match path.is_dir() {
            true => list(&path, profile, files),
            false => files.push(path),
        }
    }
}
