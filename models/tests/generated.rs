//! Random clusters, random transfers on them, and the figures of a cluster.

use std::sync::Arc;

use models::cluster::{Cluster, CpuHop, DmaHop, HopModel, LinkUnit};
use models::gpu::kernel::Kernel;
use models::gpu::launches::Launches;
use models::input::Source;
use models::outcome::Fidelity;
use models::predict::predict;
use models::transfer::{Connection, HostMemory, Mode, Transfer, Transport};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sim::{Bytes, Rate, Time};

use crate::fixture::{MILLISECOND, library, transfer};

/// A node of a random cluster.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) cni: &'static str,
    pub(crate) gpus: usize,
    /// Whether the card hangs below the switch that the GPUs hang below.
    pub(crate) beside: bool,
    pub(crate) mtu: u32,
    pub(crate) gbit_s: u32,
}

pub(crate) fn node() -> impl Strategy<Value = Node> {
    let cni = select(vec!["host", "veth", "vxlan", "routed-vxlan", "wireguard"]);
    let rate = select(vec![10u32, 25, 40, 100]);
    (cni, 1..3usize, any::<bool>(), select(vec![1500u32, 9000]), rate)
        .prop_map(|(cni, gpus, beside, mtu, gbit_s)| Node { cni, gpus, beside, mtu, gbit_s })
}

/// Nodes around one switch; a GPU has a pod each, and a node one pod without.
pub(crate) fn assembled(nodes: &[Node]) -> (Cluster, Vec<String>, Vec<String>) {
    let mut text = "[[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n".to_owned();
    let (mut pods, mut gpus) = (Vec::new(), Vec::new());
    for (n, node) in nodes.iter().enumerate() {
        let Node { cni, mtu, gbit_s, .. } = node;
        text += &format!("[[node]]\nname = \"n{n}\"\nhost = \"host\"\ncni = \"{cni}\"\n");
        text += &format!("[[pcie_switch]]\nname = \"s{n}\"\nnode = \"n{n}\"\npcie = \"slot\"\n");
        let under = if node.beside { format!("under = \"s{n}\"\n") } else { String::new() };
        text += &format!(
            "[[nic]]\nname = \"c{n}\"\nnode = \"n{n}\"\nprofile = \"nic\"\npcie = \"slot\"\n\
             mtu = {mtu}\n{under}"
        );
        text += &format!(
            "[[cable]]\nbetween = [\"c{n}\", \"tor\"]\nrate = \"{gbit_s} Gbit/s\"\n\
             latency = \"10 ns\"\n"
        );
        text += &format!("[[pod]]\nname = \"p{n}\"\nnode = \"n{n}\"\n");
        pods.push(format!("p{n}"));
        for g in 0..node.gpus {
            text += &format!(
                "[[gpu]]\nname = \"g{n}-{g}\"\nnode = \"n{n}\"\nprofile = \"gpu\"\n\
                 pcie = \"slot\"\nunder = \"s{n}\"\n\
                 [[pod]]\nname = \"p{n}-{g}\"\nnode = \"n{n}\"\ngpu = \"g{n}-{g}\"\n"
            );
            pods.push(format!("p{n}-{g}"));
            gpus.push(format!("g{n}-{g}"));
        }
    }
    let source = Source::new("random.toml", text);
    let cluster = Cluster::assemble("random", &source, &library(), &[]);
    (cluster.unwrap_or_else(|error| panic!("{error}")), pods, gpus)
}

/// A random transfer, before it has ends.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    from: Index,
    to: Index,
    gpus: bool,
    datagrams: bool,
    streams: u32,
    mode: Mode,
    memory: HostMemory,
    connection: Connection,
    kib: u64,
    kernel: Option<Launches>,
    reply: bool,
}

fn wish() -> impl Strategy<Value = Wish> {
    let mode = prop_oneof![
        2 => Just(Mode::Serial),
        2 => (select(vec![64u64, 256, 1024]), 1..5u32).prop_map(|(kib, buffers)| {
            Mode::Overlapped { chunk: Bytes::kib(kib), buffers }
        }),
        1 => Just(Mode::GpuDirect),
    ];
    let memory = select(vec![HostMemory::Pinned, HostMemory::Pageable, HostMemory::Untouched]);
    let connection = select(vec![Connection::Warm, Connection::New]);
    let kernel = prop::option::weighted(
        0.3,
        select(vec![Launches::Once, Launches::PerChunk, Launches::Graph]),
    );
    (
        (any::<Index>(), any::<Index>(), any::<bool>(), any::<bool>(), 1..9u32),
        (mode, memory, connection, 1..8192u64, kernel, prop::bool::weighted(0.2)),
    )
        .prop_map(|((from, to, gpus, datagrams, streams), rest)| {
            let (mode, memory, connection, kib, kernel, reply) = rest;
            let gpus = gpus || mode == Mode::GpuDirect;
            Wish {
                from,
                to,
                gpus,
                datagrams,
                streams,
                mode,
                memory,
                connection,
                kib,
                kernel,
                reply,
            }
        })
}

/// The wish on a cluster, if it is possible there.
fn asked(wish: &Wish, cluster: &Cluster, pods: &[String], gpus: &[String]) -> Option<Transfer> {
    let ends = if wish.gpus { gpus } else { pods };
    let (from, to) = (wish.from.get(ends), wish.to.get(ends));
    let kernel = wish.kernel.filter(|_| wish.gpus).map(|launches| Kernel {
        launches,
        read: Bytes::mib(64),
        ..MILLISECOND
    });
    let transfer = Transfer {
        transport: if wish.datagrams { Transport::Udp } else { Transport::Tcp },
        streams: wish.streams,
        mode: wish.mode,
        host_memory: wish.memory,
        connection: wish.connection,
        reply: wish.reply.then(|| Bytes::kib(4)),
        kernel,
        ..transfer(from, to, Bytes::kib(wish.kib))
    };
    predict(cluster, std::slice::from_ref(&transfer), Fidelity::Closed, 1).ok()?;
    Some(transfer)
}

/// A random cluster and what is asked of it.
pub(crate) fn question() -> impl Strategy<Value = (Vec<Node>, Vec<Wish>)> {
    (prop::collection::vec(node(), 2..4), prop::collection::vec(wish(), 1..5))
}

pub(crate) fn solved(nodes: &[Node], wishes: &[Wish]) -> (Cluster, Vec<Transfer>) {
    let (cluster, pods, gpus) = assembled(nodes);
    let transfers = wishes.iter().filter_map(|wish| asked(wish, &cluster, &pods, &gpus));
    let transfers = transfers.collect();
    (cluster, transfers)
}

/// What a figure says of what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// How much in a second; above zero.
    Rate,
    /// How long.
    Time,
}

/// Changes every rate and time of a cluster.
pub(crate) fn change(cluster: &mut Cluster, by: &mut dyn FnMut(Figure, f64) -> f64) {
    for link in cluster.links.iter_mut().filter(|link| link.unit == LinkUnit::Bytes) {
        link.capacity = by(Figure::Rate, link.capacity);
    }
    let services = cluster.services.values_mut().flat_map(|service| &mut service.hops);
    for hop in cluster.graph.edge_weights_mut().chain(services) {
        match &mut hop.model {
            HopModel::Cpu(cpu) => change_cpu(cpu, by),
            HopModel::Dma(dma) => change_dma(dma, by),
            HopModel::Wire(wire) => wire.latency = by(Figure::Time, wire.latency),
            HopModel::Gpu(_) => {}
        }
    }
    for accelerator in cluster.gpus.values_mut() {
        let gpu = Arc::make_mut(&mut accelerator.gpu);
        gpu.hbm_bandwidth = rate(gpu.hbm_bandwidth, by);
        gpu.fp32_flop_per_s = by(Figure::Rate, gpu.fp32_flop_per_s);
        gpu.fp64_flop_per_s = by(Figure::Rate, gpu.fp64_flop_per_s);
        let launch = by(Figure::Time, gpu.launch_latency.as_seconds());
        gpu.launch_latency = Time::from_seconds(launch);
    }
    for host in &mut cluster.hosts {
        host.udp_send_limit = host.udp_send_limit.map(|limit| rate(limit, by));
        if let Some(names) = &mut host.names {
            for time in [&mut names.per_query_s, &mut names.forward_s, &mut names.ttl_s] {
                *time = by(Figure::Time, *time);
            }
        }
    }
}

fn rate(rate: Rate, by: &mut dyn FnMut(Figure, f64) -> f64) -> Rate {
    Rate::bytes_per_s(by(Figure::Rate, rate.as_bytes_per_s()))
}

fn change_cpu(cpu: &mut CpuHop, by: &mut dyn FnMut(Figure, f64) -> f64) {
    let all = Arc::make_mut(&mut cpu.costs);
    for costs in [&mut all.tcp, &mut all.udp] {
        for cost in [
            &mut costs.per_connection,
            &mut costs.per_message,
            &mut costs.per_skb,
            &mut costs.per_segment,
            &mut costs.per_byte,
            &mut costs.forwarded_per_skb,
            &mut costs.forwarded_per_byte,
            &mut costs.latency,
        ] {
            *cost = by(Figure::Time, *cost);
        }
    }
    all.udp_flow_limit = all.udp_flow_limit.map(|limit| rate(limit, by));
}

fn change_dma(dma: &mut DmaHop, by: &mut dyn FnMut(Figure, f64) -> f64) {
    dma.read_limit = dma.read_limit.map(|limit| rate(limit, by));
    for time in [&mut dma.setup, &mut dma.gap, &mut dma.call, &mut dma.latency] {
        *time = by(Figure::Time, *time);
    }
    if let Some(pageable) = &mut dma.pageable {
        let staging = &mut pageable.staging;
        for time in [&mut staging.per_byte, &mut staging.per_chunk, &mut staging.first_touch] {
            *time = by(Figure::Time, *time);
        }
    }
    if let Some((_, weight)) = &mut dma.copied_by {
        *weight = by(Figure::Time, *weight);
    }
}
