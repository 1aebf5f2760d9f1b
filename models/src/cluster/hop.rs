//! What hops are made of: a kernel, work for a core, a device that reads or writes memory, a cable.

use std::sync::Arc;

use petgraph::graph::NodeIndex;
use sim::{Bytes, Rate};

use super::{LinkIndex, PoolIndex};
use crate::catalogue::{BackPressure, Turn};
use crate::host::staging::Staging;
use crate::input::InputError;
use crate::pcie::Operation;
use crate::transfer::Transport;

/// The side of a transfer that a hop is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The way out.
    Send,
    /// The way in.
    Receive,
}

/// The core that works for a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// That of the flow: sending thread or receive queue.
    Flow,
    /// One worker for all flows.
    Serial(LinkIndex),
}

/// What a hop costs a core, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuCosts {
    /// Per opened connection in seconds.
    pub per_connection: f64,
    /// Per message, such as a system call in seconds.
    pub per_message: f64,
    /// Per socket buffer: a GSO super-packet, or one datagram in seconds.
    pub per_skb: f64,
    /// Of UDP: per IP fragment of a datagram but its first in seconds.
    pub per_fragment: f64,
    /// Per wire packet in seconds.
    pub per_segment: f64,
    /// Per payload byte [s/B].
    pub per_byte: f64,
    /// Of a sending socket whose packets are forwarded at all: per socket buffer in seconds.
    pub forwarded_per_skb: f64,
    /// The same per payload byte [s/B].
    pub forwarded_per_byte: f64,
    /// Delay that occupies nobody in seconds.
    pub latency: f64,
}

/// What a hop costs a core under each transport.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// Under TCP.
    pub tcp: CpuCosts,
    /// Under UDP.
    pub udp: CpuCosts,
    /// The most that one UDP flow gets through on the way in, if its queues overflow before that.
    pub udp_flow_limit: Option<Rate>,
    /// Of a socket: whether it is the application's own, and the kernel's has no part in it.
    pub user_space: bool,
    /// Transports whose costs the profile does not say, with the line to add.
    pub unpriced: Vec<(Transport, InputError)>,
}

impl Costs {
    /// Under one transport.
    pub fn under(&self, transport: Transport) -> &CpuCosts {
        match transport {
            Transport::Tcp => &self.tcp,
            Transport::Udp => &self.udp,
        }
    }
}

/// A hop that is work for a core of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct CpuHop {
    /// Index of the machine in [`Cluster::hosts`](super::Cluster::hosts).
    pub host: usize,
    /// Out or in.
    pub side: Side,
    /// Who works.
    pub core: Core,
    /// Whether it is the socket layer, which stays on the flow's core.
    pub socket: bool,
    /// What it costs the core, the same for all machines of one profile.
    pub costs: Arc<Costs>,
    /// Bytes added to every wire packet.
    pub header: Bytes,
    /// Whether the sending socket stays charged past it.
    pub back_pressure: BackPressure,
    /// Whether traffic that turns around on the machine crosses it once or on both ways.
    pub turn: Turn,
    /// Whether it takes packets one by one, so that super-packets are cut before it.
    pub by_packet: bool,
    /// The memory channels that the copy between user and kernel loads; none of a hop that copies
    /// nothing, or where the profile does not say what they move.
    pub memory: Option<LinkIndex>,
}

/// The link between the sockets of a machine: UPI, QPI or xGMI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SocketLink {
    /// From lower to higher NUMA nodes, and back.
    pub ways: [LinkIndex; 2],
    /// What of them devices' reads of each other have, where it is less.
    pub peer_reads: Option<[LinkIndex; 2]>,
    /// What of them devices' writes to each other have, where it is less.
    pub peer_writes: Option<[LinkIndex; 2]>,
    /// What crossing it adds \[s\].
    pub latency: f64,
}

impl SocketLink {
    /// The direction from one NUMA node to another.
    pub fn way(&self, from: u32, to: u32) -> LinkIndex {
        self.ways[usize::from(from > to)]
    }

    /// What bounds data that one device reads from or writes to another in that direction.
    pub fn peer_way(&self, operation: Operation, from: u32, to: u32) -> Option<LinkIndex> {
        let ways = match operation {
            Operation::Read => self.peer_reads,
            Operation::Write => self.peer_writes,
        };
        ways.map(|ways| ways[usize::from(from > to)])
    }
}

/// What a payload byte of a device's access takes of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DmaWork {
    /// The link.
    pub link: LinkIndex,
    /// Its units per payload byte.
    pub weight: f64,
    /// Whether it carries requests and acknowledgements, while the data go the other way.
    pub beside: bool,
}

impl DmaWork {
    /// A link that carries each byte once.
    pub fn once(link: LinkIndex) -> DmaWork {
        DmaWork { link, weight: 1.0, beside: false }
    }
}

/// A hop in which a device reads or writes memory over PCIe (or a direct GPU link).
#[derive(Clone, Debug, PartialEq)]
pub struct DmaHop {
    /// What a payload byte takes of links.
    pub links: Vec<DmaWork>,
    /// The memory channels that it reads or writes, where the profile says what they move.
    pub memory: Option<LinkIndex>,
    /// Outstanding reads × their size ÷ round trip, where reads bound the rate.
    pub read_limit: Option<Rate>,
    /// Work of the driver and engine besides moving bytes in seconds.
    pub setup: f64,
    /// The part of it that keeps the engine from what is queued behind in seconds.
    pub gap: f64,
    /// The least that an operation takes from the call to its end, however short in seconds.
    pub call: f64,
    /// Delay that occupies nobody in seconds.
    pub latency: f64,
    /// The engines that may do it.
    pub pool: Option<PoolIndex>,
    /// What a copy between pageable memory and the device adds.
    pub pageable: Option<Pageable>,
    /// A core that moves every byte itself: machine and core-seconds per byte [s/B].
    pub copied_by: Option<(usize, f64)>,
    /// What a core does for every byte of a copy by way of a bounce buffer: machine and
    /// core-seconds per byte [s/B].
    pub bounced: Option<(usize, f64)>,
    /// The same copy by a kernel, where there is a GPU at one end.
    pub by_kernel: Option<KernelCopy>,
    /// What copies both ways have in common at a root port, and what of it a byte takes.
    pub both_ways: Option<(LinkIndex, f64)>,
    /// Its standing beside other flows on the links that they share; 1 for all but reads that
    /// starve behind writes.
    pub share: f64,
}

/// A copy by the loads and stores of a kernel in the place of a copy engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelCopy {
    /// Launching it \[s\].
    pub launch: f64,
    /// What its accesses to pinned host memory reach [B/s].
    pub bytes_per_s: f64,
}

/// The staging copy of pageable memory: a core moves every byte once more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pageable {
    /// Index of the machine in [`Cluster::hosts`](super::Cluster::hosts).
    pub host: usize,
    /// How its driver stages.
    pub staging: Staging,
    /// Whether the core copies out of the pinned buffers, into memory that may be untouched.
    pub into_host: bool,
    /// The memory channels that the core's copy loads, where the profile says what they move.
    pub memory: Option<LinkIndex>,
}

/// One direction of a cable, or of a limit that is set on an interface.
#[derive(Clone, Debug, PartialEq)]
pub struct WireHop {
    /// This direction.
    pub link: LinkIndex,
    /// The other direction, which carries acknowledgements.
    pub reverse: LinkIndex,
    /// The rate that it has when nothing is wrong: what makes ways equal.
    pub nominal: Rate,
    /// Signal and switching latency in seconds.
    pub latency: f64,
    /// Bytes around every IP packet that count against the rate: 38 on an Ethernet cable, the 14
    /// of the header alone where a queueing discipline counts.
    pub framing: Bytes,
    /// The part of packets that is lost on it, whatever the load.
    pub lost: f64,
    /// Of a limit by a token bucket: what passes at once while the bucket is full, and that a
    /// datagram too many is dropped; none of a cable, which holds its sender back.
    pub bucket: Option<Bytes>,
}

/// A part of what happens on a GPU from the call that launches a kernel until its result may be
/// copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuStep {
    /// From the call to the first block's start, and between kernels that follow each other.
    Launch,
    /// Until the last block has retired.
    Kernel,
    /// Until what waits for the kernel in another stream may begin.
    Event,
}

/// A hop that is a step of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuHop {
    /// The memory of the GPU, or of the part of one, in [`Cluster::gpus`](super::Cluster::gpus).
    pub gpu: NodeIndex,
    /// Which step.
    pub step: GpuStep,
}

/// What a hop is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum HopModel {
    /// A step of the kernel that makes the result.
    Gpu(GpuHop),
    /// Work for a core.
    Cpu(CpuHop),
    /// A device that reads or writes memory.
    Dma(Box<DmaHop>),
    /// A cable.
    Wire(WireHop),
}
