//! All shortest ways between two places of any graph, and which of them a flow takes.
//!
//! A search from both ends, the cheaper end first, meets in the middle: between two pods of ten
//! thousand nodes it looks at the hops of two nodes and of the switches between them.
//!
//! Every hop counts one. Among parallel ways a flow takes the one that its hash gives, switch by
//! switch, as equal-cost multipath routing does (RFC 2992), where these ways are alike: as many
//! cables of one rate and latency. Where they are not, all flows take the way that stands first in
//! the topology file. A switch may also spread packets and not flows, or hash as its neighbours do
//! ([`Spreading`]).

use std::collections::HashMap;

use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use sim::Seed;
use smallvec::SmallVec;

use super::Routes;
use crate::cluster::{Cluster, Hop, HopModel, LinkIndex, Spreading, WireHop};
use crate::collective::layout::{cabled, direct};
use crate::transfer::Mode;

/// Degrees are counted up to this: more only says that the other end is cheaper.
const DEGREE_MAX: usize = 64;

type Edges = SmallVec<[EdgeIndex; 2]>;

/// The shortest ways from one place to another.
#[derive(Clone, Debug)]
pub struct Ways {
    from: NodeIndex,
    to: NodeIndex,
    /// From each place of a shortest way, the hops onward, in the order of the file.
    next: HashMap<NodeIndex, Edges>,
}

/// Any graph: searched anew for each pair.
impl Routes for Cluster {
    fn ways(&self, from: NodeIndex, to: NodeIndex, mode: Mode) -> Option<Ways> {
        self.searched(from, to, &|hop| hop.lane.is_open(mode))
    }
}

impl Cluster {
    /// All shortest ways from card to card by cables alone.
    pub(crate) fn cabled_ways(&self, from: NodeIndex, to: NodeIndex) -> Option<Ways> {
        self.searched(from, to, &|hop| matches!(hop.model, HopModel::Wire(_)))
    }

    /// All shortest ways over hops that are open.
    fn searched(
        &self,
        from: NodeIndex,
        to: NodeIndex,
        open: &dyn Fn(&Hop) -> bool,
    ) -> Option<Ways> {
        let mut ends = [End::at(from), End::at(to)];
        let seen = |end: &End, place| end.links.contains_key(&place);
        while !ends[0].border.iter().any(|place| seen(&ends[1], *place)) {
            let [a, b] = ends.each_ref().map(|end| end.cost(self));
            let which = usize::from(b < a);
            let direction = [Direction::Outgoing, Direction::Incoming][which];
            ends[which].grow(self, open, direction);
            if ends[which].border.is_empty() {
                return None;
            }
            // The search ends where the border of one meets that of the other.
            if which == 1 && ends[1].border.iter().any(|place| seen(&ends[0], *place)) {
                break;
            }
        }
        let [out, back] = ends;
        let meeting = out.border.iter().copied().filter(|place| seen(&back, *place));
        let meeting: Vec<NodeIndex> = meeting.collect();
        let mut next: HashMap<NodeIndex, Edges> = HashMap::new();
        let mut note = |place, edge| {
            let edges = next.entry(place).or_default();
            if let Err(at) = edges.binary_search(&edge) {
                edges.insert(at, edge);
            }
        };
        out.walk(self, &meeting, &mut |edge| note(self.ends(edge).0, edge));
        back.walk(self, &meeting, &mut |edge| note(self.ends(edge).0, edge));
        Some(Ways { from, to, next })
    }
}

impl Cluster {
    fn ends(&self, edge: EdgeIndex) -> (NodeIndex, NodeIndex) {
        self.graph.edge_endpoints(edge).expect("an edge of this graph")
    }

    fn wire(&self, edge: EdgeIndex) -> Option<&WireHop> {
        match &self.graph[edge].model {
            HopModel::Wire(wire) => Some(wire),
            _ => None,
        }
    }

    /// Whether a flow meets the same on two hops.
    fn is_alike(&self, a: EdgeIndex, b: EdgeIndex) -> bool {
        let what = |wire: &WireHop| {
            (wire.latency.to_bits(), wire.framing, wire.nominal.as_bytes_per_s().to_bits())
        };
        a == b || self.wire(a).map(what).is_some_and(|a| self.wire(b).map(what) == Some(a))
    }
}

/// What has been reached from one end: each place with the hops that first led to it.
struct End {
    links: HashMap<NodeIndex, Edges>,
    /// The places that were reached last, all equally far.
    border: Vec<NodeIndex>,
}

impl End {
    fn at(place: NodeIndex) -> End {
        End { links: HashMap::from([(place, Edges::new())]), border: vec![place] }
    }

    /// About how many hops lead on.
    fn cost(&self, cluster: &Cluster) -> usize {
        let degree = |place: &NodeIndex| cluster.graph.edges(*place).take(DEGREE_MAX).count();
        self.border.iter().map(degree).sum()
    }

    /// Goes on by one hop.
    fn grow(&mut self, cluster: &Cluster, open: &dyn Fn(&Hop) -> bool, direction: Direction) {
        let old = std::mem::take(&mut self.border);
        let mut reached: HashMap<NodeIndex, Edges> = HashMap::new();
        for place in old {
            for edge in cluster.graph.edges_directed(place, direction) {
                let other = if edge.source() == place { edge.target() } else { edge.source() };
                if open(edge.weight()) && !self.links.contains_key(&other) {
                    let edges = reached.entry(other).or_default();
                    if edges.is_empty() {
                        self.border.push(other);
                    }
                    edges.push(edge.id());
                }
            }
        }
        self.links.extend(reached);
    }

    /// Tells every hop between places and this end.
    fn walk(&self, cluster: &Cluster, from: &[NodeIndex], tell: &mut dyn FnMut(EdgeIndex)) {
        let mut seen: Vec<NodeIndex> = from.to_vec();
        let mut at = 0;
        while at < seen.len() {
            let place = seen[at];
            for &edge in self.links.get(&place).into_iter().flatten() {
                tell(edge);
                let (a, b) = cluster.ends(edge);
                let other = if a == place { b } else { a };
                if !seen.contains(&other) {
                    seen.push(other);
                }
            }
            at += 1;
        }
    }
}

impl Ways {
    /// The way that stands first in the topology file.
    pub fn first(&self, cluster: &Cluster) -> Vec<EdgeIndex> {
        self.follow(cluster, |_, _| 0)
    }

    /// The way that a flow takes whose hash is `flow`.
    pub fn of_flow(&self, cluster: &Cluster, flow: u64) -> Vec<EdgeIndex> {
        if self.equal(cluster) == 1 {
            return self.first(cluster);
        }
        self.follow(cluster, |place, edges| chosen(cluster, flow, place, edges.len()).unwrap_or(0))
    }

    /// The hops that a flow's packets take at each distance, and the part of them on each.
    pub(crate) fn parts_of_flow(&self, cluster: &Cluster, flow: u64) -> Vec<Vec<(EdgeIndex, f64)>> {
        let mut levels = Vec::new();
        let mut places: Vec<(NodeIndex, f64)> = vec![(self.from, 1.0)];
        let alike = self.equal(cluster) > 1;
        while places[0].0 != self.to {
            let mut level: Vec<(EdgeIndex, f64)> = Vec::new();
            let mut beyond: Vec<(NodeIndex, f64)> = Vec::new();
            for (place, part) in places {
                let edges = choice(cluster, &self.next[&place]);
                let edges = match (alike, edges.len()) {
                    (false, _) | (_, 1) => &edges[..1],
                    (true, many) => match chosen(cluster, flow, place, many) {
                        Some(one) => &edges[one..=one],
                        None => edges,
                    },
                };
                let part = part / edges.len() as f64;
                for &edge in edges {
                    level.push((edge, part));
                    let end = cluster.ends(edge).1;
                    match beyond.iter_mut().find(|(known, _)| *known == end) {
                        Some((_, sum)) => *sum += part,
                        None => beyond.push((end, part)),
                    }
                }
            }
            levels.push(level);
            places = beyond;
        }
        levels
    }

    /// Whether there is more than one.
    pub fn is_parallel(&self) -> bool {
        self.next.values().any(|edges| edges.len() > 1)
    }

    /// Whether some switch spreads packets over several.
    pub(crate) fn is_sprayed(&self, cluster: &Cluster) -> bool {
        let sprays = |place| cluster.spreadings.get(place) == Some(&Spreading::Packets);
        self.next.iter().any(|(place, edges)| edges.len() > 1 && sprays(place))
    }

    /// How many there are.
    pub fn count(&self, cluster: &Cluster) -> u64 {
        self.levels(cluster, &|edges| edges).1
    }

    /// How many of them flows are spread over: those that are alike hop by hop, or 1.
    pub fn equal(&self, cluster: &Cluster) -> u64 {
        let (levels, count) = self.levels(cluster, &|edges| choice(cluster, edges));
        let is_alike = |level: &Vec<EdgeIndex>| {
            level[1..].iter().all(|edge| cluster.is_alike(level[0], *edge))
        };
        if levels.iter().all(is_alike) { count } else { 1 }
    }

    /// The hops at each distance, if from each place those lead on that `of` leaves, and how many
    /// ways they are.
    fn levels<'a>(
        &'a self,
        cluster: &Cluster,
        of: &dyn Fn(&'a [EdgeIndex]) -> &'a [EdgeIndex],
    ) -> (Vec<Vec<EdgeIndex>>, u64) {
        let mut counts: Vec<(NodeIndex, u64)> = vec![(self.from, 1)];
        let mut levels = Vec::new();
        while counts[0].0 != self.to {
            let (mut level, mut beyond): (Vec<EdgeIndex>, Vec<(NodeIndex, u64)>) =
                Default::default();
            for (place, count) in counts {
                for &edge in of(&self.next[&place]) {
                    level.push(edge);
                    let end = cluster.ends(edge).1;
                    match beyond.iter_mut().find(|(known, _)| *known == end) {
                        Some((_, sum)) => *sum = sum.saturating_add(count),
                        None => beyond.push((end, count)),
                    }
                }
            }
            levels.push(level);
            counts = beyond;
        }
        (levels, counts[0].1)
    }

    fn follow(
        &self,
        cluster: &Cluster,
        choose: impl Fn(NodeIndex, &[EdgeIndex]) -> usize,
    ) -> Vec<EdgeIndex> {
        let (mut at, mut way) = (self.from, Vec::new());
        while at != self.to {
            let edges = choice(cluster, &self.next[&at]);
            let edge = if edges.len() == 1 { edges[0] } else { edges[choose(at, edges)] };
            way.push(edge);
            at = cluster.ends(edge).1;
        }
        way
    }
}

/// By GPUDirect RDMA from a GPU to one of another node: each by the card that is nearest to it;
/// none where cards do not reach each other, or a link joins the two.
pub(super) fn by_cards(cluster: &Cluster, from: NodeIndex, to: NodeIndex) -> Option<Ways> {
    if cluster.graph.find_edge(from, to).is_some() {
        return None;
    }
    let card = |gpu: NodeIndex| own_card(cluster, gpu);
    let (out, into) = (card(from)?, card(to)?);
    let edges = [direct(cluster, from, out)?, direct(cluster, into, to)?];
    let mut ways = cluster.cabled_ways(out, into)?;
    for (place, edge) in [from, into].into_iter().zip(edges) {
        ways.next.insert(place, Edges::from_elem(edge, 1));
    }
    Some(Ways { from, to, ..ways })
}

/// The card that is nearest to a GPU. Where several are equally near to as many GPUs, each takes
/// its own, in their order.
fn own_card(cluster: &Cluster, gpu: NodeIndex) -> Option<NodeIndex> {
    let cards = nearest(cluster, gpu);
    let first = *cards.first()?;
    let beside = cluster.graph.neighbors_directed(first, Direction::Incoming);
    let mut beside: Vec<NodeIndex> = beside.filter(|at| cluster.gpus.contains_key(at)).collect();
    beside.sort_unstable();
    beside.dedup();
    let alike = beside.into_iter().filter(|other| nearest(cluster, *other) == cards);
    let number = alike.into_iter().position(|other| other == gpu).unwrap_or(0);
    Some(cards[number % cards.len()])
}

/// The cards with a cable between which and a GPU lie the fewest links, in order.
fn nearest(cluster: &Cluster, gpu: NodeIndex) -> Vec<NodeIndex> {
    let links = |card: NodeIndex| match &cluster.graph[direct(cluster, gpu, card)?].model {
        HopModel::Dma(dma) => Some(dma.links.len()),
        _ => Some(usize::MAX),
    };
    let mut cards: Vec<(usize, NodeIndex)> = cluster
        .graph
        .neighbors(gpu)
        .filter(|place| cluster.nics.contains_key(place) && cabled(cluster, *place))
        .filter_map(|card| Some((links(card)?, card)))
        .collect();
    cards.sort_unstable();
    cards.dedup();
    let least = cards.first().map_or(0, |card| card.0);
    cards.into_iter().take_while(|card| card.0 == least).map(|card| card.1).collect()
}

/// The hops among which a flow's hash may choose: cables. A card, or anything else, is not chosen
/// by chance: the first in the file is taken.
fn choice<'a>(cluster: &Cluster, edges: &'a [EdgeIndex]) -> &'a [EdgeIndex] {
    let is_wire = |edge: &EdgeIndex| cluster.wire(*edge).is_some();
    if edges.iter().all(is_wire) { edges } else { &edges[..1] }
}

/// Which of so many hops a flow takes from a switch; none where its packets take all of them.
fn chosen(cluster: &Cluster, flow: u64, place: NodeIndex, many: usize) -> Option<usize> {
    let by = |what: u64| Some((Seed::new(flow).unit(what) * many as f64) as usize);
    match cluster.spreadings.get(&place) {
        None => by(place.index() as u64),
        // No place has this number.
        Some(Spreading::SameHash) => by(u64::MAX),
        Some(Spreading::Packets) => None,
    }
}

/// A link that a flow crosses in the place of one on the way that is taken to be its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Swap {
    /// The link of the way.
    pub(crate) from: LinkIndex,
    /// What is crossed.
    pub(crate) to: LinkIndex,
    /// The part of the packets that cross it.
    pub(crate) part: f64,
}

/// What lies on one way in place of another, hop by hop.
pub(crate) fn swaps(
    cluster: &Cluster,
    from: &[EdgeIndex],
    to: &[Vec<(EdgeIndex, f64)>],
) -> Vec<Swap> {
    let differ = from.iter().zip(to).filter(|(a, b)| !matches!(b[..], [(one, _)] if one == **a));
    let wires = differ.flat_map(|(a, b)| b.iter().map(move |(b, part)| (*a, *b, *part)));
    let wires = wires.filter_map(|(a, b, part)| Some((cluster.wire(a)?, cluster.wire(b)?, part)));
    let swap = |from, to, part| Swap { from, to, part };
    wires
        .flat_map(|(a, b, part)| [swap(a.link, b.link, part), swap(a.reverse, b.reverse, part)])
        .collect()
}
