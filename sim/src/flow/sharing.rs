//! Who gets what rate: weighted max-min sharing, solved again only where it changed.
//!
//! [`share::solve`](crate::share::solve) states the problem: raise all flows together; each stays
//! at its limit or at its *bottleneck*, a full link on which nobody stands at a higher level. That
//! last clause characterises the solution, link by link, so a change can be handled locally:
//!
//! 1. *Affected* are, at first, the flows that are new or have a new limit, and those whose
//!    bottleneck is a link that a flow has joined or left.
//! 2. Fill: solve for the affected flows alone, with the rates of all others *held* as they are.
//! 3. Widen: a held flow keeps its rate rightly if its bottleneck still is one. It is not, and
//!    the flow becomes affected too,
//!    - if its bottleneck carries an affected flow whose rate has changed, or
//!    - if it stands higher than an affected flow on that flow's bottleneck.
//! 4. Repeat from 2 until nobody joins. Now every flow has a bottleneck or its limit, and there is
//!    only one allocation in which that is so: the global one.
//!
//! In a large system almost everything is held, even if all flows are connected through some
//! chain of links. Levels are always summed afresh, over the flows of a link in the order in which
//! they came, and never updated by differences: equal systems give equal bits, whatever came
//! before, rounding does not accumulate, and no epsilon is needed to see that a rate has not
//! changed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    hops: Vec<Vec<Hop>>,
    /// Links that a flow has joined or left since the last solution.
    disturbed: Vec<u32>,
    /// The flows being solved for.
    affected: Vec<u32>,
    /// The links that those cross.
    touched: Vec<u32>,
    /// The next level at which something may be full, lowest first.
    candidates: BinaryHeap<Reverse<Candidate>>,
}

#[derive(Clone, Debug)]
struct Link {
    capacity: f64,
    /// The flows that cross it, in the order in which they came.
    crossings: Vec<Crossing>,
    /// How many of them are rising.
    rising: u32,
    /// The level at which the last filling found it full; infinite if it did not.
    full_at: f64,
    disturbed: bool,
    touched: bool,
    /// Whether the last filling changed the rate of a flow that crosses it.
    moved: bool,
}

#[derive(Clone, Copy, Debug)]
struct Crossing {
    flow: u32,
    weight: f64,
}

/// A flow and its rate.
#[derive(Clone, Copy, Debug)]
struct Rated {
    share: f64,
    limit: f64,
    /// Its rate [units/s].
    rate: f64,
    /// Its rate when the present solution began.
    rate_before: f64,
    /// Its rate per share.
    level: f64,
    bottleneck: Bottleneck,
    live: bool,
    affected: bool,
    /// Affected, and not yet stopped by anything in this filling.
    rising: bool,
}

/// A level at which a link may be full or a flow may meet its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// The bits of the level: levels are never negative, so bits are in the order of levels.
    level: u64,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Limit(u32),
    Link(u32),
}

impl Candidate {
    fn new(level: f64, what: What) -> Candidate {
        // Adding zero turns a negative zero, whose bits are the greatest, into zero.
        Candidate { level: (level + 0.0).to_bits(), what }
    }
}

impl Sharing {
    /// Adds a link.
    pub(super) fn link(&mut self, capacity: f64) -> LinkId {
        self.links.push(Link {
            capacity,
            crossings: Vec::new(),
            rising: 0,
            full_at: f64::INFINITY,
            disturbed: false,
            touched: false,
            moved: false,
        });
        LinkId(self.links.len() as u32 - 1)
    }

    /// Adds a flow in `slot`, which is free and at most one past the last.
    pub(super) fn add(&mut self, slot: u32, hops: &[Hop], limit: f64, share: f64) {
        if slot as usize == self.flows.len() {
            self.flows.push(Rated::absent());
            self.hops.push(Vec::new());
        }
        let flow = &mut self.flows[slot as usize];
        // A slot that was freed since the last solution may still be listed as affected.
        let affected = flow.affected;
        *flow = Rated { share, limit, live: true, affected, ..Rated::absent() };
        let merged = &mut self.hops[slot as usize];
        merged.clear();
        for hop in hops.iter().filter(|hop| hop.weight > 0.0) {
            match merged.iter_mut().find(|other| other.link == hop.link) {
                Some(other) => other.weight += hop.weight,
                None => merged.push(*hop),
            }
        }
        for &Hop { link, weight } in &self.hops[slot as usize] {
            self.links[link.index()].crossings.push(Crossing { flow: slot, weight });
            disturb(&mut self.links, &mut self.disturbed, link);
        }
        join(&mut self.flows[slot as usize], slot, &mut self.affected);
    }

    /// Takes the flow in `slot` away.
    pub(super) fn remove(&mut self, slot: u32) {
        self.flows[slot as usize].live = false;
        for &Hop { link, .. } in &self.hops[slot as usize] {
            let crossings = &mut self.links[link.index()].crossings;
            let place = crossings.iter().position(|crossing| crossing.flow == slot);
            crossings.remove(place.expect("a flow crosses the links of its hops"));
            disturb(&mut self.links, &mut self.disturbed, link);
        }
    }

    /// Changes the limit of the flow in `slot`.
    pub(super) fn limit(&mut self, slot: u32, limit: f64) {
        let flow = &mut self.flows[slot as usize];
        flow.limit = limit;
        if flow.bottleneck == OWN_LIMIT || limit < flow.rate {
            join(flow, slot, &mut self.affected);
        }
    }

    /// The hops of the flow in `slot`, without repetitions.
    pub(super) fn hops(&self, slot: u32) -> &[Hop] {
        &self.hops[slot as usize]
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
        !self.affected.is_empty() || !self.disturbed.is_empty()
    }

    /// Makes all rates right again; adds the slots of those that changed to `changed`.
    pub(super) fn solve(&mut self, changed: &mut Vec<u32>) {
        self.affect_disturbed();
        while !self.affected.is_empty() {
            self.fill();
            if !self.widen() {
                break;
            }
        }
        for slot in self.affected.drain(..) {
            let flow = &mut self.flows[slot as usize];
            flow.affected = false;
            if flow.live && flow.rate != flow.rate_before {
                changed.push(slot);
            }
        }
        for link in self.touched.drain(..) {
            self.links[link as usize].touched = false;
        }
    }

    /// Step 1: the flows whose bottleneck is a link that a flow has joined or left.
    fn affect_disturbed(&mut self) {
        let (links, flows) = (&mut self.links, &mut self.flows);
        self.affected.retain(|&slot| {
            let flow = &mut flows[slot as usize];
            flow.affected = flow.live;
            flow.live
        });
        for link in self.disturbed.drain(..) {
            links[link as usize].disturbed = false;
            for crossing in &links[link as usize].crossings {
                let flow = &mut flows[crossing.flow as usize];
                if flow.bottleneck == link {
                    join(flow, crossing.flow, &mut self.affected);
                }
            }
        }
    }

    /// Step 2: raises the affected flows together until each is stopped.
    fn fill(&mut self) {
        self.prepare();
        while let Some(Reverse(Candidate { level, what })) = self.candidates.pop() {
            match what {
                What::Limit(slot) => {
                    if self.flows[slot as usize].rising {
                        self.stop(slot, f64::from_bits(level), OWN_LIMIT);
                    }
                }
                What::Link(link) => {
                    if self.links[link as usize].rising > 0 {
                        self.reach(link);
                    }
                }
            }
        }
    }

    /// Lets the affected flows rise, and notes where they may first be stopped.
    fn prepare(&mut self) {
        let mut candidates = std::mem::take(&mut self.candidates).into_vec();
        for &slot in &self.affected {
            let flow = &mut self.flows[slot as usize];
            flow.rising = true;
            if flow.limit < f64::INFINITY {
                let level = flow.limit / flow.share;
                candidates.push(Reverse(Candidate::new(level, What::Limit(slot))));
            }
            for hop in &self.hops[slot as usize] {
                let link = &mut self.links[hop.link.index()];
                link.rising += 1;
                if !link.touched {
                    link.touched = true;
                    self.touched.push(hop.link.0);
                }
            }
        }
        for &link in &self.touched {
            let level = self.level(link);
            candidates.push(Reverse(Candidate::new(level, What::Link(link))));
            let link = &mut self.links[link as usize];
            (link.full_at, link.moved) = (f64::INFINITY, false);
        }
        self.candidates = candidates.into();
    }

    /// The level at which a link is full, if those that rise now are stopped by nothing else.
    fn level(&self, link: u32) -> f64 {
        let link = &self.links[link as usize];
        let (mut left, mut demand) = (link.capacity, 0.0);
        for crossing in &link.crossings {
            let flow = &self.flows[crossing.flow as usize];
            if flow.rising {
                demand += crossing.weight * flow.share;
            } else {
                left -= crossing.weight * flow.rate;
            }
        }
        // Rounding may leave a full link a hair below zero.
        left.max(0.0) / demand
    }

    /// Stops the flows that rise on a link if it is full next. Since its level was noted, flows
    /// may have been stopped elsewhere; that only raises the level, so it is noted anew.
    fn reach(&mut self, link: u32) {
        let level = self.level(link);
        let candidate = Candidate::new(level, What::Link(link));
        if self.candidates.peek().is_some_and(|Reverse(next)| *next < candidate) {
            self.candidates.push(Reverse(candidate));
            return;
        }
        self.links[link as usize].full_at = level;
        for place in 0..self.links[link as usize].crossings.len() {
            let slot = self.links[link as usize].crossings[place].flow;
            if self.flows[slot as usize].rising {
                self.stop(slot, level, link);
            }
        }
    }

    /// Stops a rising flow.
    fn stop(&mut self, slot: u32, level: f64, bottleneck: Bottleneck) {
        let flow = &mut self.flows[slot as usize];
        flow.rising = false;
        flow.level = level;
        flow.bottleneck = bottleneck;
        flow.rate = if bottleneck == OWN_LIMIT { flow.limit } else { level * flow.share };
        let moved = flow.rate != flow.rate_before;
        for hop in &self.hops[slot as usize] {
            let link = &mut self.links[hop.link.index()];
            link.rising -= 1;
            link.moved |= moved;
        }
    }

    /// Step 3: adds the held flows whose bottleneck is none any more; tells if there were any.
    fn widen(&mut self) -> bool {
        let before = self.affected.len();
        for &touched in &self.touched {
            let link = &self.links[touched as usize];
            if !link.moved && link.full_at == f64::INFINITY {
                continue;
            }
            for crossing in &link.crossings {
                let flow = &mut self.flows[crossing.flow as usize];
                if (link.moved && flow.bottleneck == touched) || flow.level > link.full_at {
                    join(flow, crossing.flow, &mut self.affected);
                }
            }
        }
        self.affected.len() > before
    }
}

impl Rated {
    /// What a free slot holds.
    fn absent() -> Rated {
        Rated {
            share: 1.0,
            limit: 0.0,
            rate: 0.0,
            rate_before: 0.0,
            level: 0.0,
            bottleneck: NOWHERE,
            live: false,
            affected: false,
            rising: false,
        }
    }
}

/// Lists a flow as affected, unless it is already.
fn join(flow: &mut Rated, slot: u32, affected: &mut Vec<u32>) {
    if !flow.affected {
        flow.affected = true;
        flow.rate_before = flow.rate;
        affected.push(slot);
    }
}

/// Lists a link as disturbed, unless it is already.
fn disturb(links: &mut [Link], disturbed: &mut Vec<u32>, link: LinkId) {
    let link_state = &mut links[link.index()];
    if !link_state.disturbed {
        link_state.disturbed = true;
        disturbed.push(link.0);
    }
}
