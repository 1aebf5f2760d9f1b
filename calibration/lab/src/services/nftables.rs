//! kube-proxy in nftables mode: a verdict map finds the Service by address, protocol and port.
//!
//! Source: kubernetes/kubernetes, `pkg/proxy/nftables/proxier.go` and the rules that
//! `proxier_test.go` expects. kube-proxy was told no cluster CIDR here, so it masquerades hairpins
//! only. Where nobody calls, a plain `goto` stands for the choice among one endpoint: the kernel
//! names anonymous maps by looking at all of them (`nf_tables_set_alloc_name`), and 10 000 take it
//! over a minute.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::{ServicePort, installed};

/// Chains that are there whatever Services there are.
const FRAME: &str = "
    chain mark-for-masquerade {
        meta mark set meta mark or 0x4000
    }
    chain masquerading {
        meta mark and 0x4000 == 0 return
        meta mark set meta mark xor 0x4000
        masquerade fully-random
    }
    chain services {
        ip daddr . meta l4proto . th dport vmap @service-ips
    }
    chain nat-prerouting {
        type nat hook prerouting priority dstnat; policy accept;
        jump services
    }
    chain nat-output {
        type nat hook output priority -100; policy accept;
        jump services
    }
    chain nat-postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        jump masquerading
    }
}
";

/// Input of `nft -f` for `services` Services, of which the one at `address`:`port` is real and
/// leads to `backends`, each with equal chance. With no Services: the frame and an empty map.
pub fn rules(services: u32, address: Ipv4Addr, port: u16, backends: &[SocketAddrV4]) -> String {
    let ports = installed(services, address, port, backends);
    let mut text = String::from("table ip kube-proxy {\n");
    let mut put = |line: std::fmt::Arguments<'_>| {
        text.write_fmt(line).expect("a string grows");
        text.push('\n');
    };
    for service in &ports {
        endpoints(service, &mut put);
    }
    put(format_args!("    map service-ips {{"));
    put(format_args!("        type ipv4_addr . inet_proto . inet_service : verdict"));
    if !ports.is_empty() {
        put(format_args!("        elements = {{"));
        for service in &ports {
            let (address, protocol) = (service.address, service.protocol.name());
            let (ip, port, chain) = (address.ip(), address.port(), chain(service));
            put(format_args!("            {ip} . {protocol} . {port} : goto {chain},"));
        }
        put(format_args!("        }}"));
    }
    put(format_args!("    }}{}", FRAME.trim_end()));
    text
}

/// The chain of a Service and those of its endpoints; nft wants a chain before what goes there.
fn endpoints(service: &ServicePort, put: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    let protocol = service.protocol.name();
    for (at, backend) in service.backends.iter().enumerate() {
        put(format_args!("    chain {} {{", endpoint_chain(service, at)));
        put(format_args!("        ip saddr {} jump mark-for-masquerade", backend.ip()));
        put(format_args!("        meta l4proto {protocol} dnat to {backend}"));
        put(format_args!("    }}"));
    }
    let count = service.backends.len();
    let choices = (0..count).map(|at| format!("{at} : goto {}", endpoint_chain(service, at)));
    let choices: Vec<String> = choices.collect();
    put(format_args!("    chain {} {{", chain(service)));
    if count > 0 && !service.is_real {
        put(format_args!("        goto {}", endpoint_chain(service, 0)));
    } else if count > 0 {
        put(format_args!("        numgen random mod {count} vmap {{ {} }}", choices.join(", ")));
    }
    put(format_args!("    }}"));
}

fn chain(service: &ServicePort) -> String {
    format!("service-{}-{}", &service.digest[8..], path(service))
}

fn endpoint_chain(service: &ServicePort, at: usize) -> String {
    format!("endpoint-{}-{}__{at}", &service.digest[8..], path(service))
}

/// `namespace/name/port`: kube-proxy's names have slashes, and nft's no colons.
fn path(service: &ServicePort) -> String {
    service.name.replace(':', "/")
}
