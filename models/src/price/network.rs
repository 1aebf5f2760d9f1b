//! Segmentation: how a stream's share of a message becomes segments and socket buffers.

use sim::Bytes;

use super::Question;
use crate::cluster::{HopModel, Side};
use crate::framing::{GSO_MAX, ROCE_HEADERS, TCP_IP_HEADERS, UDP_IP_HEADERS};
use crate::route::Leg;
use crate::transfer::Transport;

/// The RDMA path MTUs (InfiniBand specification, section 7.7.8), largest first.
const RDMA_MTUS: [u64; 5] = [4096, 2048, 1024, 512, 256];

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
    let (mtu, sends_large, receives_large) = packet(question);
    let write = match protocol {
        Protocol::Kernel(_) => question.transfer.write,
        Protocol::Rdma => None,
    };
    let (headers, mss) = match protocol {
        Protocol::Kernel(Transport::Tcp) => (TCP_IP_HEADERS, mtu.get() - TCP_IP_HEADERS.get()),
        // A datagram of the size iperf3 picks: the TCP segment of the same path.
        Protocol::Kernel(Transport::Udp) => {
            let segment = mtu.get() - TCP_IP_HEADERS.get();
            (UDP_IP_HEADERS, write.map_or(segment, |write| write.get().min(segment)))
        }
        Protocol::Rdma => {
            let room = mtu.get() - ROCE_HEADERS.get();
            (ROCE_HEADERS, RDMA_MTUS.into_iter().find(|m| *m <= room).unwrap_or(256))
        }
    };
    let aggregated = |large: bool| match protocol {
        Protocol::Kernel(Transport::Tcp) => large,
        Protocol::Kernel(Transport::Udp) => false,
        // Packets leave as they are cut: no host gathers them.
        Protocol::Rdma => false,
    };
    let fit = (GSO_MAX.get() - headers.get()) / mss;
    let mss = Bytes::new(mss);
    let unit = |large| if aggregated(large) { mss * fit.max(1) } else { mss };
    let count = |piece: Bytes| bytes.div_ceil(piece).max(1) as f64;
    let calls = match protocol {
        // Each datagram is a call of its own, which its cost per socket buffer contains.
        Protocol::Kernel(Transport::Udp) | Protocol::Rdma => 1.0,
        Protocol::Kernel(Transport::Tcp) => write.map_or(1.0, count),
    };
    Cut {
        bytes: bytes.as_f64().max(1.0),
        calls,
        mss,
        unit: unit(sends_large),
        segments: count(mss),
        skbs: count(unit(sends_large)),
        received: count(unit(receives_large)),
        headers,
    }
}

/// The largest IP packet that the pods may send, and whether super-packets cross the hops of the
/// way out and those of the way in. Without tunnel offloads the sender's stack segments in
/// software where it hands over to the card, below its hops, which is not priced; the receiver's
/// has single packets from the card on.
fn packet(question: &Question<'_>) -> (Bytes, bool, bool) {
    let Question { cluster, route, legs, change, .. } = question;
    let jumbo = change.mtu.map_or(0, Bytes::get);
    let mut added = 0;
    let mut mtu: Option<u64> = None;
    // A receiver without them still takes super-packets that were made elsewhere.
    let mut offloads = route.pods.is_none_or(|(from, _)| !cluster.without_offloads.contains(&from));
    let mut tunnel_offloads = true;
    for leg in legs.iter() {
        if let HopModel::Cpu(cpu) = &leg.hop().model
            && cpu.side == Side::Send
            && change.keeps(leg.hop())
        {
            added += cpu.header.get();
        }
        let Leg::Edge(edge, _) = leg else { continue };
        let (from, to) = cluster.graph.edge_endpoints(*edge).expect("an edge of this graph");
        for nic in [from, to].iter().filter_map(|place| cluster.nics.get(place)) {
            offloads &= nic.offloads || change.offloads;
            tunnel_offloads &= nic.tunnel_offloads || change.tunnel_offloads;
            mtu = Some(mtu.unwrap_or(u64::MAX).min(nic.mtu.get().max(jumbo)));
        }
    }
    // Inside a node there is no NIC; pods keep the MTU that they have for the way out.
    let wire = mtu.or_else(|| cluster.nics.values().map(|nic| nic.mtu.get()).min()).unwrap_or(1500);
    let mut inner = wire - added.min(wire - 256);
    // Pods that had room for the small frames' headers get the same share of the large ones.
    if let Some((a, b)) = route.pods.filter(|_| change.mtu.is_none()) {
        for own in [a, b].iter().filter_map(|pod| cluster.pod_mtus.get(pod)) {
            inner = inner.min(own.get());
        }
    }
    (Bytes::new(inner), offloads, offloads && (tunnel_offloads || added == 0))
}
