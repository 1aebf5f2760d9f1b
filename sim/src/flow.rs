//! Links with a rate, shared by flows: weighted max-min fairness with limits and shares.
//!
//! A flow moves `size` units over some links at once, each unit using `weight` units of a link, at
//! one rate, which [`share`](crate::share) defines. Rates change only when a flow starts, ends or
//! gets another limit; in between, work is rate × time, and nothing needs to happen.
//!
//! - However much changes at one instant, rates are found once, when they are next needed: when
//!   [`Flows::next`] or [`Flows::rate`] asks, or time passes.
//! - Only links whose level changes are looked at (`flow/ripple.rs`), and only flows that are held
//!   back elsewhere than before are noted anew: the others are on the clock of the link that holds
//!   them back (`flow/clocks.rs`), which from then on runs at another rate. What many flows of one
//!   bottleneck take of other links is one list (`flow/spread.rs`). Where nearly everything
//!   changes, all is solved from nothing (`flow/fill.rs`).
//! - A flow is complete when the picosecond comes at which it was said to be, never because a
//!   remainder is nearly zero.
//!
//! Like every component here it is passive: it is told the time, and says when to be told again.

mod account;
mod clocks;
mod demand;
mod due;
mod fill;
mod levels;
mod link;
mod paths;
mod pull;
mod ripple;
mod room;
mod sharing;
mod spread;

use crate::Time;
use crate::share::Claim;
use clocks::Clocks;
pub use demand::{Demand, Hop, LinkId};
use due::Due;
pub(crate) use levels::{Levels, Stop};
pub(crate) use link::Links;
use sharing::{Changed, NOWHERE, OWN_LIMIT, Sharing, is_link};

/// A flow, for as long as it lasts; afterwards the name of nothing, never of another flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId {
    slot: u32,
    generation: u32,
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
    /// By slot: the flows, and what is left in free slots of those that were there.
    flows: Vec<Flow<T>>,
    /// By slot, of flows that no link holds back: how much was left to move \[units\], when that
    /// was noted last.
    lefts: Vec<f64>,
    /// When that was noted which flows have left that move at their own limits; no longer than it
    /// must be, so that it takes no memory where none does.
    since: Vec<Time>,
    free: Vec<u32>,
    /// When flows are complete that a link holds back, and when those that no link does.
    clocks: Clocks,
    own: Due,
    started: u64,
    live: usize,
    changed: Changed,
    /// Whether flows that are held back elsewhere are kept for [`Flows::changes`], and which are.
    watched: bool,
    news: Vec<u32>,
    ended: Vec<(u64, u32)>,
}

/// A flow that is held back elsewhere than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<T> {
    /// The tag of the flow.
    pub tag: T,
    /// The link that holds it back from now on; `None` if its own limit does.
    pub bottleneck: Option<LinkId>,
}

/// A flow and its account.
#[derive(Clone, Debug)]
struct Flow<T> {
    /// How many flows have left this slot.
    generation: u32,
    tag: T,
    /// How many were started before it.
    order: u64,
}

impl<T: Copy> Flows<T> {
    /// No links and no flows, at time zero.
    pub fn new() -> Flows<T> {
        Flows {
            now: Time::ZERO,
            sharing: Sharing::default(),
            flows: Vec::new(),
            lefts: Vec::new(),
            since: Vec::new(),
            free: Vec::new(),
            clocks: Clocks::default(),
            own: Due::default(),
            started: 0,
            live: 0,
            changed: Changed::default(),
            watched: false,
            news: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Keeps an account of where flows are held back from now on, for [`Flows::changes`].
    pub fn watch(&mut self) {
        self.watched = true;
    }

    /// Adds a link that does `capacity` units of work per second [units/s].
    ///
    /// # Panics
    /// If `capacity` is not finite and above zero.
    pub fn link(&mut self, capacity: f64) -> LinkId {
        assert!(capacity > 0.0 && capacity.is_finite(), "bad capacity {capacity}");
        self.clocks.link();
        self.sharing.link(capacity, self.now)
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
        let (generation, order) = (0, self.started);
        let flow = Flow { generation, tag, order };
        let slot = match self.free.pop() {
            Some(slot) => {
                let generation = self.flows[slot as usize].generation;
                self.flows[slot as usize] = Flow { generation, ..flow };
                self.lefts[slot as usize] = size;
                slot
            }
            None => {
                self.flows.push(flow);
                self.lefts.push(size);
                self.clocks.flow();
                self.flows.len() as u32 - 1
            }
        };
        self.sharing.add(slot, hops, limit, share);
        if size == 0.0 {
            self.own.set(slot, now, order);
        }
        self.started += 1;
        self.live += 1;
        FlowId { slot, generation: self.flows[slot as usize].generation }
    }

    /// Changes the limit of `flow` at `now`; nothing, if it is complete.
    ///
    /// # Panics
    /// As [`Flows::start`]; and if `limit` is infinite and the flow crosses no link.
    pub fn limit(&mut self, now: Time, flow: FlowId, limit: f64) {
        self.pass(now);
        if self.is_live(flow) {
            assert!(limit >= 0.0, "a limit is zero or more, got {limit}");
            let bounded = limit.is_finite() || self.sharing.hops(flow.slot).next().is_some();
            assert!(bounded, "a flow without a limit must weigh on a link");
            if self.sharing.bottleneck(flow.slot) == OWN_LIMIT {
                let share = self.sharing.share(flow.slot);
                let left = self.left_at(flow.slot, OWN_LIMIT, share);
                self.note_left(flow.slot, left);
            }
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

    /// The flows that are held back elsewhere than at the last call, if [`Flows::watch`] was
    /// called: each once, with where it is held back now. A flow that is complete is not among
    /// them.
    pub fn changes(&mut self) -> Vec<Change<T>> {
        self.share();
        let mut news = std::mem::take(&mut self.news);
        news.sort_unstable();
        news.dedup();
        let change = |slot: u32| {
            let bottleneck = self.sharing.bottleneck(slot);
            let bottleneck = is_link(bottleneck).then_some(LinkId(bottleneck));
            Change { tag: self.flows[slot as usize].tag, bottleneck }
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
            let next = self.due();
            if next > now || next == Time::MAX {
                break;
            }
            self.now = next;
            self.end_all(done);
        }
        self.now = now;
    }

    /// Ends all flows that are complete now, the first that started first.
    fn end_all(&mut self, done: &mut Vec<T>) {
        let mut ended = std::mem::take(&mut self.ended);
        while let Some(slot) = self.first() {
            ended.push((self.flows[slot as usize].order, slot));
            self.unnote(slot);
        }
        ended.sort_unstable();
        for (_, slot) in ended.drain(..) {
            done.push(self.leave(slot));
        }
        self.ended = ended;
    }

    /// Some flow that is complete now.
    fn first(&self) -> Option<u32> {
        let own = self.own.first().filter(|_| self.own.time() <= self.now);
        own.or_else(|| self.clocks.first(self.now))
    }

    /// When to [`advance`](Flows::advance) again: when the next flow is complete, if nothing
    /// changes before. [`Time::MAX`] if none ever is.
    #[expect(clippy::should_implement_trait, reason = "it tells a time and yields nothing")]
    pub fn next(&mut self) -> Time {
        self.share();
        self.due()
    }

    fn due(&self) -> Time {
        self.own.time().min(self.clocks.time())
    }

    /// The rate of `flow` [units/s]; zero once it is complete.
    pub fn rate(&mut self, flow: FlowId) -> f64 {
        self.share();
        if self.is_live(flow) { self.sharing.rate(flow.slot) } else { 0.0 }
    }

    /// The links that `flow` weighs on, each once; none once it is complete.
    pub fn hops(&self, flow: FlowId) -> impl Iterator<Item = Hop> {
        let live = self.is_live(flow).then(|| self.sharing.hops(flow.slot));
        live.into_iter().flatten()
    }

    /// How much of `flow` is left to move at `now` \[units\]; zero once it is complete. Panics for
    /// the times for which [`Flows::start`] does.
    pub fn left(&mut self, now: Time, flow: FlowId) -> f64 {
        self.pass(now);
        if !self.is_live(flow) {
            return 0.0;
        }
        let FlowId { slot, .. } = flow;
        self.left_at(slot, self.sharing.bottleneck(slot), self.sharing.share(slot))
    }

    /// How much work `link` has done up to `now` \[units\]: its utilisation is this ÷ capacity ÷
    /// time. Panics for the times for which [`Flows::start`] does.
    pub fn used(&mut self, now: Time, link: LinkId) -> f64 {
        self.pass(now);
        self.sharing.links.work(link.0, self.now)
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.live
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
            assert!(self.due() >= now, "a flow was complete at {}", self.due());
            self.now = now;
        }
    }

    /// Takes a flow away, and returns its tag.
    fn end(&mut self, slot: u32) -> T {
        self.unnote(slot);
        self.leave(slot)
    }

    /// Forgets when a flow is complete.
    fn unnote(&mut self, slot: u32) {
        match self.sharing.bottleneck(slot) {
            NOWHERE | OWN_LIMIT => self.own.remove(slot),
            link => self.clocks.take(link, slot),
        }
    }

    /// Takes a flow away of which nothing is noted any more, and returns its tag.
    fn leave(&mut self, slot: u32) -> T {
        self.sharing.remove(slot);
        self.free.push(slot);
        self.live -= 1;
        let flow = &mut self.flows[slot as usize];
        flow.generation += 1;
        flow.tag
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
