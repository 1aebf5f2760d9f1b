//! The nodes of a cluster and their capacities.

use sim::Seed;
use smallvec::SmallVec;

use super::arrivals::shuffle;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// CPU [thousandths of a core].
    pub cpu: u32,
    /// Memory \[MiB\].
    pub memory: u32,
    /// GPUs.
    pub gpus: u16,
    /// The number of its GPUs' model in [`Fleet::models`]; any where it has none.
    pub model: u8,
    /// Into how many NUMA nodes its GPUs are divided evenly; one where nothing is known.
    pub numa: u16,
    /// Where it stands, from the widest part of the network to the narrowest: numbers that no two
    /// parts share. As many for each node.
    pub domains: SmallVec<[u32; 2]>,
}

impl Node {
    /// On how many levels two nodes stand at the same place, from none to all.
    pub fn shares(&self, other: &Node) -> usize {
        self.domains.iter().zip(&other.domains).take_while(|(own, others)| own == others).count()
    }
}

/// The nodes of a cluster. Of nodes that a scheduler scores alike it takes the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    nodes: Vec<Node>,
    models: Vec<String>,
}

impl Fleet {
    /// The fleet of some nodes in the order of their names; their models are numbers of `models`.
    pub fn new(mut nodes: Vec<Node>, models: Vec<String>) -> Fleet {
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Fleet { nodes, models }
    }

    /// The same nodes in an order drawn at random.
    pub fn shuffled(&self, seed: Seed) -> Fleet {
        let mut nodes = self.nodes.clone();
        shuffle(&mut nodes, seed.of("placement nodes"));
        Fleet { nodes, models: self.models.clone() }
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The names of GPU models.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// The GPU of all nodes [thousandths of one].
    pub fn gpu_milli(&self) -> u64 {
        self.nodes.iter().map(|node| 1000 * u64::from(node.gpus)).sum()
    }
}
