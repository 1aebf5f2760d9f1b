//! Devices in the graph: GPUs, NICs, PCIe switches and the memory they read and write.
//!
//! Every slot is a pair of links (towards the root and away from it). A DMA loads the slot of the
//! device that acts, the uplinks of the switches between, the memory channels it ends in, and the
//! link between the sockets where memory and slot are on different NUMA nodes.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;
use sim::{Bytes, Rate, Time};

use super::assemble::{Builder, quantity};
use super::{
    DmaHop, Hop, HopModel, Lane, LinkIndex, Pageable, PlaceKind, PoolIndex, shared_memory,
};
use crate::gpu::Gpu;
use crate::gpu::copy::Direction;
use crate::host::staging::Staging;
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::pcie::{Operation, Port, Weights};
use crate::quantity::{parse_rate, parse_time};
use crate::topology::{GpuTable, NicTable, PairTable, PcieSwitchTable, Placed, PodTable, Topology};

/// DMA weights are those of a long run of full packets; a short message's last packet is a
/// rounding error beside its set-up.
const LONG: Bytes = Bytes::mib(1);

/// A PCIe slot or uplink.
#[derive(Clone)]
struct Slot {
    node: String,
    numa: u32,
    port: Port,
    up: LinkIndex,
    down: LinkIndex,
    /// The switch above it.
    under: Option<String>,
}

/// A GPU or NIC in its slot.
struct Device<T> {
    slot: Slot,
    place: NodeIndex,
    spec: T,
}

/// GPUs by name.
type Gpus = BTreeMap<String, Device<Gpu>>;

/// Adds GPUs, NICs, pods' memories and what connects them.
pub(super) fn add(builder: &mut Builder<'_>, topology: &Topology) -> Result<(), InputError> {
    let mut switches: BTreeMap<String, Slot> = BTreeMap::new();
    for table in &topology.pcie_switches {
        let slot = switch(builder, table)?;
        switches.insert(table.table.name.get_ref().clone(), slot);
    }
    let mut gpus: Gpus = BTreeMap::new();
    for table in &topology.gpus {
        let device = gpu(builder, table, &switches)?;
        gpus.insert(table.table.name.get_ref().clone(), device);
    }
    for table in &topology.nics {
        let device = nic(builder, table, &switches)?;
        for gpu in gpus.values().filter(|gpu| gpu.slot.node == device.slot.node) {
            direct(builder, gpu, &device, &switches);
        }
    }
    for pod in &topology.pods {
        self::pod(builder, pod, &gpus, &switches)?;
    }
    for pair in &topology.peers {
        peer_to_peer(builder, pair, &gpus, &switches)?;
    }
    for nvlink in &topology.nvlinks {
        let [a, b] = nvlink.table.between.get_ref();
        let rate = quantity(nvlink, "rate", &nvlink.table.rate, parse_rate)?;
        let latency = quantity(nvlink, "latency", &nvlink.table.latency, parse_time)?.as_seconds();
        for (from, to) in [(a, b), (b, a)] {
            let (from, to) = (find(nvlink, from, &gpus)?, find(nvlink, to, &gpus)?);
            let name = arrow(builder, from.place, to.place);
            let link = builder.rate_link(name.clone(), rate);
            let dma = DmaHop { links: vec![(link, 1.0)], latency, ..plain() };
            edge(builder, from.place, to.place, name, "nvlink", Lane::Any, dma);
        }
    }
    shared_memory::add(builder, topology)
}

/// A DMA that costs nothing yet.
pub(super) fn plain() -> DmaHop {
    DmaHop {
        links: Vec::new(),
        read_limit: None,
        setup: 0.0,
        call: 0.0,
        latency: 0.0,
        pool: None,
        pageable: None,
        copied_by: None,
    }
}

pub(super) fn arrow(builder: &Builder<'_>, from: NodeIndex, to: NodeIndex) -> String {
    let graph = &builder.cluster.graph;
    format!("{}→{}", graph[from].name, graph[to].name)
}

pub(super) fn edge(
    builder: &mut Builder<'_>,
    from: NodeIndex,
    to: NodeIndex,
    name: String,
    kind: &str,
    lane: Lane,
    dma: DmaHop,
) {
    let hop = Hop { name, kind: kind.into(), lane, model: HopModel::Dma(dma) };
    builder.cluster.graph.add_edge(from, to, hop);
}

fn slot<T>(
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

fn switch(builder: &mut Builder<'_>, at: &Placed<PcieSwitchTable>) -> Result<Slot, InputError> {
    let table = &at.table;
    slot(builder, at, (&table.name, &table.node, &table.pcie), table.numa, None)
}

fn gpu(
    builder: &mut Builder<'_>,
    at: &Placed<GpuTable>,
    switches: &BTreeMap<String, Slot>,
) -> Result<Device<Gpu>, InputError> {
    let table = &at.table;
    let under = table.under.as_ref().map(|under| (under, switches));
    let names = (&table.name, &table.node, &table.pcie);
    let slot = slot(builder, at, names, table.numa, under)?;
    let spec = Gpu::from_profile(&builder.profile(at, Kind::Gpu, "profile", &table.profile)?)?;
    let node = table.node.get_ref().as_str();
    let place = builder.place(table.name.get_ref(), PlaceKind::DeviceMemory, Some(node));
    builder.cluster.gpus.insert(place, spec.clone());
    Ok(Device { slot, place, spec })
}

fn nic(
    builder: &mut Builder<'_>,
    at: &Placed<NicTable>,
    switches: &BTreeMap<String, Slot>,
) -> Result<Device<()>, InputError> {
    let table = &at.table;
    let under = table.under.as_ref().map(|under| (under, switches));
    let slot = slot(builder, at, (&table.name, &table.node, &table.pcie), table.numa, under)?;
    let profile = builder.profile(at, Kind::Nic, "profile", &table.profile)?;
    let node = table.node.get_ref().as_str();
    let place = builder.place(table.name.get_ref(), PlaceKind::Nic, Some(node));
    builder.nic(at, place)?;
    let stack = builder.machines[node].stack;
    let latency = profile.seconds("latency")?;
    for (from, to, operation) in [(stack, place, Operation::Read), (place, stack, Operation::Write)]
    {
        // Packet buffers are on the card's own NUMA node.
        let mut dma = DmaHop { latency, ..plain() };
        load(builder, &mut dma, &slot, operation, slot.numa, switches)?;
        let name = format!("{}/pcie", table.name.get_ref());
        edge(builder, from, to, name, "nic", Lane::Host, dma);
    }
    Ok(Device { slot, place, spec: () })
}

/// Puts a device's access to host memory on its links.
fn load(
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

/// A pod's memory, and the copies between it and its GPU.
fn pod(
    builder: &mut Builder<'_>,
    at: &Placed<PodTable>,
    gpus: &Gpus,
    switches: &BTreeMap<String, Slot>,
) -> Result<(), InputError> {
    let table = &at.table;
    builder.claim(at, &table.name)?;
    builder.machine_of(at, &table.node)?;
    let node = table.node.get_ref();
    let place = builder.place(table.name.get_ref(), PlaceKind::PodMemory, Some(node));
    let Some(name) = &table.gpu else { return Ok(()) };
    let gpu = find(at, name, gpus)?;
    if gpu.slot.node != *node {
        let problem = format!("`{}` is in node `{}`", name.get_ref(), gpu.slot.node);
        return Err(at.fault(name, "gpu", problem).help(format!("a GPU of node `{node}`")));
    }
    let directions = [
        (gpu.place, place, Direction::ToHost, "device-to-host copy", "copy-out"),
        (place, gpu.place, Direction::ToDevice, "host-to-device copy", "copy-in"),
    ];
    for (from, to, direction, kind, engine) in directions {
        let copies = gpu.spec.copy.engine(&gpu.slot.port, direction);
        let pageable = staging(builder, node)?.map(|(host, staging)| {
            let into_host = direction == Direction::ToHost;
            Pageable { host, staging, into_host }
        });
        let mut dma = DmaHop {
            setup: copies.setup.as_seconds(),
            call: copies.call.as_seconds(),
            pool: Some(engines(builder, gpu, name.get_ref(), engine)),
            pageable,
            ..plain()
        };
        load(builder, &mut dma, &gpu.slot, direction.operation(), table.numa, switches)?;
        dma.read_limit = Some(dma.read_limit.map_or(copies.rate, |limit| limit.min(copies.rate)));
        let name = format!("{}/{engine}", name.get_ref());
        edge(builder, from, to, name, kind, Lane::Host, dma);
    }
    Ok(())
}

/// The copy engines of one direction, shared by all pods that hold the GPU.
fn engines(builder: &mut Builder<'_>, gpu: &Device<Gpu>, name: &str, engine: &str) -> PoolIndex {
    let pool = format!("{name}/{engine}");
    if let Some(at) = builder.cluster.pools.iter().position(|known| known.name == pool) {
        return PoolIndex(at);
    }
    // One engine serves one direction at a time; the engines of a GPU are split between the two.
    let slots = (gpu.spec.copy.engines / 2).max(1);
    builder.pool(pool, slots)
}

/// How a machine's driver stages pageable memory; none where its profile does not say.
pub(super) fn staging(
    builder: &Builder<'_>,
    node: &str,
) -> Result<Option<(usize, Staging)>, InputError> {
    let machine = &builder.machines[node];
    if !machine.profile.has("staging.per_byte") {
        return Ok(None);
    }
    Ok(Some((machine.host, Staging::from_profile(&machine.profile)?)))
}

/// GPUDirect RDMA: the card reads the GPU's memory, and writes it on the way in.
fn direct(
    builder: &mut Builder<'_>,
    gpu: &Device<Gpu>,
    nic: &Device<()>,
    switches: &BTreeMap<String, Slot>,
) {
    for (from, to, operation) in
        [(gpu.place, nic.place, Operation::Read), (nic.place, gpu.place, Operation::Write)]
    {
        let mut dma = plain();
        across(&mut dma, &nic.slot, &gpu.slot, operation, switches);
        if operation == Operation::Read {
            dma.read_limit = nic.slot.port.read_limit(LONG);
        }
        let name = arrow(builder, from, to);
        edge(builder, from, to, name, "gpudirect", Lane::Direct, dma);
    }
}

/// Loads the way of one device's access to another, which turns at the switch they share, if any.
fn across(
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

fn peer_to_peer(
    builder: &mut Builder<'_>,
    pair: &Placed<PairTable>,
    gpus: &Gpus,
    switches: &BTreeMap<String, Slot>,
) -> Result<(), InputError> {
    let [a, b] = pair.table.between.get_ref();
    for (from, to) in [(a, b), (b, a)] {
        let (source, target) = (find(pair, from, gpus)?, find(pair, to, gpus)?);
        if source.slot.node != target.slot.node || source.place == target.place {
            return Err(pair
                .fault(to, "between", "are not two GPUs of one node".into())
                .help("GPUs of different nodes reach each other by GPUDirect RDMA"));
        }
        let setup = source.spec.copy.setup.as_seconds();
        let pool = Some(engines(builder, source, from.get_ref(), "copy-out"));
        let mut dma = DmaHop { setup, pool, ..plain() };
        across(&mut dma, &source.slot, &target.slot, Operation::Write, switches);
        let name = arrow(builder, source.place, target.place);
        edge(builder, source.place, target.place, name, "peer-to-peer copy", Lane::Any, dma);
    }
    Ok(())
}

fn find<'d, T>(
    at: &Placed<T>,
    name: &Spanned<String>,
    gpus: &'d Gpus,
) -> Result<&'d Device<Gpu>, InputError> {
    gpus.get(name.get_ref()).ok_or_else(|| {
        let known: Vec<&str> = gpus.keys().map(String::as_str).collect();
        at.fault(name, "gpu", format!("no gpu is called `{}`", name.get_ref()))
            .help(suggest(name.get_ref(), known))
    })
}
