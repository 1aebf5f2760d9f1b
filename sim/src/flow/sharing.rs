//! Who gets what rate: weighted max-min sharing, solved again only where it changed.
//!
//! [`share::solve`](crate::share::solve) states the problem: raise all flows together; each stays
//! at its limit or at its *bottleneck*, a full link on which nobody stands at a higher level. That
//! last clause characterises the solution link by link, so a change can be handled locally, in one
//! sweep over levels:
//!
//! 1. At first only those flows *rise*, from zero, that are new, or have a new limit, or have their
//!    bottleneck at a link that a flow has joined or left. The others are *held* at their rates.
//! 2. The lowest level at which a rising flow must stop comes next. If a link is full there and
//!    carries held flows of a higher level, these must make room: they rise too. Otherwise
//!    its rising flows stop.
//! 3. If a flow has stopped below its former rate, those held flows whose bottleneck is a link that
//!    it crosses may go faster: they rise too.
//!
//! Whoever joins in step 2 or 3 was held at a level above the present one, so nothing that was
//! settled below is overturned. When nobody rises any more, every flow has a bottleneck or its
//! limit, and there is only one allocation in which that is so: the global one. In a large system
//! almost everything is held throughout, even if all flows are connected by some chain of links.
//!
//! What a link has left is always summed afresh, over its flows in the order in which they came,
//! and never updated by differences: rounding does not accumulate, and no epsilon is needed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::candidate::{Candidate, Stop};
use super::link::{Crossing, Link};
use super::{Hop, LinkId};

/// Where a flow is held back: the index of a link, or one of the next two.
type Bottleneck = u32;
const OWN_LIMIT: Bottleneck = u32::MAX;
const NOWHERE: Bottleneck = u32::MAX - 1;

/// Links and the rates of the flows that cross them. Flows are known by their slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing {
    links: Vec<Link>,
    flows: Vec<Rated>,
    wanted: Vec<Wanted>,
    /// Flows that are new or have a new limit since the last solution.
    renewed: Vec<u32>,
    /// Links that may have slack, and from `slack_raised` on those whose flows are yet to rise.
    slack: Vec<u32>,
    slack_raised: usize,
    sweep: Sweep,
}

/// What is needed while a solution is found; empty in between, but for its memory.
#[derive(Clone, Debug, Default)]
struct Sweep {
    /// The flows that rise or have risen.
    affected: Vec<u32>,
    /// How many of them rise.
    rising: usize,
    /// The links that they cross.
    touched: Vec<u32>,
    /// Touched links whose level may be lower than was noted.
    stale: Vec<u32>,
    /// The levels at which a flow may next have to stop, lowest first.
    candidates: BinaryHeap<Reverse<Candidate>>,
}

/// The rate of a flow, and what else is read of each flow that crosses a link: half a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Rated {
    /// Its rate [units/s]; zero while it rises.
    pub(super) rate: f64,
    /// Its share while it rises, else zero: it demands this much for each unit of level.
    pub(super) pull: f64,
    /// Its rate per share.
    level: f64,
    bottleneck: Bottleneck,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is no flow in this slot.
    Absent,
    /// Its rate is not looked at in the present sweep, as yet.
    Held,
    /// It rises in the present sweep.
    Rising,
    /// It has risen in the present sweep, and stopped.
    Stopped,
}

/// What else is known of a flow.
#[derive(Clone, Debug)]
struct Wanted {
    /// The links that it weighs on, each once.
    hops: Vec<Hop>,
    limit: f64,
    share: f64,
    /// Its rate before the present sweep.
    rate_before: f64,
}

impl Sharing {
    /// Adds a link.
    pub(super) fn link(&mut self, capacity: f64) -> LinkId {
        self.links.push(Link::new(capacity));
        LinkId(self.links.len() as u32 - 1)
    }

    /// Adds a flow in `slot`, which is free and at most one past the last.
    pub(super) fn add(&mut self, slot: u32, hops: &[Hop], limit: f64, share: f64) {
        let flow =
            Rated { rate: 0.0, pull: 0.0, level: 0.0, bottleneck: NOWHERE, state: State::Held };
        if slot as usize == self.flows.len() {
            self.flows.push(flow);
            self.wanted.push(Wanted { hops: Vec::new(), limit, share, rate_before: 0.0 });
        }
        self.flows[slot as usize] = flow;
        let wanted = &mut self.wanted[slot as usize];
        (wanted.limit, wanted.share) = (limit, share);
        wanted.hops.clear();
        for hop in hops.iter().filter(|hop| hop.weight > 0.0) {
            match wanted.hops.iter_mut().find(|other| other.link == hop.link) {
                Some(other) => other.weight += hop.weight,
                None => wanted.hops.push(*hop),
            }
        }
        for &Hop { link, weight } in &wanted.hops {
            let link = &mut self.links[link.index()];
            link.crossings.push(Crossing { flow: slot, weight });
        }
        self.slacken(slot);
        self.renewed.push(slot);
    }

    /// Takes the flow in `slot` away.
    pub(super) fn remove(&mut self, slot: u32) {
        self.flows[slot as usize].state = State::Absent;
        for hop in &self.wanted[slot as usize].hops {
            let crossings = &mut self.links[hop.link.index()].crossings;
            let place = crossings.iter().position(|crossing| crossing.flow == slot);
            crossings.remove(place.expect("a flow crosses the links of its hops"));
        }
        self.slacken(slot);
    }

    /// Changes the limit of the flow in `slot`.
    pub(super) fn limit(&mut self, slot: u32, limit: f64) {
        let flow = &self.flows[slot as usize];
        self.wanted[slot as usize].limit = limit;
        if flow.bottleneck == OWN_LIMIT || limit < flow.rate {
            self.renewed.push(slot);
        }
    }

    /// Changes the capacity of a link. Flows that cross a link which got less may be too fast for
    /// it, and all of them rise anew; one that got more may have slack.
    pub(super) fn capacity(&mut self, link: LinkId, capacity: f64) {
        let changed = &mut self.links[link.index()];
        if changed.capacity == capacity {
            return;
        }
        if capacity < changed.capacity {
            self.renewed.extend(changed.crossings.iter().map(|crossing| crossing.flow));
        }
        changed.capacity = capacity;
        if !changed.slack {
            changed.slack = true;
            self.slack.push(link.0);
        }
    }

    /// The link that holds back the flow in `slot`; `None` if its own limit does.
    pub(super) fn bottleneck(&self, slot: u32) -> Option<LinkId> {
        let bottleneck = self.flows[slot as usize].bottleneck;
        (bottleneck < NOWHERE).then_some(LinkId(bottleneck))
    }

    /// Whether there is a flow in `slot`.
    pub(super) fn is_present(&self, slot: u32) -> bool {
        self.flows[slot as usize].state != State::Absent
    }

    /// The hops of the flow in `slot`, without repetitions.
    pub(super) fn hops(&self, slot: u32) -> &[Hop] {
        &self.wanted[slot as usize].hops
    }

    /// The rate of the flow in `slot` [units/s], as of the last solution.
    pub(super) fn rate(&self, slot: u32) -> f64 {
        self.flows[slot as usize].rate
    }

    /// The flows that cross a link, with their weights on it.
    pub(super) fn crossings(&self, link: LinkId) -> impl Iterator<Item = (u32, f64)> {
        self.links[link.index()].crossings.iter().map(|crossing| (crossing.flow, crossing.weight))
    }

    /// Whether anything was done since the last solution that may change a rate.
    pub(super) fn is_dirty(&self) -> bool {
        !self.renewed.is_empty() || !self.slack.is_empty()
    }

    /// Makes all rates right again; adds the slots of those that changed to `changed`.
    pub(super) fn solve(&mut self, changed: &mut Vec<u32>) {
        while let Some(slot) = self.renewed.pop() {
            if self.flows[slot as usize].state == State::Held {
                self.raise(slot);
            }
        }
        self.raise_slack();
        self.note_stale();
        while let Some((stop, level)) = self.next() {
            match stop {
                Stop::Limit(slot) => self.stop(slot, level, OWN_LIMIT),
                Stop::Link(link) => self.reach(link, level),
            }
            self.raise_slack();
            self.note_stale();
        }
        self.finish(changed);
    }

    /// The limit that is met next or the link that is full next, and at which level; `None` when
    /// nobody rises.
    fn next(&mut self) -> Option<(Stop, f64)> {
        while self.sweep.rising > 0
            && let Some(mut next) = self.sweep.candidates.peek_mut()
        {
            let (stop, noted) = (next.0.stop(), next.0.level());
            match stop {
                Stop::Limit(slot) => {
                    PeekMut::pop(next);
                    if self.flows[slot as usize].state == State::Rising {
                        return Some((stop, noted));
                    }
                }
                Stop::Link(link) => {
                    let link = &mut self.links[link as usize];
                    if link.noted != noted {
                        PeekMut::pop(next);
                        continue;
                    }
                    // Since then, flows may have stopped elsewhere, which raises the level.
                    let level = link.level(&self.flows);
                    if level > noted {
                        link.noted = level;
                        *next = Candidate::new(level, stop);
                        continue;
                    }
                    link.noted = f64::INFINITY;
                    PeekMut::pop(next);
                    return Some((stop, level));
                }
            }
        }
        None
    }

    /// Notes that the links that a flow crosses may have slack.
    fn slacken(&mut self, slot: u32) {
        for hop in &self.wanted[slot as usize].hops {
            let link = &mut self.links[hop.link.index()];
            if !link.slack {
                link.slack = true;
                self.slack.push(hop.link.0);
            }
        }
    }

    /// Raises the held flows whose bottleneck is a link that may have slack. Once in a sweep is
    /// enough: afterwards nobody who is held has it there.
    fn raise_slack(&mut self) {
        while let Some(&link) = self.slack.get(self.slack_raised) {
            self.slack_raised += 1;
            self.raise_where(link, |flow| flow.bottleneck == link);
        }
    }

    /// Raises the held flows that cross a link and meet a condition; tells if there were any.
    fn raise_where(&mut self, link: u32, condition: impl Fn(&Rated) -> bool) -> bool {
        let before = self.sweep.affected.len();
        for place in 0..self.links[link as usize].crossings.len() {
            let slot = self.links[link as usize].crossings[place].flow;
            let flow = &self.flows[slot as usize];
            if flow.state == State::Held && condition(flow) {
                self.raise(slot);
            }
        }
        self.sweep.affected.len() > before
    }

    /// Lets a held flow rise.
    fn raise(&mut self, slot: u32) {
        let (flow, wanted) = (&mut self.flows[slot as usize], &mut self.wanted[slot as usize]);
        let sweep = &mut self.sweep;
        flow.state = State::Rising;
        wanted.rate_before = flow.rate;
        (flow.rate, flow.pull) = (0.0, wanted.share);
        sweep.affected.push(slot);
        sweep.rising += 1;
        if wanted.limit < f64::INFINITY {
            let level = wanted.limit / wanted.share;
            sweep.candidates.push(Candidate::new(level, Stop::Limit(slot)));
        }
        for &Hop { link: id, .. } in &wanted.hops {
            let link = &mut self.links[id.index()];
            link.rising += 1;
            if !link.touched {
                (link.touched, link.noted) = (true, f64::INFINITY);
                sweep.touched.push(id.0);
            }
            // The new level of the link lies between its old one and that of the flow.
            if !link.stale && link.noted > flow.level {
                link.stale = true;
                sweep.stale.push(id.0);
            }
        }
    }

    /// Notes the levels of the links for which a lower one may be due.
    fn note_stale(&mut self) {
        while let Some(id) = self.sweep.stale.pop() {
            let link = &mut self.links[id as usize];
            link.stale = false;
            link.noted = link.level(&self.flows);
            self.sweep.candidates.push(Candidate::new(link.noted, Stop::Link(id)));
        }
    }

    /// Step 2, at a link that is full at `level`.
    fn reach(&mut self, id: u32, level: f64) {
        if self.raise_where(id, |flow| flow.level > level) {
            return;
        }
        for place in 0..self.links[id as usize].crossings.len() {
            let slot = self.links[id as usize].crossings[place].flow;
            if self.flows[slot as usize].state == State::Rising {
                self.stop(slot, level, id);
            }
        }
    }

    /// Stops a rising flow.
    fn stop(&mut self, slot: u32, level: f64, bottleneck: Bottleneck) {
        let (flow, wanted) = (&mut self.flows[slot as usize], &self.wanted[slot as usize]);
        flow.state = State::Stopped;
        flow.level = level;
        flow.bottleneck = bottleneck;
        flow.pull = 0.0;
        flow.rate = if bottleneck == OWN_LIMIT { wanted.limit } else { level * wanted.share };
        self.sweep.rising -= 1;
        for hop in &wanted.hops {
            let link = &mut self.links[hop.link.index()];
            link.rising -= 1;
            if link.rising == 0 {
                link.noted = f64::INFINITY;
            }
        }
        if flow.rate < wanted.rate_before {
            self.slacken(slot);
        }
    }

    /// Forgets the sweep, and tells whose rates it changed.
    fn finish(&mut self, changed: &mut Vec<u32>) {
        let sweep = &mut self.sweep;
        sweep.candidates.clear();
        self.slack_raised = 0;
        for link in self.slack.drain(..) {
            self.links[link as usize].slack = false;
        }
        for link in sweep.touched.drain(..) {
            self.links[link as usize].touched = false;
        }
        for slot in sweep.affected.drain(..) {
            let flow = &mut self.flows[slot as usize];
            flow.state = State::Held;
            if flow.rate != self.wanted[slot as usize].rate_before {
                changed.push(slot);
            }
        }
    }
}
