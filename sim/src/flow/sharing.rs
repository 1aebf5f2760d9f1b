//! Links, and where flows are held back: what [`sweep`](super::sweep) solves.

use super::link::Link;
use super::paths::{Path, Paths};
use super::sweep::Sweep;
use super::{Hop, LinkId};

/// Where a flow is held back: the index of a link, or one of the next two.
pub(super) type Bottleneck = u32;
pub(super) const OWN_LIMIT: Bottleneck = u32::MAX;
pub(super) const NOWHERE: Bottleneck = u32::MAX - 1;

/// Links and the rates of the flows that cross them. Flows are known by their slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing {
    pub(super) links: Vec<Link>,
    pub(super) capacities: Vec<f64>,
    /// The level at which each link last stopped flows.
    pub(super) levels: Vec<f64>,
    /// The flows that cross each link.
    pub(super) crossings: Vec<Vec<u32>>,
    pub(super) paths: Paths,
    pub(super) states: Vec<State>,
    /// Where each flow is held back, and at which level. While it rises, where it was.
    pub(super) bottlenecks: Vec<Bottleneck>,
    pub(super) levels_of: Vec<f64>,
    pub(super) cards: Vec<Card>,
    /// Flows that are new or have a new limit since the last solution.
    pub(super) renewed: Vec<u32>,
    /// Links that may have slack, and from `slack_raised` on those whose flows are yet to rise.
    pub(super) slack: Vec<u32>,
    pub(super) slack_raised: usize,
    pub(super) sweep: Sweep,
}

/// What a solution has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    /// Flows that are held back elsewhere than before, or whose own limit has changed.
    pub(super) moved: Vec<Moved>,
    /// Links whose load or level may have changed.
    pub(super) links: Vec<u32>,
}

/// A flow that is held back elsewhere than before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    pub(super) slot: u32,
    /// Where it was held back, and its rate there [units/s].
    pub(super) before: Bottleneck,
    pub(super) rate_before: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no flow in this slot.
    Absent,
    /// Its rate is not looked at in the present sweep, as yet.
    Held,
    /// It rises in the present sweep.
    Rising,
    /// It has risen in the present sweep, and stopped.
    Stopped,
}

/// What else is known of a flow, in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Card {
    pub(super) path: Path,
    pub(super) limit: f64,
    /// Its rate [units/s]; while it rises, what that was.
    pub(super) rate: f64,
}
const _: () = assert!(size_of::<Card>() == 64);

impl Sharing {
    /// Adds a link.
    pub(super) fn link(&mut self, capacity: f64) -> LinkId {
        self.links.push(Link::new(capacity));
        self.capacities.push(capacity);
        self.levels.push(0.0);
        self.crossings.push(Vec::new());
        LinkId(self.links.len() as u32 - 1)
    }

    /// Adds a flow in `slot`, which is free and at most one past the last.
    pub(super) fn add(&mut self, slot: u32, hops: &[Hop], limit: f64, share: f64) {
        let path = self.paths.add(hops, share);
        let card = Card { path, limit, rate: 0.0 };
        if slot as usize == self.states.len() {
            self.states.push(State::Held);
            self.bottlenecks.push(NOWHERE);
            self.levels_of.push(0.0);
            self.cards.push(card);
        }
        self.states[slot as usize] = State::Held;
        self.cards[slot as usize] = card;
        let (links, weights) = self.paths.of(&path);
        for (at, &link) in links.iter().enumerate() {
            self.links[link as usize].join(weights.at(at) * share);
            self.crossings[link as usize].push(slot);
        }
        self.slacken(slot);
        self.renewed.push(slot);
    }

    /// Takes the flow in `slot` away.
    pub(super) fn remove(&mut self, slot: u32) {
        self.slacken(slot);
        let Card { path, rate, .. } = self.cards[slot as usize];
        let (links, weights) = self.paths.of(&path);
        for (at, &link) in links.iter().enumerate() {
            self.links[link as usize].give(weights.at(at) * rate);
            self.links[link as usize].leave();
            let crossings = &mut self.crossings[link as usize];
            let place = crossings.iter().position(|&crossing| crossing == slot);
            crossings.swap_remove(place.expect("a flow crosses the links of its hops"));
        }
        self.paths.remove(&path);
        self.states[slot as usize] = State::Absent;
        self.bottlenecks[slot as usize] = NOWHERE;
        self.levels_of[slot as usize] = 0.0;
    }

    /// Changes the limit of the flow in `slot`.
    pub(super) fn limit(&mut self, slot: u32, limit: f64) {
        let card = &mut self.cards[slot as usize];
        card.limit = limit;
        if self.bottlenecks[slot as usize] == OWN_LIMIT || limit < card.rate {
            self.renewed.push(slot);
        }
    }

    /// Changes the capacity of a link. Flows that cross a link which got less may be too fast for
    /// it, and all of them rise anew; one that got more may have slack.
    pub(super) fn capacity(&mut self, link: LinkId, capacity: f64) {
        let before = self.capacities[link.index()];
        if before == capacity {
            return;
        }
        if self.links[link.index()].exceeds(capacity) {
            self.widen(link, capacity);
        } else {
            self.links[link.index()].capacity(before, capacity);
        }
        if capacity < before {
            self.renewed.extend(&self.crossings[link.index()]);
        }
        self.capacities[link.index()] = capacity;
        let changed = &mut self.links[link.index()];
        if !changed.slack {
            changed.slack = true;
            self.slack.push(link.0);
        }
    }

    /// Sums a link up afresh, for a capacity that its fixed point has no room for.
    fn widen(&mut self, id: LinkId, capacity: f64) {
        let mut link = Link::new(capacity);
        for &slot in &self.crossings[id.index()] {
            let card = &self.cards[slot as usize];
            let (links, weights) = self.paths.of(&card.path);
            let at = links.iter().position(|&other| other == id.0).expect("it crosses the link");
            link.join(weights.at(at) * card.path.share);
            link.take(weights.at(at) * card.rate);
        }
        link.slack = self.links[id.index()].slack;
        self.links[id.index()] = link;
    }

    /// Where the flow in `slot` is held back.
    pub(super) fn bottleneck(&self, slot: u32) -> Bottleneck {
        self.bottlenecks[slot as usize]
    }

    /// Whether there is a flow in `slot`.
    pub(super) fn is_present(&self, slot: u32) -> bool {
        self.states[slot as usize] != State::Absent
    }

    /// The hops of the flow in `slot`, without repetitions.
    pub(super) fn hops(&self, slot: u32) -> impl Iterator<Item = Hop> {
        self.paths.hops(&self.cards[slot as usize].path)
    }

    /// The rate of the flow in `slot` [units/s], as of the last solution.
    pub(super) fn rate(&self, slot: u32) -> f64 {
        self.cards[slot as usize].rate
    }

    /// The share of the flow in `slot`.
    pub(super) fn share(&self, slot: u32) -> f64 {
        self.cards[slot as usize].path.share
    }

    /// The level at which a link holds flows back, as of the last solution [units/s a share].
    pub(super) fn held(&self, link: u32) -> f64 {
        self.levels[link as usize]
    }

    /// What flows take of a link, as of the last solution [units/s].
    pub(super) fn load(&self, link: u32) -> f64 {
        self.links[link as usize].load(self.capacities[link as usize])
    }

    /// Whether anything was done since the last solution that may change a rate.
    pub(super) fn is_dirty(&self) -> bool {
        !self.renewed.is_empty() || !self.slack.is_empty()
    }

    /// Notes that the links that a flow crosses may have slack.
    pub(super) fn slacken(&mut self, slot: u32) {
        let (links, _) = self.paths.of(&self.cards[slot as usize].path);
        for &id in links {
            let link = &mut self.links[id as usize];
            if !link.slack {
                link.slack = true;
                self.slack.push(id);
            }
        }
    }
}
