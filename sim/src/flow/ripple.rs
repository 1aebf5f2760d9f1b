//! Who gets what rate: weighted max-min sharing, made right again only where it changed.
//!
//! [`share::solve`](crate::share::solve) states the problem: raise all flows together; each stays
//! at its limit or at its *bottleneck*, a full link on which nobody stands at a higher level. That
//! last clause says link by link what a solution is, and there is only one allocation for which it
//! holds at every link. So links are made right one by one until all are:
//!
//! 1. A link that holds flows back has the level at which these fill it. If that rises above the
//!    limit of one of them, the flow goes on at its limit. If others that cross the link stand
//!    higher, or take more than there is, then the highest are held back here instead, one by one,
//!    which raises the level, until nobody stands higher.
//! 2. If that changed the level, its flows take another amount of each other link that they cross.
//!    These links are next, the lowest level first.
//!
//! A flow's bottleneck has the lowest level of all links that it crosses and that hold flows back:
//! changes travel from low levels to high ones, and a link is made right about once. What travels
//! are levels of links; most flows stay with their bottleneck and are not written to. Should
//! rounding or an odd system keep links busy, or should a change reach nearly everything, then
//! everything is solved from nothing (`flow/fill.rs`), which costs no more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::levels::Levels;
use super::link::Links;
use super::paths::Path;
use super::room::{LISTED, QUEUED, SEEN, Step, TOUCHED};
use super::sharing::{Bottleneck, NOWHERE, OWN_LIMIT, Sharing, is_link};

/// What is needed while links are made right; empty in between, but for its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Ripple {
    /// Links that may not be right, by the bits of their levels: never negative, so in their order.
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    /// Flows that stand higher than a link, with their levels.
    higher: Vec<(f64, u32)>,
    /// The paths of the flows that a link holds back.
    pub(super) rows: Vec<Path>,
    /// Links that are to be looked at, with the marks that they did not have before.
    looks: Vec<(u32, u8)>,
    /// For solutions from nothing.
    pub(super) levels: Levels,
    pub(super) slots: Vec<u32>,
    /// A bit for each slot whose flow rises everywhere: near memory, and asked of each crossing.
    pub(super) rising: Vec<u64>,
}

/// A link that holds back so many flows keeps a list of where else they go.
const MANY: usize = 16;
/// One that holds back so many does when its level changes twice and its flows do not.
const SOME: usize = 4;

impl Ripple {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Notes that a link may not be right, if flows rise or there are too many.
    fn look(&mut self, id: u32, links: &mut Links, levels: &[f64]) {
        if links.is_full(id) {
            self.queue(id, links, levels);
        }
    }

    /// Notes that a link may not be right.
    fn queue(&mut self, id: u32, links: &mut Links, levels: &[f64]) {
        if links.mark(id, QUEUED) {
            let level = match links.rising(id) {
                0 => links.ceiling(id),
                _ => levels[id as usize],
            };
            self.queue.push(Reverse((level.to_bits(), id)));
        }
    }

    /// Forgets which links may not be right.
    pub(super) fn clear(&mut self, links: &mut Links) {
        for Reverse((_, link)) in self.queue.drain() {
            links.unmark(link, QUEUED);
        }
    }
}

impl Sharing {
    /// Makes all links right; tells if that was possible at less than the cost of doing all afresh.
    pub(super) fn ripple(&mut self) -> bool {
        if self.renewed.len() > 16 + self.present / 8 {
            return false;
        }
        let mut renewed = std::mem::take(&mut self.renewed);
        for slot in renewed.drain(..) {
            if self.bottlenecks[slot as usize] == NOWHERE {
                self.settle_down(slot);
            }
        }
        self.renewed = renewed;
        // Where links have one level but for rounding, flows that cross several of them are moved
        // to and fro.
        let many = self.moved.len() + 256 + self.present / 16;
        let mut work = 1_000 + 2 * self.present;
        while let Some(Reverse((_, link))) = self.ripple.queue.pop() {
            // Until then, what is done to the link itself does not queue it.
            let (cost, again) = self.correct(link);
            self.links.unmark(link, QUEUED);
            if again {
                self.queue(link);
            }
            if cost > work || self.moved.len() > many {
                return false;
            }
            work -= cost;
        }
        self.settle_moved();
        true
    }

    /// Notes that a link may not be right.
    pub(super) fn queue(&mut self, id: u32) {
        self.ripple.queue(id, &mut self.links, &self.levels);
    }

    /// Gives a flow that is nowhere a place: its limit, or the link that is likely to hold it back.
    fn settle_down(&mut self, slot: u32) {
        let (links, class) = self.paths.of(&self.cards[slot as usize]);
        let mut least = (self.own_level(slot), OWN_LIMIT);
        for (at, &id) in links.iter().enumerate() {
            let alone = self.links.level_with(id, class.weight(at) * class.share);
            // Where nobody is held back, the highest make room.
            let level = match self.links.ceiling(id) {
                ceiling if alone < ceiling && self.links.rising(id) == 0 => (alone + ceiling) / 2.0,
                _ => alone,
            };
            if level < least.0 {
                least = (level, id);
            }
        }
        let (level, bottleneck) = least;
        if is_link(bottleneck) && self.links.rising(bottleneck) == 0 {
            self.levels[bottleneck as usize] = level;
        }
        self.note_moved(slot, NOWHERE);
        self.hold(slot, bottleneck);
    }

    /// Makes a link right; returns how many flows were looked at, and whether that has to be done
    /// once more.
    fn correct(&mut self, id: u32) -> (usize, bool) {
        let mut cost = 1;
        if self.limited > 0 {
            cost += self.let_go(id);
        }
        if !self.links.is_full(id) {
            return (cost, false);
        }
        let rising = self.links.rising(id);
        let mut level = if rising == 0 { 0.0 } else { self.links.level(id) };
        let mut taken = 0;
        if level < self.links.ceiling(id) {
            cost += (self.crossings[id as usize].len() - rising) / 4;
            (level, taken) = self.look_higher(id, level);
        }
        if taken == 0 && rising == 0 {
            return (cost, false);
        }
        let before = match rising {
            0 => level,
            _ => self.levels[id as usize],
        };
        self.levels[id as usize] = before;
        let higher = std::mem::take(&mut self.ripple.higher);
        for &(_, slot) in &higher[..taken] {
            self.release(slot);
            self.hold(slot, id);
        }
        self.ripple.higher = higher;
        if before.to_bits() != level.to_bits() {
            cost += rising + taken;
            self.raise(id, before, level);
        }
        (cost, taken > 0 && self.limited > 0)
    }

    /// Lets flows go that a link holds back above their limits; returns how many were looked at.
    fn let_go(&mut self, id: u32) -> usize {
        let mut cost = 0;
        loop {
            let held = self.links.rising(id);
            if held == 0 {
                return cost;
            }
            let level = self.links.level(id);
            // One that goes changes places with the last, which has been looked at.
            for place in (0..held).rev() {
                let slot = self.crossings[id as usize][place];
                if self.own_level(slot) < level {
                    self.release(slot);
                    self.hold(slot, OWN_LIMIT);
                }
            }
            cost += held;
            if self.links.rising(id) == held {
                return cost;
            }
        }
    }

    /// Finds the flows that stand higher than a link, the highest first; the level at which it
    /// holds as many of them back as must be, and how many these are.
    fn look_higher(&mut self, id: u32, level: f64) -> (f64, usize) {
        let mut higher = std::mem::take(&mut self.ripple.higher);
        higher.clear();
        let mut stays: f64 = 0.0;
        for &slot in &self.crossings[id as usize][self.links.rising(id)..] {
            let at = match self.bottlenecks[slot as usize] {
                NOWHERE => continue,
                OWN_LIMIT => self.own_level(slot),
                other => self.levels[other as usize],
            };
            if at > level {
                higher.push((at, slot));
            } else {
                stays = stays.max(at);
            }
        }
        higher.sort_unstable_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
        let (mut level, mut taken) = (level, 0);
        for &(at, slot) in &higher {
            if at <= level {
                break;
            }
            let (weight, share) = self.weight(slot, id);
            let (amount, pull) = (weight * self.rate(slot), weight * share);
            // On trial: who is held back is noted where it is moved.
            self.links.give(id, amount);
            self.links.rise(id, pull);
            if at <= self.links.level(id) {
                self.links.settle(id, pull);
                self.links.take(id, amount, at);
                break;
            }
            level = self.links.level(id);
            taken += 1;
        }
        for &(_, slot) in &higher[..taken] {
            let (weight, share) = self.weight(slot, id);
            self.links.settle(id, weight * share);
            self.links.take(id, weight * self.rate(slot), 0.0);
        }
        let highest = higher.get(taken).map_or(stays, |&(at, _)| at);
        self.links.set_ceiling(id, highest);
        self.ripple.higher = higher;
        (level, taken)
    }

    /// Lets the flows that a link holds back stand at another level.
    fn raise(&mut self, id: u32, before: f64, after: f64) {
        self.levels[id as usize] = after;
        self.note_level(id);
        let mut looks = std::mem::take(&mut self.ripple.looks);
        let held = self.links.rising(id);
        let mut list = if self.links.has(id, LISTED) { self.spread.of(id) } else { None };
        if list.is_none() {
            // Far memory is read first, and all of it at once: nothing waits for anything else.
            let held = &self.crossings[id as usize][..held];
            let cards = &self.cards[..];
            let rows = &mut self.ripple.rows;
            rows.clear();
            rows.extend(held.iter().map(|&slot| cards[slot as usize]));
            let pays = match held.len() {
                MANY.. => true,
                SOME.. => !self.links.mark(id, SEEN),
                _ => false,
            };
            if pays && self.links.mark(id, LISTED) {
                self.spread.make(id, &self.paths, rows);
                list = self.spread.of(id);
            }
        }
        if let Some(list) = list {
            let mut step = Step::new(before * list.share, after * list.share);
            for other in &list.others {
                let new = self.links.change_many(other.link, other.count, &mut step, after);
                if new != 0 {
                    looks.push((other.link, new));
                }
            }
        } else {
            for row in &self.ripple.rows {
                let (links, class) = self.paths.of(row);
                let mut step = Step::new(before * class.share, after * class.share);
                for (at, &other) in links.iter().enumerate().filter(|&(_, &other)| other != id) {
                    let new = self.links.change(other, class.weight(at), &mut step, after);
                    // Whether it is new cannot be guessed here, so that there is no branch.
                    looks.push((other, new));
                    looks.truncate(looks.len() - usize::from(new == 0));
                }
            }
        }
        for (other, new) in looks.drain(..) {
            if new & TOUCHED != 0 {
                self.touched.push(other);
            }
            if new & QUEUED != 0 {
                let rising = self.links.rising(other) > 0;
                let level = if rising { self.levels[other as usize] } else { after };
                self.ripple.queue.push(Reverse((level.to_bits(), other)));
            }
        }
        self.ripple.looks = looks;
    }

    /// Lets a flow that is nowhere be held back at `bottleneck`.
    fn hold(&mut self, slot: u32, bottleneck: Bottleneck) {
        self.bottlenecks[slot as usize] = bottleneck;
        if is_link(bottleneck) {
            self.note_level(bottleneck);
        }
        let (rate, level) = (self.rate(slot), self.level(slot));
        let (links, class) = self.paths.of(&self.cards[slot as usize]);
        for (at, &id) in links.iter().enumerate() {
            let weight = class.weight(at);
            let others = self.links.rising(id);
            if id == bottleneck {
                self.links.rise(id, weight * class.share);
                let crossings = &mut self.crossings[id as usize];
                let found = crossings[others..].iter().position(|&crossing| crossing == slot);
                crossings.swap(others, others + found.expect("it crosses the link"));
                match self.links.has(id, LISTED) {
                    true => self.spread.add(id, links, class),
                    false => self.links.unmark(id, SEEN),
                }
            } else {
                self.links.take(id, weight * rate, level);
            }
            if others == 0 && self.links.mark(id, TOUCHED) {
                self.touched.push(id);
            }
            self.ripple.look(id, &mut self.links, &self.levels);
        }
    }

    /// Takes a flow away from where it is held back: it is nowhere then.
    pub(super) fn release(&mut self, slot: u32) {
        let before = self.bottlenecks[slot as usize];
        if before == NOWHERE {
            return;
        }
        self.note_moved(slot, before);
        let rate = self.rate(slot);
        self.bottlenecks[slot as usize] = NOWHERE;
        let (links, class) = self.paths.of(&self.cards[slot as usize]);
        for (at, &id) in links.iter().enumerate() {
            let weight = class.weight(at);
            if id == before {
                self.links.settle(id, weight * class.share);
                let crossings = &mut self.crossings[id as usize];
                let last = self.links.rising(id);
                let found = crossings[..=last].iter().position(|&crossing| crossing == slot);
                crossings.swap(last, found.expect("the link holds it back"));
                if !self.links.has(id, LISTED) || !self.spread.remove(id, links) {
                    self.links.unmark(id, LISTED | SEEN);
                }
            } else {
                self.links.give(id, weight * rate);
            }
            // Where others rise, all is taken without it.
            if self.links.rising(id) == 0 && self.links.mark(id, TOUCHED) {
                self.touched.push(id);
            }
            self.ripple.look(id, &mut self.links, &self.levels);
        }
    }

    /// The level of a flow that is somewhere.
    fn level(&self, slot: u32) -> f64 {
        match self.bottlenecks[slot as usize] {
            OWN_LIMIT => self.own_level(slot),
            link => self.levels[link as usize],
        }
    }
}
