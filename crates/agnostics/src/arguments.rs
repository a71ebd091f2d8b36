//! The arguments of the command line.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use simulate::Profile;

use crate::bootstrap;

/// What K8TRE's agnostics plane would make of manifests, before they reach a cluster.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the plane would change or refuse, and how to fix it.
    Check(Check),
    /// Say Ingresses as HTTPRoutes on the internal Gateway.
    Convert(Convert),
    /// Render the manifests that install the plane, with checked variables.
    Render(Render),
}

/// Exit status: 0 when nothing is rejected, 1 when something is, 2 when the work could not be done:
/// input that cannot be read, no objects, unknown profile.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 nothing rejected, 1 something rejected, 2 could not do its work (bad \
                  input, no objects, unknown profile)."
)]
pub(crate) struct Check {
    /// Manifests: files, directories, or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The vendor whose policies and defaults apply.
    #[arg(long, value_parser = profile(), env = "AGNOSTICS_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<Profile>,

    /// ClusterAdmissionPolicy manifests in place of the profile's; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) policies: Vec<PathBuf>,

    /// Simulate DefaultStorageClass with this class in place of the profile's; "" for none.
    #[arg(long, value_name = "NAME")]
    pub(crate) default_storage_class: Option<String>,

    /// Run the modules DIR/<name>.wasm in place of the built-in policies: those that a cluster pins,
    /// pulled with kwctl, and third-party ones for waPC.
    #[arg(
        long,
        value_name = "DIR",
        env = "AGNOSTICS_MODULES",
        hide_env_values = true
    )]
    pub(crate) modules: Option<PathBuf>,

    /// Leave out named files that are no manifests, as those of a directory; it is no error if none is
    /// left. For pre-commit, which names every file.
    #[arg(long)]
    pub(crate) only_manifests: bool,

    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// Writes the routes to standard output as YAML, and what does not translate to standard error.
///
/// Routes of an Ingress that does not translate in full are written as comments, since they lack something:
/// authentication, for one. Ports that have names are looked up in the Services among the manifests.
#[derive(Debug, Args)]
#[command(
    after_help = "Gateway, domain and classes are those that the profile's policy httproute-over-ingress \
                  has, unless they are given.\n\n\
                  Exit status: 0 all translated in full, 1 something was not, 2 could not do its work (bad \
                  input, no Ingress, unknown profile)."
)]
pub(crate) struct Convert {
    /// Manifests: files, directories, or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The vendor whose policies apply.
    #[arg(long, value_parser = profile(), env = "AGNOSTICS_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<Profile>,

    /// ClusterAdmissionPolicy manifests in place of the profile's; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) policies: Vec<PathBuf>,

    /// The Gateway that routes attach to [default: gateway/internal-gateway].
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = gateway)]
    pub(crate) gateway: Option<(String, String)>,

    /// The listener of the Gateway that routes attach to [default: each that takes the host].
    #[arg(long, value_name = "NAME")]
    pub(crate) section_name: Option<String>,

    /// The domain of the Gateway's certificate: hosts that are not one label below it are told.
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,

    /// A class that ingress-nginx serves; may be repeated [default: nginx].
    #[arg(long, value_name = "NAME")]
    pub(crate) nginx_class: Vec<String>,

    /// Write routes that lack something as they are, not as comments.
    #[arg(long)]
    pub(crate) partial: bool,
}

/// Writes the manifests of `bootstrap/` to standard output, in the order in which they are installed.
///
/// `kubectl` or `kustomize` puts the overlays together.
#[derive(Debug, Args)]
#[command(after_help = crate::render::variables())]
pub(crate) struct Render {
    /// The vendor.
    #[arg(long, value_parser = profile())]
    pub(crate) profile: Profile,

    /// The environment.
    #[arg(long, value_parser = PossibleValuesParser::new(bootstrap::ENVIRONMENTS))]
    pub(crate) env: String,

    /// A variable's value; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,

    /// Only this component; may be repeated.
    #[arg(long = "component", value_name = "NAME")]
    pub(crate) components: Vec<String>,

    /// The manifests to render [default: `bootstrap` beside this program, else in the working directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) tree: Option<PathBuf>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    let values = Profile::ALL.map(|it| PossibleValue::new(it.name()).help(it.distribution()));
    // Only the names of profiles get past the parser.
    PossibleValuesParser::new(values)
        .map(|name| Profile::from_name(&name).unwrap_or(Profile::DEFAULT))
}

fn gateway(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => Err("write it as NAMESPACE/NAME".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs: one object with a summary and a row per object and module.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For CI servers that show tests: JUnit's XML.
    Junit,
    /// For GitHub Actions: annotations on the lines of a pull request.
    Github,
}
