//! On which cores the work of each stream falls, and which of several equal ways it takes.
//!
//! A sending thread gets the next core of its machine, from the last one down, as a scheduler
//! spreads runnable threads. A receive queue is chosen by hashing the flow (RSS), which is chance:
//! the stream `rss/<transfer>/<stream>` is the same for every topology, so that two of them can be
//! compared on common random numbers. So is the hash by which switches choose a way (ECMP).
//!
//! TCP flows that meet in the full queues of a fabric do not share it evenly: who loses a packet at
//! the wrong moment falls behind. Each has a lognormal share, drawn from the stream
//! `share/<transfer>/<stream>`, by which max-min weighs it ([`seat`]). What else full queues do is
//! in [`super::queues`].

use rand::RngExt;
use sim::{Dist, Seed};

use super::queues;
use crate::cluster::{Cluster, Full, HopModel, Host, LinkIndex, Queues, Side};
use crate::price::LinkRef;
use crate::route::{Leg, Route};
use crate::transfer::{Transfer, Transport};

/// The cores of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    send: usize,
    /// A draw in [0, 1): the receive queue on any machine is its part of that machine's queues.
    receive: f64,
    /// What switches hash the flow to.
    pub(crate) flow: u64,
    /// Whether pinned threads that read now send: a reply.
    turned: bool,
    /// Its standing beside others in the network, and how much that spreads.
    pub(crate) share: f64,
    unfairness: f64,
    /// What full queues add to its time, and at which link of the way \[s\].
    pub(crate) stalled: Option<(LinkIndex, f64)>,
    /// The most that it sends where full queues pause it \[B/s\].
    pub(crate) limit: f64,
}

/// A stream with nothing in its way.
const ALONE: Cores = Cores {
    send: 0,
    receive: 0.0,
    flow: 0,
    turned: false,
    share: 1.0,
    unfairness: 0.0,
    stalled: None,
    limit: f64::INFINITY,
};

/// As [`place`], with the share of the network that chance gives each stream.
pub(crate) fn seat<'a>(
    cluster: &'a Cluster,
    transfers: &[Transfer],
    routes: &mut [Route<'a>],
    seed: Seed,
) -> Vec<Vec<Cores>> {
    let mut cores = place(cluster, transfers, routes, seed);
    if cluster.queues.is_empty() {
        return cores;
    }
    queues::fill(cluster, transfers, routes, &mut cores);
    let spread = |(transfer, route)| unfairness(cluster, transfer, route);
    let spreads: Vec<f64> = transfers.iter().zip(&*routes).map(spread).collect();
    // Who is alone shares with nobody, whatever chance says; its own streams end together.
    if spreads.iter().filter(|sigma| **sigma > 0.0).count() < 2 {
        return cores;
    }
    for (t, (own, sigma)) in cores.iter_mut().zip(spreads).enumerate() {
        for (s, stream) in own.iter_mut().enumerate() {
            (stream.share, stream.unfairness) = (drawn(t, s as u32, sigma, seed), sigma);
        }
    }
    cores
}

/// How unevenly the flows of a transfer share the fabrics on its way with others.
fn unfairness(cluster: &Cluster, transfer: &Transfer, route: &Route<'_>) -> f64 {
    let is_tcp = transfer.transport == Transport::Tcp && !transfer.mode.is_rdma();
    let Some(host) = sender(route).filter(|_| is_tcp && transfer.group.is_none()) else {
        return 0.0;
    };
    let usual = cluster.hosts[host].congestion.unfairness();
    let edges = route.stages.iter().flatten().filter_map(|leg| match leg {
        Leg::Edge(edge, _) => cluster.graph.edge_endpoints(*edge),
        Leg::Service(..) | Leg::Kernel(_) => None,
    });
    let own = edges.filter_map(|(from, _)| cluster.queues.get(&from));
    let sigma = |queues: &Queues| match queues.full {
        Full::Drop => queues.unfairness.unwrap_or(usual),
        // Nobody loses anything: all slow down alike.
        Full::Mark | Full::Pause => queues.unfairness.unwrap_or(0.0),
    };
    own.map(sigma).fold(0.0, f64::max)
}

/// The share of stream `s` of transfer `t`.
fn drawn(t: usize, s: u32, sigma: f64, seed: Seed) -> f64 {
    match sigma > 0.0 {
        true => {
            let share = Dist::LogNormal { median: 1.0, sigma };
            share.sample(&mut seed.stream(&format!("share/{t}/{s}")))
        }
        false => 1.0,
    }
}

/// The cores of every stream of every transfer; its route is that of its first stream.
pub(crate) fn place<'a>(
    cluster: &'a Cluster,
    transfers: &[Transfer],
    routes: &mut [Route<'a>],
    seed: Seed,
) -> Vec<Vec<Cores>> {
    let mut senders = vec![0usize; cluster.hosts.len()];
    let streams = transfers.iter().zip(routes).enumerate().map(|(t, (transfer, route))| {
        let host = sender(route).unwrap_or(0);
        // Pinned machines are one machine: its threads are counted together.
        let pinned = cluster.hosts.get(host).is_some_and(|host| host.pinned.is_some());
        let host = if pinned { 0 } else { host };
        let next = senders.get_mut(host);
        let first = next.map_or(0, |next| {
            let first = *next;
            *next += transfer.streams as usize;
            first
        });
        let cores: Vec<Cores> = (0..transfer.streams).map(|s| hashed(first, t, s, seed)).collect();
        route.take(cluster, transfer, cores[0].flow);
        cores
    });
    streams.collect()
}

/// The cores of thread number `stream` of so many that carry one of a collective's streams: threads
/// beside each other, and receive queues evenly apart.
pub(crate) fn threads(number: usize, stream: u32, streams: u32) -> Cores {
    let send = number * streams as usize + stream as usize;
    let receive = (f64::from(stream) + 0.5) / f64::from(streams);
    Cores { send, receive, ..ALONE }
}

/// More streams of transfer `t`, placed as if they were its only ones.
pub(crate) fn more(cores: &[Cores], t: usize, streams: u32, seed: Seed) -> Vec<Cores> {
    let first = cores[0];
    let (turned, unfairness) = (first.turned, first.unfairness);
    let next = |s: u32| {
        let share = drawn(t, s, unfairness, seed);
        Cores { turned, share, unfairness, ..hashed(first.send, t, s, seed) }
    };
    (0..streams).map(next).collect()
}

/// Stream `s` of transfer `t`, whose threads begin at core `first`.
fn hashed(first: usize, t: usize, s: u32, seed: Seed) -> Cores {
    Cores {
        send: first + s as usize,
        receive: seed.stream(&format!("rss/{t}/{s}")).random::<f64>(),
        flow: seed.of(&format!("ecmp/{t}/{s}")).get(),
        ..ALONE
    }
}

/// The machine whose socket sends.
fn sender(route: &Route<'_>) -> Option<usize> {
    route.stages.iter().flatten().find_map(|leg| match &leg.hop().model {
        HopModel::Cpu(cpu) if cpu.side == Side::Send => Some(cpu.host),
        _ => None,
    })
}

impl Cores {
    /// The cores of an answer to the stream, which goes back by other queues.
    pub(crate) fn turned(self) -> Cores {
        Cores { turned: !self.turned, stalled: None, limit: f64::INFINITY, ..self }
    }

    /// The link that a piece of work falls on.
    pub(crate) fn resolve(&self, cluster: &Cluster, link: LinkRef) -> LinkIndex {
        match link {
            LinkRef::Fixed(link) => link,
            LinkRef::SendCore(host) => self.sends(&cluster.hosts[host]),
            LinkRef::ReceiveCore(host) => self.receives(&cluster.hosts[host]),
        }
    }

    fn sends(&self, host: &Host) -> LinkIndex {
        if let Some(pins) = &host.pinned {
            let pins = if self.turned { &pins.readers } else { &pins.senders };
            return host.cores[pins[self.send % pins.len()]];
        }
        let bank = &host.cores;
        let core = bank.len() - 1 - self.send % bank.len();
        // A scheduler keeps a thread off the core that its own packets arrive on.
        let taken = core == self.queue(host);
        bank[if taken { (core + bank.len() - 1) % bank.len() } else { core }]
    }

    fn receives(&self, host: &Host) -> LinkIndex {
        match &host.pinned {
            Some(pins) => {
                let pins = if self.turned { &pins.senders } else { &pins.readers };
                host.cores[pins[self.send % pins.len()]]
            }
            None => host.cores[self.queue(host)],
        }
    }

    /// The core of the receive queue that the flow is hashed to on `host`.
    fn queue(&self, host: &Host) -> usize {
        (self.receive * f64::from(host.receive_queues)) as usize
    }
}
