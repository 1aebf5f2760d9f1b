//! Links with a rate, shared by flows: weighted max-min fairness with limits and shares.

use crate::Time;
use crate::share::{Claim, solve};

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
    /// How much there is to move [units], such as bytes.
    pub size: f64,
    /// Its rate may not exceed this [units/s]; may be infinite if it crosses a link.
    pub limit: f64,
    /// Its rate grows in proportion to this; 1 unless flows differ in standing.
    pub share: f64,
}

/// Links, and the flows that share them.
#[derive(Clone, Debug)]
pub struct Flows<T> {
    now: Time,
    capacities: Vec<f64>,
    used: Vec<f64>,
    flows: Vec<Option<Flow<T>>>,
    generations: Vec<u32>,
    dirty: bool,
}

#[derive(Clone, Debug)]
struct Flow<T> {
    hops: Vec<Hop>,
    left: f64,
    limit: f64,
    share: f64,
    rate: f64,
    tag: T,
}

impl<T: Copy> Flows<T> {
    /// No links and no flows, at time zero.
    pub fn new() -> Flows<T> {
        Flows {
            now: Time::ZERO,
            capacities: Vec::new(),
            used: Vec::new(),
            flows: Vec::new(),
            generations: Vec::new(),
            dirty: false,
        }
    }

    /// Adds a link that does `capacity` units of work per second [units/s].
    ///
    /// # Panics
    /// If `capacity` is not finite and above zero.
    pub fn link(&mut self, capacity: f64) -> LinkId {
        assert!(capacity > 0.0 && capacity.is_finite(), "bad capacity {capacity}");
        self.capacities.push(capacity);
        self.used.push(0.0);
        LinkId(self.capacities.len() as u32 - 1)
    }

    /// Starts a flow at `now`; [`Flows::advance`] yields `tag` when it is complete.
    pub fn start(&mut self, now: Time, demand: Demand<'_>, tag: T) -> FlowId {
        self.pass(now);
        let Demand { hops, size, limit, share } = demand;
        Claim { hops, limit, share }.check();
        let flow = Flow { hops: hops.to_vec(), left: size, limit, share, rate: 0.0, tag };
        self.dirty = true;
        let slot = match self.flows.iter().position(Option::is_none) {
            Some(slot) => slot,
            None => {
                self.flows.push(None);
                self.generations.push(0);
                self.flows.len() - 1
            }
        };
        self.flows[slot] = Some(flow);
        self.generations[slot] += 1;
        FlowId { slot: slot as u32, generation: self.generations[slot] }
    }

    /// Changes the limit of `flow` at `now`; of a flow that is complete, nothing.
    pub fn limit(&mut self, now: Time, flow: FlowId, limit: f64) {
        self.pass(now);
        self.dirty = true;
        if self.generations[flow.slot as usize] == flow.generation
            && let Some(flow) = &mut self.flows[flow.slot as usize]
        {
            flow.limit = limit;
        }
    }

    /// Takes `flow` away at `now`, unfinished; returns its tag, or `None` if it is complete.
    pub fn stop(&mut self, now: Time, flow: FlowId) -> Option<T> {
        self.pass(now);
        if self.generations[flow.slot as usize] != flow.generation {
            return None;
        }
        self.dirty = true;
        self.flows[flow.slot as usize].take().map(|flow| flow.tag)
    }

    /// Moves all work forward to `now` and adds the tags of the flows that are complete to
    /// `done`.
    pub fn advance(&mut self, now: Time, done: &mut Vec<T>) {
        loop {
            let next = self.next().min(now);
            self.pass(next);
            for flow in &mut self.flows {
                if flow.as_ref().is_some_and(|flow| flow.left <= 0.0) {
                    done.extend(flow.take().map(|flow| flow.tag));
                    self.dirty = true;
                }
            }
            if next == now {
                return;
            }
        }
    }

    /// When to [`advance`](Flows::advance) again: when the next flow is complete, if nothing
    /// changes before. [`Time::MAX`] if none ever is.
    #[expect(clippy::should_implement_trait, reason = "it tells a time and yields nothing")]
    pub fn next(&mut self) -> Time {
        self.share();
        let due = |flow: &Flow<T>| match flow.left <= 0.0 {
            true => self.now,
            false if flow.rate == 0.0 => Time::MAX,
            false => self.now.saturating_add(Time::from_seconds(flow.left / flow.rate)),
        };
        self.flows.iter().flatten().map(due).min().unwrap_or(Time::MAX)
    }

    /// The rate of `flow` [units/s]; zero once it is complete.
    pub fn rate(&mut self, flow: FlowId) -> f64 {
        self.share();
        match &self.flows[flow.slot as usize] {
            Some(live) if self.generations[flow.slot as usize] == flow.generation => live.rate,
            _ => 0.0,
        }
    }

    /// How much work `link` has done up to `now` [units].
    pub fn used(&mut self, now: Time, link: LinkId) -> f64 {
        self.pass(now);
        self.used[link.index()]
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.flows.iter().flatten().count()
    }

    /// Whether there is no flow.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn pass(&mut self, now: Time) {
        assert!(now >= self.now);
        if now > self.now {
            self.share();
            let span = (now - self.now).as_seconds();
            for flow in self.flows.iter_mut().flatten() {
                let ends = self.now + Time::from_seconds(flow.left / flow.rate.max(1e-300)) <= now;
                let work = if ends { flow.left } else { flow.rate * span };
                flow.left = if ends { 0.0 } else { (flow.left - work).max(0.0) };
                for hop in &flow.hops {
                    self.used[hop.link.index()] += work * hop.weight;
                }
            }
            self.now = now;
        }
    }

    fn share(&mut self) {
        if std::mem::take(&mut self.dirty) {
            let live: Vec<_> = self.flows.iter().flatten().collect();
            let claims: Vec<_> = live
                .iter()
                .map(|flow| Claim { hops: &flow.hops, limit: flow.limit, share: flow.share })
                .collect();
            let rates = solve(&self.capacities, &claims);
            for (flow, rate) in self.flows.iter_mut().flatten().zip(rates) {
                flow.rate = rate;
            }
        }
    }
}

impl<T: Copy> Default for Flows<T> {
    fn default() -> Flows<T> {
        Flows::new()
    }
}
