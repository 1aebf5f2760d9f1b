//! Which addresses a lab gives: all from 10.0.0.0/8, and all inside its namespaces.
//!
//! ```text
//!  10.0.0.0/10    pods, one /24 for each container network of each node
//!  10.64.0.0/12   links between the routing namespaces of one node, /31 each
//!  10.80.0.0/12   nodes without a wire, one address each
//!  10.96.0.0/12   Services, as kubeadm has them
//!  10.128.0.0/9   wires, one /24 for each
//! ```

use std::net::Ipv4Addr;

/// Hosts that a /24 has room for beside the network's, the gateway's and the broadcast address.
pub(super) const ROOM: usize = 253;
/// How many networks of a kind there is room for.
pub(super) const NETWORKS: usize = 4096;
/// The network of all Services.
pub(super) const SERVICES: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 96, 0, 0), 12);

/// The network of the pods of the `index`-th container network.
pub(super) fn pods(index: usize) -> Ipv4Addr {
    numbered(Ipv4Addr::new(10, 0, 0, 0), index * 256)
}

/// The network of the `index`-th wire.
pub(super) fn wire(index: usize) -> Ipv4Addr {
    numbered(Ipv4Addr::new(10, 128, 0, 0), index * 256)
}

/// The two ends of the `index`-th link inside a node.
pub(super) fn link(index: usize) -> [Ipv4Addr; 2] {
    [0, 1].map(|end| numbered(Ipv4Addr::new(10, 64, 0, 0), 2 * index + end))
}

/// The address of the `index`-th node without a wire.
pub(super) fn lonely(index: usize) -> Ipv4Addr {
    numbered(Ipv4Addr::new(10, 80, 0, 0), index + 1)
}

/// The `number`-th address of a network.
pub(super) fn numbered(network: Ipv4Addr, number: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(network.to_bits() + u32::try_from(number).expect("a small number"))
}
