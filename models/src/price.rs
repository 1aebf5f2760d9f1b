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

mod copy;
mod group;
mod kernel;
mod memory;
mod network;
mod stage;

use sim::Bytes;
use smallvec::SmallVec;

use crate::cluster::{Cluster, Hop, LinkIndex, PoolIndex};
use crate::route::{Leg, Route};
use crate::transfer::Transfer;

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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PricedHop {
    /// Time before the first byte, in which the stage can do nothing else \[s\].
    pub setup: f64,
    /// What opening the connection adds to that, once a connection \[s\].
    pub open: f64,
    /// Delay during which the stage can go on with the next message \[s\].
    pub latency: f64,
    /// Work on links.
    pub works: SmallVec<[Work; 2]>,
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
    /// The part that is lost on it, whatever the load.
    pub lost: f64,
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
    /// All ranks of a collective at one pace.
    Group,
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

/// What a connection that is opened anew waits for before it has its full rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Opening {
    /// The round trip of the handshake (RFC 9293, section 3.5) \[s\].
    pub handshake: f64,
    /// Round trips of slow start until the whole message is sent or the way is full: doubling
    /// without loss from ten segments (RFC 5681, RFC 6928) \[s\].
    pub slow_start: f64,
}

/// A part of the way between two places where data rests.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The position of its first hop along the whole way.
    pub first_hop: usize,
    /// What carries it out.
    pub carrier: Carrier,
    /// What the first kernel of several waits for longer than the others, in its launch \[s\].
    pub first: f64,
    /// What opening the connection takes, once a connection.
    pub opening: Opening,
    /// Whether it sends datagrams, which nobody sends again.
    pub datagrams: bool,
    /// The server that it has in turns with others, where its GPU is time-sliced.
    pub turn: Option<Turn>,
    /// Its hops in order.
    pub hops: Vec<PricedHop>,
    /// The engines that carry it out.
    pub pool: Option<PoolIndex>,
    /// Parallel flows that share the message.
    pub flows: u32,
    /// Their standing beside others on the links that they share; 1 but for reads that starve
    /// behind writes.
    pub share: f64,
    /// The unit that is stored and forwarded whole: a super-packet, a datagram, a burst.
    pub unit: Bytes,
    /// Window ÷ round trip of one flow [B/s].
    pub window: Option<f64>,
    /// The rate at which the application offers each flow's datagrams, where it paces them [B/s].
    pub offered: Option<f64>,
    /// The rate of a UDP sender whose socket stays charged up to the NIC [B/s].
    pub udp_send_limit: Option<f64>,
}

impl Stage {
    /// A stage without hops.
    fn of(carrier: Carrier, flows: u32, unit: Bytes) -> Stage {
        Stage {
            first_hop: 0,
            carrier,
            first: 0.0,
            datagrams: false,
            opening: Opening::default(),
            turn: None,
            hops: Vec::new(),
            pool: None,
            flows,
            share: 1.0,
            unit,
            window: None,
            offered: None,
            udp_send_limit: None,
        }
    }

    /// Whether it crosses the network.
    pub fn is_network(&self) -> bool {
        self.carrier == Carrier::Network
    }
}

/// What a counterfactual changes about the cluster; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Hops of this kind cost nothing: no work, no latency, no header, no limit.
    pub free: Option<String>,
    /// Every card on the way segments and coalesces.
    pub offloads: bool,
    /// Every card on the way does so inside a tunnel.
    pub tunnel_offloads: bool,
    /// The MTU of every card on the way is at least this, and pods have what is left of it.
    pub mtu: Option<Bytes>,
    /// The window of the sending TCP socket is at least this.
    pub window: Option<Bytes>,
}

impl Change {
    /// Whether a hop costs what it costs.
    fn keeps(&self, hop: &Hop) -> bool {
        self.free.as_deref() != Some(&hop.kind)
    }
}

/// Prices a message of `bytes` on stage `which` of `route`, all streams together, after `change`.
pub fn price(
    cluster: &Cluster,
    route: &Route<'_>,
    which: usize,
    transfer: &Transfer,
    bytes: Bytes,
    change: &Change,
) -> Stage {
    let first_hop = route.stages[..which].iter().map(Vec::len).sum();
    let question = Question { cluster, route, legs: &route.stages[which], transfer, bytes, change };
    Stage { first_hop, ..stage::price(&question) }
}

/// The largest packet that stage `which` takes from a pod; none where no card is on the way.
pub(crate) fn room(
    cluster: &Cluster,
    route: &Route<'_>,
    which: usize,
    transfer: &Transfer,
) -> Option<Bytes> {
    let (legs, change) = (&route.stages[which], &Change::default());
    let bytes = transfer.message;
    network::room(&Question { cluster, route, legs, transfer, bytes, change })
}

/// What is priced: a message on one stage of its way.
#[derive(Clone, Copy)]
struct Question<'a> {
    cluster: &'a Cluster,
    route: &'a Route<'a>,
    legs: &'a [Leg<'a>],
    transfer: &'a Transfer,
    bytes: Bytes,
    change: &'a Change,
}
