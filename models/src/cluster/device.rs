//! Devices in the graph: GPUs, NICs, PCIe switches and the memory they read and write.
//!
//! A GPU copies to and from its pod's memory, a NIC reads and writes its node's, and with GPUDirect
//! a NIC reads and writes a GPU's. What each of these loads on its way is in [`super::slot`].

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;

use super::assemble::{Builder, quantity};
use super::slot::{LONG, Slot, across, load, slot, switch};
use super::{DmaHop, Hop, HopModel, Lane, Pageable, PlaceKind, PoolIndex, shared_memory};
use crate::gpu::Gpu;
use crate::gpu::copy::Direction;
use crate::host::staging::Staging;
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::pcie::Operation;
use crate::quantity::{parse_rate, parse_time};
use crate::topology::{GpuTable, NicTable, PairTable, Placed, PodTable, Topology};

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
        // Packet buffers are on the card's own NUMA node; a virtual card reads and writes none.
        let mut dma = plain();
        if builder.lab.is_none() {
            dma.latency = latency;
            load(builder, &mut dma, &slot, operation, slot.numa, switches)?;
        }
        let name = format!("{}/pcie", table.name.get_ref());
        edge(builder, from, to, name, "nic", Lane::Host, dma);
    }
    Ok(Device { slot, place, spec: () })
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
    let engine_of = name.get_ref().as_str();
    let directions = [
        (gpu.place, place, Direction::ToHost, "device-to-host copy", "copy-out"),
        (place, gpu.place, Direction::ToDevice, "host-to-device copy", "copy-in"),
    ];
    for (from, to, direction, kind, engine) in directions {
        let name = format!("{}/{engine}", name.get_ref());
        if builder.lab.is_some() {
            // A lab without the GPU has a core copy what the engine would.
            let machine = &builder.machines[node];
            let per_byte = machine.profile.seconds_per_byte("copy.per_byte")?;
            let dma = DmaHop { copied_by: Some((machine.host, per_byte)), ..plain() };
            edge(builder, from, to, name, kind, Lane::Host, dma);
            continue;
        }
        let copies = gpu.spec.copy.engine(&gpu.slot.port, direction);
        let pageable = staging(builder, node)?.map(|(host, staging)| {
            let into_host = direction == Direction::ToHost;
            Pageable { host, staging, into_host }
        });
        let mut dma = DmaHop {
            setup: copies.setup.as_seconds(),
            call: copies.call.as_seconds(),
            pool: Some(engines(builder, gpu, engine_of, engine)),
            pageable,
            ..plain()
        };
        load(builder, &mut dma, &gpu.slot, direction.operation(), table.numa, switches)?;
        dma.read_limit = Some(dma.read_limit.map_or(copies.rate, |limit| limit.min(copies.rate)));
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
