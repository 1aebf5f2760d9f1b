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
use super::{DmaHop, DmaWork, LinkIndex, LinkUnit, Word};
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
    /// Of a root port, what copies both ways have in common, where the host's profile says what
    /// those to a device keep beside the others.
    both: Option<LinkIndex>,
    /// The switch above it.
    pub(super) under: Option<Word>,
    /// Of a switch, whether accesses between devices below it go up to the root complex.
    redirects: bool,
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
    let capacity = seated.port.capacity();
    let [up, down] = ["/pcie-up", "/pcie-down"].map(|way| {
        let name = builder.name(&word, way);
        builder.rate_link(name, capacity)
    });
    let has_both = under.is_none() && builder.machines[&node].profile.has("copy_read_share");
    let both = has_both.then(|| {
        let name = builder.name(&word, "/both-ways");
        builder.link(name, LinkUnit::Parts, 1.0)
    });
    let (numa, stated) = (own.or(above.map(|above| above.numa)).unwrap_or(0), own.is_some());
    Ok(Slot { node, numa, stated, seated, up, down, both, under, redirects: false })
}

fn seated(slot: &Profile, card: Option<&Profile>) -> Result<Seated, InputError> {
    let mut port = Port::from_profile(slot)?;
    if let Some(card) = card {
        port = port.with_card(card)?;
    }
    let weights = |operation| port.weights(operation, LONG).expect("the payload is not empty");
    Ok(Seated { port, read: weights(Operation::Read), write: weights(Operation::Write) })
}

pub(super) fn switch(
    builder: &mut Builder<'_>,
    at: &Placed<PcieSwitchTable>,
    switches: &BTreeMap<Word, Slot>,
) -> Result<Slot, InputError> {
    let PcieSwitchTable { name, node, pcie, numa, .. } = &at.table;
    let under = at.table.under.as_ref().map(|under| (under, switches));
    let redirects = match at.table.acs.as_ref().map(|word| (word, word.get_ref().as_str())) {
        None | Some((_, "direct")) => false,
        Some((_, "redirect")) => true,
        Some((word, other)) => {
            let help = suggest(other, ["direct", "redirect"]);
            return Err(at.fault(word, "acs", format!("`{other}` is not possible")).help(help));
        }
    };
    let made = slot(builder, at, &Seat { name, node, pcie, numa: numa.as_ref(), under }, None)?;
    Ok(Slot { redirects, ..made })
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

/// Has a copy meet the copies the other way at its root port.
///
/// Where both go at full rate, those to the device keep the part `s` of theirs, `R`, and those from
/// it all of theirs, `W`: a link of capacity 1 with weights `1 / R` and `(1 − s) / W`, on which
/// reads stand at `s R / W` to 1. A copy that is alone is not slowed down.
///
/// # Errors
/// If the profile's part is none.
pub(super) fn both_ways(
    builder: &Builder<'_>,
    dma: &mut DmaHop,
    slot: &Slot,
    operation: Operation,
    switches: &BTreeMap<Word, Slot>,
) -> Result<(), InputError> {
    let root = above(slot, switches).last().map_or(slot, |(_, root)| root);
    let Some(link) = root.both else { return Ok(()) };
    let profile = &builder.machines[&slot.node].profile;
    let kept = match profile.ratio("copy_read_share")? {
        kept if kept > 0.0 && kept <= 1.0 => kept,
        _ => return Err(profile.fault("copy_read_share", "is not a part", "above 0, at most 1")),
    };
    let rate = |operation| {
        let rate = root.seated.port.dma_bandwidth(operation, LONG).expect("not empty");
        rate.as_bytes_per_s()
    };
    let (reads, writes) = (rate(Operation::Read), rate(Operation::Write));
    let weight = match operation {
        _ if kept >= 1.0 => 0.0,
        Operation::Read => 1.0 / reads,
        Operation::Write => (1.0 - kept) / writes,
    };
    if operation == Operation::Read && kept < 1.0 {
        dma.share = kept * reads / writes;
    }
    dma.both_ways = Some((link, weight));
    Ok(())
}

impl Slot {
    /// What reads in flight allow that cross the sockets for so many seconds: the request crosses,
    /// too, so a read is in flight for that much longer.
    pub(super) fn read_limit(&self, crossing: f64) -> Option<Rate> {
        self.seated.port.read_limit(LONG, Time::from_seconds(2.0 * crossing))
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
    dma.links.push(DmaWork::once(link.way(from, to)));
    dma.latency += link.latency;
    Ok(link.latency)
}

/// The same for data that one device reads from or writes to another, which root complexes pass on
/// between sockets more slowly than to memory.
///
/// # Errors
/// As [`cross`].
pub(super) fn cross_peers(
    builder: &Builder<'_>,
    dma: &mut DmaHop,
    node: &Word,
    operation: Operation,
    (from, to): (u32, u32),
) -> Result<f64, InputError> {
    let latency = cross(builder, dma, node, (from, to))?;
    if from != to {
        let host = &builder.cluster.hosts[builder.machines[node].host];
        let link = host.socket_link.expect("it was crossed");
        dma.links.extend(link.peer_way(operation, from, to).map(DmaWork::once));
    }
    Ok(latency)
}

/// Loads a slot and the uplinks of the switches above it, up to (not including) `below`.
fn climb(
    dma: &mut DmaHop,
    slot: &Slot,
    operation: Operation,
    switches: &BTreeMap<Word, Slot>,
    below: Option<&str>,
) {
    push(dma, slot, operation);
    for (_, uplink) in above(slot, switches).take_while(|(name, _)| Some(*name) != below) {
        push(dma, uplink, operation);
    }
}

/// The switches above a slot, up to the root, with their names.
fn above<'s>(
    slot: &'s Slot,
    switches: &'s BTreeMap<Word, Slot>,
) -> impl Iterator<Item = (&'s str, &'s Slot)> {
    let next = |slot: &'s Slot| slot.under.as_deref().map(|name| (name, &switches[name]));
    std::iter::successors(next(slot), move |(_, slot)| next(slot))
}

fn weights(slot: &Slot, operation: Operation) -> Weights {
    match operation {
        Operation::Read => slot.seated.read,
        Operation::Write => slot.seated.write,
    }
}

/// What a payload byte takes of a slot whose device acts: what it reads comes down and is asked for
/// on the way up, what it writes goes up.
fn push(dma: &mut DmaHop, slot: &Slot, operation: Operation) {
    let Weights { up, down } = weights(slot, operation);
    let reads = operation == Operation::Read;
    dma.links.push(DmaWork { link: slot.up, weight: up, beside: reads });
    dma.links.push(DmaWork { link: slot.down, weight: down, beside: !reads });
}

/// The same of a slot whose device another one reads or writes, in weights of the one that acts.
fn push_mirrored(dma: &mut DmaHop, slot: &Slot, weights: Weights, operation: Operation) {
    let Weights { up, down } = weights.mirrored();
    let reads = operation == Operation::Read;
    dma.links.push(DmaWork { link: slot.up, weight: up, beside: !reads });
    dma.links.push(DmaWork { link: slot.down, weight: down, beside: reads });
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

/// Loads the way of one device's access to another, which turns at the switch they share, if any
/// that lets it (PCI Express Base Specification, section 6.12: ACS P2P Request Redirect).
pub(super) fn across(
    dma: &mut DmaHop,
    acts: &Slot,
    target: &Slot,
    operation: Operation,
    switches: &BTreeMap<Word, Slot>,
) {
    let is_above = |name: &str| above(acts, switches).any(|(own, _)| own == name);
    let shared = above(target, switches).find(|(name, _)| is_above(name));
    let shared = shared.filter(|(_, switch)| !switch.redirects).map(|(name, _)| name);
    climb(dma, acts, operation, switches, shared);
    push_mirrored(dma, target, weights(acts, operation), operation);
    for (_, uplink) in above(target, switches).take_while(|(name, _)| Some(*name) != shared) {
        push_mirrored(dma, uplink, weights(uplink, operation), operation);
    }
}
