//! PCIe slots: the links that a device's access to memory loads on its way.
//!
//! Every slot is a pair of links (towards the root and away from it). A DMA loads the slot of the
//! device that acts, the uplinks of the switches between, the memory channels it ends in, and the
//! link between the sockets where memory and slot are on different NUMA nodes.

use std::collections::BTreeMap;

use serde_spanned::Spanned;
use sim::{Bytes, Rate, Time};

use super::assemble::Builder;
use super::{DmaHop, LinkIndex};
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::pcie::{Operation, Port, Weights};
use crate::topology::{PcieSwitchTable, Placed};

/// DMA weights are those of a long run of full packets; a short message's last packet is a
/// rounding error beside its set-up.
pub(super) const LONG: Bytes = Bytes::mib(1);

/// A PCIe slot or uplink.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) node: String,
    pub(super) numa: u32,
    pub(super) port: Port,
    pub(super) up: LinkIndex,
    pub(super) down: LinkIndex,
    /// The switch above it.
    pub(super) under: Option<String>,
}

pub(super) fn slot<T>(
    builder: &mut Builder<'_>,
    at: &Placed<T>,
    names: (&Spanned<String>, &Spanned<String>, &Spanned<String>),
    numa: u32,
    under: Option<(&Spanned<String>, &BTreeMap<String, Slot>)>,
) -> Result<Slot, InputError> {
    let (name, node, pcie) = names;
    builder.claim(at, name)?;
    builder.machine_of(at, node)?;
    if let Some((switch, switches)) = under {
        let known: Vec<&str> = switches.keys().map(String::as_str).collect();
        match switches.get(switch.get_ref()) {
            Some(above) if above.node == *node.get_ref() => {}
            Some(above) => {
                let problem = format!("`{}` is in node `{}`", switch.get_ref(), above.node);
                return Err(at.fault(switch, "under", problem).help("a switch of the same node"));
            }
            None => {
                let problem = format!("no pcie_switch is called `{}`", switch.get_ref());
                let help = suggest(switch.get_ref(), known);
                return Err(at.fault(switch, "under", problem).help(help));
            }
        }
    }
    let profile = builder.profile(at, Kind::Pcie, "pcie", pcie)?;
    let port = Port::from_profile(&profile)?;
    let capacity = port.link.capacity();
    let up = builder.rate_link(format!("{}/pcie-up", name.get_ref()), capacity);
    let down = builder.rate_link(format!("{}/pcie-down", name.get_ref()), capacity);
    let under = under.map(|(switch, _)| switch.get_ref().clone());
    Ok(Slot { node: node.get_ref().clone(), numa, port, up, down, under })
}

pub(super) fn switch(
    builder: &mut Builder<'_>,
    at: &Placed<PcieSwitchTable>,
) -> Result<Slot, InputError> {
    let table = &at.table;
    slot(builder, at, (&table.name, &table.node, &table.pcie), table.numa, None)
}

/// Puts a device's access to host memory on its links.
pub(super) fn load(
    builder: &mut Builder<'_>,
    dma: &mut DmaHop,
    slot: &Slot,
    operation: Operation,
    memory_numa: u32,
    switches: &BTreeMap<String, Slot>,
) -> Result<(), InputError> {
    climb(dma, slot, operation, switches, None);
    if let Some(memory) = memory(builder, &slot.node, memory_numa)? {
        dma.links.push((memory, 1.0));
    }
    let crossing = match operation {
        Operation::Read => cross(builder, dma, &slot.node, (memory_numa, slot.numa))?,
        Operation::Write => cross(builder, dma, &slot.node, (slot.numa, memory_numa))?,
    };
    if operation == Operation::Read {
        // The request crosses, too: a read in flight is so for that much longer.
        let mut window = slot.port.window;
        window.round_trip += Time::from_seconds(2.0 * crossing);
        dma.read_limit = window.limit(slot.port.link.settings.max_read_request, LONG);
    }
    Ok(())
}

/// Puts data on its way between NUMA nodes on the link between the sockets, if there are two nodes
/// and the profile knows of the link; its latency in seconds.
pub(super) fn cross(
    builder: &Builder<'_>,
    dma: &mut DmaHop,
    node: &str,
    (from, to): (u32, u32),
) -> Result<f64, InputError> {
    let machine = &builder.machines[node];
    if from == to {
        return Ok(0.0);
    }
    if let Some(links) = machine.socket_links {
        dma.links.push((links[usize::from(from > to)], 1.0));
    }
    if !machine.profile.has("socket_link_latency") {
        return Ok(0.0);
    }
    let latency = machine.profile.seconds("socket_link_latency")?;
    dma.latency += latency;
    Ok(latency)
}

/// Loads a slot and the uplinks of the switches above it, up to (not including) `below`.
fn climb(
    dma: &mut DmaHop,
    slot: &Slot,
    operation: Operation,
    switches: &BTreeMap<String, Slot>,
    below: Option<&str>,
) {
    push(dma, slot, weights(slot, operation));
    if let Some(name) = slot.under.as_deref().filter(|name| Some(*name) != below) {
        let uplink = &switches[name];
        push(dma, uplink, weights(uplink, operation));
    }
}

fn weights(slot: &Slot, operation: Operation) -> Weights {
    slot.port.link.weights(operation, LONG).expect("the payload is not empty")
}

fn push(dma: &mut DmaHop, slot: &Slot, weights: Weights) {
    dma.links.push((slot.up, weights.up));
    dma.links.push((slot.down, weights.down));
}

/// The memory channels of a NUMA node, made on first use; none where the profile does not say.
pub(super) fn memory(
    builder: &mut Builder<'_>,
    node: &str,
    numa: u32,
) -> Result<Option<LinkIndex>, InputError> {
    let machine = &builder.machines[node];
    if let Some(&link) = machine.memory.get(&numa) {
        return Ok(Some(link));
    }
    if !machine.profile.has("memory_bandwidth") {
        return Ok(None);
    }
    let rate: Rate = machine.profile.rate("memory_bandwidth")?;
    let link = builder.rate_link(format!("{node}/memory{numa}"), rate);
    builder.machines.get_mut(node).expect("known").memory.insert(numa, link);
    Ok(Some(link))
}

/// Loads the way of one device's access to another, which turns at the switch they share, if any.
pub(super) fn across(
    dma: &mut DmaHop,
    acts: &Slot,
    target: &Slot,
    operation: Operation,
    switches: &BTreeMap<String, Slot>,
) {
    let shared = match (&acts.under, &target.under) {
        (Some(a), Some(b)) if a == b => Some(a.as_str()),
        _ => None,
    };
    climb(dma, acts, operation, switches, shared);
    push(dma, target, weights(acts, operation).mirrored());
    if let Some(name) = target.under.as_deref().filter(|name| Some(*name) != shared) {
        let uplink = &switches[name];
        push(dma, uplink, weights(uplink, operation).mirrored());
    }
}
