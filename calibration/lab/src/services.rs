//! The rules that a Service proxy installs on a node, as text that the kernel's tools load.
//!
//! ```text
//!  iptables:  KUBE-SERVICES ─rule 1─rule 2─ … ─rule k─► KUBE-SVC-… ─► KUBE-SEP-… ─► DNAT
//!  nftables:  (address, protocol, port) ──vmap──► service-… ─► endpoint-… ─► dnat
//!  ipvs:      (address, protocol, port) ──hash──► scheduler ─► real server
//! ```
//!
//! Of N Services one is real: it leads to the given backends. The others stand for the rest of a
//! cluster, one endpoint each; their addresses are in 198.18.0.0/15, which nobody routes (RFC
//! 2544). kube-proxy walks a hash map of Services, so a Service's place in a list of rules is
//! chance: the real one is put in the middle, where it meets the mean number of rules.

pub mod bench;
pub mod iptables;
pub mod ipvs;
pub mod nftables;

use std::net::{Ipv4Addr, SocketAddrV4};

/// Where the addresses of Services that nobody calls begin: 198.18.0.0/16.
const OTHER_SERVICES: u32 = 0xC612_0000;
/// Where the addresses of their endpoints begin: 198.19.0.0/16.
const OTHER_ENDPOINTS: u32 = 0xC613_0000;
/// Addresses before the port changes.
const ADDRESSES: u32 = 1 << 16;
/// The port of the first [`ADDRESSES`] Services that nobody calls.
const OTHER_PORT: u32 = 80;

/// A protocol that a Service port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// Its name in rules.
    const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// One Service port: what a proxy keys its rules by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ServicePort {
    /// `namespace/name:port`.
    name: String,
    /// Stands for the hash that kube-proxy makes of the name: 16 characters of base 32.
    digest: String,
    protocol: Protocol,
    address: SocketAddrV4,
    backends: Vec<SocketAddrV4>,
    /// Whether anybody calls it.
    is_real: bool,
}

/// The ports of `services` Services, in the order of the rules. The real one speaks TCP and UDP, as
/// `kube-dns` does, so it has two.
fn installed(
    services: u32,
    address: Ipv4Addr,
    port: u16,
    backends: &[SocketAddrV4],
) -> Vec<ServicePort> {
    let real = services / 2;
    let mut ports = Vec::with_capacity(services as usize + 1);
    for at in 0..services {
        if at != real {
            ports.push(other(at));
            continue;
        }
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            ports.push(ServicePort {
                name: format!("podpath/real:{}", protocol.name()),
                digest: digest(&format!("R{}", protocol.name().to_uppercase()), 0),
                protocol,
                address: SocketAddrV4::new(address, port),
                backends: backends.to_vec(),
                is_real: true,
            });
        }
    }
    ports
}

/// A Service that nobody calls.
fn other(at: u32) -> ServicePort {
    let port = (OTHER_PORT + at / ADDRESSES) as u16;
    let endpoint = Ipv4Addr::from_bits(OTHER_ENDPOINTS + at % ADDRESSES);
    ServicePort {
        name: format!("podpath/other-{at}:tcp"),
        digest: digest("S", at),
        protocol: Protocol::Tcp,
        address: SocketAddrV4::new(Ipv4Addr::from_bits(OTHER_SERVICES + at % ADDRESSES), port),
        backends: vec![SocketAddrV4::new(endpoint, 8080)],
        is_real: false,
    }
}

/// A name of 16 characters of RFC 4648's base 32, as long as kube-proxy's hashes are.
fn digest(prefix: &str, number: u32) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = prefix.to_owned();
    for position in (0..16_usize.saturating_sub(prefix.len())).rev() {
        let place = 5 * position as u32;
        let digit = if place < 32 { (number >> place) & 31 } else { 0 };
        text.push(char::from(ALPHABET[digit as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn real() -> (Ipv4Addr, u16, Vec<SocketAddrV4>) {
        let pod = |last| SocketAddrV4::new(Ipv4Addr::new(10, 0, 1, last), 8080);
        (Ipv4Addr::new(10, 96, 0, 10), 80, vec![pod(2), pod(3), pod(4)])
    }

    #[test]
    fn one_service_is_real_and_lies_in_the_middle_of_the_others() {
        let (address, port, backends) = real();
        for services in [1, 2, 100, 10_000] {
            let ports = installed(services, address, port, &backends);
            assert_eq!(ports.len() as u32, services + 1, "TCP and UDP of the real one");
            let place = ports.iter().position(|port| port.address.ip() == &address);
            assert_eq!(place, Some(services as usize / 2));
        }
        assert!(installed(0, address, port, &backends).is_empty());
    }

    #[test]
    fn no_two_services_share_an_address_or_a_digest() {
        let (address, port, backends) = real();
        let ports = installed(70_000, address, port, &backends);
        let keys: BTreeSet<_> = ports.iter().map(|p| (p.address, p.protocol.name())).collect();
        let digests: BTreeSet<_> = ports.iter().map(|port| &port.digest).collect();
        assert_eq!((keys.len(), digests.len()), (70_001, 70_001));
        assert!(digests.iter().all(|digest| digest.len() == 16));
    }

    /// The rules of two Services, one with three backends, in all three forms.
    #[test]
    fn rules_read_as_kube_proxy_writes_them() {
        let (address, port, backends) = real();
        let golden = |form: fn(u32, Ipv4Addr, u16, &[SocketAddrV4]) -> String, text: &str| {
            assert_eq!(form(2, address, port, &backends), text);
        };
        golden(iptables::rules, include_str!("services/golden/iptables.txt"));
        golden(nftables::rules, include_str!("services/golden/nftables.txt"));
        golden(ipvs::rules, include_str!("services/golden/ipvs.txt"));
    }
}
