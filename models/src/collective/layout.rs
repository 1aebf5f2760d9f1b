//! Ranks on the nodes of a cluster, and the team that they are.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::board::{Board, Boards};
use super::{Fabric, Group, Intra, Network, Team};
use crate::cluster::{Cluster, HopModel, PlaceKind, Word};
use crate::input::{InputError, suggest};

/// What NCCL counts for a slot, of its raw rate: 12 GB/s of sixteen lanes of PCIe 3.0, which have
/// 15.75 (`src/graph/topo.h` of NCCL 2.30.7).
const SLOT_COUNTED: f64 = 12.0 / 15.754;
/// What an NVLink's flits leave for payload: see [`crate::gpu::peer`].
const FLITS: f64 = 16.0 / 17.0;
/// More ranks than this are taken for a mistake.
const RANKS_MAX: usize = 65_536;

/// Ranks on nodes.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The GPUs of each node, in the order of ranks.
    pub(crate) nodes: Vec<Vec<NodeIndex>>,
    /// The cards of each node.
    pub(crate) cards: Vec<Vec<NodeIndex>>,
    /// The kind of network between nodes.
    pub(crate) network: Fabric,
    /// For each card of a node, which of its GPUs is nearest; for each GPU, which card.
    near_card: Vec<usize>,
    near_gpu: Vec<usize>,
}

impl Layout {
    /// The GPU of a node that leads to its card of that number.
    pub(crate) fn gpu_of(&self, node: usize, card: usize) -> NodeIndex {
        self.nodes[node][self.near_card[card % self.near_card.len()]]
    }

    /// The number of the card to which a GPU of a node leads.
    pub(crate) fn card_of(&self, gpu: usize) -> usize {
        self.near_gpu[gpu]
    }

    /// How many GPUs a node has.
    pub(crate) fn local(&self) -> usize {
        self.nodes[0].len()
    }

    /// How many cards a node uses.
    pub(crate) fn rails(&self) -> usize {
        self.cards[0].len()
    }

    /// Lays the ranks of a group out.
    ///
    /// # Errors
    /// If a rank is no whole GPU, or stands twice; if there are fewer than two; if nodes differ in
    /// how many they have; if they have no cards.
    pub(crate) fn of(cluster: &Cluster, group: &Group) -> Result<Layout, InputError> {
        let wrong = |problem: String, help: &str| InputError::new("ranks", problem).help(help);
        let ranks = ranks(cluster, group)?;
        if !(2..=RANKS_MAX).contains(&ranks.len()) {
            let problem = format!("{} ranks are no group", ranks.len());
            return Err(wrong(problem, "2 to 65536 GPUs"));
        }
        let mut by_node: Vec<(Word, Vec<NodeIndex>)> = Vec::new();
        let mut known: BTreeMap<Word, usize> = BTreeMap::new();
        for gpu in ranks {
            let node = cluster.graph[gpu].node.clone().expect("a GPU is in a node");
            let at = *known.entry(node.clone()).or_insert_with(|| {
                by_node.push((node, Vec::new()));
                by_node.len() - 1
            });
            by_node[at].1.push(gpu);
        }
        let (first, all) = (&by_node[0], by_node[0].1.len());
        if let Some((name, other)) = by_node.iter().find(|(_, gpus)| gpus.len() != all) {
            let problem =
                format!("`{}` has {all} of them, and `{name}` has {}", first.0, other.len());
            return Err(wrong(problem, "as many ranks on each node"));
        }
        let names: Vec<Word> = by_node.iter().map(|(name, _)| name.clone()).collect();
        let nodes: Vec<Vec<NodeIndex>> = by_node.into_iter().map(|(_, gpus)| gpus).collect();
        let mut cards = vec![Vec::new(); nodes.len()];
        if nodes.len() > 1 {
            for &nic in cluster.nics.keys() {
                let node = cluster.graph[nic].node.as_ref().and_then(|node| known.get(node));
                if let Some(&at) = node.filter(|_| cabled(cluster, nic)) {
                    cards[at].push(nic);
                }
            }
            if let Some(at) = cards.iter().position(Vec::is_empty) {
                let problem = format!("`{}` has no card with a cable", names[at]);
                return Err(wrong(problem, "a [[nic]] and a [[cable]] or [[fabric]]"));
            }
        }
        let network = group.network.unwrap_or_else(|| {
            match cards.iter().flatten().all(|card| cluster.nics[card].rdma) {
                true => Fabric::Rdma,
                false => Fabric::Socket,
            }
        });
        let least = match network {
            // Sockets leave a pod by its one interface.
            Fabric::Socket => 1,
            _ => cards.iter().map(Vec::len).min().unwrap_or(0),
        };
        if nodes.len() > 1 {
            let rails = rails(group, least)?;
            for own in &mut cards {
                *own = (0..rails).map(|rail| own[rail * least / rails]).collect();
            }
        }
        let (near_card, near_gpu) = near(cluster, &nodes[0], &cards[0]);
        Ok(Layout { nodes, cards, network, near_card, near_gpu })
    }

    /// What NCCL sees of it.
    ///
    /// # Errors
    /// If its GPUs are older than Volta.
    pub(crate) fn team(
        &self,
        cluster: &Cluster,
        boards: &Boards,
        group: &Group,
    ) -> Result<Team, InputError> {
        let first = self.nodes[0][0];
        let board = &boards.gpus[&first];
        let generation = board.generation().ok_or_else(|| {
            let name = &cluster.graph[first].name;
            let problem = format!("`{name}` is older than Volta, or its profile does not say");
            InputError::new("ranks", problem).help("`compute_capability` of 70 or more")
        })?;
        let (nodes, local) = (self.nodes.len() as u32, self.local() as u32);
        let network = (nodes > 1).then(|| Network {
            fabric: self.network,
            node_gb_s: self.cards[0].iter().map(|card| nominal(cluster, *card)).sum::<f64>() / 1e9,
            cards: self.cards[0].len() as u32,
            threads: group.threads,
        });
        let intra = intra(cluster, board, &self.nodes[0]);
        Ok(Team {
            ranks: nodes * local,
            nodes,
            generation,
            clock_ghz: board.clock_ghz,
            dies: board.dies(),
            intra,
            network,
        })
    }
}

/// How many cards of a node are used.
fn rails(group: &Group, least: usize) -> Result<usize, InputError> {
    match group.rails.map(|rails| rails as usize) {
        None => Ok(least),
        Some(rails) if (1..=least).contains(&rails) => Ok(rails),
        Some(rails) => {
            let problem = format!("{rails} of {least} cards is not possible");
            let help = format!("1 to {least}; by sockets a pod has one interface");
            Err(InputError::new("rails", problem).help(help))
        }
    }
}

/// The places of ranks.
fn ranks(cluster: &Cluster, group: &Group) -> Result<Vec<NodeIndex>, InputError> {
    let Some(boards) = &cluster.boards else {
        let problem = "the library has no costs of collectives";
        return Err(InputError::new("collective", problem).help("a profile `collective/nccl`"));
    };
    let mut ranks = Vec::new();
    for name in &group.ranks {
        if name == Group::ALL {
            ranks.extend(boards.gpus.keys());
            continue;
        }
        let members: Vec<String> = match cluster.families.get(name) {
            Some(family) => (0..family.len()).map(|number| family.at(number)).collect(),
            None => vec![name.clone()],
        };
        for name in members {
            let place = cluster.places.get(name.as_str()).copied();
            match place.filter(|place| boards.gpus.contains_key(place)) {
                Some(place) => ranks.push(place),
                None => {
                    let known =
                        boards.gpus.keys().map(|place| &**cluster.graph[*place].name.owner());
                    let known: Vec<&str> = known.collect();
                    let problem = format!("`{name}` is no GPU that one pod has whole");
                    return Err(InputError::new("ranks", problem).help(suggest(&name, known)));
                }
            }
        }
    }
    let mut sorted = ranks.clone();
    sorted.sort_unstable();
    match sorted.windows(2).find(|two| two[0] == two[1]) {
        None => Ok(ranks),
        Some(twice) => {
            let problem = format!("`{}` stands twice", cluster.graph[twice[0]].name);
            Err(InputError::new("ranks", problem).help("each GPU once"))
        }
    }
}

fn wires(cluster: &Cluster, card: NodeIndex) -> impl Iterator<Item = f64> {
    cluster.graph.edges(card).filter_map(|edge| match &edge.weight().model {
        HopModel::Wire(wire) => Some(wire.nominal.as_bytes_per_s()),
        _ => None,
    })
}

/// Whether a card has a cable.
pub(crate) fn cabled(cluster: &Cluster, card: NodeIndex) -> bool {
    wires(cluster, card).next().is_some()
}

/// The nominal rate of a card's cables together \[B/s\].
pub(crate) fn nominal(cluster: &Cluster, card: NodeIndex) -> f64 {
    wires(cluster, card).sum()
}

/// The hop by which a card reads a GPU's memory.
pub(crate) fn direct(cluster: &Cluster, from: NodeIndex, to: NodeIndex) -> Option<EdgeIndex> {
    let is_direct = |edge: &EdgeIndex| &*cluster.graph[*edge].kind == "gpudirect";
    cluster.graph.edges_connecting(from, to).map(|edge| edge.id()).find(is_direct)
}

/// For each card of a node the nearest GPU, and for each GPU the nearest card: those between which
/// lie the fewest links, of equally near ones those of equal rank.
fn near(cluster: &Cluster, gpus: &[NodeIndex], cards: &[NodeIndex]) -> (Vec<usize>, Vec<usize>) {
    let distance = |gpu: NodeIndex, card: NodeIndex| {
        let links = direct(cluster, gpu, card).map(|edge| match &cluster.graph[edge].model {
            HopModel::Dma(dma) => dma.links.len(),
            _ => usize::MAX,
        });
        links.unwrap_or(usize::MAX)
    };
    let (many, rails) = (gpus.len(), cards.len().max(1));
    let cost = |gpu: usize, card: usize| {
        let off = (gpu * rails).abs_diff(card * many);
        (distance(gpus[gpu], cards[card]), off)
    };
    let of_card = |card: usize| (0..many).min_by_key(|gpu| cost(*gpu, card)).unwrap_or(0);
    let of_gpu = |gpu: usize| (0..cards.len()).min_by_key(|card| cost(gpu, *card)).unwrap_or(0);
    ((0..cards.len()).map(of_card).collect(), (0..many).map(of_gpu).collect())
}

/// The hop by which a GPU reaches another of its node over NVLink, and its rate \[B/s\].
pub(crate) fn nvlink(
    cluster: &Cluster,
    from: NodeIndex,
    to: NodeIndex,
) -> Option<(EdgeIndex, f64)> {
    cluster.graph.edges_connecting(from, to).find_map(|edge| match &edge.weight().model {
        HopModel::Dma(dma) if &*edge.weight().kind == "nvlink" => {
            Some((edge.id(), cluster.links[dma.links[0].link.0].capacity))
        }
        _ => None,
    })
}

/// How the GPUs of a node reach each other.
fn intra(cluster: &Cluster, board: &Board, gpus: &[NodeIndex]) -> Intra {
    let [first, others @ ..] = gpus else { return Intra::Alone };
    if others.is_empty() {
        return Intra::Alone;
    }
    let rates = others.iter().filter_map(|other| nvlink(cluster, *first, *other));
    let rates: Vec<f64> = rates.map(|(_, rate)| rate / 1e9).collect();
    let most = board.nvlinks.map_or(u32::MAX, |own| own.count);
    let link_gb_s = board.link_gb_s().unwrap_or(f64::INFINITY);
    let counts: Vec<u32> =
        rates.iter().map(|rate| (rate / (FLITS * link_gb_s)).round().max(1.0) as u32).collect();
    let sum: u32 = counts.iter().sum();
    if let Some(&widest) = counts.iter().max() {
        // Where every pair has all of a GPU's links, switches give them.
        let switched =
            counts.len() == others.len() && (sum > most || others.len() == 1 && widest == most);
        let links = if switched { widest } else { sum.min(most) };
        return Intra::NvLink { links, switched };
    }
    let peer = |a: NodeIndex, b: NodeIndex| {
        let mut edges = cluster.graph.edges_connecting(a, b);
        edges.any(|edge| &*edge.weight().kind == "peer-to-peer copy")
    };
    let direct = others.iter().all(|other| peer(*first, *other));
    Intra::Pcie { gb_s: board.slot_gb_s * SLOT_COUNTED, shared_memory: !direct }
}

/// The pod that holds a GPU.
pub(crate) fn holder(cluster: &Cluster, gpu: NodeIndex) -> Option<NodeIndex> {
    let mut beside = cluster.graph.neighbors_directed(gpu, Direction::Outgoing);
    beside.find(|place| cluster.graph[*place].kind == PlaceKind::PodMemory)
}
