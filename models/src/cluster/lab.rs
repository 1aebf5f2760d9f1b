//! A cluster played by one machine: network namespaces stand for nodes and pods, pairs of virtual
//! Ethernet devices for cables.
//!
//! ```text
//!  pod ── veth ── node ── veth ── forwarder ── veth ── node ── veth ── pod
//!   └ sending thread and every hop: its core              reading thread: its own core ┘
//! ```
//!
//! A virtual device has no receive queue of its own: what is sent into one end is received by a
//! software interrupt on the *sending* core (Linux `drivers/net/veth.c`, `netif_rx`), and so on
//! through every hop up to the socket that is read. So one core does all the work of the way, and
//! the reader's core only what reading costs. All nodes share the machine's cores.

use sim::{Bytes, Rate};

/// What the Ethernet header alone counts against a rate that a queueing discipline enforces
/// (`qdisc_pkt_len`: no preamble, no FCS, no gap).
pub(super) const QUEUE_FRAMING: Bytes = Bytes::new(14);

/// The machine that plays a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lab {
    /// Its host profile: what hops cost on its cores.
    pub profile: String,
    /// The cores its threads are pinned to.
    pub pins: Pins,
}

/// Which cores the threads of a machine run on: stream after stream, in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// The cores of sending threads; not empty.
    pub senders: Vec<usize>,
    /// The cores of reading threads; not empty.
    pub readers: Vec<usize>,
}

impl Pins {
    /// The same threads while replies travel back.
    pub fn swapped(&self) -> Pins {
        Pins { senders: self.readers.clone(), readers: self.senders.clone() }
    }
}

/// One stream over a virtual pair reached 14 Gbit/s between two cores of a cloud machine (iperf3):
/// a limit above 10 would seldom bind.
const SHAPED_MAX_GBIT_S: f64 = 10.0;

/// Whether a lab limits a cable to `rate`. A faster one is left alone, in the lab and in its
/// prediction: no core drives a virtual pair that fast, and the limiter itself costs a core time.
pub fn is_shaped(rate: Rate) -> bool {
    rate.as_gbit_s() <= SHAPED_MAX_GBIT_S
}
