//! A plan while it is made, and its freezing: checks, order, and the flat layout.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use sim::Bytes;

use super::draw::{Amount, Bit};
use super::{Book, Demand, DemandId, Edge, HopName, Line, Op, Plan, Row, Step};
use crate::cluster::PoolIndex;

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
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Steps, and what comes after what.
    pub graph: DiGraph<Step, Link>,
    pub(crate) demands: Vec<Demand>,
    pub(super) chances: Vec<Bit>,
    pub(super) amounts: Vec<Amount>,
    pub(crate) parts: Vec<(u32, f64)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) hops: Vec<HopName>,
    pub(crate) way: u32,
    pub(crate) message: Bytes,
    pub(crate) line: Option<Line>,
    known: HashMap<Row, u32>,
    /// Connections and engines whose units keep their order, one for each flow.
    pub(crate) lanes: u32,
}

impl Draft {
    /// Nothing yet.
    pub fn new() -> Draft {
        Draft::default()
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
        let next = self.rows.len() as u32;
        let at = *self.known.entry(row).or_insert(next);
        if at == next {
            self.rows.push(row);
        }
        at
    }

    /// A hop that rows may name.
    pub fn hop(&mut self, name: impl Into<String>, kind: impl Into<String>) -> u32 {
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
        match self.parts.len() as u32 - first {
            0 => Book::Nobody,
            count => Book::Parts { first, count },
        }
    }

    pub(crate) fn demand(&mut self, demand: Demand) -> DemandId {
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
            line: self.line,
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
            match step.first.op {
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

    use super::super::{Phase, Step};
    use super::*;

    fn wait(count: u32) -> Step {
        let phase = Phase { op: Op::Wait(Time::from_ns(1)), book: Book::Nobody };
        Step::repeated(phase, count)
    }

    const AFTER: Link = Link { lag: 0, landed: false };

    #[test]
    fn what_can_never_end_is_no_plan() {
        let mut circle = Draft::new();
        let a = circle.step(wait(1), &[]);
        let b = circle.step(wait(1), &[(a, AFTER)]);
        circle.graph.add_edge(b, a, AFTER);
        assert_eq!(circle.freeze().unwrap_err(), Flaw::Circle(0));

        let mut loops = Draft::new();
        let a = loops.step(wait(3), &[]);
        loops.step(wait(4), &[(a, AFTER)]);
        assert_eq!(loops.freeze().unwrap_err(), Flaw::Counts(0, 1, 3, 4));

        let mut lag = Draft::new();
        let a = lag.step(wait(3), &[]);
        lag.step(wait(1), &[(a, Link { lag: 1, landed: false })]);
        assert_eq!(lag.freeze().unwrap_err(), Flaw::Lag(0, 1));

        let mut pool = Draft::new();
        pool.step(Step::once(Op::Acquire(PoolIndex(4)), Book::Nobody), &[]);
        assert_eq!(pool.freeze().unwrap_err(), Flaw::Pool(4, 1, 0));
    }

    #[test]
    fn loops_stay_together() {
        let mut draft = Draft::new();
        let head = draft.step(wait(1), &[]);
        let one = draft.step(wait(5), &[(head, AFTER)]);
        let aside = draft.step(wait(1), &[(head, AFTER)]);
        let two = draft.step(wait(5), &[(one, AFTER)]);
        draft.step(wait(1), &[(two, AFTER), (aside, AFTER)]);
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
