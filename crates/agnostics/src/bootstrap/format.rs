//! Validation of values. An error completes the phrase "must be".

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

pub(crate) type Validate = fn(&str) -> Result<(), &'static str>;

fn ensure(valid: bool, expected: &'static str) -> Result<(), &'static str> {
    valid.then_some(()).ok_or(expected)
}

fn all(text: &str, mut allowed: impl FnMut(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(&mut allowed)
}

fn is_lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    text.len() <= 63
        && all(text, |c| is_lower(c) || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Validates a lower-case DNS name (RFC 1035) of at least two labels, by the rules of Kubernetes.
pub(crate) fn domain(value: &str) -> Result<(), &'static str> {
    let labels: Vec<&str> = value.split('.').collect();
    ensure(
        // DNS names have at most 253 characters, and hosts below the domain add a label.
        value.len() <= 189 && labels.len() >= 2 && labels.iter().copied().all(is_label),
        "a lower-case DNS name with at least two labels and no trailing dot",
    )?;
    ensure(
        !labels.contains(&"any"),
        "a name without the label `any`, which the etcd plugin of CoreDNS treats as a wildcard",
    )?;
    ensure(
        value != "cluster.local" && !value.ends_with(".cluster.local"),
        "outside of `cluster.local`, which is reserved for the cluster",
    )
}

/// Validates an AWS region: `eu-west-2`, `us-gov-west-1`.
pub(crate) fn region(value: &str) -> Result<(), &'static str> {
    let mut parts: Vec<&str> = value.split('-').collect();
    let number = parts.pop().unwrap_or_default();
    ensure(
        parts.len() >= 2
            && parts
                .iter()
                .all(|part| all(part, |c| c.is_ascii_lowercase()))
            && all(number, |c| c.is_ascii_digit()),
        "a region code such as `eu-west-2`",
    )
}

pub(crate) fn cluster_name(value: &str) -> Result<(), &'static str> {
    ensure(
        value.len() <= 100
            && value.starts_with(|c: char| c.is_ascii_alphanumeric())
            && all(value, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
        "at most 100 letters, digits, `-` and `_`, starting with a letter or digit, as in EKS",
    )
}

pub(crate) fn uuid(value: &str) -> Result<(), &'static str> {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    ensure(
        lengths == [8, 4, 4, 4, 12] && all(value, |c| c.is_ascii_hexdigit() || c == '-'),
        "a UUID",
    )
}

pub(crate) fn https_url(value: &str) -> Result<(), &'static str> {
    let host = value.strip_prefix("https://").unwrap_or_default();
    let host = host.strip_suffix('/').unwrap_or(host);
    ensure(
        domain(host).is_ok(),
        "`https://` followed by a lower-case host name only",
    )
}

pub(crate) fn resource_group(value: &str) -> Result<(), &'static str> {
    ensure(
        value.len() <= 90
            && !value.ends_with('.')
            && all(value, |c| c.is_ascii_alphanumeric() || "-_.()".contains(c)),
        "at most 90 letters, digits and `-_.()`, with no trailing dot",
    )
}

pub(crate) fn file_system(value: &str) -> Result<(), &'static str> {
    let id = value.strip_prefix("fs-").unwrap_or_default();
    ensure(
        matches!(id.len(), 8 | 17) && all(id, |c| c.is_ascii_digit() || ('a'..='f').contains(&c)),
        "`fs-` followed by 8 or 17 hexadecimal digits",
    )
}

pub(crate) fn role_arn(value: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let valid = match parts.as_slice() {
        ["arn", partition, "iam", "", account, role] => {
            partition.starts_with("aws")
                && all(partition, |c| c.is_ascii_lowercase() || c == '-')
                && account.len() == 12
                && all(account, |c| c.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| {
                    all(name, |c| {
                        c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c)
                    })
                })
        }
        _ => false,
    };
    ensure(
        valid,
        "an ARN such as `arn:aws:iam::123456789012:role/external-secrets`",
    )
}

pub(crate) fn address(value: &str) -> Result<(), &'static str> {
    ensure(value.parse::<Ipv4Addr>().is_ok(), "an IPv4 address")
}

pub(crate) fn network(value: &str) -> Result<(), &'static str> {
    ensure(
        parse_network(value).is_some(),
        "a network such as `10.43.0.0/16`, without host bits",
    )
}

pub(crate) fn networks(value: &str) -> Result<(), &'static str> {
    let mut parts = value.split(' ').peekable();
    ensure(
        parts.peek().is_some() && parts.all(|part| parse_network(part).is_some()),
        "networks such as `10.42.0.0/16`, separated by single spaces and without host bits",
    )?;
    ensure(
        value
            .split(' ')
            .filter_map(parse_network)
            .all(|network| network.prefix_len() > 0),
        "networks other than `/0`, which allows every client",
    )
}

pub(crate) fn address_range(value: &str) -> Result<(), &'static str> {
    ensure(
        parse_range(value).is_some(),
        "a range such as `192.168.0.240-192.168.0.250`, or a network",
    )
}

/// Parses a network without host bits.
pub(crate) fn parse_network(value: &str) -> Option<IpNet> {
    let network: IpNet = value.parse().ok()?;
    (network.addr() == network.network()).then_some(network)
}

/// Parses a range or a network, and returns its first and last address.
pub(crate) fn parse_range(value: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some(network) = parse_network(value) {
        return Some((network.network(), network.broadcast()));
    }
    let (first, last) = value.split_once('-')?;
    let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::super::variable::VARIABLES;
    use super::*;

    #[test]
    fn examples_are_valid() {
        for variable in VARIABLES {
            assert_eq!(
                (variable.validate)(variable.example),
                Ok(()),
                "{}",
                variable.name
            );
        }
    }

    #[test]
    fn values_that_break_the_surrounding_yaml_are_invalid() {
        for variable in VARIABLES {
            for injection in [
                "",
                "\n",
                "a\nb: c",
                "a: b",
                "a #b",
                "\"",
                "'",
                "${DOMAIN}",
                " ",
                "{}",
                "*",
            ] {
                let value = injection.to_owned();
                assert!(
                    (variable.validate)(&value).is_err(),
                    "{} {injection:?}",
                    variable.name
                );
                let value = format!("{}{injection}", variable.example);
                let checked = (variable.validate)(&value);
                assert!(
                    injection.is_empty() || checked.is_err(),
                    "{} {value:?}",
                    variable.name
                );
            }
        }
    }

    #[test]
    fn domains_need_two_labels_and_must_not_be_reserved() {
        for valid in ["k8tre.org", "a-1.b2.example"] {
            assert_eq!(domain(valid), Ok(()), "{valid}");
        }
        let long = format!("{}.org", "a".repeat(64));
        for invalid in [
            "org",
            ".org",
            "k8tre.org.",
            "K8tre.org",
            "-a.org",
            "a-.org",
            "a_b.org",
            "a..org",
            "any.org",
            "x.cluster.local",
            "cluster.local",
            &long,
        ] {
            assert!(domain(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn networks_have_no_host_bits_and_ranges_are_ordered() {
        for invalid in ["10.43.0.1/16", "10.43.0.0", "10.43.0.0/33", "10.43.0.0/16 "] {
            assert!(network(invalid).is_err(), "{invalid}");
        }
        for invalid in [
            "0.0.0.0/0",
            "10.0.0.0/8  172.16.0.0/12",
            "10.0.0.0/8,172.16.0.0/12",
        ] {
            assert!(networks(invalid).is_err(), "{invalid}");
        }
        for valid in ["10.0.0.0/24", "10.0.0.9-10.0.0.9", "fd00::1-fd00::9"] {
            assert_eq!(address_range(valid), Ok(()), "{valid}");
        }
        for invalid in [
            "10.0.0.9-10.0.0.1",
            "10.0.0.1-fd00::1",
            "10.0.0.1",
            "10.0.0.1 - 10.0.0.9",
        ] {
            assert!(address_range(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn names_of_cloud_resources() {
        assert_eq!(region("us-gov-west-1"), Ok(()));
        for invalid in ["uksouth", "eu-west", "eu-west-2a", "EU-WEST-2"] {
            assert!(region(invalid).is_err(), "{invalid}");
        }
        assert!(https_url("http://a.vault.azure.net").is_err());
        assert!(https_url("https://a.vault.azure.net/x").is_err());
        assert!(uuid("00000000-0000-0000-0000-00000000000").is_err());
        assert!(file_system("fs-0123").is_err());
        assert!(role_arn("arn:aws:iam::123456789012:user/x").is_err());
    }
}
