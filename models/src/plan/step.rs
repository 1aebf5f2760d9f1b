//! What a plan is made of: operations, to whom their time is booked, steps, and edges.

use sim::Time;

use crate::cluster::{Name, PoolIndex, Word};
use crate::outcome;

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
    /// To rows in fixed proportions: a part of [`Plan::parts`](super::Plan::parts).
    Parts {
        /// The first of them.
        first: u32,
        /// How many.
        count: u32,
    },
    /// To the hops that a demand streams through.
    Streaming(DemandId),
}

/// What a step does in one iteration, in one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// The operation.
    pub op: Op,
    /// To whom its time is booked.
    pub book: Book,
    /// The chance that it happens, where a mean is asked for: its time counts by so much.
    pub part: f64,
}

impl Phase {
    /// Nothing, in no time.
    pub const NOTHING: Phase = Phase::new(Op::Wait(Time::ZERO), Book::Nobody);

    /// What certainly happens.
    pub const fn new(op: Op, book: Book) -> Phase {
        Phase { op, book, part: 1.0 }
    }
}

/// What a step does in one iteration, in every lane: one [`Phase`] for each, side by side in the
/// plan. They differ in figures alone: all wait, or all take of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhaseId(pub u32);

/// A step: an operation that is carried out `count` times.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does in the first iteration, in the last, and in all between. The only iteration of
    /// a step that is carried out once is its first.
    pub first: PhaseId,
    /// See `first`.
    pub last: PhaseId,
    /// See `first`.
    pub middle: PhaseId,
    /// How often it is carried out.
    pub count: u32,
    /// Its time is that of a message which fills the way: a run unit by unit sees that for itself,
    /// and passes over it.
    pub fills: bool,
    /// The chance of the plan that decides, run by run, whether it happens; else it ends the
    /// instant it is ready.
    pub only_if: Option<u32>,
    /// The amount of the plan that a [`Op::Wait`] lasts, drawn run by run \[s\].
    pub drawn: Option<u32>,
}

impl Step {
    /// A step that is carried out `count` times, always alike.
    pub fn repeated(phase: PhaseId, count: u32) -> Step {
        let (first, last, middle) = (phase, phase, phase);
        Step { first, last, middle, count, fills: false, only_if: None, drawn: None }
    }

    /// What it does in iteration `i`.
    pub fn phase(&self, i: u32) -> PhaseId {
        match i {
            0 => self.first,
            i if i + 1 == self.count => self.last,
            _ => self.middle,
        }
    }

    /// Each thing that it does, and how often.
    pub fn phases(&self) -> impl Iterator<Item = (PhaseId, f64)> {
        let count = f64::from(self.count);
        let all = [
            (self.first, 1.0),
            (self.last, (count - 1.0).min(1.0)),
            (self.middle, (count - 2.0).max(0.0)),
        ];
        all.into_iter().filter(|(_, times)| *times > 0.0)
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
    /// The hop, in [`Plan::hops`](super::Plan::hops).
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
    pub name: Name,
    /// Its kind, equal on both sides: `vxlan`.
    pub kind: Word,
}
