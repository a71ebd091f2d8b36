//! Public and private addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns whether `ip` is outside the ranges that are reserved for private networks, one link or one host
/// (RFC 1918, 6598, 3927, 4193, 4291).
pub(crate) fn is_public(ip: Ipv6Addr) -> bool {
    match ip.to_ipv4_mapped() {
        Some(ip) => is_public_v4(ip),
        None => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let carrier = first == 100 && second & 0b1100_0000 == 64;
    !(ip.is_private() || carrier || ip.is_link_local() || ip.is_loopback() || ip.is_unspecified())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, ..] = ip.segments();
    let unique_local = first & 0xfe00 == 0xfc00;
    let link_local = first & 0xffc0 == 0xfe80;
    !(unique_local || link_local || ip.is_loopback() || ip.is_unspecified())
}

/// Parses an address; IPv4 addresses become mapped ones. Like the API server, accepts leading zeros
/// (`ParseIPSloppy` in k8s.io/utils, for cluster IPs in `pkg/registry/core/service/storage/alloc.go`).
pub(crate) fn parse(text: &str) -> Option<Ipv6Addr> {
    let mut strict = String::new();
    let mut starts_part = true;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_leading_zero =
            starts_part && c == '0' && rest.as_str().starts_with(|c: char| c.is_ascii_hexdigit());
        if !is_leading_zero {
            strict.push(c);
            starts_part = c == '.' || c == ':';
        }
    }
    Some(match strict.parse().ok()? {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    })
}

/// Ranges of IPv4 and of IPv6 addresses, as sorted pairs of the first and the last address. Of an address, only
/// the first 64 bits count: longer IPv6 prefixes have no share in a range of the internet.
#[derive(Default)]
pub(crate) struct Ranges([Vec<(u64, u64)>; 2]);

/// The maximum number of ranges, so that their number cannot stall admission. Azure accepts 4000 for all load
/// balancers of a subnet, AWS 60 for one.
const MAX_RANGES: usize = 1000;

/// The addresses of the internet: IPv4 without 0.0.0.0/8 and 224.0.0.0/3, and 2000::/3.
const INTERNET: [(u64, u64); 2] = [
    (0x0100_0000 << 32, (0xe000_0000 << 32) - 1),
    (0x2000 << 48, (0x4000 << 48) - 1),
];

impl Ranges {
    /// Adds `range`, and returns whether the ranges now contain every IPv4 or every IPv6 address of the internet.
    /// Azure's service tag `Internet` and `*` do so alone. Skips what cannot be parsed: no vendor accepts it.
    pub(crate) fn cover_internet_with(&mut self, range: &str) -> bool {
        if range == "*" || range.eq_ignore_ascii_case("Internet") {
            return true;
        }
        let Some((is_v6, range)) = parse_range(range) else {
            return false;
        };
        let [v4, v6] = &mut self.0;
        let [internet_v4, internet_v6] = INTERNET;
        let (ranges, (mut next, last)) = match is_v6 {
            true => (v6, internet_v6),
            false => (v4, internet_v4),
        };
        if ranges.len() < MAX_RANGES {
            // `sort_unstable` would add 5 KB to the module.
            let place = ranges.partition_point(|other| *other < range);
            ranges.insert(place, range);
        }
        for (start, end) in ranges {
            if *start <= next && next <= *end {
                if *end >= last {
                    return true;
                }
                next = *end + 1;
            }
        }
        false
    }
}

/// Parses a range, and returns whether it is of IPv6. Like the API server, accepts leading zeros and mapped IPv4
/// addresses (`ParseCIDRSloppy` in k8s.io/utils).
fn parse_range(range: &str) -> Option<(bool, (u64, u64))> {
    let (address, length) = range.split_once('/')?;
    let mut length = u32::from(length.parse::<u8>().ok()?);
    if !address.contains(':') {
        length += 96;
    }
    let address = parse(address)?.octets();
    let bits = |octets: &[u8]| {
        octets
            .iter()
            .fold(0, |bits, octet| bits << 8 | u64::from(*octet))
    };
    let is_mapped =
        address.starts_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) && length >= 96;
    let (start, length) = match is_mapped {
        true => (bits(address.get(12..)?) << 32, length - 96),
        false => (bits(address.get(..8)?), length),
    };
    let hosts = u64::MAX.checked_shr(length).unwrap_or_default();
    Some((!is_mapped, (start & !hosts, start | hosts)))
}

#[cfg(test)]
mod tests {
    use super::{Ranges, is_public, parse};

    #[test]
    fn ranges_that_cover_the_internet() {
        for (ranges, covers) in [
            ("0.0.0.0/0", true),
            ("0.0.0.0/00", true),
            ("000.000.000.000/0", true),
            ("10.0.0.0/0", true),
            ("::/0", true),
            ("::ffff:0.0.0.0/96", true),
            ("2000::/3", true),
            ("2000::/4 3000::/4", true),
            ("3000::/4 10.0.0.0/8", false),
            ("0.0.0.0/1 128.0.0.0/1", true),
            ("128.0.0.0/1 64.0.0.0/2 0.0.0.0/2", true),
            ("0.0.0.0/1 128.0.0.0/2 192.0.0.0/3", true),
            ("0.0.0.0/1 128.0.0.0/2", false),
            ("0.0.0.0/1 129.0.0.0/1", true),
            ("0.0.0.0/1 ::/1", true),
            ("0.0.0.0/1 8000::/1", false),
            ("128.0.0.0/1 ::ffff:0.0.0.0/97", true),
            ("2000::/65 2000:0:0:1::/64", false),
            ("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7", false),
            ("255.255.255.255/32 ::1/128", false),
            ("Internet", true),
            ("internet", true),
            ("*", true),
            ("VirtualNetwork AzureLoadBalancer", false),
            (
                "10.0.0.0/999 a/b 1.2.3/0x 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17/8",
                false,
            ),
        ] {
            let mut all = Ranges::default();
            let found = ranges
                .split(' ')
                .any(|range| all.cover_internet_with(range));
            assert_eq!(found, covers, "{ranges}");
        }
    }

    #[test]
    fn boundaries_of_private_ranges() {
        for (ip, public) in [
            ("9.255.255.255", true),
            ("10.0.0.0", false),
            ("10.255.255.255", false),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("100.128.0.0", true),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("172.15.255.255", true),
            ("172.16.0.0", false),
            ("172.31.255.255", false),
            ("172.32.0.0", true),
            ("192.168.0.1", false),
            ("192.169.0.1", true),
            ("203.0.113.7", true),
            ("0.0.0.0", false),
            ("2001:db8::1", true),
            ("fbff::1", true),
            ("fc00::1", false),
            ("fdff::1", false),
            ("fe80::1", false),
            ("fec0::1", true),
            ("::1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
        ] {
            assert_eq!(is_public(parse(ip).unwrap()), public, "{ip}");
        }
    }
}
