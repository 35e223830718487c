//! The address guard: which addresses a webhook may reach. Decides; never sends.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// Why an address may not be dialled. Shown, as it is, to the integration's owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// No switch opens it.
    #[error("{address} is {kind}, which no setting opens")]
    Never {
        /// The address refused.
        address: IpAddr,
        /// What sort of address it is.
        kind: &'static str,
    },
    /// Whoever runs the server has not opened it.
    #[error("{address} is {kind}; who runs this server can open it with --allow-destinations {address}/{}",
            if .address.is_ipv4() { 32 } else { 128 })]
    NotAllowed {
        /// The address refused.
        address: IpAddr,
        /// What sort of address it is.
        kind: &'static str,
    },
    /// It is our own listener, and the target is not the tester.
    #[error("{address} is this server itself, and only its tester, under /t/, takes webhooks")]
    Own {
        /// The address refused.
        address: SocketAddr,
    },
}

/// What an address and port are to this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Another machine or service, as far as is known.
    Other,
    /// Our own listener, asked for the tester: always reachable.
    Tester,
    /// Our own listener, asked for anything else: never reachable.
    Own,
}

/// Decides whether `address` may be dialled, where `allow` are the networks that were opened.
///
/// An IPv6 address that carries an IPv4 one (mapped, compatible, NAT64, 6to4, Teredo) is judged as both:
/// whoever routes it may well deliver to the address inside.
pub fn judge(address: SocketAddr, target: Target, allow: &[IpNet]) -> Result<(), Blocked> {
    match target {
        Target::Tester => return Ok(()),
        Target::Own => return Err(Blocked::Own { address }),
        Target::Other => {}
    }
    let ip = address.ip();
    let faces = || std::iter::once(ip).chain(carried(ip));

    if let Some(kind) = faces().find_map(|face| kind_in(&NEVER, face)) {
        return Err(Blocked::Never { address: ip, kind });
    }
    match faces().find_map(special) {
        Some(kind) if !faces().any(|face| allow.iter().any(|net| net.contains(&face))) => {
            Err(Blocked::NotAllowed { address: ip, kind })
        }
        _ => Ok(()),
    }
}

/// The address that `host` spells, if it spells one rather than names a host.
///
/// Reads what browsers and C libraries read (`0x7f.1`, `2130706433`, `0177.0.0.1`, full-width digits), so that no
/// spelling slips past the judgement and is understood further down.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse() {
        return Some(address);
    }
    match url::Host::parse(host).ok()? {
        url::Host::Ipv4(address) => Some(address.into()),
        url::Host::Ipv6(address) => Some(address.into()),
        url::Host::Domain(_) => None,
    }
}

/// The address the system dials for `ip`: an unspecified one means this machine.
pub(super) fn effective(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        canonical => canonical,
    }
}

type Table = LazyLock<Vec<(IpNet, &'static str)>>;

/// Link-local addresses and the metadata services of clouds, which hand out credentials to whoever asks.
static NEVER: Table = LazyLock::new(|| {
    table(&[
        ("169.254.0.0/16", "a link-local address, where clouds keep their metadata service"),
        ("100.100.100.200/32", "a cloud's metadata service"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("192.0.0.192/32", "a cloud's metadata service"),
        ("fe80::/10", "a link-local address"),
        ("fd00:ec2::/32", "a cloud's metadata service"),
        ("fd20:ce::254/128", "a cloud's metadata service"),
    ])
});

/// Addresses that are not on the public internet, after the IANA special-purpose registries.
static SPECIAL: Table = LazyLock::new(|| {
    table(&[
        ("0.0.0.0/8", "an unspecified address, which means this machine"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("127.0.0.0/8", "a loopback address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address reserved for protocols"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a retired relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address, which means this machine"),
        ("::1/128", "a loopback address"),
        ("100::/64", "a discard-only address"),
        ("64:ff9b:1::/48", "a local translation address"),
        ("2001:2::/48", "a benchmarking address"),
        ("2001:10::/28", "a reserved address"),
        ("2001:20::/28", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
        ("5f00::/16", "a reserved address"),
        ("fc00::/7", "a unique-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    ])
});

fn table(rows: &[(&str, &'static str)]) -> Vec<(IpNet, &'static str)> {
    let net = |text: &str| text.parse().expect("the tables hold networks");
    rows.iter().map(|(text, kind)| (net(text), *kind)).collect()
}

fn kind_in(table: &Table, ip: IpAddr) -> Option<&'static str> {
    table.iter().find(|(net, _)| net.contains(&ip)).map(|(_, kind)| *kind)
}

/// What makes `ip` unfit without permission; nothing when it is an address of the public internet.
fn special(ip: IpAddr) -> Option<&'static str> {
    kind_in(&SPECIAL, ip).or_else(|| match ip {
        // Only 2000::/3 is given out; what carries an IPv4 address is judged by that.
        IpAddr::V6(v6) if v6.segments()[0] & 0xe000 != 0x2000 && carried(ip).next().is_none() => {
            Some("a reserved address")
        }
        _ => None,
    })
}

/// The IPv4 addresses inside an IPv6 one.
fn carried(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let (first, second) = match ip {
        IpAddr::V4(_) => (None, None),
        IpAddr::V6(v6) => carried_by(v6),
    };
    first.into_iter().chain(second).map(IpAddr::V4)
}

fn carried_by(ip: Ipv6Addr) -> (Option<Ipv4Addr>, Option<Ipv4Addr>) {
    let s = ip.segments();
    let at = |high: usize| Ipv4Addr::from((u32::from(s[high]) << 16) | u32::from(s[high + 1]));
    match s {
        // Mapped, translated (SIIT), and compatible, save `::` and `::1`, which are their own.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            (Some(at(6)), None)
        }
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => (Some(at(6)), None),
        // 6to4.
        [0x2002, ..] => (Some(at(1)), None),
        // Teredo: the server plain, the client with every bit turned.
        [0x2001, 0, ..] => (Some(at(2)), Some(Ipv4Addr::from(!u32::from(at(6))))),
        // ISATAP, behind any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => (Some(at(6)), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(host: &str, allow: &[&str]) -> Result<(), Blocked> {
        let allow: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
        judge(SocketAddr::new(literal(host).unwrap(), 443), Target::Other, &allow)
    }

    #[test]
    fn addresses_of_the_public_internet_pass() {
        for host in
            ["93.184.215.14", "8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]"]
        {
            assert_eq!(verdict(host, &[]), Ok(()), "{host}");
        }
    }

    #[test]
    fn metadata_and_link_local_addresses_are_refused_in_every_spelling_whatever_is_allowed() {
        let spellings = [
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0xa9.0xfe.0xa9.0xfe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "[::ffff:169.254.169.254]",
            "[::169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "[2001:0:4136:e378:8000:63bf:5601:5601]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "１６９.254.169.254",
        ];
        for host in spellings {
            let refusal = verdict(host, &["0.0.0.0/0", "::/0"]);
            assert!(matches!(refusal, Err(Blocked::Never { .. })), "{host}: {refusal:?}");
        }
    }

    #[test]
    fn special_addresses_are_refused_unless_their_network_is_allowed() {
        let table = [
            ("127.0.0.1", "127.0.0.0/8"),
            ("0x7f.1", "127.0.0.0/8"),
            ("2130706433", "127.0.0.0/8"),
            ("0177.0.0.1", "127.0.0.0/8"),
            ("0.0.0.0", "0.0.0.0/8"),
            ("10.1.2.3", "10.0.0.0/8"),
            ("172.16.0.1", "172.16.0.0/12"),
            ("192.168.1.1", "192.168.0.0/16"),
            ("100.64.0.1", "100.64.0.0/10"),
            ("192.0.2.1", "192.0.2.0/24"),
            ("198.18.0.1", "198.18.0.0/15"),
            ("224.0.0.1", "224.0.0.0/4"),
            ("255.255.255.255", "255.255.255.255/32"),
            ("240.0.0.1", "240.0.0.0/4"),
            ("[::]", "::/128"),
            ("[::1]", "::1/128"),
            ("[fd12::1]", "fc00::/7"),
            ("[ff02::1]", "ff00::/8"),
            ("[2001:db8::1]", "2001:db8::/32"),
            ("[4000::1]", "4000::/16"),
            ("[::ffff:10.0.0.1]", "10.0.0.0/8"),
            ("[::127.0.0.1]", "127.0.0.0/8"),
            ("[64:ff9b::a00:1]", "10.0.0.0/8"),
            ("[2002:a00:1::]", "10.0.0.0/8"),
            ("[2001:4860::5efe:10.0.0.1]", "10.0.0.0/8"),
        ];
        for (host, net) in table {
            assert!(matches!(verdict(host, &[]), Err(Blocked::NotAllowed { .. })), "{host}");
            assert_eq!(verdict(host, &[net]), Ok(()), "{host} under {net}");
        }
    }

    #[test]
    fn a_refusal_names_the_address_and_the_switch() {
        let message = verdict("10.1.2.3", &[]).unwrap_err().to_string();
        assert!(message.starts_with("10.1.2.3 is a private address"), "{message}");
        assert!(message.ends_with("--allow-destinations 10.1.2.3/32"), "{message}");
    }

    #[test]
    fn our_own_listener_takes_the_tester_and_nothing_else_whatever_is_allowed() {
        let own = "127.0.0.1:8080".parse().unwrap();
        let everything = ["0.0.0.0/0".parse().unwrap()];
        assert_eq!(judge(own, Target::Tester, &[]), Ok(()));
        assert_eq!(judge(own, Target::Own, &everything), Err(Blocked::Own { address: own }));
    }

    #[test]
    fn a_name_is_not_an_address() {
        assert_eq!(literal("example.com"), None);
        assert_eq!(literal("127.0.0.1.example.com"), None);
    }
}
