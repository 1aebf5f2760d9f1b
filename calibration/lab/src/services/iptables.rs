//! kube-proxy in iptables mode: one rule per Service in one chain, then a chain per Service and
//! one per endpoint.
//!
//! Source: kubernetes/kubernetes, `pkg/proxy/iptables/proxier.go` and the rules that
//! `proxier_test.go` expects. kube-proxy was told no cluster CIDR here, so it masquerades hairpins
//! only.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::{ServicePort, installed};

/// Chains that are there whatever Services there are, and the jumps to them.
const FRAME: &str = "\
*filter
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
";
/// The rules of those chains.
const JUMPS: &str = "\
-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" \
-j MASQUERADE --random-fully
";
/// The last rule of the list of Services.
const LAST: &str = "\
-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last \
rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
COMMIT
";

/// Input of `iptables-restore` for `services` Services, of which the one at `address`:`port` is
/// real and leads to `backends`, each with equal chance. With no Services: the frame alone.
pub fn rules(services: u32, address: Ipv4Addr, port: u16, backends: &[SocketAddrV4]) -> String {
    let ports = installed(services, address, port, backends);
    let mut text = String::from(FRAME);
    let mut put = |line: std::fmt::Arguments<'_>| {
        text.write_fmt(line).expect("a string grows");
        text.push('\n');
    };
    for service in &ports {
        put(format_args!(":{} - [0:0]", chain(service)));
        for at in 0..service.backends.len() {
            put(format_args!(":{} - [0:0]", endpoint_chain(service, at)));
        }
    }
    put(format_args!("{}", JUMPS.trim_end()));
    for service in &ports {
        let (protocol, address) = (service.protocol.name(), service.address);
        put(format_args!(
            "-A KUBE-SERVICES -m comment --comment \"{} cluster IP\" -m {protocol} -p {protocol} \
             -d {} --dport {} -j {}",
            service.name,
            address.ip(),
            address.port(),
            chain(service)
        ));
    }
    for service in &ports {
        endpoints(service, &mut put);
    }
    put(format_args!("{}", LAST.trim_end()));
    text
}

/// The chain of a Service and those of its endpoints.
fn endpoints(service: &ServicePort, put: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    let (name, protocol) = (&service.name, service.protocol.name());
    let count = service.backends.len();
    for (at, backend) in service.backends.iter().enumerate() {
        // The last takes what is left: 1/n, 1/(n − 1), …, always.
        let chance = match count - at {
            1 => String::new(),
            left => {
                let part = 1.0 / left as f64;
                format!(" -m statistic --mode random --probability {part:.10}")
            }
        };
        let (chain, endpoint) = (chain(service), endpoint_chain(service, at));
        put(format_args!(
            "-A {chain} -m comment --comment \"{name} -> {backend}\"{chance} -j {endpoint}"
        ));
        put(format_args!(
            "-A {endpoint} -m comment --comment \"{name}\" -s {} -j KUBE-MARK-MASQ",
            backend.ip()
        ));
        put(format_args!(
            "-A {endpoint} -m comment --comment \"{name}\" -m {protocol} -p {protocol} -j DNAT \
             --to-destination {backend}"
        ));
    }
}

fn chain(service: &ServicePort) -> String {
    format!("KUBE-SVC-{}", service.digest)
}

/// kube-proxy hashes Service and endpoint; here the endpoint's number stands in the name, whose
/// length stays within the 28 characters of a chain.
fn endpoint_chain(service: &ServicePort, at: usize) -> String {
    format!("KUBE-SEP-{}{at}", service.digest)
}
