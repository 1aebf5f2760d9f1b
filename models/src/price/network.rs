//! Segmentation: how a stream's share of a message becomes segments and socket buffers.

use petgraph::graph::NodeIndex;
use sim::Bytes;
use smallvec::SmallVec;

use super::Question;
use crate::cluster::{HopModel, NicSpec, PlaceKind, Side};
use crate::framing::{GSO_MAX, ROCE_HEADERS, TCP_IP_HEADERS, UDP_IP_HEADERS};
use crate::route::Leg;
use crate::transfer::Transport;

/// The RDMA path MTUs (InfiniBand specification, section 7.7.8), largest first.
const RDMA_MTUS: [u64; 5] = [4096, 2048, 1024, 512, 256];

/// An IPv4 header without options (RFC 791).
const IP_HEADER: u64 = 20;
/// The largest payload of a UDP datagram over IPv4 (RFC 768).
const DATAGRAM_MAX: u64 = 65_507;

/// A message of one stream, cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// Payload bytes of the stream's message.
    pub(super) bytes: f64,
    /// System calls that write it, and as many that read it.
    pub(super) calls: f64,
    /// Payload bytes of a full segment.
    pub(super) mss: Bytes,
    /// Payload bytes of a full socket buffer.
    pub(super) unit: Bytes,
    /// Wire packets.
    pub(super) segments: f64,
    /// Socket buffers on the way out.
    pub(super) skbs: f64,
    /// Socket buffers on the way in: more, where the receiver's card leaves a tunnel's packets as
    /// they came.
    pub(super) received: f64,
    /// IP fragments of datagrams, the first of each aside.
    pub(super) fragments: f64,
    /// IP and transport headers of each segment.
    pub(super) headers: Bytes,
}

/// Which protocol cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// TCP or UDP through the kernel.
    Kernel(Transport),
    /// RDMA over converged Ethernet.
    Rdma,
}

/// Cuts `bytes` for the smallest packet size of a way.
pub(super) fn cut(question: &Question<'_>, protocol: Protocol, bytes: Bytes) -> Cut {
    let Packet { mtu, sends_large, receives_large, inside } = packet(question);
    let write = match protocol {
        Protocol::Kernel(_) => question.transfer.write,
        Protocol::Rdma => None,
    };
    let (headers, mss) = match protocol {
        Protocol::Kernel(Transport::Tcp) => (TCP_IP_HEADERS, mtu.get() - TCP_IP_HEADERS.get()),
        Protocol::Kernel(Transport::Udp) => return datagrams(mtu, write, bytes),
        Protocol::Rdma => {
            let room = mtu.get() - ROCE_HEADERS.get();
            (ROCE_HEADERS, RDMA_MTUS.into_iter().find(|m| *m <= room).unwrap_or(256))
        }
    };
    // Packets of RDMA leave as they are cut: no host gathers them.
    let aggregated = |large: bool| large && protocol != Protocol::Rdma;
    let fit = (super_packet(question).get() - headers.get()) / mss;
    let mss = Bytes::new(mss);
    let unit = |large| if aggregated(large) { mss * fit.max(1) } else { mss };
    let count = |piece: Bytes| bytes.div_ceil(piece).max(1) as f64;
    let calls = match protocol {
        Protocol::Rdma => 1.0,
        Protocol::Kernel(_) => write.map_or(1.0, count),
    };
    let skbs = count(unit(sends_large));
    Cut {
        bytes: bytes.as_f64().max(1.0),
        calls,
        mss,
        unit: unit(sends_large),
        // Nothing on a node cuts a super-packet: what has no card on its way has no frames.
        segments: if aggregated(sends_large) && inside { skbs } else { count(mss) },
        skbs,
        received: count(unit(receives_large)),
        fragments: 0.0,
        headers,
    }
}

/// The largest super-packet of the sender, or what every Linux host can where no socket sends.
fn super_packet(question: &Question<'_>) -> Bytes {
    let sender = question.legs.iter().find_map(|leg| match &leg.hop().model {
        HopModel::Cpu(cpu) if cpu.socket => Some(cpu.host),
        _ => None,
    });
    sender.map_or(GSO_MAX, |host| question.cluster.hosts[host].super_packet)
}

/// Cuts `bytes` into datagrams of one write each, and those that are larger than a packet into
/// fragments of whole eights of bytes (RFC 791, section 2.3). The UDP header of the first is taken
/// to be in each.
fn datagrams(mtu: Bytes, write: Option<Bytes>, bytes: Bytes) -> Cut {
    let whole = mtu.get() - UDP_IP_HEADERS.get();
    // What iperf3 picks: the TCP segment of the same path.
    let usual = mtu.get() - TCP_IP_HEADERS.get();
    let datagram = write.map_or(usual, |write| write.get().clamp(1, DATAGRAM_MAX));
    let datagram = datagram.min(bytes.get().max(1));
    let datagrams = bytes.get().div_ceil(datagram).max(1) as f64;
    let (mss, each) = match datagram > whole {
        false => (datagram, 1.0),
        true => {
            let room = (mtu.get() - IP_HEADER) / 8 * 8;
            (room, (datagram + UDP_IP_HEADERS.get() - IP_HEADER).div_ceil(room) as f64)
        }
    };
    Cut {
        bytes: bytes.as_f64().max(1.0),
        // Each datagram is a call of its own, which its cost per socket buffer contains.
        calls: 1.0,
        mss: Bytes::new(mss),
        unit: Bytes::new(mss),
        segments: datagrams * each,
        skbs: datagrams,
        received: datagrams,
        fragments: datagrams * (each - 1.0),
        headers: UDP_IP_HEADERS,
    }
}

/// The largest packet that the cards of a way take from a pod, what its tunnels add aside; none
/// where no card is on the way.
pub(super) fn room(question: &Question<'_>) -> Option<Bytes> {
    room_of(question, &cards(question), added(question))
}

fn room_of(question: &Question<'_>, cards: &[&NicSpec], added: u64) -> Option<Bytes> {
    let jumbo = question.change.mtu.map_or(0, Bytes::get);
    let wire = cards.iter().map(|nic| nic.mtu.get().max(jumbo)).min()?;
    Some(Bytes::new(wire - added.min(wire - 256)))
}

/// The cards of a way, each as often as a hop begins or ends there.
fn cards<'a>(question: &Question<'a>) -> SmallVec<[&'a NicSpec; 8]> {
    let Question { cluster, legs, .. } = *question;
    let places = legs.iter().filter_map(|leg| match leg {
        Leg::Edge(edge, _) => cluster.graph.edge_endpoints(*edge),
        Leg::Service(..) | Leg::Kernel(_) => None,
    });
    let is_card = |place: &NodeIndex| cluster.graph[*place].kind == PlaceKind::Nic;
    let cards = places.flat_map(|(from, to)| [from, to]).filter(is_card);
    cards.filter_map(|place| cluster.nics.get(&place)).collect()
}

/// Bytes that encapsulations add to a packet.
fn added(question: &Question<'_>) -> u64 {
    let out = question.legs.iter().filter_map(|leg| match &leg.hop().model {
        HopModel::Cpu(cpu) if cpu.side == Side::Send && question.change.keeps(leg.hop()) => {
            Some(cpu.header.get())
        }
        _ => None,
    });
    out.sum()
}

/// What may be sent in one piece.
struct Packet {
    /// The largest IP packet that the pods may send.
    mtu: Bytes,
    /// Whether super-packets cross the hops of the way out.
    sends_large: bool,
    /// Whether they cross those of the way in.
    receives_large: bool,
    /// Whether nothing on the way cuts super-packets: no card, and no hop that takes packets.
    inside: bool,
}

fn by_packet(leg: &Leg<'_>) -> bool {
    matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.by_packet)
}

/// What may be sent in one piece. Without tunnel offloads the sender's stack segments in
/// software where it hands over to the card, below its hops, which is not priced; the receiver's
/// has single packets from the card on.
fn packet(question: &Question<'_>) -> Packet {
    let Question { cluster, route, change, .. } = question;
    // A receiver without them still takes super-packets that were made elsewhere.
    let mut offloads = route.pods.is_none_or(|(from, _)| !cluster.without_offloads.contains(&from));
    let mut tunnel_offloads = true;
    let (cards, added) = (cards(question), added(question));
    for nic in &cards {
        offloads &= nic.offloads || change.offloads;
        tunnel_offloads &= nic.tunnel_offloads || change.tunnel_offloads;
    }
    let room = room_of(question, &cards, added);
    // Pods that had room for the small frames' headers get the same share of the large ones.
    let pods = route.pods.filter(|_| change.mtu.is_none());
    let pods = pods.map(|(a, b)| [a, b]).into_iter().flatten();
    let own = pods.filter_map(|pod| cluster.pod_mtus.get(&pod)).min().copied();
    let mtu = match (room, own) {
        (Some(room), Some(own)) => room.min(own),
        // Inside a node there is no card, and pods have the MTU that they are given, or else the
        // one that they have for the way out.
        (None, Some(own)) => own,
        (Some(room), None) => room,
        (None, None) => outward(question, added),
    };
    Packet {
        mtu,
        sends_large: offloads,
        receives_large: offloads && (tunnel_offloads || added == 0),
        inside: cards.is_empty() && !question.legs.iter().any(by_packet),
    }
}

/// What pods have between each other on one node: what is left of the smallest card's MTU, or of
/// Ethernet's where there is no card at all.
fn outward(question: &Question<'_>, added: u64) -> Bytes {
    let wire = question.cluster.nics.values().map(|nic| nic.mtu.get()).min().unwrap_or(1500);
    Bytes::new(wire - added.min(wire - 256))
}
