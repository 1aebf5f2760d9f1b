//! Routing tables: for every namespace that routes or has an address on a wire, the way to each
//! wire and to each container network, over as few routers as possible.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::address;
use super::derive::Plan;
use super::pods::{Network, node_off, wire_mtu, wire_of};
use super::shape::Exit;
use super::underlay::Port;
use super::wiring::{DeviceKind, LabDevice, LabHop, Role, VxlanPeer};

/// Writes all routes that cross a wire, and the tunnels that they lead into.
pub(super) fn fill(plan: &mut Plan<'_>) {
    for space in 0..plan.wiring.spaces.len() {
        let own: Vec<Port> = plan.ports.iter().filter(|p| p.space == space).cloned().collect();
        if own.is_empty() {
            continue;
        }
        let mut routes = Vec::new();
        for wire in 0..plan.wires {
            if !own.iter().any(|port| port.wire == wire)
                && let Some(first) = way(plan, &own, |wires, _| wires == wire)
            {
                routes.push(toward((address::wire(wire), 24), first));
            }
        }
        for network in &plan.networks {
            let Some(subnet) = network.subnet.filter(|_| network.node != space) else { continue };
            if is_tunnelled(plan, space, network) {
                continue;
            }
            let owner = |wire: usize, ports: &[Port]| {
                ports.iter().any(|port| port.wire == wire && port.space == network.node)
            };
            if let Some((device, via)) = way(plan, &own, owner) {
                let via = via.or_else(|| neighbour(plan, &own, network.node));
                routes.push(toward((subnet, 24), (device, via)));
            }
        }
        routes.extend(to_services(plan, space, &own));
        plan.wiring.spaces[space].routes.extend(routes);
    }
    tunnels(plan);
}

fn toward(to: (Ipv4Addr, u8), (device, via): (String, Option<Ipv4Addr>)) -> LabHop {
    LabHop { to, via, device, onlink: false }
}

/// LabDevice and next router of the shortest way to a wire that is what is looked for.
fn way(
    plan: &Plan<'_>,
    own: &[Port],
    found: impl Fn(usize, &[Port]) -> bool,
) -> Option<(String, Option<Ipv4Addr>)> {
    let mut seen = vec![false; plan.wires];
    let mut open: VecDeque<(usize, String, Option<Ipv4Addr>)> = VecDeque::new();
    for port in own {
        seen[port.wire] = true;
        open.push_back((port.wire, port.device.clone(), None));
    }
    while let Some((wire, device, via)) = open.pop_front() {
        if found(wire, &plan.ports) {
            return Some((device, via));
        }
        let is_router = |port: &&Port| {
            let role = plan.wiring.spaces[port.space].role;
            port.wire == wire && role == Role::Router && port.space != own[0].space
        };
        for router in plan.ports.iter().filter(is_router) {
            let others = plan.ports.iter().filter(|port| port.space == router.space);
            for next in others {
                if !std::mem::replace(&mut seen[next.wire], true) {
                    let via = via.unwrap_or(router.address);
                    open.push_back((next.wire, device.clone(), Some(via)));
                }
            }
        }
    }
    None
}

/// The address of `space` on the first of these wires that it is on.
fn neighbour(plan: &Plan<'_>, own: &[Port], space: usize) -> Option<Ipv4Addr> {
    let on = |port: &Port| own.iter().any(|mine| mine.wire == port.wire);
    plan.ports.iter().find(|port| port.space == space && on(port)).map(|port| port.address)
}

/// Whether `space` reaches the pods of `network` by a tunnel: its node has one to that node's.
fn is_tunnelled(plan: &Plan<'_>, space: usize, network: &Network) -> bool {
    let same = |own: &Network| own.node == space && own.cni == network.cni;
    network.shape.exit == Exit::Vxlan && plan.networks.iter().any(same)
}

/// A route for the addresses of Services: translation comes after the first look at the routes,
/// which must therefore know some way, and picks the address that a node's own packets have.
fn to_services(plan: &Plan<'_>, space: usize, own: &[Port]) -> Option<LabHop> {
    let role = plan.wiring.spaces[space].role;
    let to = address::SERVICES;
    let device = own[0].device.clone();
    match role {
        Role::Node if !plan.wiring.services.is_empty() => {
            Some(LabHop { to, via: None, device, onlink: false })
        }
        _ => None,
    }
}

/// A VXLAN device for each network that has one, and the routes by way of it.
fn tunnels(plan: &mut Plan<'_>) {
    let mut names: Vec<String> = plan.networks.iter().map(|n| n.cni.clone()).collect();
    names.sort();
    names.dedup();
    let networks = plan.networks.clone();
    for (index, network) in networks.iter().enumerate() {
        let (Exit::Vxlan, Some(port)) = (network.shape.exit, wire_of(plan, network.node)) else {
            continue;
        };
        let peers: Vec<(usize, VxlanPeer)> = networks
            .iter()
            .enumerate()
            .filter(|(_, other)| other.node != network.node && other.cni == network.cni)
            .filter_map(|(at, other)| {
                let (node, device) = (wire_of(plan, other.node)?.address, other.subnet?);
                Some((at, VxlanPeer { node, device, mac: mac(at) }))
            })
            .collect();
        let name = format!("vxlan{index}");
        for (_, peer) in &peers {
            let (to, via) = ((peer.device, 24), Some(peer.device));
            let hop = LabHop { to, via, device: name.clone(), onlink: true };
            plan.wiring.spaces[network.node].routes.push(hop);
        }
        let id = 1 + names.iter().position(|name| *name == network.cni).unwrap_or(0);
        let id = u32::try_from(id).expect("few networks");
        let peers = peers.into_iter().map(|(_, peer)| peer).collect();
        let kind = DeviceKind::Vxlan { id, local: port.address, mac: mac(index), peers };
        let mtu = wire_mtu(plan, network.node).saturating_sub(network.shape.header);
        let mut device = LabDevice::new(name, kind, mtu);
        device.off = node_off(plan, network.node);
        device.addresses.extend(network.subnet.map(|subnet| (subnet, 32)));
        plan.device(network.node, device);
    }
}

/// The hardware address of the VXLAN device of the `index`-th network, locally administered.
fn mac(index: usize) -> String {
    format!("02:50:50:00:{:02x}:{:02x}", index / 256, index % 256)
}
