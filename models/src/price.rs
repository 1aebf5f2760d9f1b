//! The price of a message: what it costs each link on its way, layer by layer.
//!
//! A message of `b` bytes is cut into segments of at most MSS bytes, and those are gathered into
//! socket buffers (skbs: GSO super-packets, or one datagram each). Counting both exactly makes
//! small messages dear without any fudge factor:
//!
//! ```text
//!  work per byte on a core =
//!      (calls·per_message + skbs·per_skb + segments·per_segment) / b + per_byte
//!  wire bytes per byte     = (b + segments·(headers + 38)) / b
//! ```
//!
//! Frame overhead of 38 bytes: preamble 8, header 14, FCS 4, gap 12 (IEEE 802.3 clause 3 and 4).

mod kernel;
mod network;
mod stage;

use sim::Bytes;

use crate::cluster::{Cluster, LinkIndex, PoolIndex};
use crate::route::Route;
use crate::transfer::Transfer;

/// Bytes around every Ethernet frame's payload: preamble 8, header 14, FCS 4, gap 12.
pub const ETHERNET_OVERHEAD: Bytes = Bytes::new(38);
/// IPv4 and TCP headers with the timestamp option (RFC 791, 9293, 7323).
pub const TCP_IP_HEADERS: Bytes = Bytes::new(20 + 20 + 12);
/// IPv4 and UDP headers (RFC 791, 768).
pub const UDP_IP_HEADERS: Bytes = Bytes::new(20 + 8);
/// RoCEv2: IPv4 20, UDP 8, base transport header 12, invariant CRC 4 (InfiniBand architecture
/// specification, annex A17).
pub const ROCE_HEADERS: Bytes = Bytes::new(20 + 8 + 12 + 4);
/// The largest IP packet a GSO super-packet may pretend to be.
pub const GSO_MAX: Bytes = Bytes::new(65_535);

/// A link that a flow uses; cores are only known once the flow has been placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRef {
    /// This link, for every flow.
    Fixed(LinkIndex),
    /// The core of the flow's sending thread on this machine.
    SendCore(usize),
    /// The core of the flow's receive queue on this machine.
    ReceiveCore(usize),
}

/// Units of one link per payload byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// The link.
    pub link: LinkRef,
    /// Its units per payload byte (bytes per byte, or core-seconds per byte).
    pub weight: f64,
    /// Whether it flows beside the payload (acknowledgements, read requests): it loads the link,
    /// but no unit waits for it.
    pub beside: bool,
}

/// Why a hop limits the rate besides its links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Bytes per second of one flow.
    pub bytes_per_s: f64,
}

/// A hop with its price for one message.
#[derive(Clone, Debug, PartialEq)]
pub struct PricedHop {
    /// The hop's name.
    pub name: String,
    /// The hop's kind.
    pub kind: String,
    /// Before the first byte, occupying the stage in seconds.
    pub setup: f64,
    /// Delay that occupies nobody in seconds.
    pub latency: f64,
    /// Work on links.
    pub works: Vec<Work>,
    /// A limit of its own.
    pub limit: Option<Limit>,
    /// Where this hop stands for a UDP flow.
    pub udp: UdpRole,
}

/// What a hop is to a datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UdpRole {
    /// The socket stops being charged here.
    pub orphans: bool,
    /// It is on the receiving side: what does not fit is dropped.
    pub receives: bool,
    /// It is the receiving socket, which takes the packet off the sender's account.
    pub delivers: bool,
    /// It is the wire.
    pub wire: bool,
    /// The most that one flow gets through [B/s].
    pub flow_limit: Option<f64>,
}

/// What carries out a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A GPU computes the result: nothing of it is there before the kernel's end.
    Kernel,
    /// Copy engines, or a core.
    Copy,
    /// The network.
    Network,
}

/// Turns at a GPU: the server of [`Cluster::turns`](crate::cluster::Cluster::turns), and the
/// client that a stage is to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which server.
    pub server: usize,
    /// Which client: all kernels of one share of a GPU are one.
    pub client: u32,
}

/// A part of the way between two places where data rests.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What carries it out.
    pub carrier: Carrier,
    /// What the first piece waits for besides, in the stage's first hop, in seconds.
    pub first: f64,
    /// The server that it has in turns with others, where its GPU is time-sliced.
    pub turn: Option<Turn>,
    /// Its hops in order.
    pub hops: Vec<PricedHop>,
    /// The engines that carry it out.
    pub pool: Option<PoolIndex>,
    /// Parallel flows that share the message.
    pub flows: u32,
    /// The unit that is stored and forwarded whole: a super-packet, a datagram, a burst.
    pub unit: Bytes,
    /// Window ÷ round trip of one flow [B/s].
    pub window: Option<f64>,
    /// The rate of a UDP sender whose socket stays charged up to the NIC [B/s].
    pub udp_send_limit: Option<f64>,
}

impl Stage {
    /// A stage without hops.
    fn of(carrier: Carrier, flows: u32, unit: Bytes) -> Stage {
        Stage {
            carrier,
            first: 0.0,
            turn: None,
            hops: Vec::new(),
            pool: None,
            flows,
            unit,
            window: None,
            udp_send_limit: None,
        }
    }

    /// Whether it crosses the network.
    pub fn is_network(&self) -> bool {
        self.carrier == Carrier::Network
    }
}

/// What a hop must do in a counterfactual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Costs what it costs.
    Real,
    /// Costs nothing: no work, no latency, no header, no limit.
    Free,
}

/// Prices a message of `bytes` on `route`, all streams together; `presence` is asked for each hop
/// by its position along the whole way.
pub fn price(
    cluster: &Cluster,
    route: &Route<'_>,
    transfer: &Transfer,
    bytes: Bytes,
    presence: &dyn Fn(usize) -> Presence,
) -> Vec<Stage> {
    let mut position = 0;
    route
        .stages
        .iter()
        .map(|legs| {
            let begin = position;
            position += legs.len();
            let present = |i: usize| presence(begin + i) == Presence::Real;
            stage::price(cluster, route, legs, transfer, bytes, &present)
        })
        .collect()
}
