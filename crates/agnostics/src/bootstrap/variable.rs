//! The variables of the tree.

use super::format::{self, Check};

/// Something that a cluster's operator fills in.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// As in `${NAME}`.
    pub name: &'static str,
    /// What it is, for messages.
    pub meaning: &'static str,
    /// A value that is right in form.
    pub example: &'static str,
    /// What stands in the tree in place of a placeholder, and goes where no value is given.
    pub literal: Option<&'static str>,
    /// Whether it stands in no file: others are held against it.
    pub only_checked: bool,
    pub(crate) check: Check,
}

const fn required(
    name: &'static str,
    meaning: &'static str,
    example: &'static str,
    check: Check,
) -> Variable {
    Variable {
        name,
        meaning,
        example,
        literal: None,
        only_checked: false,
        check,
    }
}

/// Not placeholders, since K8TRE's plugin fills in no more than it does: the tree holds K3s's defaults.
const fn defaulted(
    name: &'static str,
    meaning: &'static str,
    literal: &'static str,
    check: Check,
) -> Variable {
    Variable {
        literal: Some(literal),
        ..required(name, meaning, literal, check)
    }
}

/// In the order of their names.
pub const VARIABLES: &[Variable] = &[
    required(
        "AWS_EXTERNAL_SECRETS_ROLE_ARN",
        "the IAM role that External Secrets reads with",
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
        "the client id of ExternalDNS' managed identity",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "AZURE_EXTERNAL_SECRETS_CLIENT_ID",
        "the client id of the managed identity that External Secrets reads with",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "AZURE_KEYVAULT_URL",
        "the address of the key vault",
        "https://example.vault.azure.net",
        format::https_url,
    ),
    required(
        "AZURE_SUBSCRIPTION_ID",
        "the subscription of the DNS zone",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "AZURE_TENANT_ID",
        "the tenant of the identities",
        "00000000-0000-0000-0000-000000000000",
        format::uuid,
    ),
    required(
        "CLUSTER_NAME",
        "the cluster's name, which owns its records in a zone that clusters share",
        "k8tre-dev",
        format::cluster_name,
    ),
    defaulted(
        "DNS_CLIENTS",
        "the networks that kare-dns answers",
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
        "the EFS file system of shared volumes",
        "fs-0123456789abcdef0",
        format::file_system,
    ),
    defaulted(
        "KARE_DNS_IP",
        "the address of kare-dns within the cluster",
        "10.43.0.53",
        format::address,
    ),
    required(
        "METALLB_IP_RANGE",
        "the addresses that MetalLB gives",
        "192.168.0.240-192.168.0.250",
        format::address_range,
    ),
    required("REGION", "the vendor's region", "eu-west-2", format::region),
    Variable {
        only_checked: true,
        ..defaulted(
            "SERVICE_CIDR",
            "the addresses of the cluster's Services",
            "10.43.0.0/16",
            format::network,
        )
    },
];

impl Variable {
    /// The variable of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }

    /// What a rendered text has where a value is to go.
    pub(crate) fn gap(&self) -> String {
        match self.literal {
            Some(literal) => literal.to_owned(),
            None => format!("${{{}}}", self.name),
        }
    }
}
