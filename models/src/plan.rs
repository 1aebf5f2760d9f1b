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
//! A plan may be made for a *batch* of clusters that differ in figures alone. Its steps, edges,
//! rows and hops are then there once, and what differs stands in *lanes* side by side: one
//! [`Phase`] of each step for each cluster. Lane [`BASE`] is what is read where one is asked for.
//!
//! Marked graphs: F. Commoner, A. Holt, S. Even, A. Pnueli, *Marked directed graphs*, Journal of
//! Computer and System Sciences 5(5), 1971.

mod chance;
mod demand;
mod display;

mod draft;
mod draw;
mod job;
mod lookup;
mod place;
pub mod program;
mod queues;

mod message;
mod request;
mod stage;
mod step;
mod streaming;
pub(crate) mod trace;
mod transfer;

use std::collections::BTreeMap;
use std::ops::Range;

use sim::{Bytes, LinkId};
use smallvec::SmallVec;

pub(crate) use demand::{Demand, Flow, Loss, Taker};
pub use draft::{Draft, Flaw, Link};
pub(crate) use draw::Amount;
pub(crate) use job::{JobContext, job, order};
pub(crate) use place::{Cores, more, place, seat, threads};
pub(crate) use stage::Line;
pub use step::{Book, DemandId, Edge, HopName, Op, Phase, PhaseId, Row, Step};
pub(crate) use transfer::{Context, build, ways};

/// The lane of the cluster itself, beside which others differ.
pub const BASE: u32 = 0;

/// A frozen plan. Steps are in an order in which each comes after all that it waits for in its own
/// iteration, and steps of equal count that hang together stand together.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// How many lanes there are.
    pub lanes: u32,
    /// Whether it has an account of two rows alone: what counts and what does not.
    pub(crate) is_brief: bool,
    phases: Vec<Phase>,
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
    /// As many for each lane, in the same order, side by side.
    demands: Vec<Demand>,
    /// What happens in some runs and not in others.
    pub(crate) chances: Vec<draw::Bit>,
    /// What is drawn in each run.
    pub(crate) amounts: Vec<Amount>,
    /// Payload that the goodput counts.
    pub(crate) message: Bytes,
    /// The line rate that its goodput is compared with, in each lane.
    lines: Vec<Option<Line>>,
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

    /// What something is in a lane.
    pub fn phase(&self, id: PhaseId, lane: u32) -> &Phase {
        &self.phases[(id.0 * self.lanes + lane) as usize]
    }

    /// How many different things there are to do.
    pub(crate) fn phases(&self) -> usize {
        self.phases.len() / self.lanes as usize
    }

    /// What a firing does in a lane.
    pub fn fired(&self, firing: u32, lane: u32) -> &Phase {
        let (step, i) = self.at(firing);
        self.phase(self.steps[step as usize].phase(i), lane)
    }

    /// The line rate that its goodput is compared with in a lane.
    pub(crate) fn line(&self, lane: u32) -> Option<&Line> {
        self.lines[lane as usize].as_ref()
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

    /// The row of the time at line rate in a lane.
    pub(crate) fn line_row(&self, lane: u32) -> Option<usize> {
        let row = self.demands(lane).find_map(|demand| demand.streaming.line_row);
        row.map(|row| row as usize)
    }

    /// The demands of a lane.
    pub(crate) fn demands(&self, lane: u32) -> impl Iterator<Item = &Demand> {
        self.demands.iter().skip(lane as usize).step_by(self.lanes as usize)
    }

    /// Every demand that is moved or served in a lane, with how often.
    fn moved(&self, lane: u32) -> impl Iterator<Item = (&Demand, f64)> {
        let phases = self.steps.iter().flat_map(Step::phases);
        phases.filter_map(move |(phase, times)| match self.phase(phase, lane).book {
            Book::Streaming(id) => Some((self.demand(id), times)),
            _ => None,
        })
    }

    /// The work of the transfer itself on each link, in a lane and in the order of links
    /// \[units\].
    pub(crate) fn work(&self, lane: u32) -> SmallVec<[(LinkId, f64); 16]> {
        let mut work: SmallVec<[(LinkId, f64); 16]> = SmallVec::new();
        let mut near = 0;
        for (demand, times) in self.moved(lane).filter(|(demand, _)| demand.main) {
            for (link, amount) in demand.works() {
                match find_near(&work, &mut near, |(known, _)| *known == link) {
                    Some(at) => work[at].1 += times * amount,
                    None => work.push((link, times * amount)),
                }
            }
        }
        work.sort_unstable_by_key(|(link, _)| *link);
        work
    }

    /// The work of all its moves on each link that any of them loads \[units\].
    pub(crate) fn busy(&self) -> BTreeMap<LinkId, f64> {
        let mut work: BTreeMap<LinkId, f64> = BTreeMap::new();
        for (demand, times) in self.moved(BASE) {
            demand
                .works()
                .for_each(|(link, amount)| *work.entry(link).or_default() += times * amount);
        }
        work
    }

    /// The links of the transfer itself, in the order of the way, in a lane.
    pub(crate) fn links(&self, lane: u32) -> SmallVec<[LinkId; 16]> {
        let mut links: SmallVec<[LinkId; 16]> = SmallVec::new();
        let mut near = 0;
        for demand in self.demands(lane).filter(|demand| demand.main) {
            for (link, _) in demand.works() {
                if find_near(&links, &mut near, |known| *known == link).is_none() {
                    links.push(link);
                }
            }
        }
        links
    }

    /// About how many events it takes unit by unit.
    pub(crate) fn units(&self) -> f64 {
        self.moved(BASE).map(|(demand, times)| times * demand.units()).sum()
    }

    pub(crate) fn demand(&self, id: DemandId) -> &Demand {
        &self.demands[id.0 as usize]
    }

    /// The rows and weights of a booking in fixed proportions.
    pub(crate) fn shares(&self, first: u32, count: u32) -> &[(u32, f64)] {
        &self.parts[first as usize..(first + count) as usize]
    }
}

/// Where something stands, looked for from `near` on: streams cross most links in one order, so
/// that what comes next mostly stands behind what was found last.
fn find_near<T>(all: &[T], near: &mut usize, is: impl Fn(&T) -> bool) -> Option<usize> {
    let (before, from) = all.split_at((*near).min(all.len()));
    let found = from.iter().position(&is).map(|at| before.len() + at);
    let found = found.or_else(|| before.iter().position(&is))?;
    *near = found + 1;
    Some(found)
}
