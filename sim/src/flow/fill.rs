//! All levels from nothing: counted water-filling.
//!
//! All flows rise together. The link that is full at the lowest level, or the flow that meets its
//! limit there, comes next, and whoever it stops takes a known amount of all other links from then
//! on (progressive filling: Bertsekas & Gallager, *Data Networks*, 1992, § 6.5.2). Each flow is
//! stopped once, at the cost of an addition for each of its links.

use super::levels::Stop;
use super::room::Step;
use super::sharing::{ABSENT, Moved, OWN_LIMIT, Sharing};

impl Sharing {
    /// Finds all levels, whatever they are now.
    pub(super) fn fill(&mut self) {
        self.ripple.clear(&mut self.links);
        let told = !self.moved.is_empty();
        let mut levels = std::mem::take(&mut self.ripple.levels);
        let bit = |(at, &bottleneck): (usize, &u32)| u64::from(bottleneck != ABSENT) << at;
        let bits = |slots: &[u32]| slots.iter().enumerate().map(bit).sum::<u64>();
        self.ripple.rising.clear();
        self.ripple.rising.extend(self.bottlenecks.chunks(64).map(bits));
        if self.moved.is_empty() {
            self.moved.reserve(self.renewed.len());
        }
        self.empty();
        levels.begin((0..self.links.len() as u32).map(|id| self.begin_at(id)));
        if self.limited > 0 {
            for slot in 0..self.bottlenecks.len() as u32 {
                let level = self.own_level(slot);
                if self.bottlenecks[slot as usize] != ABSENT && level < f64::INFINITY {
                    levels.limit(level, slot);
                }
            }
        }
        while let Some((stop, noted)) = levels.first() {
            match stop {
                Stop::Limit(slot) => {
                    if self.ripple.rising[slot as usize / 64] >> (slot % 64) & 1 != 0 {
                        self.stop(slot, noted);
                    }
                }
                Stop::Link(link) => {
                    let (level, full) = match self.links.rising(link) {
                        0 => (f64::INFINITY, false),
                        _ => (self.links.level(link), true),
                    };
                    // Since it was noted, flows may have stopped elsewhere, which raises the level.
                    if level > noted {
                        levels.set(link, level);
                    } else if full {
                        levels.set(link, f64::INFINITY);
                        self.reach(link, level);
                    }
                }
            }
        }
        self.ripple.levels = levels;
        if told {
            self.settle_moved();
        }
    }

    /// The level at which a link is full if nothing else stops its flows; infinite if it has none.
    fn begin_at(&mut self, id: u32) -> f64 {
        if self.links.rising(id) == 0 {
            // Nothing changes there.
            return f64::INFINITY;
        }
        self.touch(id);
        self.links.level(id)
    }

    /// Lets all flows rise everywhere.
    fn empty(&mut self) {
        for id in 0..self.links.len() as u32 {
            self.links.empty(id);
            if self.links.is_mixed(id) {
                for place in 0..self.crossings[id as usize].len() {
                    let (weight, share) = self.weight(self.crossings[id as usize][place], id);
                    self.links.rise(id, weight * share);
                }
            }
        }
    }

    /// Stops all that rise at a link, which is full at `level`.
    fn reach(&mut self, id: u32, level: f64) {
        self.levels[id as usize] = level;
        self.note_level(id);
        let held = self.part(id);
        let crossings = &self.crossings[id as usize][..held];
        for &slot in crossings {
            self.ripple.rising[slot as usize / 64] &= !(1 << (slot % 64));
            let before = std::mem::replace(&mut self.bottlenecks[slot as usize], id);
            if before != id {
                let order = self.moved.len() as u32;
                self.moved.push(Moved { slot, before, after: id, order });
            }
        }
        // Far memory is read first, and all of it at once, since nothing waits for anything else.
        let cards = &self.cards[..];
        let rows = &mut self.ripple.rows;
        rows.clear();
        rows.extend(crossings.iter().map(|&slot| cards[slot as usize]));
        for row in rows {
            let (links, class) = self.paths.of(row);
            let mut step = Step::new(0.0, level * class.share);
            for (at, &other) in links.iter().enumerate().filter(|&(_, &other)| other != id) {
                let weight = class.weight(at);
                self.links.stop(other, weight, &mut step, level, weight * class.share);
            }
        }
    }

    /// Puts those that rise first among the flows that cross a link; returns how many do.
    fn part(&mut self, id: u32) -> usize {
        let crossings = &mut self.crossings[id as usize];
        let others = &mut self.ripple.slots;
        if others.len() < crossings.len() {
            others.resize(crossings.len(), 0);
        }
        // Who rises cannot be guessed, so that there is no branch.
        let (mut held, mut left) = (0, 0);
        for place in 0..crossings.len() {
            let slot = crossings[place];
            let rises = (self.ripple.rising[slot as usize / 64] >> (slot % 64) & 1) as usize;
            crossings[held] = slot;
            others[left] = slot;
            held += rises;
            left += 1 - rises;
        }
        crossings[held..].copy_from_slice(&others[..left]);
        held
    }

    /// Stops a flow that rises at its own limit.
    fn stop(&mut self, slot: u32, level: f64) {
        self.ripple.rising[slot as usize / 64] &= !(1 << (slot % 64));
        let before = std::mem::replace(&mut self.bottlenecks[slot as usize], OWN_LIMIT);
        if before != OWN_LIMIT {
            let order = self.moved.len() as u32;
            self.moved.push(Moved { slot, before, after: OWN_LIMIT, order });
        }
        let rate = self.limit_of(slot);
        let (links, class) = self.paths.of(&self.cards[slot as usize]);
        for (at, &id) in links.iter().enumerate() {
            let weight = class.weight(at);
            self.links.take(id, weight * rate, level);
            self.links.settle(id, weight * class.share);
        }
    }
}
