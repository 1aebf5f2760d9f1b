//! A trace as a plan: each operation becomes a few steps, and its needs become edges.
//!
//! ```text
//!  work      [take executor] ─► wait ─► [give executor]
//!  receive   posted ─┐
//!  message   ────────┴► joined
//! ```
//!
//! What a message costs depends on what carries it: [`network`] or [`loggops`].

mod loggops;
mod network;

use std::collections::HashMap;

use petgraph::graph::NodeIndex;
use sim::{Bytes, Time};

use super::{Book, Draft, Link, Op, Plan, Row};
use crate::cluster::PoolIndex;
use crate::outcome::Cause;
use crate::replay::{Does, Moment, Traced};

pub(crate) use loggops::on_loggops;
pub(crate) use network::on_network;
pub use network::transfers;

const AFTER: Link = Link { lag: 0, landed: false };

/// The plan of a trace.
pub(crate) struct Laid {
    pub(crate) plan: Plan,
    /// Pools of one behind those of the cluster.
    pub(crate) pools: usize,
    /// Where each operation begins and ends.
    pub(crate) marks: Vec<Marks>,
}

/// Steps of the plan at which an operation begins and ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// It has begun when this has ended; if there is none, it begins when `ended` is ready.
    pub(crate) begun: Option<u32>,
    pub(crate) ended: u32,
}

/// An operation in the draft.
#[derive(Clone, Copy)]
struct Placed {
    /// What waits for all that it needs.
    entry: NodeIndex,
    begun: Option<NodeIndex>,
    ended: NodeIndex,
    /// A send: what its receive waits for.
    arrived: Option<(NodeIndex, Link)>,
}

/// Something of which a rank has a number, each of which does one thing at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Own {
    Executor(u16),
    CardOut(u8),
    CardIn(u8),
}

/// A plan of a trace while it is made.
struct Layout<'a> {
    traced: &'a Traced,
    /// Whether somebody waits for an operation to have begun.
    begins: Vec<bool>,
    draft: Draft,
    /// Pools that are there already.
    others: usize,
    own: HashMap<(u32, Own), PoolIndex>,
    rows: HashMap<(u32, &'static str, Cause), u32>,
}

impl<'a> Layout<'a> {
    fn new(traced: &'a Traced, others: usize) -> Layout<'a> {
        let mut begins = vec![false; traced.operations.len()];
        let needs = traced.operations.iter().flat_map(|operation| &operation.needs);
        for need in needs.filter(|need| need.moment == Moment::Begun) {
            begins[need.operation as usize] = true;
        }
        let (own, rows) = (HashMap::new(), HashMap::new());
        Layout { traced, begins, draft: Draft::new(1), others, own, rows }
    }

    /// The pool of one thing of a rank.
    fn pool(&mut self, rank: u32, own: Own) -> PoolIndex {
        let next = PoolIndex(self.others + self.own.len());
        *self.own.entry((rank, own)).or_insert(next)
    }

    /// A booking of all of a step to what a rank does.
    fn book(&mut self, rank: u32, kind: &'static str, cause: Cause) -> Book {
        let row = self.row(rank, kind, cause);
        self.draft.book([(row, 1.0)])
    }

    fn row(&mut self, rank: u32, kind: &'static str, cause: Cause) -> u32 {
        if let Some(&row) = self.rows.get(&(rank, kind, cause)) {
            return row;
        }
        let hop = self.draft.hop(format!("rank {rank}"), kind);
        let row = self.draft.row(Row { hop, cause, step: None, counts: false });
        self.rows.insert((rank, kind, cause), row);
        row
    }

    fn wait(&mut self, time: Time, book: Book, after: &[NodeIndex]) -> NodeIndex {
        let after: Vec<_> = after.iter().map(|&node| (node, AFTER)).collect();
        self.draft.once(Op::Wait(time), book, &after)
    }

    /// A moment: it takes no time.
    fn moment(&mut self, after: &[NodeIndex]) -> NodeIndex {
        self.wait(Time::ZERO, Book::Nobody, after)
    }

    fn take(&mut self, rank: u32, own: Own, after: &[NodeIndex]) -> NodeIndex {
        let kind = match own {
            Own::Executor(_) => "executor",
            Own::CardOut(_) | Own::CardIn(_) => "network card",
        };
        let (pool, book) = (self.pool(rank, own), self.book(rank, kind, Cause::Queueing));
        let after: Vec<_> = after.iter().map(|&node| (node, AFTER)).collect();
        self.draft.once(Op::Acquire(pool), book, &after)
    }

    fn give(&mut self, rank: u32, own: Own, after: NodeIndex) {
        let pool = self.pool(rank, own);
        self.draft.once(Op::Release(pool), Book::Nobody, &[(after, AFTER)]);
    }

    /// Work of a rank, which costs the same whatever carries messages.
    fn work(&mut self, at: usize) -> Placed {
        let operation = &self.traced.operations[at];
        let Does::Work { kind, time, on } = operation.does else { unreachable!("it is work") };
        let book = self.book(operation.rank, kind.word(), Cause::Service);
        let Some(executor) = on else {
            let begun = self.begins[at].then(|| self.moment(&[]));
            let ended = self.wait(time, book, begun.as_slice());
            return Placed { entry: begun.unwrap_or(ended), begun, ended, arrived: None };
        };
        let own = Own::Executor(executor);
        let take = self.take(operation.rank, own, &[]);
        let ended = self.wait(time, book, &[take]);
        self.give(operation.rank, own, ended);
        Placed { entry: take, begun: Some(take), ended, arrived: None }
    }

    /// A receive, but for its message.
    fn receive(&mut self) -> Placed {
        let posted = self.moment(&[]);
        let ended = self.moment(&[posted]);
        Placed { entry: posted, begun: Some(posted), ended, arrived: None }
    }

    /// Adds an edge for each need and message, and lays the plan out.
    fn freeze(mut self, placed: &[Placed], eager: Bytes) -> Laid {
        for (operation, here) in self.traced.operations.iter().zip(placed) {
            for need in &operation.needs {
                let theirs = placed[need.operation as usize];
                let node = match need.moment {
                    Moment::Begun => theirs.begun.expect("somebody waits for it"),
                    Moment::Ended => theirs.ended,
                };
                self.draft.graph.update_edge(node, here.entry, AFTER);
            }
            if let Does::Receive { send, .. } = operation.does {
                let sent = placed[send as usize];
                let (node, link) = sent.arrived.expect("a receive names a send");
                self.draft.graph.add_edge(node, here.ended, link);
                if self.traced.operations[send as usize].does.bytes() > eager {
                    self.draft.graph.add_edge(here.entry, sent.ended, AFTER);
                }
            }
        }
        let pools = self.own.len();
        let (plan, place) = self.draft.freeze_with_places().expect("traces are checked");
        let step = |node: NodeIndex| place[node.index()];
        let marks = placed
            .iter()
            .map(|placed| Marks { begun: placed.begun.map(step), ended: step(placed.ended) });
        let marks = marks.collect();
        Laid { plan, pools, marks }
    }
}
