//! Builds overlays and replaces their variables.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use manifest::placeholders;

use super::error::Error;
use super::format::{parse_network, parse_range};
use super::kustomize::Kustomize;
use super::overlay::{Overlay, PROFILES};
use super::variable::{VARIABLES, Variable};

/// The variable set by the environment of the overlay.
const ENVIRONMENT: &str = "ENVIRONMENT";

/// The manifests of an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The overlay.
    pub overlay: Overlay,
    /// The manifests, without placeholders.
    pub yaml: String,
}

/// Builds `overlays` of one profile and environment with the given values of variables.
///
/// # Errors
/// Returns an error if kustomize fails, if a used variable has no value, if a value is invalid, if a given
/// variable is unknown or unused, or if addresses contradict each other.
pub fn render(
    kustomize: &Kustomize,
    root: &Path,
    overlays: &[Overlay],
    values: &BTreeMap<String, String>,
) -> Result<Vec<Rendered>, Error> {
    let mut rendered = Vec::new();
    for overlay in overlays {
        let yaml = kustomize.build(&root.join(&overlay.path))?;
        let overlay = overlay.clone();
        rendered.push(Rendered { overlay, yaml });
    }
    let mut problems = unknown_placeholders(root, &rendered);
    for variable in VARIABLES {
        let users = rendered.iter().filter(|it| it.uses(variable));
        let users: Vec<&Overlay> = users.map(|it| &it.overlay).collect();
        let value = values.get(variable.name);
        problems.extend(problem_with(root, variable, value, &users));
    }
    for name in values.keys() {
        if Variable::from_name(name).is_none() {
            problems.push(unknown_variable(name, &rendered));
        }
    }
    if problems.is_empty() {
        problems = address_conflicts(&ValuesOrDefaults { values });
    }
    if !problems.is_empty() {
        return Err(Error { problems });
    }
    for it in &mut rendered {
        it.replace_variables(values);
    }
    Ok(rendered)
}

impl Rendered {
    fn uses(&self, variable: &Variable) -> bool {
        match variable.validation_only {
            true => self.uses_any_address(),
            false => self.yaml.contains(&variable.placeholder()),
        }
    }

    /// Reports whether the manifests use an address that is validated with the network of Services.
    fn uses_any_address(&self) -> bool {
        let names = ["KARE_DNS_IP", "METALLB_IP_RANGE"];
        let mut addresses = names.into_iter().filter_map(Variable::from_name);
        addresses.any(|variable| self.yaml.contains(&variable.placeholder()))
    }

    fn replace_variables(&mut self, values: &BTreeMap<String, String>) {
        let environment = format!("${{{ENVIRONMENT}}}");
        self.yaml = self.yaml.replace(&environment, self.overlay.environment);
        for variable in VARIABLES
            .iter()
            .filter(|variable| !variable.validation_only)
        {
            if let Some(value) = values.get(variable.name) {
                self.yaml = self.yaml.replace(&variable.placeholder(), value);
            }
        }
    }
}

/// Returns a problem for each placeholder that is not a variable.
fn unknown_placeholders(root: &Path, rendered: &[Rendered]) -> Vec<String> {
    let mut problems = Vec::new();
    for it in rendered {
        for placeholder in placeholders(&it.yaml) {
            if placeholder.name != ENVIRONMENT && Variable::from_name(placeholder.name).is_none() {
                let text = format!("${{{}}}", placeholder.name);
                let location = location(root, &it.overlay, &text);
                problems.push(format!("{location}: `{text}` is not a known variable"));
            }
        }
    }
    problems
}

/// Returns the problem with the value of a variable, if any.
fn problem_with(
    root: &Path,
    variable: &Variable,
    value: Option<&String>,
    users: &[&Overlay],
) -> Option<String> {
    let Variable {
        name,
        description,
        example,
        ..
    } = variable;
    match (value, users.first()) {
        (Some(value), Some(user)) => {
            let expected = (variable.validate)(value).err()?;
            let location = location(root, user, &variable.placeholder());
            Some(format!(
                "{location}: `{name}` is `{value}`; {description} must be {expected}"
            ))
        }
        (Some(_), None) => Some(format!("`{name}` is set but not used by these overlays")),
        (None, Some(user)) if variable.default.is_none() => {
            let location = location(root, user, &variable.placeholder());
            Some(format!(
                "{location}: `{name}` is not set; set {description}, for example `{name}={example}`"
            ))
        }
        (None, _) => None,
    }
}

fn unknown_variable(name: &str, rendered: &[Rendered]) -> String {
    if name == ENVIRONMENT {
        return format!("`{ENVIRONMENT}` cannot be set as a variable; it is the environment");
    }
    let used = |variable: &&Variable| rendered.iter().any(|it| it.uses(variable));
    let names: Vec<&str> = VARIABLES.iter().filter(used).map(|it| it.name).collect();
    format!(
        "`{name}` is not a known variable; these overlays use `{}`",
        names.join("`, `")
    )
}

/// The values of variables, with defaults.
struct ValuesOrDefaults<'a> {
    values: &'a BTreeMap<String, String>,
}

impl ValuesOrDefaults<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let default = || Variable::from_name(name)?.default;
        self.values.get(name).map(String::as_str).or_else(default)
    }
}

/// Returns the problems of valid addresses that contradict each other.
fn address_conflicts(values: &ValuesOrDefaults<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let cidr = values.get("SERVICE_CIDR").unwrap_or_default();
    let Some(services) = parse_network(cidr) else {
        return problems;
    };
    let kare_dns = values.get("KARE_DNS_IP").unwrap_or_default();
    if let Ok(address) = kare_dns.parse::<IpAddr>() {
        if !services.contains(&address) {
            problems.push(format!(
                "`KARE_DNS_IP` is `{kare_dns}`, outside of `SERVICE_CIDR`, which is `{cidr}`; choose an address \
                 inside it"
            ));
        } else if services.hosts().take(10).any(|used| used == address) {
            problems.push(format!(
                "`KARE_DNS_IP` is `{kare_dns}`, one of the first ten addresses of `SERVICE_CIDR`, which \
                 Kubernetes and K3s use for the API server and cluster DNS; choose another address in `{cidr}`"
            ));
        }
    }
    let range = values.get("METALLB_IP_RANGE").unwrap_or_default();
    if let Some((first, last)) = parse_range(range)
        && first <= services.broadcast()
        && services.network() <= last
    {
        problems.push(format!(
            "`METALLB_IP_RANGE` is `{range}`, which overlaps `SERVICE_CIDR`, which is `{cidr}`; choose addresses \
             in the nodes' network"
        ));
    }
    problems
}

/// Returns the file and line of the overlay that contain `text`, or the directory if no file does.
fn location(root: &Path, overlay: &Overlay, text: &str) -> String {
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

/// Lists the files in a directory that an overlay of the profile can use, sorted by path.
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
