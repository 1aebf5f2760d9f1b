//! Links, and where flows are held back: what [`ripple`](super::ripple) and
//! [`fill`](super::fill) solve.
//!
//! A flow has no rate of its own: it stands at the level of its *bottleneck*, or at its own limit.
//! At its bottleneck it *rises*, which is to say that it takes whatever the others leave; of the
//! other links that it crosses it takes a known amount.

use super::link::Links;
use super::paths::{Path, Paths};
use super::ripple::Ripple;
use super::room::{LEVELLED, TOUCHED};
use super::spread::Spread;
use super::{Hop, LinkId, Time};

/// Where a flow is held back: the index of a link, or one of the next three.
pub(super) type Bottleneck = u32;
pub(super) const OWN_LIMIT: Bottleneck = u32::MAX;
/// It is new, or has a new limit: nothing is said of it yet, and it takes nothing of any link.
pub(super) const NOWHERE: Bottleneck = OWN_LIMIT - 1;
/// There is no flow in this slot.
pub(super) const ABSENT: Bottleneck = OWN_LIMIT - 2;

/// Whether it is a link.
pub(super) fn is_link(bottleneck: Bottleneck) -> bool {
    bottleneck < ABSENT
}

/// Links and the levels of the flows that cross them. Flows are known by their slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing {
    pub(super) links: Links,
    /// The level at which each link holds flows back.
    pub(super) levels: Vec<f64>,
    /// The flows that cross each link; first those that it holds back.
    pub(super) crossings: Vec<Vec<u32>>,
    /// Where else flows go that a link holds back.
    pub(super) spread: Spread,
    pub(super) paths: Paths,
    /// By slot.
    pub(super) bottlenecks: Vec<Bottleneck>,
    pub(super) cards: Vec<Path>,
    /// The limits of flows; infinite past its end, so that they take no memory where none has any.
    limits: Vec<f64>,
    /// How many flows there are, and how many that have a limit.
    pub(super) present: usize,
    pub(super) limited: usize,
    /// Flows that are nowhere, as yet.
    pub(super) renewed: Vec<u32>,
    /// Links whose load may have changed since the last solution, and those that may hold flows
    /// back at another level, or other flows.
    pub(super) touched: Vec<u32>,
    pub(super) levelled: Vec<u32>,
    /// Flows that may be held back elsewhere than at the last solution.
    pub(super) moved: Vec<Moved>,
    pub(super) ripple: Ripple,
}

/// What a solution has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    /// Flows that are held back elsewhere than before, or whose own limit has changed.
    pub(super) moved: Vec<Moved>,
    /// Links whose load may have changed, and those that may hold flows back at another level, or
    /// other flows.
    pub(super) loads: Vec<u32>,
    pub(super) levels: Vec<u32>,
}

/// A flow that is held back elsewhere than before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    pub(super) slot: u32,
    /// Where it was held back, and where it is now.
    pub(super) before: Bottleneck,
    pub(super) after: Bottleneck,
    /// How many were noted before it.
    pub(super) order: u32,
}

/// Lists of flows that have room for more are not kept from one solution to the next.
const KEPT: usize = 4096;

impl Sharing {
    /// Adds a link.
    pub(super) fn link(&mut self, capacity: f64, now: Time) -> LinkId {
        self.links.add(capacity, now);
        self.levels.push(0.0);
        self.crossings.push(Vec::new());
        self.spread.link();
        LinkId(self.links.len() as u32 - 1)
    }

    /// Adds a flow in `slot`, which is free and at most one past the last.
    pub(super) fn add(&mut self, slot: u32, hops: &[Hop], limit: f64, share: f64) {
        let path = self.paths.add(hops, share);
        if slot as usize == self.bottlenecks.len() {
            self.bottlenecks.push(ABSENT);
            self.cards.push(path);
        }
        self.bottlenecks[slot as usize] = NOWHERE;
        self.cards[slot as usize] = path;
        self.set_limit(slot, limit);
        let (links, class) = self.paths.of(&self.cards[slot as usize]);
        for (at, &link) in links.iter().enumerate() {
            self.links.join(link, class.weight(at) * share);
            self.crossings[link as usize].push(slot);
        }
        self.present += 1;
        self.renewed.push(slot);
    }

    /// Takes the flow in `slot` away.
    pub(super) fn remove(&mut self, slot: u32) {
        let told = self.moved.len();
        self.release(slot);
        self.moved.truncate(told);
        let path = self.cards[slot as usize];
        let (links, _) = self.paths.of(&path);
        for &link in links {
            self.links.leave(link);
            // It rises nowhere, so that it is not among the first.
            let first = self.links.rising(link);
            let crossings = &mut self.crossings[link as usize];
            let place = crossings[first..].iter().position(|&crossing| crossing == slot);
            crossings.swap_remove(first + place.expect("a flow crosses the links of its hops"));
        }
        self.paths.remove(&path);
        self.set_limit(slot, f64::INFINITY);
        self.bottlenecks[slot as usize] = ABSENT;
        self.present -= 1;
    }

    /// Changes the limit of the flow in `slot`. If that is what holds it back, it is nowhere then.
    pub(super) fn limit(&mut self, slot: u32, limit: f64) {
        let before = self.bottlenecks[slot as usize];
        if before == OWN_LIMIT {
            self.release(slot);
            self.renewed.push(slot);
        }
        self.set_limit(slot, limit);
        if is_link(before) && self.own_level(slot) < self.levels[before as usize] {
            self.queue(before);
        }
    }

    fn set_limit(&mut self, slot: u32, limit: f64) {
        self.limited -= usize::from(self.limit_of(slot) < f64::INFINITY);
        self.limited += usize::from(limit < f64::INFINITY);
        if self.limits.len() <= slot as usize && limit < f64::INFINITY {
            self.limits.resize(slot as usize + 1, f64::INFINITY);
        }
        if let Some(place) = self.limits.get_mut(slot as usize) {
            *place = limit;
        }
    }

    /// The limit of the flow in `slot` [units/s].
    pub(super) fn limit_of(&self, slot: u32) -> f64 {
        self.limits.get(slot as usize).copied().unwrap_or(f64::INFINITY)
    }

    /// The level at which the flow in `slot` meets its own limit.
    pub(super) fn own_level(&self, slot: u32) -> f64 {
        self.limit_of(slot) / self.share(slot)
    }

    /// Changes the capacity of a link.
    pub(super) fn capacity(&mut self, link: LinkId, capacity: f64) {
        if self.links.capacity(link.0) == capacity {
            return;
        }
        if self.links.exceeds(link.0, capacity) {
            self.widen(link, capacity);
        } else {
            self.links.set_capacity(link.0, capacity);
        }
        self.touch(link.0);
        self.queue(link.0);
    }

    /// Sums a link up afresh, for a capacity that its fixed point has no room for.
    fn widen(&mut self, id: LinkId, capacity: f64) {
        self.links.widen(id.0, capacity);
        for &slot in &self.crossings[id.index()][self.links.rising(id.0)..] {
            // One that is nowhere takes nothing.
            let amount = self.weight(slot, id.0).0 * self.rate(slot);
            self.links.take(id.0, amount, 0.0);
        }
    }

    /// The weight of the flow in `slot` on a link that it crosses, and its share.
    pub(super) fn weight(&self, slot: u32, link: u32) -> (f64, f64) {
        let (links, class) = self.paths.of(&self.cards[slot as usize]);
        let at = links.iter().position(|&other| other == link).expect("it crosses the link");
        (class.weight(at), class.share)
    }

    /// Where the flow in `slot` is held back.
    pub(super) fn bottleneck(&self, slot: u32) -> Bottleneck {
        self.bottlenecks[slot as usize]
    }

    /// Whether there is a flow in `slot`.
    pub(super) fn is_present(&self, slot: u32) -> bool {
        self.bottlenecks[slot as usize] != ABSENT
    }

    /// The hops of the flow in `slot`, without repetitions.
    pub(super) fn hops(&self, slot: u32) -> impl Iterator<Item = Hop> {
        self.paths.hops(&self.cards[slot as usize])
    }

    /// The rate of the flow in `slot` [units/s].
    pub(super) fn rate(&self, slot: u32) -> f64 {
        match self.bottlenecks[slot as usize] {
            OWN_LIMIT => self.limit_of(slot),
            NOWHERE | ABSENT => 0.0,
            link => self.levels[link as usize] * self.share(slot),
        }
    }

    /// The share of the flow in `slot`.
    pub(super) fn share(&self, slot: u32) -> f64 {
        self.paths.share(&self.cards[slot as usize])
    }

    /// The share of all flows, unless they differ.
    pub(super) fn common_share(&self) -> Option<f64> {
        self.paths.common_share()
    }

    /// The level at which a link holds flows back [units/s a share].
    pub(super) fn held(&self, link: u32) -> f64 {
        self.levels[link as usize]
    }

    /// Whether anything was done since the last solution that may change a rate.
    pub(super) fn is_dirty(&self) -> bool {
        !self.renewed.is_empty() || !self.touched.is_empty() || !self.ripple.is_empty()
    }

    /// Makes all levels right again, and tells what that changed.
    pub(super) fn solve(&mut self, changed: &mut Changed) {
        if !self.ripple() {
            self.fill();
        }
        match self.renewed.capacity() > KEPT {
            true => self.renewed = Vec::new(),
            false => self.renewed.clear(),
        }
        for &link in &self.touched {
            self.links.unmark(link, TOUCHED);
        }
        for &link in &self.levelled {
            self.links.unmark(link, LEVELLED);
        }
        std::mem::swap(&mut self.touched, &mut changed.loads);
        std::mem::swap(&mut self.levelled, &mut changed.levels);
        if changed.moved.capacity() > KEPT {
            changed.moved = Vec::new();
        }
        std::mem::swap(&mut self.moved, &mut changed.moved);
    }

    /// Notes that a flow may be held back elsewhere than `before`.
    #[inline]
    pub(super) fn note_moved(&mut self, slot: u32, before: Bottleneck) {
        let order = self.moved.len() as u32;
        self.moved.push(Moved { slot, before, after: NOWHERE, order });
    }

    /// Leaves of the moved flows those that are not where they were, each once, as they first were.
    pub(super) fn settle_moved(&mut self) {
        self.moved.sort_unstable_by_key(|moved| (moved.slot, moved.order));
        self.moved.dedup_by_key(|moved| moved.slot);
        let bottlenecks = &self.bottlenecks;
        self.moved.retain_mut(|moved| {
            moved.after = bottlenecks[moved.slot as usize];
            moved.after != ABSENT && (moved.after != moved.before || moved.after == OWN_LIMIT)
        });
    }

    /// Notes that a link may hold flows back at another level, or other flows.
    #[inline]
    pub(super) fn note_level(&mut self, id: u32) {
        if self.links.mark(id, LEVELLED) {
            self.levelled.push(id);
        }
    }

    /// Notes that the load of a link may change.
    #[inline]
    pub(super) fn touch(&mut self, id: u32) {
        if self.links.mark(id, TOUCHED) {
            self.touched.push(id);
        }
    }
}
