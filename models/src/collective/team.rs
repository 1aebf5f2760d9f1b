//! The ranks of a collective and the links between them.

use serde::{Deserialize, Serialize};

/// A generation of GPUs, as NCCL's tables distinguish them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    /// Compute capability 7.
    Volta,
    /// Compute capability 8.
    Ampere,
    /// Compute capability 9.
    Hopper,
    /// Compute capability 10 and 12.
    Blackwell,
}

impl Generation {
    /// What NCCL counts for an NVLink one way, in GB/s: four fifths of the wire
    /// (`src/graph/topo.h` of NCCL 2.30.7).
    pub const fn link_gb_s(self) -> f64 {
        match self {
            Generation::Volta | Generation::Ampere => 20.0,
            Generation::Hopper => 20.6,
            Generation::Blackwell => 40.1,
        }
    }
}

/// How the GPUs of a node reach each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Intra {
    /// One GPU a node: they do not.
    Alone,
    /// NVLink.
    NvLink {
        /// Links of a GPU to all others together.
        links: u32,
        /// Whether switches join them, and not links between pairs.
        switched: bool,
    },
    /// PCIe.
    Pcie {
        /// What NCCL counts for the slot one way, in GB/s.
        gb_s: f64,
        /// Whether data goes through host memory, and not from GPU to GPU.
        shared_memory: bool,
    },
}

/// A kind of network between nodes: what it costs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fabric {
    /// InfiniBand or RoCE, and cards that read device memory.
    Rdma,
    /// The same through host memory.
    Staged,
    /// Slingshot.
    Slingshot,
    /// EFA of at most 400 Gbit/s a node.
    Efa,
    /// EFA of later instances.
    EfaV2,
    /// Google's RoCE plug-in.
    Gib,
    /// GPUDirect-TCPXO.
    Tcpxo,
    /// GPUDirect-TCPX.
    Tcpx,
    /// Sockets of the kernel.
    Socket,
}

impl Fabric {
    /// Every kind with its name, which begins its lines of a profile.
    pub const ALL: [(&'static str, Fabric); 9] = [
        ("rdma", Fabric::Rdma),
        ("staged", Fabric::Staged),
        ("slingshot", Fabric::Slingshot),
        ("efa", Fabric::Efa),
        ("efa_v2", Fabric::EfaV2),
        ("gib", Fabric::Gib),
        ("tcpxo", Fabric::Tcpxo),
        ("tcpx", Fabric::Tcpx),
        ("socket", Fabric::Socket),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Fabric::ALL.iter().find(|(_, one)| *one == self).expect("each has a name").0
    }
}

/// The network between nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// Its kind.
    pub fabric: Fabric,
    /// The rate of all cards of a node together one way, in GB/s.
    pub node_gb_s: f64,
    /// How many cards those are.
    pub cards: u32,
    /// Threads that carry sockets, of a connection (`NCCL_SOCKET_NTHREADS`).
    pub threads: u32,
}

/// The ranks of a collective: one GPU each, as many on each node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Team {
    /// How many ranks there are.
    pub ranks: u32,
    /// On how many nodes.
    pub nodes: u32,
    /// What GPUs they are.
    pub generation: Generation,
    /// The boost clock of their SMs \[GHz\].
    pub clock_ghz: f64,
    /// Dies that a GPU is made of.
    pub dies: u32,
    /// How GPUs of a node reach each other.
    pub intra: Intra,
    /// How nodes do; none if there is one.
    pub network: Option<Network>,
}

impl Team {
    /// Ranks on a node.
    pub const fn local(&self) -> u32 {
        self.ranks / self.nodes
    }

    /// What all links of a GPU inside its node move one way, as NCCL counts it, in GB/s; none
    /// where it is alone.
    pub fn bus_gb_s(&self) -> Option<f64> {
        match self.intra {
            Intra::Alone => None,
            Intra::NvLink { links, .. } => Some(f64::from(links) * self.generation.link_gb_s()),
            Intra::Pcie { gb_s, .. } => Some(gb_s),
        }
    }

    /// Whether switches of the node can reduce: NVLS needs NVSwitch of Hopper or later.
    pub const fn has_nvls(&self) -> bool {
        matches!(self.intra, Intra::NvLink { switched: true, .. })
            && matches!(self.generation, Generation::Hopper | Generation::Blackwell)
    }
}
