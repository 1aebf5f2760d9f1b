//! A plan while it is made, and its freezing: checks, order, and the flat layout.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use sim::Bytes;

use super::draw::{Amount, Bit};
use super::{
    BASE, Book, Demand, DemandId, Edge, HopName, Line, Op, Phase, PhaseId, Plan, Row, Step,
};
use crate::cluster::{Name, PoolIndex, Word};
use crate::outcome::Cause;

/// An edge of a draft: "after".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Iterations between the two.
    pub lag: u32,
    /// Whether the end of a move is the arrival of its last byte.
    pub landed: bool,
}

/// Why a draft is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A step waits for itself in one iteration.
    #[error("step {0} waits for itself")]
    Circle(usize),
    /// Two steps are repeated, but not equally often.
    #[error("steps {0} and {1} are connected and repeated {2} and {3} times")]
    Counts(usize, usize, u32, u32),
    /// An edge between steps of unequal count has a lag.
    #[error("the edge from step {0} to step {1} leads out of a loop and has a lag")]
    Lag(usize, usize),
    /// A pool is not given back as often as it is taken.
    #[error("pool {0} is taken {1} times and given back {2} times")]
    Pool(usize, u64, u64),
}

/// A plan while it is made.
///
/// A *brief* one has two rows: all time is booked to what counts against the goodput, or to what
/// does not. That is enough for when things happen and how fast they are, and costs less.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Steps, and what comes after what.
    pub graph: DiGraph<Step, Link>,
    pub(crate) lanes: u32,
    pub(crate) is_brief: bool,
    phases: Vec<Phase>,
    pub(crate) demands: Vec<Demand>,
    pub(super) chances: Vec<Bit>,
    pub(super) amounts: Vec<Amount>,
    pub(crate) parts: Vec<(u32, f64)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) hops: Vec<HopName>,
    pub(crate) way: u32,
    pub(crate) message: Bytes,
    /// In each lane.
    pub(crate) lines: Vec<Option<Line>>,
    known: HashMap<Row, u32>,
    /// Connections and engines whose units keep their order, one for each flow.
    pub(crate) streams: u32,
}

impl Draft {
    /// Nothing yet, in so many lanes.
    pub fn new(lanes: u32) -> Draft {
        Draft {
            graph: DiGraph::new(),
            lanes,
            is_brief: false,
            phases: Vec::new(),
            demands: Vec::new(),
            chances: Vec::new(),
            amounts: Vec::new(),
            parts: Vec::new(),
            rows: Vec::new(),
            hops: Vec::new(),
            way: 0,
            message: Bytes::ZERO,
            lines: vec![None; lanes as usize],
            known: HashMap::new(),
            streams: 0,
        }
    }

    /// Nothing yet, and an account of two rows.
    pub(crate) fn brief(lanes: u32) -> Draft {
        let row = |counts| Row { hop: 0, cause: Cause::Service, step: None, counts };
        let rows = [false, true].map(row).to_vec();
        Draft { is_brief: true, rows, ..Draft::new(lanes) }
    }

    /// What a step may do: a phase for each lane, in order.
    ///
    /// # Panics
    /// If there is not one for each.
    pub fn phase(&mut self, lanes: impl IntoIterator<Item = Phase>) -> PhaseId {
        let first = self.phases.len() as u32;
        self.phases.extend(lanes);
        assert_eq!(self.phases.len() as u32, first + self.lanes, "one phase for each lane");
        PhaseId(first / self.lanes)
    }

    /// The same in every lane.
    pub fn alike(&mut self, phase: Phase) -> PhaseId {
        self.phase(std::iter::repeat_n(phase, self.lanes as usize))
    }

    /// Whether a phase takes no time in any lane, whatever happens.
    pub(crate) fn is_nothing(&self, id: PhaseId) -> bool {
        let first = (id.0 * self.lanes) as usize;
        let lanes = &self.phases[first..first + self.lanes as usize];
        lanes.iter().all(|phase| phase.op == Phase::NOTHING.op)
    }

    /// Adds a step that is carried out once, the same in every lane.
    pub fn once(&mut self, op: Op, book: Book, after: &[(NodeIndex, Link)]) -> NodeIndex {
        let phase = self.alike(Phase::new(op, book));
        self.step(Step::repeated(phase, 1), after)
    }

    /// Adds a step that comes after `after`.
    pub fn step(&mut self, step: Step, after: &[(NodeIndex, Link)]) -> NodeIndex {
        let node = self.graph.add_node(step);
        for &(before, link) in after {
            self.graph.add_edge(before, node, link);
        }
        node
    }

    /// The row of a hop, cause and step, made where it is new.
    pub fn row(&mut self, row: Row) -> u32 {
        if self.is_brief {
            return u32::from(row.counts);
        }
        let next = self.rows.len() as u32;
        let at = *self.known.entry(row).or_insert(next);
        if at == next {
            self.rows.push(row);
        }
        at
    }

    /// A hop that rows may name.
    pub fn hop(&mut self, name: impl Into<Name>, kind: impl Into<Word>) -> u32 {
        let hop = HopName { name: name.into(), kind: kind.into() };
        match self.hops.iter().position(|known| *known == hop) {
            Some(at) => at as u32,
            None => {
                self.hops.push(hop);
                self.hops.len() as u32 - 1
            }
        }
    }

    /// A booking to rows in proportion to weights.
    pub fn book(&mut self, parts: impl IntoIterator<Item = (u32, f64)>) -> Book {
        let first = self.parts.len() as u32;
        self.parts.extend(parts.into_iter().filter(|part| part.1 > 0.0));
        self.booked(first)
    }

    /// A booking to the parts from the `first` on.
    pub(crate) fn booked(&self, first: u32) -> Book {
        match self.parts.len() as u32 - first {
            0 => Book::Nobody,
            count => Book::Parts { first, count },
        }
    }

    /// A demand of one lane. Those of the others follow, lane by lane.
    pub(crate) fn demand(&mut self, demand: Demand) -> DemandId {
        if self.demands.len() == self.demands.capacity() {
            self.demands.reserve(self.lanes as usize);
        }
        self.demands.push(demand);
        DemandId(self.demands.len() as u32 - 1)
    }

    /// An amount that is drawn in each run.
    pub(super) fn amount(&mut self, amount: Amount) -> u32 {
        self.amounts.push(amount);
        self.amounts.len() as u32 - 1
    }

    /// Checks the draft and lays it out.
    ///
    /// # Errors
    /// If it can never end or never begin; builders of this crate make no such draft.
    pub fn freeze(self) -> Result<Plan, Flaw> {
        self.freeze_with_places().map(|(plan, _)| plan)
    }

    /// The same, with the place of each node among the plan's steps.
    pub(crate) fn freeze_with_places(self) -> Result<(Plan, Vec<u32>), Flaw> {
        self.check_counts()?;
        self.check_pools()?;
        let order = self.order()?;
        let mut place = vec![0u32; order.len()];
        for (at, node) in order.iter().enumerate() {
            place[node.index()] = at as u32;
        }
        let edges = |direction: Direction| {
            let (mut all, mut first) = (Vec::new(), vec![0u32]);
            for &node in &order {
                let begin = all.len();
                for edge in self.graph.edges_directed(node, direction) {
                    let other = match direction {
                        Direction::Incoming => edge.source(),
                        Direction::Outgoing => edge.target(),
                    };
                    let Link { lag, landed } = *edge.weight();
                    let key = edge.id().index();
                    all.push((key, Edge { step: place[other.index()], lag, landed }));
                }
                // In the order in which the builder made them.
                all[begin..].sort_by_key(|(key, _)| *key);
                first.push(all.len() as u32);
            }
            (all.into_iter().map(|(_, edge)| edge).collect::<Vec<Edge>>(), first)
        };
        let (into, into_of) = edges(Direction::Incoming);
        let (out, out_of) = edges(Direction::Outgoing);
        let steps: Vec<Step> = order.iter().map(|&node| self.graph[node].clone()).collect();
        let mut firings = vec![0u32];
        for step in &steps {
            firings.push(firings[firings.len() - 1] + step.count);
        }
        let plan = Plan {
            steps,
            lanes: self.lanes,
            is_brief: self.is_brief,
            phases: self.phases,
            into,
            into_of,
            out,
            out_of,
            firings,
            parts: self.parts,
            rows: self.rows,
            hops: self.hops,
            way: self.way,
            demands: self.demands,
            chances: self.chances,
            amounts: self.amounts,
            message: self.message,
            lines: self.lines,
        };
        Ok((plan, place))
    }

    fn check_counts(&self) -> Result<(), Flaw> {
        for edge in self.graph.edge_references() {
            let (a, b) = (edge.source(), edge.target());
            let (from, to) = (self.graph[a].count, self.graph[b].count);
            if from != to && from != 1 && to != 1 {
                return Err(Flaw::Counts(a.index(), b.index(), from, to));
            }
            if from != to && edge.weight().lag > 0 {
                return Err(Flaw::Lag(a.index(), b.index()));
            }
        }
        Ok(())
    }

    fn check_pools(&self) -> Result<(), Flaw> {
        let mut uses: BTreeMap<PoolIndex, (u64, u64)> = BTreeMap::new();
        for step in self.graph.node_weights() {
            let phase = &self.phases[(step.first.0 * self.lanes + BASE) as usize];
            match phase.op {
                Op::Acquire(pool) => uses.entry(pool).or_default().0 += u64::from(step.count),
                Op::Release(pool) => uses.entry(pool).or_default().1 += u64::from(step.count),
                _ => {}
            }
        }
        match uses.into_iter().find(|(_, (taken, given))| taken != given) {
            Some((pool, (taken, given))) => Err(Flaw::Pool(pool.0, taken, given)),
            None => Ok(()),
        }
    }

    /// Every step after those that it waits for in its own iteration: of those that may come next,
    /// one of the same count as the last, so that loops stay together, and the earliest made.
    fn order(&self) -> Result<Vec<NodeIndex>, Flaw> {
        let within = |link: &Link| link.lag == 0;
        let mut missing: Vec<usize> = self
            .graph
            .node_indices()
            .map(|node| {
                let edges = self.graph.edges_directed(node, Direction::Incoming);
                edges.filter(|edge| within(edge.weight())).count()
            })
            .collect();
        let mut open: BTreeMap<u32, BinaryHeap<Reverse<NodeIndex>>> = BTreeMap::new();
        let put = |open: &mut BTreeMap<u32, BinaryHeap<Reverse<NodeIndex>>>, node: NodeIndex| {
            let heap = open.entry(self.graph[node].count).or_default();
            heap.push(Reverse(node));
        };
        for node in self.graph.node_indices().filter(|node| missing[node.index()] == 0) {
            put(&mut open, node);
        }
        let mut order: Vec<NodeIndex> = Vec::with_capacity(missing.len());
        let mut last = 1;
        while order.len() < missing.len() {
            let same = open.get_mut(&last).and_then(BinaryHeap::pop);
            let next = same.or_else(|| {
                let heaps = open.iter_mut().filter(|(_, heap)| !heap.is_empty());
                heaps.min_by_key(|(_, heap)| heap.peek().map(|node| node.0))?.1.pop()
            });
            let Some(Reverse(node)) = next else {
                let stuck = missing.iter().position(|missing| *missing > 0);
                return Err(Flaw::Circle(stuck.unwrap_or(0)));
            };
            last = self.graph[node].count;
            order.push(node);
            for edge in self.graph.edges_directed(node, Direction::Outgoing) {
                if within(edge.weight()) {
                    let left = &mut missing[edge.target().index()];
                    *left -= 1;
                    if *left == 0 {
                        put(&mut open, edge.target());
                    }
                }
            }
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use sim::Time;

    use super::*;

    fn wait(draft: &mut Draft, count: u32, after: &[(NodeIndex, Link)]) -> NodeIndex {
        let phase = draft.alike(Phase::new(Op::Wait(Time::from_ns(1)), Book::Nobody));
        draft.step(Step::repeated(phase, count), after)
    }

    const AFTER: Link = Link { lag: 0, landed: false };

    #[test]
    fn what_can_never_end_is_no_plan() {
        let mut circle = Draft::new(1);
        let a = wait(&mut circle, 1, &[]);
        let b = wait(&mut circle, 1, &[(a, AFTER)]);
        circle.graph.add_edge(b, a, AFTER);
        assert_eq!(circle.freeze().unwrap_err(), Flaw::Circle(0));

        let mut loops = Draft::new(1);
        let a = wait(&mut loops, 3, &[]);
        wait(&mut loops, 4, &[(a, AFTER)]);
        assert_eq!(loops.freeze().unwrap_err(), Flaw::Counts(0, 1, 3, 4));

        let mut lag = Draft::new(1);
        let a = wait(&mut lag, 3, &[]);
        wait(&mut lag, 1, &[(a, Link { lag: 1, landed: false })]);
        assert_eq!(lag.freeze().unwrap_err(), Flaw::Lag(0, 1));

        let mut pool = Draft::new(1);
        pool.once(Op::Acquire(PoolIndex(4)), Book::Nobody, &[]);
        assert_eq!(pool.freeze().unwrap_err(), Flaw::Pool(4, 1, 0));
    }

    #[test]
    fn loops_stay_together() {
        let mut draft = Draft::new(1);
        let head = wait(&mut draft, 1, &[]);
        let one = wait(&mut draft, 5, &[(head, AFTER)]);
        let aside = wait(&mut draft, 1, &[(head, AFTER)]);
        let two = wait(&mut draft, 5, &[(one, AFTER)]);
        wait(&mut draft, 1, &[(two, AFTER), (aside, AFTER)]);
        let plan = draft.freeze().unwrap();
        let counts: Vec<u32> = plan.steps.iter().map(|step| step.count).collect();
        assert_eq!(counts, [1, 1, 5, 5, 1]);
        assert_eq!((plan.len(), plan.at(7)), (13, (3, 0)));
        // The last step waits for every iteration of the loop, and each of them for the head.
        let before: Vec<_> = plan.before(4, 0).collect();
        assert_eq!(before, [(7..12, false), (1..2, false)]);
        let behind: Vec<_> = plan.behind(0, 0).collect();
        assert_eq!(behind, [(2..7, false), (1..2, false)]);
    }
}
