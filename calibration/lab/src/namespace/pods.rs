//! Pods and what is between them and the wire: bridges, gateways, tunnels, macvlan devices.

use std::net::Ipv4Addr;

use models::catalogue::CniSpec;
use models::input::InputError;
use models::library::Kind;
use models::quantity::parse_rate;
use models::topology::{Placed, PodTable};
use sim::Rate;

use super::address::{self, ROOM, numbered};
use super::derive::Plan;
use super::offloads::Switch;
use super::plugged;
use super::shape::{Attachment, Exit, Shape};
use super::underlay::Port;
use super::wiring::{DeviceKind, LabDevice, LabHop, PodPlace, Role};

/// The container network of some pods of one node.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// The node's namespace.
    pub(super) node: usize,
    /// The name of the CNI.
    pub(super) cni: String,
    /// How it is built.
    pub(super) shape: Shape,
    /// The namespace that pods are attached to: the node's, or the first of more routers.
    pub(super) inside: usize,
    /// The network of its pods; none, if they are on the wire.
    pub(super) subnet: Option<Ipv4Addr>,
    /// The address of the gateway.
    pub(super) gateway: Ipv4Addr,
    /// Addresses given to pods so far.
    taken: usize,
    /// The bridge that pods are ports of.
    bridge: Option<String>,
    /// The largest packet of its pods.
    mtu: u32,
}

/// Adds every pod, and each container network when its first pod appears.
pub(super) fn attach(plan: &mut Plan<'_>) -> Result<(), InputError> {
    for pod in &plan.topology.pods {
        let node = plan.node_of(pod, &pod.table.node)?;
        let cni = cni_of(plan, pod)?;
        let known = plan.networks.iter().position(|n| n.node == node && n.cni == cni.name);
        let network = match known {
            Some(network) => network,
            None => open(plan, node, &cni, pod)?,
        };
        let mtu = pod.table.mtu.as_ref().map_or(plan.networks[network].mtu, |mtu| *mtu.get_ref());
        let attachment = plan.networks[network].shape.attachment;
        if attachment == Attachment::Macvlan {
            without_limit(pod, "a macvlan device cannot be limited")?;
        }
        let place = match attachment {
            Attachment::Host => host(plan, pod, node)?,
            _ if plan.plugins => {
                let address = next_address(plan, pod, network)?;
                plugged::attach(plan, pod, network, address, mtu)?
            }
            Attachment::Macvlan => macvlan(plan, pod, network, mtu)?,
            Attachment::Veth { .. } => veth(plan, pod, network, mtu)?,
        };
        let name = pod.table.name.get_ref();
        if plan.wiring.pods.insert(name.clone(), place).is_some() {
            let problem = format!("`{name}` is the name of another pod already");
            return Err(pod.fault(&pod.table.name, "name", problem));
        }
    }
    Ok(())
}

/// The CNI of a pod: its own, else its node's.
fn cni_of(plan: &Plan<'_>, pod: &Placed<PodTable>) -> Result<CniSpec, InputError> {
    let nodes = &plan.topology.nodes;
    let node = nodes.iter().find(|node| node.table.name.get_ref() == pod.table.node.get_ref());
    let node = node.expect("the pod's node was found before");
    let (name, source) = match &pod.table.cni {
        Some(own) => (own, &pod.source),
        None => (&node.table.cni, &node.source),
    };
    if let Err(unknown) = plan.library.source(Kind::Cni, name.get_ref()) {
        let help = unknown.help.unwrap_or_default();
        return Err(InputError::new("cni", unknown.problem).help(help).at(source, name.span()));
    }
    let cni = CniSpec::load(name.get_ref(), plan.library)?;
    Shape::of(&cni).map_err(|refused| refused.at(source, name.span()))?;
    Ok(cni)
}

/// The devices of a container network on a node; its index.
fn open(
    plan: &mut Plan<'_>,
    node: usize,
    cni: &CniSpec,
    pod: &Placed<PodTable>,
) -> Result<usize, InputError> {
    let shape = Shape::of(cni)?;
    let index = plan.networks.len();
    if index >= address::NETWORKS {
        return Err(InputError::new("pod", "a lab has no addresses for so many networks")
            .help("at most 4096 container networks, counted on each node"));
    }
    let (wire_mtu, port) = (wire_mtu(plan, node), wire_of(plan, node));
    let mtu = wire_mtu.saturating_sub(shape.header).max(68);
    let on_wire = shape.exit == Exit::Wire && port.is_some();
    let subnet = (!on_wire).then(|| address::pods(index));
    let gateway = match (&port, subnet) {
        (_, Some(subnet)) => numbered(subnet, 1),
        (Some(port), None) => port.address,
        (None, None) => unreachable!("a network is on a wire or has a subnet"),
    };
    if shape.attachment == Attachment::Macvlan && port.is_none() {
        let problem = format!("`{}` needs a NIC with a cable on the pod's node", cni.name);
        return Err(pod.fault(&pod.table.node, "cni", problem));
    }
    let inside = routers(plan, node, index, &shape, mtu);
    plan.wiring.spaces[inside].filter_tables =
        plan.wiring.spaces[inside].filter_tables.max(shape.filter_tables);
    let mut network = Network {
        node,
        cni: cni.name.clone(),
        inside,
        subnet,
        gateway,
        taken: 1,
        bridge: None,
        mtu,
        shape,
    };
    if let (Attachment::Veth { bridges }, false) = (network.shape.attachment, plan.plugins) {
        network.bridge = bridge_chain(plan, &network, index, bridges, port);
    }
    plan.networks.push(network);
    Ok(index)
}

/// Routing namespaces between the pods and the node's own, if the network has more than one
/// `route`; the namespace that the pods are attached to.
fn routers(plan: &mut Plan<'_>, node: usize, index: usize, shape: &Shape, mtu: u32) -> usize {
    let Exit::Routes { more } = shape.exit else { return node };
    let mut outer = node;
    for step in 0..more {
        let name = format!("{}.{index}.{step}", plan.wiring.spaces[node].name);
        let space = plan.space(&name, Role::Router);
        let below = format!("in{index}r{step}");
        let [above, inner] = plan.link([(outer, &below), (space, "out")], mtu);
        let default = (Ipv4Addr::UNSPECIFIED, 0);
        route(plan, space, default, Some(above), "out");
        route(plan, outer, (address::pods(index), 24), Some(inner), &below);
        outer = space;
    }
    outer
}

fn route(plan: &mut Plan<'_>, at: usize, to: (Ipv4Addr, u8), via: Option<Ipv4Addr>, device: &str) {
    let hop = LabHop { to, via, device: device.to_owned(), onlink: false };
    plan.wiring.spaces[at].routes.push(hop);
}

/// Bridges one behind the other; the name of the first. The last is the gateway, and on the wire
/// where the network's pods are.
fn bridge_chain(
    plan: &mut Plan<'_>,
    network: &Network,
    index: usize,
    bridges: usize,
    port: Option<Port>,
) -> Option<String> {
    let last = bridges.checked_sub(1)?;
    let space = network.inside;
    let name = |step: usize| match step == last {
        true => format!("cni{index}"),
        false => format!("cni{index}b{step}"),
    };
    for step in 0..bridges {
        let mut bridge = LabDevice::new(name(step), DeviceKind::Bridge, network.mtu);
        bridge.off = node_off(plan, network.node);
        if step == last {
            if network.subnet.is_some() {
                bridge.addresses.push((network.gateway, 24));
            } else if let Some(port) = &port {
                let nic = plan.device_mut(space, &port.device);
                bridge.addresses = std::mem::take(&mut nic.addresses);
                nic.bridge = Some(bridge.name.clone());
                let of_nic = |p: &&mut Port| p.space == space && p.device == port.device;
                if let Some(moved) = plan.ports.iter_mut().find(of_nic) {
                    moved.device.clone_from(&bridge.name);
                }
            }
        }
        plan.device(space, bridge);
    }
    for step in 0..last {
        let ends = [(step, 'i'), (step + 1, 'o')].map(|(bridge, side)| {
            let end = format!("up{index}b{step}{side}");
            let mut end = LabDevice::new(end, DeviceKind::Veth, network.mtu);
            end.bridge = Some(name(bridge));
            end.off = node_off(plan, network.node);
            (space, end)
        });
        plan.pair(ends);
    }
    Some(name(0))
}

/// The smallest MTU of a node's cards; of all cards, where it has none.
pub(super) fn wire_mtu(plan: &Plan<'_>, node: usize) -> u32 {
    let name = &plan.wiring.spaces[node].name;
    let nics = || plan.topology.nics.iter();
    let own = nics().filter(|nic| nic.table.node.get_ref() == name);
    let mtu = own.map(|nic| *nic.table.mtu.get_ref()).min();
    mtu.or_else(|| nics().map(|nic| *nic.table.mtu.get_ref()).min()).unwrap_or(1500)
}

/// The node's first card with a cable.
pub(super) fn wire_of(plan: &Plan<'_>, node: usize) -> Option<Port> {
    plan.ports.iter().find(|port| port.space == node).cloned()
}

/// Offloads that are off on every interface of a node and its pods.
pub(super) fn node_off(plan: &Plan<'_>, node: usize) -> Switch {
    let name = &plan.wiring.spaces[node].name;
    let mut own = plan.topology.nics.iter().filter(|nic| nic.table.node.get_ref() == name);
    Switch { all: own.any(|nic| nic.table.offloads == Some(false)), tunnel: false }
}

/// Offloads that are off on the pod's own interface.
pub(super) fn pod_off(pod: &Placed<PodTable>) -> Switch {
    Switch { all: !pod.table.offloads, tunnel: false }
}

/// A pod in its node's namespace.
fn host(plan: &mut Plan<'_>, pod: &Placed<PodTable>, node: usize) -> Result<PodPlace, InputError> {
    without_limit(pod, "a pod on the node's network has no interface to limit")?;
    if !pod.table.offloads {
        let problem = "a pod on the node's network has no interface of its own".to_owned();
        return Err(pod.fault(&pod.table.name, "offloads", problem).help("nic.offloads"));
    }
    let mtu = wire_mtu(plan, node);
    if let Some(port) = wire_of(plan, node) {
        return Ok(PodPlace { space: node, address: port.address, mtu });
    }
    let address = address::lonely(node);
    let known = &plan.wiring.spaces[node].devices;
    if !known.iter().any(|device| device.kind == DeviceKind::Loopback) {
        let mut loopback = LabDevice::new("lo", DeviceKind::Loopback, 65_536);
        loopback.addresses.push((address, 32));
        plan.device(node, loopback);
    }
    Ok(PodPlace { space: node, address, mtu })
}

/// The limit of a pod's interface.
pub(super) fn rate_of(pod: &Placed<PodTable>) -> Result<Option<Rate>, InputError> {
    let Some(text) = &pod.table.rate else { return Ok(None) };
    let rate = parse_rate(text.get_ref());
    rate.map(Some).map_err(|e| pod.fault(text, "rate", e.problem).help(e.help))
}

/// Refuses a limit where no veth pair is there to set it on.
fn without_limit(pod: &Placed<PodTable>, problem: &str) -> Result<(), InputError> {
    match &pod.table.rate {
        None => Ok(()),
        Some(rate) => Err(pod
            .fault(rate, "rate", problem.to_owned())
            .help("a limit is set on the node's end of a pod's veth pair")),
    }
}

/// The next address of a network for `pod`.
fn next_address(
    plan: &mut Plan<'_>,
    pod: &Placed<PodTable>,
    network: usize,
) -> Result<Ipv4Addr, InputError> {
    let problem = "a lab has no addresses for so many pods".to_owned();
    let full = || pod.fault(&pod.table.name, "name", problem).help("253 on one network");
    let network = &mut plan.networks[network];
    if let Some(subnet) = network.subnet {
        network.taken += 1;
        return match network.taken <= ROOM {
            true => Ok(numbered(subnet, network.taken)),
            false => Err(full()),
        };
    }
    let node = network.node;
    let wire = wire_of(plan, node).expect("a network on the wire has one").wire;
    let number = 1 + plan.ports.iter().filter(|port| port.wire == wire).count();
    match number <= ROOM {
        true => Ok(numbered(address::wire(wire), number)),
        false => Err(full()),
    }
}

/// A pod with a macvlan device on its node's card.
fn macvlan(
    plan: &mut Plan<'_>,
    pod: &Placed<PodTable>,
    network: usize,
    mtu: u32,
) -> Result<PodPlace, InputError> {
    let node = plan.networks[network].node;
    let port = wire_of(plan, node).expect("looked at when the network was opened");
    let address = next_address(plan, pod, network)?;
    let space = plan.space(pod.table.name.get_ref(), Role::Pod);
    let kind = DeviceKind::Macvlan { node, parent: port.device };
    let mut device = LabDevice::new("eth0", kind, mtu);
    device.addresses.push((address, 24));
    device.off = node_off(plan, node).and(pod_off(pod));
    plan.device(space, device);
    plan.ports.push(Port { space, device: "eth0".into(), wire: port.wire, address });
    Ok(PodPlace { space, address, mtu })
}

/// A pod at the end of a veth pair.
fn veth(
    plan: &mut Plan<'_>,
    pod: &Placed<PodTable>,
    network: usize,
    mtu: u32,
) -> Result<PodPlace, InputError> {
    let address = next_address(plan, pod, network)?;
    let space = plan.space(pod.table.name.get_ref(), Role::Pod);
    let Network { node, inside, subnet, gateway, bridge, .. } = plan.networks[network].clone();
    let mut inner = LabDevice::new("eth0", DeviceKind::Veth, mtu);
    let mut outer = LabDevice::new(format!("veth{space}"), DeviceKind::Veth, mtu);
    outer.off = node_off(plan, node);
    inner.off = outer.off.and(pod_off(pod));
    if let Some(rate) = rate_of(pod)? {
        outer.sends = Some(rate);
        outer.accepts = Some((format!("ifb{space}"), rate));
    }
    let default = (Ipv4Addr::UNSPECIFIED, 0);
    match &bridge {
        Some(_) => inner.addresses.push((address, 24)),
        None => {
            // As the plug-in `ptp` does it: no network on the link, the gateway alone is on it.
            inner.addresses.push((address, 32));
            outer.addresses.push((gateway, 32));
            route(plan, space, (gateway, 32), None, "eth0");
            route(plan, inside, (address, 32), None, &outer.name);
        }
    }
    outer.bridge = bridge;
    if subnet.is_some() {
        route(plan, space, default, Some(gateway), "eth0");
    } else {
        let wire = wire_of(plan, node).expect("a network on the wire has one").wire;
        plan.ports.push(Port { space, device: "eth0".into(), wire, address });
    }
    let ends = [(inside, outer), (space, inner)];
    plan.pair(ends);
    Ok(PodPlace { space, address, mtu })
}
