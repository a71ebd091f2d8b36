//! The variables of the manifests.

use super::format::{self, Validate};

/// A value that the cluster's operator sets.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name, as in `${NAME}`.
    pub name: &'static str,
    /// The description, for messages and `--help`.
    pub description: &'static str,
    /// A valid value.
    pub example: &'static str,
    /// The default. The manifests contain it literally, without a placeholder.
    pub default: Option<&'static str>,
    /// Whether the variable only validates other variables. The manifests do not contain it.
    pub validation_only: bool,
    pub(crate) validate: Validate,
}

const fn required(
    name: &'static str,
    description: &'static str,
    example: &'static str,
    validate: Validate,
) -> Variable {
    Variable {
        name,
        description,
        example,
        default: None,
        validation_only: false,
        validate,
    }
}

/// A variable with a default, the value of K3s. The manifests contain the default instead of a placeholder,
/// because K8TRE's Argo CD plugin does not replace these variables.
const fn defaulted(
    name: &'static str,
    description: &'static str,
    default: &'static str,
    validate: Validate,
) -> Variable {
    Variable {
        default: Some(default),
        ..required(name, description, default, validate)
    }
}

/// All variables, sorted by name.
pub const VARIABLES: &[Variable] = &[
    required(
        "AWS_EXTERNAL_SECRETS_ROLE_ARN",
        "the ARN of the IAM role of External Secrets",
        "arn:aws:iam::123456789012:role/external-secrets",
        format::role_arn,
    ),
    required(
        "AZURE_DNS_RESOURCE_GROUP",
        "the resource group of the DNS zone",
        "rg-dns",
        format::resource_group,
    ),
    required(
        "AZURE_EXTERNAL_DNS_CLIENT_ID",
        "the client ID of the managed identity of ExternalDNS",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "AZURE_EXTERNAL_SECRETS_CLIENT_ID",
        "the client ID of the managed identity of External Secrets",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "AZURE_KEYVAULT_URL",
        "the URL of the key vault",
        "https://example.vault.azure.net",
        format::https_url,
    ),
    required(
        "AZURE_SUBSCRIPTION_ID",
        "the subscription ID of the DNS zone",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "AZURE_TENANT_ID",
        "the tenant ID of the managed identities",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "CLUSTER_NAME",
        "the cluster name, which marks the cluster's DNS records in a shared zone",
        "k8tre-dev",
        format::cluster_name,
    ),
    defaulted(
        "DNS_CLIENTS",
        "the networks whose DNS queries kare-dns answers",
        "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
        format::networks,
    ),
    required(
        "DOMAIN",
        "the domain of the cluster's apps",
        "dev.k8tre.org",
        format::domain,
    ),
    required(
        "EFS_FILE_SYSTEM_ID",
        "the EFS file system for shared volumes",
        "fs-0123456789abcdef0",
        format::file_system,
    ),
    defaulted(
        "KARE_DNS_IP",
        "the cluster IP of kare-dns",
        "10.43.0.53",
        format::address,
    ),
    required(
        "METALLB_IP_RANGE",
        "the addresses that MetalLB assigns",
        "192.168.0.240-192.168.0.250",
        format::address_range,
    ),
    required("REGION", "the AWS region", "eu-west-2", format::region),
    Variable {
        validation_only: true,
        ..defaulted(
            "SERVICE_CIDR",
            "the network of the cluster's Services",
            "10.43.0.0/16",
            format::network,
        )
    },
];

impl Variable {
    /// Returns the variable with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }

    /// Returns the text in the manifests that the value replaces: the default or `${NAME}`.
    pub(crate) fn placeholder(&self) -> String {
        match self.default {
            Some(default) => default.to_owned(),
            None => format!("${{{}}}", self.name),
        }
    }
}
