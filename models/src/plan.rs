//! Work as a value: what has to happen, in what order, and to whom its time is booked.
//!
//! A [`Plan`] is a graph of [`Step`]s. An edge says "after"; a step that has several edges into it
//! waits for all of them (a join). Steps may be repeated `count` times; an edge with a *lag* of n
//! then means "after the iteration n before this one", so that a pipeline of any number of chunks
//! is a handful of steps:
//!
//! ```text
//!  copy   after send~2 [buffer], copy~1 [engine]
//!  send   after copy, send~1 [socket]
//! ```
//!
//! [`Draft`] is the graph while it is made (petgraph); [`Draft::freeze`] checks it and lays it out
//! flat. Builders make drafts: `plan/transfer.rs`, `plan/request.rs`, [`program`]. The readers are
//! in `run/`, and `account/` books what they leave.
//!
//! Marked graphs: F. Commoner, A. Holt, S. Even, A. Pnueli, *Marked directed graphs*, Journal of
//! Computer and System Sciences 5(5), 1971.

mod append;
mod chance;
mod demand;
mod display;

mod draft;
mod draw;
mod job;
mod lookup;
mod place;
pub mod program;

mod request;
mod stage;
mod transfer;

use std::collections::BTreeMap;
use std::ops::Range;

use sim::{Bytes, LinkId, Time};

use crate::cluster::PoolIndex;
use crate::outcome;

pub(crate) use append::Context;
pub(crate) use demand::{Demand, Flow, Loss, Taker};
pub use draft::{Draft, Flaw, Link};
pub(crate) use draw::{Amount, Part};
pub(crate) use job::{JobContext, job};
pub(crate) use place::{Cores, more, place};
pub(crate) use stage::Line;
pub(crate) use transfer::build;

/// A demand of a plan: what a [`Op::Move`] moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DemandId(pub u32);

/// All that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Time passes.
    Wait(Time),
    /// Take one of a pool, or wait for one, first come, first served.
    Acquire(PoolIndex),
    /// Give it back.
    Release(PoolIndex),
    /// Bytes move over links that others share.
    Move(DemandId),
    /// Work for a server that serves its clients by its own rule: turns at a time-sliced GPU,
    /// blocks on SMs in the order of launches.
    Turn {
        /// Which server of the world.
        server: u32,
        /// Which client of it.
        client: u32,
        /// How long it would take alone.
        work: Time,
    },
}

/// To whom the time of an operation is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    /// To nobody: it takes none.
    Nobody,
    /// To rows in fixed proportions: a part of [`Plan::parts`].
    Parts {
        /// The first of them.
        first: u32,
        /// How many.
        count: u32,
    },
    /// To the hops that a demand streams through.
    Streaming(DemandId),
}

/// What a step does in one iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// The operation.
    pub op: Op,
    /// To whom its time is booked.
    pub book: Book,
}

impl Phase {
    /// Nothing, in no time.
    pub const NOTHING: Phase = Phase { op: Op::Wait(Time::ZERO), book: Book::Nobody };
}

/// A step: an operation that is carried out `count` times.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does in the first iteration, in the last, and in all between. The only iteration of
    /// a step that is carried out once is its first.
    pub first: Phase,
    /// See `first`.
    pub last: Phase,
    /// See `first`.
    pub middle: Phase,
    /// How often it is carried out.
    pub count: u32,
    /// Its time is that of a message which fills the way: a run unit by unit sees that for itself,
    /// and passes over it.
    pub fills: bool,
    /// The chance that it happens, where a mean is asked for: its time counts by so much.
    pub part: f64,
    /// The chance of the plan that decides, run by run, whether it happens; else it ends the
    /// instant it is ready.
    pub only_if: Option<u32>,
    /// The amount of the plan that a [`Op::Wait`] lasts, drawn run by run \[s\].
    pub drawn: Option<u32>,
}

impl Step {
    /// A step that is carried out once.
    pub fn once(op: Op, book: Book) -> Step {
        Step::repeated(Phase { op, book }, 1)
    }

    /// A step that is carried out `count` times, always alike.
    pub fn repeated(phase: Phase, count: u32) -> Step {
        let (first, last, middle) = (phase, phase, phase);
        Step { first, last, middle, count, fills: false, part: 1.0, only_if: None, drawn: None }
    }

    /// What it does in iteration `i`.
    pub fn phase(&self, i: u32) -> &Phase {
        match i {
            0 => &self.first,
            i if i + 1 == self.count => &self.last,
            _ => &self.middle,
        }
    }

    fn phases(&self) -> [&Phase; 3] {
        [&self.first, &self.middle, &self.last]
    }
}

/// An edge as it stands at one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The step at the other end.
    pub step: u32,
    /// Iterations between the two.
    pub lag: u32,
    /// Whether the end of a [`Op::Move`] is the arrival of its last byte, not its departure.
    pub landed: bool,
}

/// A line of an account: a hop, why time passes there, and the step of a request that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// The hop, in [`Plan::hops`].
    pub hop: u32,
    /// Why.
    pub cause: outcome::Cause,
    /// The step of a request.
    pub step: Option<outcome::Step>,
    /// Whether its time counts against the goodput.
    pub counts: bool,
}

/// What a hop is called in tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopName {
    /// Its name in the cluster: `node-a/vxlan`.
    pub name: String,
    /// Its kind, equal on both sides: `vxlan`.
    pub kind: String,
}

/// A frozen plan. Steps are in an order in which each comes after all that it waits for in its own
/// iteration, and steps of equal count that hang together stand together.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    into: Vec<Edge>,
    into_of: Vec<u32>,
    out: Vec<Edge>,
    out_of: Vec<u32>,
    /// Where the iterations of each step begin, and the number of all.
    firings: Vec<u32>,
    /// Rows and weights of [`Book::Parts`].
    pub parts: Vec<(u32, f64)>,
    /// The lines of the account, in the order of the way.
    pub rows: Vec<Row>,
    /// The hops that rows name; the first [`Plan::way`] are the way of the transfer, in order.
    pub hops: Vec<HopName>,
    /// The length of the transfer's way in hops.
    pub way: u32,
    pub(crate) demands: Vec<Demand>,
    /// What happens in some runs and not in others.
    pub(crate) chances: Vec<draw::Bit>,
    /// What is drawn in each run.
    pub(crate) amounts: Vec<Amount>,
    /// Payload that the goodput counts.
    pub(crate) message: Bytes,
    /// The line rate that its goodput is compared with.
    pub(crate) line: Option<Line>,
}

impl Plan {
    /// What step `at` waits for.
    pub fn into(&self, at: u32) -> &[Edge] {
        &self.into[self.into_of[at as usize] as usize..self.into_of[at as usize + 1] as usize]
    }

    /// What waits for step `at`.
    pub fn out(&self, at: u32) -> &[Edge] {
        &self.out[self.out_of[at as usize] as usize..self.out_of[at as usize + 1] as usize]
    }

    /// The number of iteration `i` of step `at` among all iterations of all steps.
    pub fn firing(&self, at: u32, i: u32) -> u32 {
        self.firings[at as usize] + i
    }

    /// How many iterations all steps have together.
    pub fn len(&self) -> usize {
        *self.firings.last().expect("one more than there are steps") as usize
    }

    /// Whether nothing happens in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The step and the iteration of a firing.
    pub fn at(&self, firing: u32) -> (u32, u32) {
        let step = self.firings.partition_point(|&first| first <= firing) - 1;
        (step as u32, firing - self.firings[step])
    }

    /// What a firing does.
    pub fn phase(&self, firing: u32) -> &Phase {
        let (step, i) = self.at(firing);
        self.steps[step as usize].phase(i)
    }

    /// What has to have happened before iteration `i` of step `at` may begin: firings, and whether
    /// their arrival counts.
    pub(crate) fn before(&self, at: u32, i: u32) -> impl Iterator<Item = (Range<u32>, bool)> {
        let count = self.steps[at as usize].count;
        self.into(at).iter().filter_map(move |edge| {
            let theirs = self.steps[edge.step as usize].count;
            let first = self.firing(edge.step, 0);
            let firings = match theirs == count {
                true => {
                    let at = first + i.checked_sub(edge.lag)?;
                    at..at + 1
                }
                // All of a loop, or what stands before one.
                false => first..first + theirs,
            };
            Some((firings, edge.landed))
        })
    }

    /// What iteration `i` of step `at` lets go on: firings, and whether its arrival does so.
    pub(crate) fn behind(&self, at: u32, i: u32) -> impl Iterator<Item = (Range<u32>, bool)> {
        let count = self.steps[at as usize].count;
        self.out(at).iter().filter_map(move |edge| {
            let theirs = self.steps[edge.step as usize].count;
            let first = self.firing(edge.step, 0);
            let firings = match theirs == count {
                true if i + edge.lag < count => first + i + edge.lag..first + i + edge.lag + 1,
                true => return None,
                false => first..first + theirs,
            };
            Some((firings, edge.landed))
        })
    }

    /// Every demand of the transfer itself that is moved or served, with how often.
    fn moved(&self) -> impl Iterator<Item = (&Demand, f64)> {
        self.steps.iter().flat_map(move |step| {
            let count = f64::from(step.count);
            let phases = [
                (&step.first, 1.0),
                (&step.last, (count - 1.0).min(1.0)),
                (&step.middle, (count - 2.0).max(0.0)),
            ];
            phases.into_iter().filter_map(move |(phase, times)| match phase.book {
                Book::Streaming(id) if times > 0.0 => Some((self.demand(id), times)),
                _ => None,
            })
        })
    }

    /// The work of the transfer itself on each link \[units\].
    pub(crate) fn work(&self) -> BTreeMap<LinkId, f64> {
        let mut work = BTreeMap::new();
        for (demand, times) in self.moved().filter(|(demand, _)| demand.main) {
            for (link, amount) in demand.works() {
                *work.entry(link).or_default() += times * amount;
            }
        }
        work
    }

    /// The links of the transfer itself, in the order of the way.
    pub(crate) fn links(&self) -> Vec<LinkId> {
        let mut links: Vec<LinkId> = Vec::new();
        for demand in self.demands.iter().filter(|demand| demand.main) {
            for (link, _) in demand.works() {
                if !links.contains(&link) {
                    links.push(link);
                }
            }
        }
        links
    }

    /// About how many events it takes unit by unit.
    pub(crate) fn units(&self) -> f64 {
        self.moved().map(|(demand, times)| times * demand.units()).sum()
    }

    pub(crate) fn demand(&self, id: DemandId) -> &Demand {
        &self.demands[id.0 as usize]
    }

    /// The rows and weights of a booking in fixed proportions.
    pub(crate) fn shares(&self, first: u32, count: u32) -> &[(u32, f64)] {
        &self.parts[first as usize..(first + count) as usize]
    }
}
