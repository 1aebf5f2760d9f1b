//! Flows on cores and links: where each stream's work falls, and its price in engine terms.
//!
//! A sending thread gets the next core of its machine, from the last one down, as a scheduler
//! spreads runnable threads. A receive queue is chosen by hashing the flow (RSS), which is chance:
//! the stream `rss/<transfer>/<stream>` is the same for every topology, so that two of them can be
//! compared on common random numbers.

use rand::RngExt;
use sim::{Bytes, Hop, LinkId, Seed};

use super::Scene;
use super::life::REFERENCE;
use crate::cluster::{Cluster, HopModel, Host, LinkIndex, Side};
use crate::price::{LinkRef, PricedHop, Stage, UdpRole, Work, price};
use crate::route::Route;
use crate::transfer::Transfer;

/// The cores of every stream of every transfer.
pub(super) struct Placement {
    /// `[transfer][stream]`.
    streams: Vec<Vec<Cores>>,
}

#[derive(Clone, Copy)]
struct Cores {
    send: usize,
    /// A draw in [0, 1): the receive queue on any machine is its part of that machine's queues.
    receive: f64,
}

impl Cores {
    /// The core of the receive queue that the flow is hashed to on `host`.
    fn queue(&self, host: &Host) -> usize {
        (self.receive * f64::from(host.receive_queues)) as usize
    }
}

pub(super) fn place(
    cluster: &Cluster,
    transfers: &[Transfer],
    ways: &[Route<'_>],
    seed: Seed,
) -> Placement {
    let mut senders = vec![0usize; cluster.hosts.len()];
    let streams = transfers.iter().zip(ways).enumerate().map(|(t, (transfer, way))| {
        let host = sender(way).unwrap_or(0);
        // Pinned machines are one machine: its threads are counted together.
        let pinned = cluster.hosts.get(host).is_some_and(|host| host.pinned.is_some());
        let host = if pinned { 0 } else { host };
        let next = senders.get_mut(host);
        let first = next.map_or(0, |next| {
            let first = *next;
            *next += transfer.streams as usize;
            first
        });
        let cores = |s: u32| Cores {
            send: first + s as usize,
            receive: seed.stream(&format!("rss/{t}/{s}")).random::<f64>(),
        };
        (0..transfer.streams).map(cores).collect()
    });
    Placement { streams: streams.collect() }
}

/// The machine whose socket sends.
fn sender(way: &Route<'_>) -> Option<usize> {
    way.stages.iter().flatten().find_map(|leg| match &leg.hop().model {
        HopModel::Cpu(cpu) if cpu.side == Side::Send => Some(cpu.host),
        _ => None,
    })
}

impl Placement {
    fn resolve(&self, cluster: &Cluster, transfer: usize, flow: usize, link: LinkRef) -> LinkIndex {
        let cores = &self.streams[transfer][flow];
        match link {
            LinkRef::Fixed(link) => link,
            LinkRef::SendCore(host) if cluster.hosts[host].pinned.is_some() => {
                let (host, pins) = (&cluster.hosts[host], cluster.hosts[host].pinned.as_ref());
                let pins = &pins.expect("just asked").senders;
                host.cores[pins[cores.send % pins.len()]]
            }
            LinkRef::SendCore(host) => {
                let bank = &cluster.hosts[host].cores;
                let core = bank.len() - 1 - cores.send % bank.len();
                // A scheduler keeps a thread off the core that its own packets arrive on.
                let taken = core == cores.queue(&cluster.hosts[host]);
                bank[if taken { (core + bank.len() - 1) % bank.len() } else { core }]
            }
            LinkRef::ReceiveCore(host) => {
                let host = &cluster.hosts[host];
                match &host.pinned {
                    Some(pins) => host.cores[pins.readers[cores.send % pins.readers.len()]],
                    None => host.cores[cores.queue(host)],
                }
            }
        }
    }
}

/// One flow of a stage, its work merged per link in the order in which the links are met.
#[derive(Clone, Debug)]
pub(super) struct PlacedFlow {
    /// The engine's hops.
    pub(super) hops: Vec<Hop>,
    /// The hops of the way that work on each of them, with their share of its weight.
    pub(super) owners: Vec<Vec<(usize, f64)>>,
    /// Whether no unit waits for it: only work beside the payload.
    pub(super) beside: Vec<bool>,
    /// Limits of hops and the window: bytes per second and the hop at fault.
    pub(super) limit: f64,
    pub(super) limit_hop: usize,
    /// For datagrams: which hops happen to packets whose socket is charged, and so on.
    pub(super) roles: Vec<UdpRole>,
    /// For datagrams: each hop's own work, unmerged, in path order.
    pub(super) works: Vec<(usize, Hop, bool)>,
}

/// A stage of one transfer, placed.
#[derive(Clone, Debug)]
pub(super) struct PlacedStage {
    /// The priced stage.
    pub(super) stage: Stage,
    /// Payload of the message or chunk it was priced for.
    pub(super) bytes: Bytes,
    /// Its flows.
    pub(super) flows: Vec<PlacedFlow>,
}

impl Scene<'_> {
    /// Capacities of all links, the floor's last.
    pub(super) fn capacities(&self) -> Vec<f64> {
        let floor = self.floor.map(|floor| floor.rate.as_bytes_per_s());
        self.cluster.links.iter().map(|link| link.capacity).chain(floor).collect()
    }

    /// The stages of transfer `t` for a message or chunk of `bytes`.
    pub(super) fn stages(&self, t: usize, bytes: Bytes) -> Vec<PlacedStage> {
        let presence = |hop: usize| (self.presence)(t, hop);
        let mut stages = price(self.cluster, &self.ways[t], &self.transfers[t], bytes, &presence);
        if self.floor.is_some_and(|floor| floor.transfer == t) {
            let at = stages.iter().position(Stage::is_network).unwrap_or(0);
            stages[at].hops.insert(0, self.floor_hop());
        }
        stages.into_iter().map(|stage| self.placed(t, stage, bytes)).collect()
    }

    fn floor_hop(&self) -> PricedHop {
        let link = LinkRef::Fixed(LinkIndex(self.cluster.links.len()));
        PricedHop {
            name: REFERENCE.into(),
            kind: REFERENCE.into(),
            setup: 0.0,
            latency: 0.0,
            works: vec![Work { link, weight: 1.0, beside: true }],
            limit: None,
            udp: UdpRole { wire: true, ..UdpRole::default() },
        }
    }

    fn placed(&self, t: usize, stage: Stage, bytes: Bytes) -> PlacedStage {
        let flows = (0..stage.flows as usize).map(|flow| self.flow(t, &stage, flow)).collect();
        PlacedStage { stage, bytes, flows }
    }

    fn flow(&self, t: usize, stage: &Stage, flow: usize) -> PlacedFlow {
        let mut placed = PlacedFlow {
            hops: Vec::new(),
            owners: Vec::new(),
            beside: Vec::new(),
            limit: f64::INFINITY,
            limit_hop: 0,
            roles: stage.hops.iter().map(|hop| hop.udp).collect(),
            works: Vec::new(),
        };
        for (at, hop) in stage.hops.iter().enumerate() {
            for work in hop.works.iter().filter(|work| work.weight > 0.0) {
                let index = self.placement.resolve(self.cluster, t, flow, work.link);
                let link = LinkId::new(index.0 as u32);
                let merged = placed.hops.iter().position(|hop| hop.link == link);
                let slot = merged.unwrap_or_else(|| {
                    placed.hops.push(Hop { link, weight: 0.0 });
                    placed.owners.push(Vec::new());
                    placed.beside.push(true);
                    placed.hops.len() - 1
                });
                placed.hops[slot].weight += work.weight;
                placed.owners[slot].push((at, work.weight));
                placed.beside[slot] &= work.beside;
                let sends = matches!(work.link, LinkRef::SendCore(_));
                placed.works.push((at, Hop { link, weight: work.weight }, sends));
            }
            if let Some(limit) = hop.limit.filter(|limit| limit.bytes_per_s < placed.limit) {
                (placed.limit, placed.limit_hop) = (limit.bytes_per_s, at);
            }
        }
        if let Some(window) = stage.window.filter(|window| *window < placed.limit) {
            (placed.limit, placed.limit_hop) = (window, 0);
        }
        placed
    }
}
