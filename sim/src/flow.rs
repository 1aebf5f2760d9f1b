//! Links with a rate, shared by flows: weighted max-min fairness with limits and shares.
//!
//! A flow moves `size` units over some links at once, each unit using `weight` units of a link, at
//! one rate, which [`share`](crate::share) defines. Rates change only when a flow starts, ends or
//! gets another limit; in between, work is rate × time, and nothing needs to happen.
//!
//! - However much changes at one instant, rates are found once, when they are next needed: when
//!   [`Flows::next`] or [`Flows::rate`] asks, or time passes.
//! - Only flows that a change affects are looked at (`flow/sharing.rs`); each keeps its own account
//!   of how much was left when its rate last changed.
//! - A flow is complete when the picosecond comes at which it was said to be, never because a
//!   remainder is nearly zero.
//!
//! Like every component here it is passive: it is told the time, and says when to be told again.

mod candidate;
mod due;
mod link;
mod sharing;

use crate::Time;
use crate::share::Claim;
use due::Due;
use sharing::Sharing;

/// A link of one [`Flows`], by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u32);

impl LinkId {
    /// The link with this index: links are numbered from zero in the order they were made.
    pub const fn new(index: u32) -> LinkId {
        LinkId(index)
    }

    /// Its index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A flow, for as long as it lasts; afterwards the name of nothing, never of another flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId {
    slot: u32,
    generation: u32,
}

/// One unit of a flow uses `weight` units of `link`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// The link that is used.
    pub link: LinkId,
    /// How much of it one unit of the flow uses [link units per flow unit]; zero or more.
    pub weight: f64,
}

/// What a flow asks for.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The links it crosses; one that is crossed twice counts twice.
    pub hops: &'a [Hop],
    /// How much there is to move \[units\], such as bytes.
    pub size: f64,
    /// Its rate may not exceed this [units/s]; may be infinite if it crosses a link.
    pub limit: f64,
    /// Its rate grows in proportion to this; 1 unless flows differ in standing.
    pub share: f64,
}

/// Links, and the flows that share them; each flow carries a tag `T` for whoever started it.
///
/// ```
/// use sim::{Demand, Flows, Hop, Time};
/// let mut flows = Flows::new();
/// let link = flows.link(100.0);
/// let hops = [Hop { link, weight: 1.0 }];
/// let demand = |size| Demand { hops: &hops, size, limit: f64::INFINITY, share: 1.0 };
/// flows.start(Time::ZERO, demand(100.0), "long");
/// flows.start(Time::ZERO, demand(50.0), "short");
/// // Both at 50 units/s, until the short one is complete and the long one has 50 units left.
/// let mut done = Vec::new();
/// assert_eq!(flows.next(), Time::from_ms(1_000));
/// flows.advance(Time::from_ms(1_000), &mut done);
/// assert_eq!(done, ["short"]);
/// assert_eq!(flows.next(), Time::from_ms(1_500));
/// ```
#[derive(Clone, Debug)]
pub struct Flows<T> {
    /// Up to when work has been moved forward.
    now: Time,
    sharing: Sharing,
    /// For each link, the work on it by flows up to when their rates last changed \[units\].
    used: Vec<f64>,
    /// By slot: the flows, and what is left in free slots of those that were there.
    flows: Vec<Flow<T>>,
    free: Vec<u32>,
    due: Due,
    started: u64,
    changed: Vec<u32>,
    /// Whether changed rates are kept for [`Flows::changes`], and the slots that have one.
    watched: bool,
    news: Vec<u32>,
}

/// A rate that has changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change<T> {
    /// The tag of the flow.
    pub tag: T,
    /// Its rate from now on [units/s].
    pub rate: f64,
    /// The link that holds it back; `None` if its own limit does.
    pub bottleneck: Option<LinkId>,
}

/// A flow and its account.
#[derive(Clone, Debug)]
struct Flow<T> {
    /// How many flows have left this slot.
    generation: u32,
    tag: T,
    /// Since when it has moved at `rate`.
    since: Time,
    /// How much was left to move then \[units\].
    left: f64,
    /// The rate in force [units/s].
    rate: f64,
}

impl<T: Copy> Flows<T> {
    /// No links and no flows, at time zero.
    pub fn new() -> Flows<T> {
        Flows {
            now: Time::ZERO,
            sharing: Sharing::default(),
            used: Vec::new(),
            flows: Vec::new(),
            free: Vec::new(),
            due: Due::default(),
            started: 0,
            changed: Vec::new(),
            watched: false,
            news: Vec::new(),
        }
    }

    /// Keeps an account of changed rates from now on, for [`Flows::changes`].
    pub fn watch(&mut self) {
        self.watched = true;
    }

    /// Adds a link that does `capacity` units of work per second [units/s].
    ///
    /// # Panics
    /// If `capacity` is not finite and above zero.
    pub fn link(&mut self, capacity: f64) -> LinkId {
        assert!(capacity > 0.0 && capacity.is_finite(), "bad capacity {capacity}");
        self.used.push(0.0);
        self.sharing.link(capacity)
    }

    /// Starts a flow at `now`; [`Flows::advance`] yields `tag` when it is complete. Weights of
    /// zero are ignored, and those of repeated links added up.
    ///
    /// # Panics
    /// If `now` lies before an earlier call or after a completion that `advance` has not yielded;
    /// if a weight, the size or the limit is negative, the share not above zero, or any of them
    /// not finite (the limit may be, if the flow weighs on a link); if it names an unknown link.
    pub fn start(&mut self, now: Time, demand: Demand<'_>, tag: T) -> FlowId {
        self.pass(now);
        let Demand { hops, size, limit, share } = demand;
        Claim { hops, limit, share }.check();
        assert!(size >= 0.0 && size.is_finite(), "bad size {size}");
        let flow = Flow { generation: 0, tag, since: now, left: size, rate: 0.0 };
        let slot = match self.free.pop() {
            Some(slot) => {
                let generation = self.flows[slot as usize].generation;
                self.flows[slot as usize] = Flow { generation, ..flow };
                slot
            }
            None => {
                self.flows.push(flow);
                self.flows.len() as u32 - 1
            }
        };
        self.sharing.add(slot, hops, limit, share);
        let due = if size == 0.0 { now } else { Time::MAX };
        self.due.add(slot, due, self.started);
        self.started += 1;
        FlowId { slot, generation: self.flows[slot as usize].generation }
    }

    /// Changes the limit of `flow` at `now`; nothing, if it is complete.
    ///
    /// # Panics
    /// As [`Flows::start`]; and if `limit` is infinite and the flow crosses no link.
    pub fn limit(&mut self, now: Time, flow: FlowId, limit: f64) {
        self.pass(now);
        if self.is_live(flow) {
            let hops = self.sharing.hops(flow.slot);
            Claim { hops, limit, share: 1.0 }.check();
            self.sharing.limit(flow.slot, limit);
        }
    }

    /// Changes the capacity of `link` at `now` [units/s]: what is left of it for these flows. It
    /// may be zero; flows that cross it then wait.
    ///
    /// # Panics
    /// If `capacity` is negative or not finite, and as [`Flows::start`].
    pub fn capacity(&mut self, now: Time, link: LinkId, capacity: f64) {
        assert!(capacity >= 0.0 && capacity.is_finite(), "bad capacity {capacity}");
        self.pass(now);
        self.sharing.capacity(link, capacity);
    }

    /// The rates that have changed since the last call, if [`Flows::watch`] was called: each flow
    /// once, with its rate now. A flow that is complete is not among them.
    pub fn changes(&mut self) -> Vec<Change<T>> {
        self.share();
        let mut news = std::mem::take(&mut self.news);
        news.sort_unstable();
        news.dedup();
        let change = |slot: u32| Change {
            tag: self.flows[slot as usize].tag,
            rate: self.sharing.rate(slot),
            bottleneck: self.sharing.bottleneck(slot),
        };
        let changes =
            news.iter().filter(|&&slot| self.sharing.is_present(slot)).map(|&slot| change(slot));
        let changes = changes.collect();
        news.clear();
        self.news = news;
        changes
    }

    /// Ends `flow` at `now`, unfinished; returns its tag, or `None` if it is complete. Panics for
    /// the times for which [`Flows::start`] does.
    pub fn stop(&mut self, now: Time, flow: FlowId) -> Option<T> {
        self.pass(now);
        self.is_live(flow).then(|| self.end(flow.slot))
    }

    /// Moves all work forward to `now`, and adds the tags of the flows that are then complete to
    /// `done`, in the order of completion; of those that are complete at one instant, the one
    /// that started first is first.
    ///
    /// # Panics
    /// If `now` lies before an earlier call.
    pub fn advance(&mut self, now: Time, done: &mut Vec<T>) {
        assert!(now >= self.now, "flows are told of {now} after {}", self.now);
        loop {
            // Whatever changed at `now` itself is not shared yet: more may change at this instant.
            if self.now < now {
                self.share();
            }
            let Some(slot) = self.due.first().filter(|_| self.due.time() <= now) else { break };
            self.now = self.due.time();
            done.push(self.end(slot));
            while self.due.time() <= self.now
                && let Some(slot) = self.due.first()
            {
                done.push(self.end(slot));
            }
        }
        self.now = now;
    }

    /// When to [`advance`](Flows::advance) again: when the next flow is complete, if nothing
    /// changes before. [`Time::MAX`] if none ever is.
    #[expect(clippy::should_implement_trait, reason = "it tells a time and yields nothing")]
    pub fn next(&mut self) -> Time {
        self.share();
        self.due.time()
    }

    /// The rate of `flow` [units/s]; zero once it is complete.
    pub fn rate(&mut self, flow: FlowId) -> f64 {
        self.share();
        if self.is_live(flow) { self.sharing.rate(flow.slot) } else { 0.0 }
    }

    /// The links that `flow` weighs on, each once; none once it is complete.
    pub fn hops(&self, flow: FlowId) -> &[Hop] {
        if self.is_live(flow) { self.sharing.hops(flow.slot) } else { &[] }
    }

    /// How much of `flow` is left to move at `now` \[units\]; zero once it is complete. Panics for
    /// the times for which [`Flows::start`] does.
    pub fn left(&mut self, now: Time, flow: FlowId) -> f64 {
        self.pass(now);
        match &self.flows[flow.slot as usize] {
            live if self.is_live(flow) => live.left - self.moved(flow.slot),
            _ => 0.0,
        }
    }

    /// How much work `link` has done up to `now` \[units\]: its utilisation is this ÷ capacity ÷
    /// time. Panics for the times for which [`Flows::start`] does.
    pub fn used(&mut self, now: Time, link: LinkId) -> f64 {
        self.pass(now);
        let present = self.sharing.crossings(link);
        self.used[link.index()]
            + present.map(|(slot, weight)| weight * self.moved(slot)).sum::<f64>()
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether there is no flow.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets time pass to `now`, in which nothing is complete.
    fn pass(&mut self, now: Time) {
        assert!(now >= self.now, "flows are told of {now} after {}", self.now);
        if now > self.now {
            self.share();
            assert!(self.due.time() >= now, "a flow was complete at {}", self.due.time());
            self.now = now;
        }
    }

    /// Finds the rates, if anything has changed that may change them.
    fn share(&mut self) {
        if !self.sharing.is_dirty() {
            return;
        }
        let mut changed = std::mem::take(&mut self.changed);
        self.sharing.solve(&mut changed);
        if self.watched {
            self.news.extend(&changed);
        }
        for slot in changed.drain(..) {
            self.book(slot);
            let flow = &mut self.flows[slot as usize];
            flow.rate = self.sharing.rate(slot);
            let due = match flow.rate {
                _ if flow.left == 0.0 => self.now,
                0.0 => Time::MAX,
                rate => self.now.saturating_add(Time::from_seconds(flow.left / rate)),
            };
            self.due.set(slot, due);
        }
        self.changed = changed;
    }

    /// Takes a flow away, and returns its tag.
    fn end(&mut self, slot: u32) -> T {
        self.book(slot);
        self.sharing.remove(slot);
        self.due.remove(slot);
        self.free.push(slot);
        let flow = &mut self.flows[slot as usize];
        flow.generation += 1;
        flow.tag
    }

    /// Writes what a flow has moved at its present rate into its account and those of its links.
    fn book(&mut self, slot: u32) {
        let moved = self.moved(slot);
        let flow = &mut self.flows[slot as usize];
        flow.left -= moved;
        flow.since = self.now;
        for hop in self.sharing.hops(slot) {
            self.used[hop.link.index()] += hop.weight * moved;
        }
    }

    /// How much a flow has moved since its rate last changed \[units\]: all, if it is complete.
    fn moved(&self, slot: u32) -> f64 {
        let flow = &self.flows[slot as usize];
        if self.due.time_of(slot) <= self.now {
            return flow.left;
        }
        (flow.rate * (self.now - flow.since).as_seconds()).min(flow.left)
    }

    /// Whether the flow with this name is not complete yet.
    fn is_live(&self, flow: FlowId) -> bool {
        self.flows[flow.slot as usize].generation == flow.generation
    }
}

impl<T: Copy> Default for Flows<T> {
    fn default() -> Flows<T> {
        Flows::new()
    }
}
