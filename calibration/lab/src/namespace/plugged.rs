//! Pods that the container network plug-ins of the CNI project attach, as configurations of these
//! plug-ins: what a file below `/etc/cni/net.d` says on a real node.
//!
//! Sources: the CNI specification 1.0.0 (network configuration format); the plug-ins' own pages
//! below <https://www.cni.dev/plugins/current/>.

use std::net::Ipv4Addr;

use models::input::InputError;
use models::topology::{Placed, PodTable};
use serde_json::{Value, json};
use sim::Rate;

use super::address;
use super::derive::Plan;
use super::offloads::Switch;
use super::pods::{Network, node_off, pod_off, rate_of, wire_of};
use super::shape::{Attachment, Exit};
use super::underlay::Port;
use super::wiring::{PodPlace, Role};

/// The version of the specification that the plug-ins are called by.
pub(super) const VERSION: &str = "1.0.0";
/// What `bandwidth` lets through at once: 1 ms, and never less than one super-packet.
const BURST_S: f64 = 1e-3;
const BURST_MIN_BITS: f64 = 8.0 * 68_000.0;

/// A pod that plug-ins attach.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugged {
    /// The namespace that they are called in, as an index into the wiring's spaces.
    pub node: usize,
    /// The pod's namespace, likewise.
    pub pod: usize,
    /// The address that it must get.
    pub address: Ipv4Addr,
    /// Offloads to switch off on its interface afterwards.
    pub pod_off: Switch,
    /// Offloads to switch off on the node's side of it.
    pub node_off: Switch,
    /// The configurations of the plug-ins, one after the other, without the state folder of
    /// `host-local`, which is the lab's.
    pub chain: Vec<Value>,
}

/// Has plug-ins attach a pod to a network.
pub(super) fn attach(
    plan: &mut Plan<'_>,
    pod: &Placed<PodTable>,
    network: usize,
    address: Ipv4Addr,
    mtu: u32,
) -> Result<PodPlace, InputError> {
    let limit = rate_of(pod)?;
    let Network { node, inside, subnet, shape, cni, .. } = plan.networks[network].clone();
    let first = match (shape.attachment, subnet) {
        (Attachment::Veth { bridges: 1 }, Some(subnet)) => bridge(network, mtu, subnet),
        (Attachment::Veth { bridges: 0 }, Some(subnet)) => pair(mtu, subnet),
        (Attachment::Macvlan, None) => {
            let port = wire_of(plan, node).expect("looked at when the network was opened");
            macvlan(&port, mtu)
        }
        _ => {
            let problem = format!("no plug-in attaches pods as `{cni}` does");
            let at = pod.table.cni.as_ref().unwrap_or(&pod.table.name);
            let help = "bridge, ptp and macvlan: one bridge with a router behind it, a router \
                        alone, or a macvlan device";
            return Err(pod.fault(at, "cni", problem).help(help));
        }
    };
    let name = format!("podpath{network}");
    let mut chain = vec![first];
    if shape.exit != Exit::Wire {
        let mappings = json!({ "portMappings": true });
        chain.push(json!({ "type": "portmap", "capabilities": mappings }));
    }
    chain.extend(limit.map(bandwidth));
    for plugin in &mut chain {
        plugin["cniVersion"] = VERSION.into();
        plugin["name"] = name.clone().into();
    }
    let space = plan.space(pod.table.name.get_ref(), Role::Pod);
    if let (Attachment::Macvlan, Some(port)) = (shape.attachment, wire_of(plan, node)) {
        plan.ports.push(Port { space, device: "eth0".into(), wire: port.wire, address });
    }
    let node_off = node_off(plan, node);
    let pod_off = node_off.and(pod_off(pod));
    let plugged = Plugged { node: inside, pod: space, address, pod_off, node_off, chain };
    plan.wiring.plugged.push(plugged);
    Ok(PodPlace { space, address, mtu })
}

/// The plug-in `bridge`: a veth pair into a bridge that is the gateway.
fn bridge(network: usize, mtu: u32, subnet: Ipv4Addr) -> Value {
    json!({
        "type": "bridge",
        "bridge": format!("cni{network}"),
        "isGateway": true,
        "ipMasq": false,
        "mtu": mtu,
        "ipam": host_local(subnet, true),
    })
}

/// The plug-in `ptp`: a veth pair whose other end is the gateway.
fn pair(mtu: u32, subnet: Ipv4Addr) -> Value {
    json!({ "type": "ptp", "ipMasq": false, "mtu": mtu, "ipam": host_local(subnet, true) })
}

/// The plug-in `macvlan`: a device of its own on the node's card.
fn macvlan(port: &Port, mtu: u32) -> Value {
    json!({
        "type": "macvlan",
        "master": port.device,
        "mode": "bridge",
        "mtu": mtu,
        "ipam": host_local(address::wire(port.wire), false),
    })
}

/// Addresses from a list of this machine; the gateway is the first of the network.
fn host_local(subnet: Ipv4Addr, has_gateway: bool) -> Value {
    let routes = if has_gateway { json!([{ "dst": "0.0.0.0/0" }]) } else { json!([]) };
    json!({
        "type": "host-local",
        "ranges": [[{ "subnet": format!("{subnet}/24") }]],
        "routes": routes,
    })
}

/// The plug-in `bandwidth`: the same limit both ways.
fn bandwidth(rate: Rate) -> Value {
    let bits_per_s = rate.as_bytes_per_s() * 8.0;
    let burst = (bits_per_s * BURST_S).max(BURST_MIN_BITS);
    let (rate, burst) = (bits_per_s.round() as u64, burst.round() as u64);
    json!({
        "type": "bandwidth",
        "ingressRate": rate,
        "ingressBurst": burst,
        "egressRate": rate,
        "egressBurst": burst,
    })
}
