//! The way of a collective: the hops that all of its ranks cross at the same time, in classes.
//!
//! ```text
//!  launch ─ nvlink ─ gpudirect ─ nic→leaf ─ leaf→spine ─ spine→leaf ─ leaf→nic ─ gpudirect
//! ```
//!
//! Ranks wait for each other, step by step, so that all links carry what is theirs at one pace,
//! and the slowest of them sets it. A class is called by its slowest hop.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use sim::{Rate, Seed};

use super::ways::Ways;
use super::{Leg, Route, Routes, cut};
use crate::cluster::{Cluster, HopModel, PlaceKind, Side};
use crate::collective::crossings::{Crossing, crossings};
use crate::collective::layout::{Layout, direct, holder, nominal, nvlink};
use crate::collective::{
    Algorithm, Choice, Collective, Fabric, Group, Intra, Protocol, Team, tuner,
};
use crate::input::InputError;
use crate::transfer::{Mode, Transfer};

/// What a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The launch of the kernel on every GPU.
    Launch,
    /// From GPU to GPU inside a node.
    Inside,
    /// Between a GPU and a card.
    Direct,
    /// Cables.
    Wire,
    /// Hops of the network stack of a pod and its node.
    Stack,
}

/// Hops that are alike.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) what: What,
    /// Each with the bytes that cross it for each byte of the collective.
    pub(crate) loads: Vec<(EdgeIndex, f64)>,
}

/// A stream by sockets.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// Its hops.
    pub(crate) edges: Vec<EdgeIndex>,
    /// The pods at its ends.
    pub(crate) ends: [String; 2],
    /// Bytes for each byte of the collective.
    pub(crate) part: f64,
}

/// What a collective crosses.
#[derive(Clone, Debug)]
pub(crate) struct Grouped {
    pub(crate) layout: Layout,
    pub(crate) choice: Choice,
    /// As many as the route has legs, in the same order.
    pub(crate) classes: Vec<Class>,
    /// The time that a byte of the collective takes on the cards, at the nominal rate of the
    /// slowest \[s\].
    pub(crate) slowest_card: f64,
    /// What the line of the slowest card would move, or of a GPU where there is one node, and the
    /// leg that it is in.
    pub(crate) line: Option<(usize, Rate)>,
    pub(crate) stacks: Vec<Stack>,
    /// Whether a flow's hash decides something.
    pub(crate) is_spread: bool,
}

impl Grouped {
    /// A number that is another where hops or loads are others.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (edge, load) in self.classes.iter().flat_map(|class| &class.loads) {
            (edge.index(), load.to_bits()).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The class that a hop is in.
    pub(crate) fn class_of(&self, edge: EdgeIndex) -> Option<usize> {
        self.classes.iter().position(|class| class.loads.iter().any(|(own, _)| *own == edge))
    }
}

/// The way of a group whose flows have the hash `flow`.
///
/// # Errors
/// If ranks are impossible, cannot reach each other, or what is forced is not there.
pub(super) fn route<'a>(
    cluster: &'a Cluster,
    transfer: &Transfer,
    group: &Group,
    flow: u64,
) -> Result<Route<'a>, InputError> {
    let layout = Layout::of(cluster, group)?;
    let boards = cluster.boards.as_ref().expect("ranks were found by it");
    let team = layout.team(cluster, boards, group)?;
    let choice = chosen(group, &team, transfer.message.get())?;
    let first = layout.nodes[0][0];
    let mut found =
        Found { cluster, flow, classes: Vec::new(), names: HashMap::new(), places: HashMap::new() };
    let mut legs = vec![Leg::Kernel(&cluster.gpus[&first].hops[0])];
    let launch = Class { what: What::Launch, loads: Vec::new() };
    let inside = found.inside(&layout);
    let mut stacks = Vec::new();
    let mut is_spread = false;
    check_streams(group.collective, choice, &team)?;
    let crossings = crossings(group.collective, choice, &team, &layout);
    for (number, crossing) in crossings.iter().enumerate() {
        let found = found.crossing(&layout, crossing, number as u64)?;
        is_spread |= found.0;
        stacks.extend(found.1);
    }
    let classes: Vec<Class> = std::iter::once(launch).chain(inside).chain(found.classes).collect();
    for class in &classes[1..] {
        let slowest = class.loads.iter().enumerate().max_by(|(i, a), (j, b)| {
            let by_time = weight(cluster, **a).total_cmp(&weight(cluster, **b));
            // Of equal ones the first.
            by_time.then(j.cmp(i))
        });
        let (_, (edge, _)) = slowest.expect("a class has a hop");
        legs.push(Leg::Edge(*edge, &cluster.graph[*edge]));
    }
    let slowest_card = slowest_card(cluster, &layout, &crossings);
    let line = line(cluster, &layout, (group, &team), (slowest_card, &classes));
    let grouped = Grouped { layout, choice, classes, slowest_card, line, stacks, is_spread };
    let (pods, parallel) = (None, None);
    Ok(Route { stages: vec![legs], pods, parallel, group: Some(std::sync::Arc::new(grouped)) })
}

/// More streams between nodes than this are not looked at one by one.
const STREAMS_MAX: u64 = 1 << 20;

/// Refuses an exchange of all with all that would take minutes.
fn check_streams(collective: Collective, choice: Choice, team: &Team) -> Result<(), InputError> {
    let (nodes, local) = (u64::from(team.nodes), u64::from(team.local()));
    let streams = match (choice.algorithm, collective, team.intra) {
        (Algorithm::Pairwise, Collective::AllToAll, Intra::NvLink { .. }) => nodes * nodes * local,
        (Algorithm::Pairwise, Collective::AllToAll, _) => nodes * nodes * local * local,
        _ => nodes * local,
    };
    if streams <= STREAMS_MAX {
        return Ok(());
    }
    let problem = format!("{} ranks are about {streams} streams", team.ranks);
    Err(InputError::new("ranks", problem).help(format!("at most {STREAMS_MAX}: fewer ranks")))
}

/// What a user has paid for: the cables of the cards, or of one node the links of a GPU.
fn line(
    cluster: &Cluster,
    layout: &Layout,
    (group, team): (&Group, &Team),
    (slowest_card, classes): (f64, &[Class]),
) -> Option<(usize, Rate)> {
    let at = |what| classes.iter().position(|class| class.what == what);
    if slowest_card > 0.0 {
        return Some((at(What::Wire)?, Rate::bytes_per_s(1.0 / slowest_card)));
    }
    let board = &cluster.boards.as_ref()?.gpus[&layout.nodes[0][0]];
    let gb_s = match team.intra {
        Intra::NvLink { links, .. } => board.link_gb_s()? * f64::from(links),
        Intra::Pcie { .. } | Intra::Alone => board.slot_gb_s,
    };
    let rate = gb_s * 1e9 / group.collective.bus_factor(team.ranks);
    Some((at(What::Inside)?, Rate::bytes_per_s(rate)))
}

/// What is taken: as forced, or as NCCL would.
fn chosen(group: &Group, team: &Team, bytes: u64) -> Result<Choice, InputError> {
    let wrong = |field: &str, problem: &str, help: &str| {
        Err(InputError::new(field, problem.to_owned()).help(help))
    };
    let all = tuner::ways(group.collective, team);
    let fits = |choice: &Choice| {
        group.algorithm.is_none_or(|wanted| wanted == choice.algorithm)
            && group.protocol.is_none_or(|wanted| wanted == choice.protocol)
    };
    if all.iter().any(fits) {
        return Ok(tuner::choose_of(group.collective, team, bytes, &fits));
    }
    let has = |wanted: Algorithm| all.iter().any(|choice| choice.algorithm == wanted);
    match (group.algorithm, group.protocol) {
        (Some(Algorithm::Nvls | Algorithm::NvlsTree), _) if !team.has_nvls() => {
            wrong("algorithm", "these ranks have no NVLS", "NVSwitch, and GPUs of Hopper or later")
        }
        (Some(wanted), _) if !has(wanted) => {
            let problem = format!("{} does not do this", wanted.name());
            let mut known: Vec<&str> = all.iter().map(|choice| choice.algorithm.name()).collect();
            known.sort_unstable();
            known.dedup();
            wrong("algorithm", &problem, &known.join(", "))
        }
        (_, Some(Protocol::Ll128)) => wrong("protocol", "LL128 needs NVLink here", "ll, simple"),
        (Some(_), Some(_)) => wrong("protocol", "does not go with that algorithm", "leave it out"),
        _ => wrong("protocol", "these ranks do not speak it", "leave it out"),
    }
}

/// The seconds that a byte of the collective takes on the slowest link of a hop.
fn weight(cluster: &Cluster, (edge, load): (EdgeIndex, f64)) -> f64 {
    let of = |link: crate::cluster::LinkIndex| load / cluster.links[link.0].capacity;
    match &cluster.graph[edge].model {
        HopModel::Wire(wire) => of(wire.link),
        HopModel::Dma(dma) => {
            dma.links.iter().map(|work| work.weight * of(work.link)).fold(0.0, f64::max)
        }
        HopModel::Cpu(_) | HopModel::Gpu(_) => load,
    }
}

/// The time that a byte takes on the cards, at the nominal rate of the slowest of them.
fn slowest_card(cluster: &Cluster, layout: &Layout, crossings: &[Crossing]) -> f64 {
    let mut loads = vec![vec![0.0; layout.rails()]; layout.nodes.len()];
    let mut back = loads.clone();
    for crossing in crossings {
        loads[crossing.nodes[0]][crossing.cards[0]] += crossing.part;
        back[crossing.nodes[1]][crossing.cards[1]] += crossing.part;
    }
    let mut slowest: f64 = 0.0;
    for (node, cards) in layout.cards.iter().enumerate() {
        for (at, card) in cards.iter().enumerate() {
            let load: f64 = loads[node][at];
            slowest = slowest.max(load.max(back[node][at]) / nominal(cluster, *card));
        }
    }
    slowest
}

/// Classes while they are found.
struct Found<'a> {
    cluster: &'a Cluster,
    flow: u64,
    classes: Vec<Class>,
    /// Classes by what they are called.
    names: HashMap<String, usize>,
    /// The class of each hop, and its place in it.
    places: HashMap<EdgeIndex, (usize, usize)>,
}

impl Found<'_> {
    /// What ranks of one node cross.
    fn inside(&self, layout: &Layout) -> Option<Class> {
        let cluster = self.cluster;
        if layout.local() < 2 {
            return None;
        }
        let mut loads = Vec::new();
        for gpus in &layout.nodes {
            let next = gpus.iter().cycle().skip(1);
            let links = gpus.iter().zip(next).filter_map(|(a, b)| nvlink(cluster, *a, *b));
            loads.extend(links.map(|(edge, _)| (edge, 1.0)));
        }
        if loads.is_empty() {
            // Over PCIe: the copies that a GPU makes.
            let gpu = layout.nodes[0][0];
            let edge = cluster.graph.edges(gpu).next().map(|edge| edge.id());
            loads.extend(edge.map(|edge| (edge, 1.0)));
        }
        (!loads.is_empty()).then_some(Class { what: What::Inside, loads })
    }

    /// What a stream between two nodes crosses; whether its hash decided something, and the stream
    /// itself where sockets carry it.
    fn crossing(
        &mut self,
        layout: &Layout,
        crossing: &Crossing,
        number: u64,
    ) -> Result<(bool, Option<Stack>), InputError> {
        let cluster = self.cluster;
        let [from, to] = [0, 1].map(|end| crossing.nodes[end]);
        let gpus = [layout.gpu_of(from, crossing.cards[0]), layout.gpu_of(to, crossing.cards[1])];
        let hash = Seed::new(self.flow).replication(number).get();
        let nowhere = |a: NodeIndex, b: NodeIndex| {
            let [a, b] = [a, b].map(|place| &cluster.graph[place].name);
            InputError::new("ranks", format!("no route from `{a}` to `{b}`"))
                .help("cards and cables between all nodes of the ranks")
        };
        if layout.network == Fabric::Socket {
            let pods = gpus.map(|gpu| holder(cluster, gpu));
            let [Some(a), Some(b)] = pods else { return Err(nowhere(gpus[0], gpus[1])) };
            let ways = cluster.ways(a, b, Mode::Serial).ok_or_else(|| nowhere(a, b))?;
            let edges = ways.of_flow(cluster, hash);
            self.wires(&ways, hash, crossing.part);
            for edge in &edges {
                if !matches!(cluster.graph[*edge].model, HopModel::Wire(_)) {
                    self.add(What::Stack, *edge, crossing.part);
                }
            }
            let ends = [a, b].map(|pod| cluster.graph[pod].name.to_string());
            let stack = Stack { edges, ends, part: crossing.part };
            return Ok((ways.is_parallel(), Some(stack)));
        }
        let cards = [layout.cards[from][crossing.cards[0]], layout.cards[to][crossing.cards[1]]];
        let out = direct(cluster, gpus[0], cards[0]);
        let into = direct(cluster, cards[1], gpus[1]);
        let ways = cluster.cabled_ways(cards[0], cards[1]);
        let (Some(out), Some(into), Some(ways)) = (out, into, ways) else {
            return Err(nowhere(gpus[0], gpus[1]));
        };
        self.add(What::Direct, out, crossing.part);
        self.wires(&ways, hash, crossing.part);
        self.add(What::Direct, into, crossing.part);
        Ok((ways.is_parallel(), None))
    }

    fn wires(&mut self, ways: &Ways, hash: u64, part: f64) {
        for (edge, share) in ways.parts_of_flow(self.cluster, hash).into_iter().flatten() {
            if matches!(self.cluster.graph[edge].model, HopModel::Wire(_)) {
                self.add(What::Wire, edge, part * share);
            }
        }
    }

    fn add(&mut self, what: What, edge: EdgeIndex, load: f64) {
        if let Some(&(class, place)) = self.places.get(&edge) {
            self.classes[class].loads[place].1 += load;
            return;
        }
        let next = self.classes.len();
        let class = *self.names.entry(self.called(edge)).or_insert(next);
        if class == next {
            self.classes.push(Class { what, loads: Vec::new() });
        }
        let loads = &mut self.classes[class].loads;
        self.places.insert(edge, (class, loads.len()));
        loads.push((edge, load));
    }

    /// What is alike is called alike: by its kind, and the kinds of places at its ends.
    fn called(&self, edge: EdgeIndex) -> String {
        let graph = &self.cluster.graph;
        let hop = &graph[edge];
        let (a, b) = graph.edge_endpoints(edge).expect("an edge of this graph");
        match &hop.model {
            HopModel::Cpu(cpu) => {
                let side = if cpu.side == Side::Send { "out" } else { "in" };
                format!("{} {side}", hop.kind)
            }
            HopModel::Wire(_) => {
                let stem = |place: NodeIndex| {
                    let name = graph[place].name.to_string();
                    let digit = |c: char| c.is_ascii_digit() || c == '-';
                    name.trim_end_matches(digit).to_owned()
                };
                format!("{}→{}", stem(a), stem(b))
            }
            HopModel::Dma(_) | HopModel::Gpu(_) => {
                let into = graph[b].kind == PlaceKind::Nic;
                format!("{} {}", hop.kind, if into { "out" } else { "in" })
            }
        }
    }
}

impl<'a> Route<'a> {
    /// A stream of a collective by sockets, as the way of a message.
    pub(crate) fn of_stack(cluster: &'a Cluster, stack: &Stack) -> Route<'a> {
        cut(cluster, &stack.edges)
    }
}
