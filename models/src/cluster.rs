//! The cluster graph: places as nodes, hops as edges, links and pools beside them.
//!
//! ```text
//!  gpu-a ══copy engine══► client ──socket──► client/net ──veth──► … ──vxlan──► node-a
//!    ║                   (pod memory)                                            │ nic
//!    ╚═════════════ GPUDirect RDMA ═════════════════════════════► nic-a ◄────────┘
//!                                                                   │ wire
//!                                                                  tor ──wire──► nic-b ─► …
//! ```
//!
//! Each container-network hop exists twice, once on the way out (`tx_…`) and once in (`rx_…`). Hops
//! are data; what a message costs on them is [`crate::price`].

mod accelerator;
mod assemble;
mod batch;
mod cable;
mod classes;
mod describe;
mod device;
mod drawn;
mod endpoint;
mod forwarder;
mod holder;
mod hop;
pub mod lab;
mod machine;
mod name;
mod network;
mod origin;
mod service;
mod shared_memory;
mod slot;
mod spreading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate};

use crate::collective::Boards;
use crate::gpu::share::Turns;
use crate::host::congestion::Congestion;
use crate::input::{InputError, Source};
use crate::library::{Kind, Library};
use crate::name::server::NameServer;
use crate::profile::Profile;
use crate::topology::{Family, Parsed};
use crate::transfer::Mode;
use crate::uncertainty::Spread;
use crate::uncertainty::model::{Among, Errors, Part};

pub use crate::topology::{Full, Queues, Setting};
pub use accelerator::Accelerator;
pub use batch::Batch;
pub use drawn::Drawn;
pub use endpoint::{Endpoint, FIRST, LAST};
pub use hop::{
    Core, Costs, CpuCosts, CpuHop, DmaHop, DmaWork, GpuHop, GpuStep, HopModel, KernelCopy,
    Pageable, Side, SocketLink, WireHop,
};
pub use name::{Name, Word};
pub use spreading::Spreading;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    /// The memory of a GPU.
    DeviceMemory,
    /// The memory of a pod.
    PodMemory,
    /// A point inside the network stack of a node.
    Namespace,
    /// A network card.
    Nic,
    /// A network switch.
    Switch,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name, unique in the cluster.
    pub name: Name,
    /// What it is.
    pub kind: PlaceKind,
    /// The machine it is in, if it is in one.
    pub node: Option<Word>,
    /// The NUMA node of a pod's memory, or of a card's slot.
    pub numa: Option<u32>,
}

/// Index of a link of [`Cluster::links`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIndex(pub usize);

/// What the capacity of a link counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkUnit {
    /// Bytes per second, framing included.
    Bytes,
    /// Core-seconds per second: one core is 1.0.
    Cores,
    /// Seconds of a GPU's SMs, or of its memory, per second: all of them are 1.0.
    Parts,
}

/// A thing with a rate that transfers share.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Its name: `nic-a/wire-out`, `node-b/core3`.
    pub name: Name,
    /// What its capacity counts.
    pub unit: LinkUnit,
    /// Units per second; finite and above zero.
    pub capacity: f64,
}

/// Index of a pool of [`Cluster::pools`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolIndex(pub usize);

/// A counted thing with a first-come queue: the copy engines of one direction of a GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSpec {
    /// Its name: `gpu-a/copy-out`.
    pub name: Name,
    /// How many there are.
    pub slots: u32,
}

/// A machine: its cores and the settings of its network stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Its name.
    pub name: Word,
    /// One link of capacity 1.0 per core.
    pub cores: Vec<LinkIndex>,
    /// How many cores serve receive queues (RSS); flows are hashed onto the first so many cores.
    pub receive_queues: u32,
    /// The cores that its threads are pinned to, where it is a [`lab`] and has no receive queues.
    pub pinned: Option<lab::Pins>,
    /// A TCP socket's window.
    pub tcp_window: Bytes,
    /// How its TCP senders answer loss.
    pub congestion: Congestion,
    /// The largest super-packet that its TCP senders hand down.
    pub super_packet: Bytes,
    /// What a UDP socket may have in flight to the NIC, and how long until that is completed;
    /// together the rate of a throttled sender.
    pub udp_send_limit: Option<Rate>,
    /// What a name server costs on it, where its profile says so.
    pub names: Option<NameServer>,
    /// The link between its sockets, where its profile says what it carries.
    pub socket_link: Option<SocketLink>,
    /// What its hops cost, which knows the line to add where something is missing.
    pub profile: Arc<Profile>,
    /// How far models are off on it, where it was calibrated and says so.
    pub errors: Vec<(Part, Spread)>,
}

impl Host {
    /// Among which machines a way through several hosts is: elsewhere, if one of them is only like
    /// another; of those that say how far models are off, the one that says the most counts.
    pub fn among<'a>(hosts: impl Iterator<Item = &'a Host>, part: Part) -> Among {
        let mut widest: Option<Spread> = None;
        for host in hosts {
            if host.profile.is_like() {
                return Among::Elsewhere;
            }
            let own = host.errors.iter().find(|(of, _)| *of == part).map(|(_, spread)| *spread);
            let wider = |own: &Spread| widest.is_none_or(|most| own.sigma() > most.sigma());
            widest = own.filter(wider).or(widest);
        }
        widest.map_or(Among::Known, Among::Calibrated)
    }
}

/// Which transfers may take a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Every transfer.
    Any,
    /// Only those that pass through host memory and sockets.
    Host,
    /// Only those that pass through host memory, by sockets or by RDMA.
    Copy,
    /// Only RDMA between host memories.
    Rdma,
    /// Only GPUDirect RDMA.
    Direct,
}

impl Lane {
    /// Whether a transfer in `mode` may take such a hop.
    pub const fn is_open(self, mode: Mode) -> bool {
        match (self, mode) {
            (Lane::Any, _)
            | (Lane::Copy, Mode::Serial | Mode::Overlapped { .. } | Mode::Rdma { .. })
            | (Lane::Host, Mode::Serial | Mode::Overlapped { .. })
            | (Lane::Rdma, Mode::Rdma { .. })
            | (Lane::Direct, Mode::GpuDirect) => true,
            (Lane::Host | Lane::Copy | Lane::Rdma | Lane::Direct, _) => false,
        }
    }
}

/// An edge of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Its name: `node-a/vxlan`, `gpu-a/copy-out`.
    pub name: Name,
    /// Its kind, the same on every node and side: `vxlan`, `device-to-host copy`.
    pub kind: Word,
    /// Who may take it.
    pub lane: Lane,
    /// What it is made of.
    pub model: HopModel,
}

/// A network card's part in a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NicSpec {
    /// The largest IP packet on its wire.
    pub mtu: Bytes,
    /// Whether it segments and coalesces (TSO, GSO, GRO).
    pub offloads: bool,
    /// Whether it does so inside a tunnel.
    pub tunnel_offloads: bool,
    /// Whether pods may use it for RDMA.
    pub rdma: bool,
    /// The rate of a port, each direction; none: as fast as the cable in it.
    pub port_rate: Option<Rate>,
}

/// A Service: which pods it stands for and what its translation costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The pods behind it.
    pub pods: Vec<NodeIndex>,
    /// Per machine of [`Cluster::hosts`]: the hop that a client on that machine crosses.
    pub hops: Vec<Hop>,
}

/// A cluster, assembled: it cannot be wrong any more.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The topology's name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Places and hops.
    pub graph: DiGraph<Place, Hop>,
    /// Everything with a rate.
    pub links: Vec<Link>,
    /// Everything that is counted.
    pub pools: Vec<PoolSpec>,
    /// The machines.
    pub hosts: Vec<Host>,
    /// GPUs, and shares of GPUs, by place.
    pub gpus: BTreeMap<NodeIndex, Accelerator>,
    /// How pods take turns on GPUs that are time-sliced.
    pub turns: Vec<Turns>,
    /// Switches that spread traffic over equal ways in another way than by a hash of their own.
    pub spreadings: BTreeMap<NodeIndex, Spreading>,
    /// Switches of fabrics, whose full queues decide what flows get, each with what they do.
    pub queues: BTreeMap<NodeIndex, Queues>,
    /// What collectives need to know of GPUs, where the library was asked for it.
    pub boards: Option<Boards>,
    /// Network cards by place.
    pub nics: BTreeMap<NodeIndex, NicSpec>,
    /// The MTU of those pods' interfaces that have one of their own.
    pub pod_mtus: BTreeMap<NodeIndex, Bytes>,
    /// Pods whose interfaces do not segment for them.
    pub without_offloads: BTreeSet<NodeIndex>,
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Places by name, of those that a file may name.
    pub places: BTreeMap<Word, NodeIndex>,
    /// What its topology counts, by name.
    pub families: BTreeMap<String, Family>,
    /// Every entry of the library that it was made from, sorted.
    pub used: BTreeSet<(Kind, String)>,
    /// The lines of each profile that some model has read.
    pub read: BTreeMap<(Kind, String), BTreeSet<String>>,
    /// By how much the models are off.
    pub errors: Errors,
    /// What may not be meant as it is written, in sentences.
    pub notes: BTreeSet<String>,
}

impl Cluster {
    /// The machine that a pod or device is in.
    pub(crate) fn host_of(&self, place: NodeIndex) -> Option<&Host> {
        let node = self.graph[place].node.as_ref();
        self.hosts.iter().find(|host| Some(&host.name) == node)
    }

    /// Assembles the topology called `name` in the library.
    ///
    /// # Errors
    /// Whatever is wrong with the topology or with a file that it names.
    pub fn named(
        name: &str,
        library: &Library,
        settings: &[Setting],
    ) -> Result<Cluster, InputError> {
        Cluster::of(name, library.topology(name)?, library, settings)
    }

    /// Assembles a topology from its text.
    ///
    /// # Errors
    /// Whatever is wrong with the topology or with a file that it names.
    pub fn assemble(
        name: &str,
        source: &Arc<Source>,
        library: &Library,
        settings: &[Setting],
    ) -> Result<Cluster, InputError> {
        Cluster::of(name, &Parsed::read(source)?, library, settings)
    }

    /// Assembles a topology that was read before.
    ///
    /// # Errors
    /// As [`Cluster::assemble`].
    pub fn of(
        name: &str,
        parsed: &Parsed,
        library: &Library,
        settings: &[Setting],
    ) -> Result<Cluster, InputError> {
        assemble::assemble(name, parsed, library, settings, None)
    }

    /// Assembles what a [`lab`] makes of a topology.
    ///
    /// # Errors
    /// As [`Cluster::assemble`].
    pub fn assemble_lab(
        name: &str,
        source: &Arc<Source>,
        library: &Library,
        settings: &[Setting],
        lab: &lab::Lab,
    ) -> Result<Cluster, InputError> {
        assemble::assemble(name, &Parsed::read(source)?, library, settings, Some(lab))
    }

    /// A hop by its edge.
    pub fn hop(&self, edge: EdgeIndex) -> &Hop {
        &self.graph[edge]
    }
}
