//! kube-proxy in IPVS mode: the kernel's load balancer finds the Service in a hash table.
//!
//! kube-proxy also gives every Service address to a dummy interface, so that the host takes the
//! packets in; a caller adds the real one's with [`ADDRESS_DEVICE`].
//!
//! Source: kubernetes/kubernetes, `pkg/proxy/ipvs/README.md`; `ipvsadm(8)`.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::{Protocol, installed};

/// The dummy interface that kube-proxy puts the addresses of Services on.
pub const ADDRESS_DEVICE: &str = "kube-ipvs0";

/// Input of `ipvsadm --restore` for `services` Services, of which the one at `address`:`port` is
/// real and leads to `backends`, in turn (`rr`, kube-proxy's default). With no Services: nothing.
pub fn rules(services: u32, address: Ipv4Addr, port: u16, backends: &[SocketAddrV4]) -> String {
    let mut text = String::new();
    for service in installed(services, address, port, backends) {
        let flag = match service.protocol {
            Protocol::Tcp => 't',
            Protocol::Udp => 'u',
        };
        let address = service.address;
        writeln!(text, "-A -{flag} {address} -s rr").expect("a string grows");
        for backend in &service.backends {
            writeln!(text, "-a -{flag} {address} -r {backend} -m -w 1").expect("a string grows");
        }
    }
    text
}
