//! Devices in the graph: GPUs, NICs, PCIe switches and the memory they read and write.
//!
//! A GPU copies to and from its pod's memory, a NIC reads and writes its node's, and with GPUDirect
//! a NIC reads and writes a GPU's. What each of these loads on its way is in [`super::slot`], which
//! part of a GPU a pod has in [`super::accelerator`].

use std::collections::{BTreeMap, HashMap, HashSet};

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;
use sim::Rate;

use super::accelerator::{Card, Cards, card};
use super::assemble::{Builder, quantity};
use super::slot::{Seat, Slot, across, cross_peers, load, slot, switch};
use super::{DmaHop, DmaWork, Hop, HopModel, Lane, Name, PlaceKind, Word, holder, shared_memory};
use crate::gpu::peer::{self, Connection};
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::pcie::Operation;
use crate::profile::Profile;
use crate::quantity::{parse_rate, parse_time};
use crate::topology::{NicTable, NvlinkTable, PairTable, PcieSwitchTable, Placed, Topology};

/// A NIC in its slot.
struct Nic {
    slot: Slot,
    place: NodeIndex,
}

/// Adds GPUs, NICs, pods' memories and what connects them.
pub(super) fn add(builder: &mut Builder<'_>, topology: &Topology) -> Result<(), InputError> {
    let switches = switches(builder, topology)?;
    let mut gpus = Cards::default();
    for table in &topology.gpus {
        let card = card(builder, table, &switches)?;
        gpus.add(builder.word(table.table.name.get_ref()), card);
    }
    let mut nics: HashMap<Word, Vec<Nic>> = HashMap::new();
    for table in &topology.nics {
        let nic = nic(builder, table, &switches)?;
        for gpu in gpus.of_node(&nic.slot.node) {
            let gpu = &gpus[gpu];
            if let Some(place) = gpu.place {
                direct(builder, (place, &gpu.slot), &nic, &switches)?;
            }
        }
        nics.entry(nic.slot.node.clone()).or_default().push(nic);
    }
    for pod in &topology.pods {
        for (gpu, share) in holder::pod(builder, pod, &mut gpus, &switches)? {
            let card = &gpus[&gpu];
            let own = nics.get(&card.slot.node).filter(|_| card.place.is_none());
            for nic in own.into_iter().flatten() {
                direct(builder, (share, &card.slot), nic, &switches)?;
            }
        }
    }
    rdma(builder, topology, &nics, &switches)?;
    for pair in &topology.peers {
        peer_to_peer(builder, pair, &mut gpus, &switches)?;
    }
    for nvlink in &topology.nvlinks {
        let [a, b] = nvlink.table.between.get_ref();
        let rate = nvlink_rate(nvlink, [find(nvlink, a, &gpus)?.0, find(nvlink, b, &gpus)?.0])?;
        let latency = quantity(nvlink, "latency", &nvlink.table.latency, parse_time)?.as_seconds();
        for (from, to) in [(a, b), (b, a)] {
            let (from, to) = (find(nvlink, from, &gpus)?.1, find(nvlink, to, &gpus)?.1);
            let name = arrow(builder, from, to);
            let link = builder.rate_link(name.clone(), rate);
            let dma = DmaHop { links: vec![DmaWork::once(link)], latency, ..plain() };
            edge(builder, from, to, name, "nvlink", Lane::Any, dma);
        }
    }
    shared_memory::add(builder, topology)
}

/// The switches, each after the one that it sits below.
fn switches(
    builder: &mut Builder<'_>,
    topology: &Topology,
) -> Result<BTreeMap<Word, Slot>, InputError> {
    let mut switches: BTreeMap<Word, Slot> = BTreeMap::new();
    let all = || topology.pcie_switches.iter();
    let names: HashSet<&str> = all().map(|at| at.table.name.get_ref().as_str()).collect();
    let mut left: Vec<&Placed<PcieSwitchTable>> = all().collect();
    while let Some(first) = left.first().copied() {
        let mut waiting = Vec::new();
        let before = left.len();
        for table in left {
            // One that sits below what is no switch is refused where it is made.
            let above = table.table.under.as_ref().map(|under| under.get_ref().as_str());
            if above.is_some_and(|a| names.contains(a) && !switches.contains_key(a)) {
                waiting.push(table);
                continue;
            }
            let slot = switch(builder, table, &switches)?;
            switches.insert(builder.word(table.table.name.get_ref()), slot);
        }
        if waiting.len() == before {
            let under = first.table.under.as_ref().expect("it waits for another");
            let problem = format!("`{}` sits below itself", first.table.name.get_ref());
            return Err(first.fault(under, "under", problem).help("a switch nearer to the root"));
        }
        left = waiting;
    }
    Ok(switches)
}

/// What an NVLink connection moves in each direction.
fn nvlink_rate(at: &Placed<NvlinkTable>, ends: [&Card; 2]) -> Result<Rate, InputError> {
    let span = at.table.between.span();
    let connection = match (&at.table.rate, &at.table.links) {
        (Some(rate), None) => return quantity(at, "rate", rate, parse_rate),
        (Some(_), Some(links)) => {
            return Err(at
                .fault(links, "links", "stands beside `rate`".into())
                .help("one of the two"));
        }
        (None, Some(links)) => Connection::NvLink(*links.get_ref()),
        (None, None) => Connection::NvSwitch,
    };
    let span = at.table.links.as_ref().map_or(span, Spanned::span);
    let rate = |card: &Card| {
        peer::rate(&card.profile, connection).map_err(|error| {
            let help = error.help.unwrap_or_default();
            at.fault_at(span.clone(), "links", error.problem).help(help)
        })
    };
    Ok(rate(ends[0])?.min(rate(ends[1])?))
}

/// A DMA that costs nothing yet.
pub(super) fn plain() -> DmaHop {
    DmaHop {
        links: Vec::new(),
        memory: None,
        read_limit: None,
        setup: 0.0,
        gap: 0.0,
        call: 0.0,
        latency: 0.0,
        pool: None,
        pageable: None,
        copied_by: None,
        bounced: None,
        by_kernel: None,
        both_ways: None,
        share: 1.0,
    }
}

pub(super) fn arrow(builder: &mut Builder<'_>, from: NodeIndex, to: NodeIndex) -> Name {
    let graph = &builder.cluster.graph;
    let (from, to) = (&graph[from].name, format!("→{}", graph[to].name));
    let (owner, part) = (from.owner().clone(), format!("{}{to}", from.part()));
    builder.name(&owner, &part)
}

pub(super) fn edge(
    builder: &mut Builder<'_>,
    from: NodeIndex,
    to: NodeIndex,
    name: Name,
    kind: &str,
    lane: Lane,
    dma: DmaHop,
) {
    let hop = Hop { name, kind: builder.word(kind), lane, model: HopModel::Dma(Box::new(dma)) };
    builder.cluster.graph.add_edge(from, to, hop);
}

fn nic(
    builder: &mut Builder<'_>,
    at: &Placed<NicTable>,
    switches: &BTreeMap<Word, Slot>,
) -> Result<Nic, InputError> {
    let table = &at.table;
    let NicTable { name, node, pcie, .. } = table;
    let under = table.under.as_ref().map(|under| (under, switches));
    let seat = Seat { name, node, pcie, numa: table.numa.as_ref(), under };
    let profile = builder.profile(at, Kind::Nic, "profile", &table.profile)?;
    let slot = slot(builder, at, &seat, Some(&profile))?;
    let name = builder.word(name.get_ref());
    let place = builder.place(&name, PlaceKind::Nic, Some(&slot.node));
    builder.cluster.graph[place].numa = Some(slot.numa).filter(|_| builder.lab.is_none());
    builder.nic(at, place, profile.optional("port_rate", Profile::rate)?)?;
    let stack = builder.machines[&slot.node].stack;
    let (latency, moderation) = (profile.seconds("latency")?, profile.seconds("moderation")?);
    let flow_limit = profile.optional("flow_limit", Profile::rate)?;
    for (from, to, operation) in [(stack, place, Operation::Read), (place, stack, Operation::Write)]
    {
        // Packet buffers are on the card's own NUMA node; a virtual card reads and writes none.
        let mut dma = plain();
        if builder.lab.is_none() {
            dma.latency = latency;
            load(builder, &mut dma, &slot, operation, slot.numa, switches)?;
            match operation {
                Operation::Write => dma.latency += moderation,
                Operation::Read => {
                    dma.read_limit = dma.read_limit.into_iter().chain(flow_limit).reduce(Rate::min);
                }
            }
        }
        let name = builder.name(&name, "/pcie");
        edge(builder, from, to, name, "nic", Lane::Host, dma);
    }
    Ok(Nic { slot, place })
}

/// GPUDirect RDMA: the card reads the GPU's memory, and writes it on the way in.
fn direct(
    builder: &mut Builder<'_>,
    (gpu, slot): (NodeIndex, &Slot),
    nic: &Nic,
    switches: &BTreeMap<Word, Slot>,
) -> Result<(), InputError> {
    let (node, numas) = (&nic.slot.node, (slot.numa, nic.slot.numa));
    for (from, to, operation, numas) in [
        (gpu, nic.place, Operation::Read, numas),
        (nic.place, gpu, Operation::Write, (numas.1, numas.0)),
    ] {
        // No copy engine and no core: what is waited for is PCIe itself.
        let latency = nic.slot.seated.port.latency(operation).as_seconds();
        let mut dma = DmaHop { latency, ..plain() };
        across(&mut dma, &nic.slot, slot, operation, switches);
        let crossing = cross_peers(builder, &mut dma, node, operation, numas)?;
        if operation == Operation::Read {
            dma.read_limit = nic.slot.read_limit(crossing);
        }
        let name = arrow(builder, from, to);
        edge(builder, from, to, name, "gpudirect", Lane::Direct, dma);
    }
    Ok(())
}

/// RDMA between host memories: a card reads a pod's buffers, and writes them on the way in.
fn rdma(
    builder: &mut Builder<'_>,
    topology: &Topology,
    nics: &HashMap<Word, Vec<Nic>>,
    switches: &BTreeMap<Word, Slot>,
) -> Result<(), InputError> {
    if builder.lab.is_some() {
        return Ok(());
    }
    for pod in &topology.pods {
        let place = builder.pod_of(pod, "name", &pod.table.name)?;
        for nic in nics.get(pod.table.node.get_ref().as_str()).into_iter().flatten() {
            for (from, to, operation) in
                [(place, nic.place, Operation::Read), (nic.place, place, Operation::Write)]
            {
                let latency = nic.slot.seated.port.latency(operation).as_seconds();
                let mut dma = DmaHop { latency, ..plain() };
                load(builder, &mut dma, &nic.slot, operation, pod.table.numa, switches)?;
                let name = arrow(builder, from, to);
                edge(builder, from, to, name, "rdma", Lane::Rdma, dma);
            }
        }
    }
    Ok(())
}

fn peer_to_peer(
    builder: &mut Builder<'_>,
    pair: &Placed<PairTable>,
    gpus: &mut Cards,
    switches: &BTreeMap<Word, Slot>,
) -> Result<(), InputError> {
    let [a, b] = pair.table.between.get_ref();
    for (from, to) in [(a, b), (b, a)] {
        find(pair, from, gpus)?;
        let source = gpus.get_mut(from.get_ref()).expect("it was found");
        let pool = Some(source.engines(builder)[0]);
        let (source, source_place) = find(pair, from, gpus)?;
        let (target, target_place) = find(pair, to, gpus)?;
        if source.slot.node != target.slot.node || source_place == target_place {
            return Err(pair
                .fault(to, "between", "are not two GPUs of one node".into())
                .help("GPUs of different nodes reach each other by GPUDirect RDMA"));
        }
        let copy = &source.spec.copy;
        let (setup, gap) = (copy.setup.as_seconds(), copy.gap.as_seconds());
        let mut dma = DmaHop { setup, gap, pool, ..plain() };
        across(&mut dma, &source.slot, &target.slot, Operation::Write, switches);
        let numas = (source.slot.numa, target.slot.numa);
        cross_peers(builder, &mut dma, &source.slot.node, Operation::Write, numas)?;
        let name = arrow(builder, source_place, target_place);
        edge(builder, source_place, target_place, name, "peer-to-peer copy", Lane::Any, dma);
    }
    Ok(())
}

/// A GPU that a table names as one end of a direct way, with its place.
fn find<'d, T>(
    at: &Placed<T>,
    name: &Spanned<String>,
    gpus: &'d Cards,
) -> Result<(&'d Card, NodeIndex), InputError> {
    let card = gpus.get(name.get_ref()).ok_or_else(|| {
        let known: Vec<&str> = gpus.names().collect();
        at.fault(name, "gpu", format!("no gpu is called `{}`", name.get_ref()))
            .help(suggest(name.get_ref(), known))
    })?;
    let place = card.place.ok_or_else(|| {
        at.fault(name, "between", format!("`{}` is shared between pods", name.get_ref()))
            .help("direct ways are modelled between GPUs that one pod has whole; MIG has none")
    })?;
    Ok((card, place))
}
