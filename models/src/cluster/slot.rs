//! PCIe slots: the links that a device's access to memory loads on its way.
//!
//! Every slot is a pair of links (towards the root and away from it). A DMA loads the slot of the
//! device that acts, the uplinks of the switches between, the memory channels it ends in, and the
//! link between the sockets where memory and slot are on different NUMA nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_spanned::Spanned;
use sim::{Bytes, Rate, Time};

use super::assemble::Builder;
use super::classes::{Of, class};
use super::{DmaHop, LinkIndex, Word};
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::pcie::{Operation, Port, Weights};
use crate::profile::Profile;
use crate::topology::{PcieSwitchTable, Placed};

/// DMA weights are those of a long run of full packets; a short message's last packet is a
/// rounding error beside its set-up.
pub(super) const LONG: Bytes = Bytes::mib(1);

/// A PCIe slot or uplink.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) node: Word,
    pub(super) numa: u32,
    /// Whether the topology says of its own NUMA node which it is.
    stated: bool,
    pub(super) seated: Arc<Seated>,
    pub(super) up: LinkIndex,
    pub(super) down: LinkIndex,
    /// The switch above it.
    pub(super) under: Option<Word>,
}

/// A card in its slot, the same for all of one kind: the port, and what a byte that a device reads
/// or writes loads it with.
pub(super) struct Seated {
    pub(super) port: Port,
    read: Weights,
    write: Weights,
}

/// What a table says of where a device sits.
pub(super) struct Seat<'t> {
    pub(super) name: &'t Spanned<String>,
    pub(super) node: &'t Spanned<String>,
    pub(super) pcie: &'t Spanned<String>,
    pub(super) numa: Option<&'t Spanned<u32>>,
    pub(super) under: Option<(&'t Spanned<String>, &'t BTreeMap<Word, Slot>)>,
}

/// The link between a card and its slot runs at the lesser generation and width of the two.
pub(super) fn slot<T>(
    builder: &mut Builder<'_>,
    at: &Placed<T>,
    seat: &Seat<'_>,
    card: Option<&Arc<Profile>>,
) -> Result<Slot, InputError> {
    let Seat { name, node, pcie, numa, under } = *seat;
    let word = builder.claim(at, name)?;
    let node = builder.machine_of(at, node)?.name.clone();
    if let Some((switch, switches)) = under {
        match switches.get(switch.get_ref().as_str()) {
            Some(above) if above.node == node => {}
            Some(above) => {
                let problem = format!("`{}` is in node `{}`", switch.get_ref(), above.node);
                return Err(at.fault(switch, "under", problem).help("a switch of the same node"));
            }
            None => {
                let problem = format!("no pcie_switch is called `{}`", switch.get_ref());
                let known: Vec<&str> = switches.keys().map(|name| &**name).collect();
                let help = suggest(switch.get_ref(), known);
                return Err(at.fault(switch, "under", problem).help(help));
            }
        }
    }
    let above =
        under.and_then(|(switch, switches)| switches.get_key_value(switch.get_ref().as_str()));
    let (under, above) = (above.map(|(name, _)| name.clone()), above.map(|(_, slot)| slot));
    let own = numa.map(|numa| *numa.get_ref());
    if let (Some(numa), Some(above)) = (numa, above.filter(|above| above.stated))
        && *numa.get_ref() != above.numa
    {
        let problem = format!("expected {}, that of the switch above it", above.numa);
        return Err(at.fault(numa, "numa", problem).help("leave it out below a switch"));
    }
    let profile = builder.profile(at, Kind::Pcie, "pcie", pcie)?;
    let key = (Of::profile(&profile), card.map(Of::profile));
    let make = || seated(&profile, card.map(|card| &**card));
    let seated = class(&mut builder.classes.ports, key, make)?;
    let capacity = seated.port.link.capacity();
    let [up, down] = ["/pcie-up", "/pcie-down"].map(|way| {
        let name = builder.name(&word, way);
        builder.rate_link(name, capacity)
    });
    let (numa, stated) = (own.or(above.map(|above| above.numa)).unwrap_or(0), own.is_some());
    Ok(Slot { node, numa, stated, seated, up, down, under })
}

fn seated(slot: &Profile, card: Option<&Profile>) -> Result<Seated, InputError> {
    let mut port = Port::from_profile(slot)?;
    if let Some(card) = card {
        port.link = port.link.with_card(card)?;
    }
    let weights = |operation| port.link.weights(operation, LONG).expect("the payload is not empty");
    Ok(Seated { port, read: weights(Operation::Read), write: weights(Operation::Write) })
}

pub(super) fn switch(
    builder: &mut Builder<'_>,
    at: &Placed<PcieSwitchTable>,
) -> Result<Slot, InputError> {
    let PcieSwitchTable { name, node, pcie, numa, .. } = &at.table;
    slot(builder, at, &Seat { name, node, pcie, numa: numa.as_ref(), under: None }, None)
}

/// Puts a device's access to host memory on its links.
pub(super) fn load(
    builder: &mut Builder<'_>,
    dma: &mut DmaHop,
    slot: &Slot,
    operation: Operation,
    memory_numa: u32,
    switches: &BTreeMap<Word, Slot>,
) -> Result<(), InputError> {
    climb(dma, slot, operation, switches, None);
    dma.memory = memory(builder, &slot.node, memory_numa)?;
    let crossing = match operation {
        Operation::Read => cross(builder, dma, &slot.node, (memory_numa, slot.numa))?,
        Operation::Write => cross(builder, dma, &slot.node, (slot.numa, memory_numa))?,
    };
    if operation == Operation::Read {
        dma.read_limit = slot.read_limit(crossing);
    }
    Ok(())
}

impl Slot {
    /// What reads in flight allow that cross the sockets for so many seconds: the request crosses,
    /// too, so a read is in flight for that much longer.
    pub(super) fn read_limit(&self, crossing: f64) -> Option<Rate> {
        let mut window = self.seated.port.window;
        window.round_trip += Time::from_seconds(2.0 * crossing);
        window.limit(self.seated.port.link.settings.max_read_request, LONG)
    }
}

/// Puts data on its way between NUMA nodes on the link between the sockets, if there are two nodes;
/// its latency in seconds.
///
/// # Errors
/// If the profile does not say what the link carries.
pub(super) fn cross(
    builder: &Builder<'_>,
    dma: &mut DmaHop,
    node: &Word,
    (from, to): (u32, u32),
) -> Result<f64, InputError> {
    let machine = &builder.machines[node];
    if from == to {
        return Ok(0.0);
    }
    let host = &builder.cluster.hosts[machine.host];
    let missing = || host.profile.missing("socket_link_bandwidth");
    let link = host.socket_link.ok_or_else(missing)?;
    dma.links.push((link.way(from, to), 1.0));
    dma.latency += link.latency;
    Ok(link.latency)
}

/// Loads a slot and the uplinks of the switches above it, up to (not including) `below`.
fn climb(
    dma: &mut DmaHop,
    slot: &Slot,
    operation: Operation,
    switches: &BTreeMap<Word, Slot>,
    below: Option<&str>,
) {
    push(dma, slot, weights(slot, operation));
    if let Some(name) = slot.under.as_deref().filter(|name| Some(*name) != below) {
        let uplink = &switches[name];
        push(dma, uplink, weights(uplink, operation));
    }
}

fn weights(slot: &Slot, operation: Operation) -> Weights {
    match operation {
        Operation::Read => slot.seated.read,
        Operation::Write => slot.seated.write,
    }
}

fn push(dma: &mut DmaHop, slot: &Slot, weights: Weights) {
    dma.links.push((slot.up, weights.up));
    dma.links.push((slot.down, weights.down));
}

/// The memory channels of a NUMA node, made on first use; none where the profile does not say.
pub(super) fn memory(
    builder: &mut Builder<'_>,
    node: &Word,
    numa: u32,
) -> Result<Option<LinkIndex>, InputError> {
    let machine = &builder.machines[node];
    if let Some(&link) = machine.memory.get(&numa) {
        return Ok(Some(link));
    }
    let Some(rate) = machine.profile.optional("memory_bandwidth", Profile::rate)? else {
        return Ok(None);
    };
    let name = builder.name(node, &format!("/memory{numa}"));
    let link = builder.rate_link(name, rate);
    builder.machines.get_mut(node).expect("known").memory.insert(numa, link);
    Ok(Some(link))
}

/// Loads the way of one device's access to another, which turns at the switch they share, if any.
pub(super) fn across(
    dma: &mut DmaHop,
    acts: &Slot,
    target: &Slot,
    operation: Operation,
    switches: &BTreeMap<Word, Slot>,
) {
    let shared = match (&acts.under, &target.under) {
        (Some(a), Some(b)) if a == b => Some(&**a),
        _ => None,
    };
    climb(dma, acts, operation, switches, shared);
    push(dma, target, weights(acts, operation).mirrored());
    if let Some(name) = target.under.as_deref().filter(|name| Some(*name) != shared) {
        let uplink = &switches[name];
        push(dma, uplink, weights(uplink, operation).mirrored());
    }
}
