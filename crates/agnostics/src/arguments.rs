//! The command-line arguments.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use simulate::{GatewayVersion, Implementation, Profile};

use crate::bootstrap;

/// Check, convert and render Kubernetes manifests for K8TRE's agnostics plane
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report what the policies would mutate or reject, and how to fix it
    ///
    /// Runs the policies of a profile on manifests as the API server of a cluster would, but offline. No
    /// cluster is needed.
    Check(Check),
    /// Convert Ingresses to HTTPRoutes on the internal Gateway
    ///
    /// Writes the routes to standard output as YAML, and reports what cannot be converted on standard error.
    ///
    /// If an Ingress cannot be converted in full, its routes are written as comments, because applying them
    /// could drop a feature, such as authentication. Named ports are resolved with the Services in the manifests,
    /// and paths with all Ingresses of the host: convert them together.
    Convert(Convert),
    /// Explain a rule: what it checks, why, and how to fix what it reports
    ///
    /// Prints the documentation of the rule in Markdown. Messages and reports end with the id of their rule, such
    /// as `[unknown-class]`. Without an id, lists all rules.
    Explain(Explain),
    /// Render the manifests that install the plane
    ///
    /// Writes the manifests of `bootstrap/` to standard output, in installation order, with validated values
    /// for all variables. Builds the overlays with `kubectl` or `kustomize`; one of them must be on PATH.
    Render(Render),
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes:
  0: nothing rejected
  1: something rejected
  2: usage or input error")]
pub(crate) struct Check {
    /// Files or directories with manifests, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Platform whose policies and defaults apply
    ///
    /// The default is k3s, the platform of K8TRE on a developer's machine.
    #[arg(long, value_parser = profile(), env = "AGNOSTICS_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<Profile>,

    /// Use these policies instead of the profile's (repeatable)
    ///
    /// A file or directory with ClusterAdmissionPolicies or AdmissionPolicies.
    #[arg(long, value_name = "FILE")]
    pub(crate) policies: Vec<PathBuf>,

    /// Default storage class of the cluster, "" for none
    ///
    /// Simulates the admission plugin DefaultStorageClass, which sets this class on PersistentVolumeClaims
    /// without one. The default is the class of the profile; with --policies and no --profile, there is no
    /// default class.
    #[arg(long, value_name = "NAME")]
    pub(crate) default_storage_class: Option<String>,

    /// Run DIR/<name>.wasm modules instead of the built-in policies
    ///
    /// Runs third-party policies, and the exact module versions that a cluster pins. <name> is the last part of
    /// a policy's `spec.module`, without the tag. Download a module with `kwctl pull --output-path`. Policies
    /// without a module in DIR run their built-in code.
    #[arg(
        long,
        value_name = "DIR",
        env = "AGNOSTICS_MODULES",
        hide_env_values = true
    )]
    pub(crate) modules: Option<PathBuf>,

    /// Skip files that are not manifests; succeed if none remain
    ///
    /// By default, a file on the command line that is not a manifest is an error. For pre-commit, which passes
    /// every changed file.
    #[arg(long)]
    pub(crate) only_manifests: bool,

    /// Report format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Without --gateway, --section-name, --domain or --nginx-class, the settings of the policy \
                  httproute-over-ingress apply.

Exit codes:
  0: everything converted in full
  1: something not converted in full
  2: usage or input error"
)]
pub(crate) struct Convert {
    /// Files or directories with manifests, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Platform whose policies apply
    ///
    /// The default is k3s, the platform of K8TRE on a developer's machine.
    #[arg(long, value_parser = profile(), env = "AGNOSTICS_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<Profile>,

    /// Use these policies instead of the profile's (repeatable)
    ///
    /// A file or directory with ClusterAdmissionPolicies or AdmissionPolicies.
    #[arg(long, value_name = "FILE")]
    pub(crate) policies: Vec<PathBuf>,

    /// Gateway for the routes, such as gateway/internal-gateway
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = gateway)]
    pub(crate) gateway: Option<(String, String)>,

    /// Listener of the Gateway for the routes
    ///
    /// Without a listener, here or in the policy, routes attach to every listener that accepts the host.
    #[arg(long, value_name = "NAME")]
    pub(crate) section_name: Option<String>,

    /// Domain of the Gateway's certificate
    ///
    /// Hosts that are not exactly one label below the domain are reported.
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,

    /// Version of Gateway API whose CRDs are installed
    #[arg(long, value_name = "VERSION", value_parser = choice(GatewayVersion::ALL, GatewayVersion::name))]
    pub(crate) gateway_version: Option<GatewayVersion>,

    /// Implementation of the Gateway
    ///
    /// A GatewayClass among the manifests counts instead, if its status lists the supported features.
    #[arg(long, value_name = "NAME", value_parser = choice(Implementation::ALL, Implementation::name))]
    pub(crate) implementation: Option<Implementation>,

    /// Ingress class served by ingress-nginx, such as nginx (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) nginx_class: Vec<String>,

    /// Write incomplete routes as YAML, not as comments
    #[arg(long)]
    pub(crate) partial: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The id of the rule
    #[arg(value_name = "RULE")]
    pub(crate) rule: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = crate::render::variables())]
pub(crate) struct Render {
    /// Platform of the cluster
    #[arg(long, value_parser = profile())]
    pub(crate) profile: Profile,

    /// Environment of the cluster
    #[arg(long, value_parser = PossibleValuesParser::new(bootstrap::ENVIRONMENTS))]
    pub(crate) env: String,

    /// Set a variable (repeatable)
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,

    /// Render only this component (repeatable)
    #[arg(long = "component", value_name = "NAME")]
    pub(crate) components: Vec<String>,

    /// Directory of the manifests
    ///
    /// The default is `bootstrap` next to this executable, else `bootstrap` in the working directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) tree: Option<PathBuf>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    let values = Profile::ALL.map(|it| PossibleValue::new(it.name()).help(it.distribution()));
    // The parser accepts only names of profiles, so the fallback never applies.
    PossibleValuesParser::new(values)
        .map(|name| Profile::from_name(&name).unwrap_or(Profile::DEFAULT))
}

/// Returns a parser of the values of a setting.
fn choice<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.map(name)).try_map(move |text| {
        let value = all.iter().find(|value| name(**value) == text);
        value.copied().ok_or("unknown value")
    })
}

fn gateway(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => Err("expected NAMESPACE/NAME".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Readable text with diffs
    Text,
    /// JSON: a summary, and one row per object and policy
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for CI servers
    Junit,
    /// Annotations in pull requests, for GitHub Actions
    Github,
}
