//! Where payload crosses from one socket of a machine to another on its way between pods.
//!
//! A pod's buffers are in the memory of its own NUMA node, so a card on another node reads and
//! writes them across the link between the sockets; between two pods of one machine the copy into
//! the receiver's buffers crosses.

use petgraph::graph::NodeIndex;

use super::{Leg, Route};
use crate::cluster::{Cluster, HopModel, PlaceKind};

/// A crossing of the link between the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crossing {
    /// The leg of the stage at which it happens.
    pub(crate) leg: usize,
    /// Index of the machine in [`Cluster::hosts`].
    pub(crate) host: usize,
    /// The NUMA node that the payload leaves.
    pub(crate) from: u32,
    /// The NUMA node that it enters.
    pub(crate) to: u32,
}

/// The crossings of a stage that goes from socket to socket.
pub(crate) fn crossings(cluster: &Cluster, route: &Route<'_>, legs: &[Leg<'_>]) -> Vec<Crossing> {
    let Some((sender, receiver)) = route.pods else { return Vec::new() };
    let mut sockets = legs.iter().enumerate().filter_map(|(at, leg)| match &leg.hop().model {
        HopModel::Cpu(cpu) if cpu.socket => Some((at, cpu.host)),
        _ => None,
    });
    let (Some((_, out)), Some((last, into))) = (sockets.next(), sockets.next_back()) else {
        return Vec::new();
    };
    let numa = |at: NodeIndex| cluster.graph[at].numa;
    let is_card = |at: NodeIndex| cluster.graph[at].kind == PlaceKind::Nic;
    let mut found = Vec::new();
    let mut by_card = false;
    for (leg, hop) in legs.iter().enumerate() {
        let Leg::Edge(edge, hop) = hop else { continue };
        if !matches!(hop.model, HopModel::Dma(_)) {
            continue;
        }
        by_card = true;
        let (begin, end) = cluster.graph.edge_endpoints(*edge).expect("an edge of this graph");
        let (host, ends) = match is_card(end) {
            true => (out, (numa(sender), numa(end))),
            false => (into, (numa(begin), numa(receiver))),
        };
        if let (Some(from), Some(to)) = ends
            && from != to
        {
            found.push(Crossing { leg, host, from, to });
        }
    }
    if let (Some(from), Some(to), false) = (numa(sender), numa(receiver), by_card)
        && from != to
    {
        found.push(Crossing { leg: last, host: into, from, to });
    }
    found
}
