//! All levels from nothing: counted water-filling.
//!
//! All flows rise together. The link that is full at the lowest level, or the flow that meets its
//! limit there, comes next, and whoever it stops takes a known amount of all other links from then
//! on (progressive filling: Bertsekas & Gallager, *Data Networks*, 1992, § 6.5.2). Each flow is
//! stopped once, at the cost of an addition for each of its links.

use super::levels::Stop;
use super::link::Step;
use super::sharing::{ABSENT, Moved, OWN_LIMIT, RISING, Sharing};

impl Sharing {
    /// Finds all levels, whatever they are now.
    pub(super) fn fill(&mut self) {
        self.ripple.clear(&mut self.links);
        let told = !self.moved.is_empty();
        let mut levels = std::mem::take(&mut self.ripple.levels);
        for bottleneck in self.bottlenecks.iter_mut().filter(|bottleneck| **bottleneck != ABSENT) {
            *bottleneck |= RISING;
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
                    if self.bottlenecks[slot as usize] & RISING != 0 {
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
            self.links.empty(id, self.capacities[id as usize]);
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
        let crossings = &mut self.crossings[id as usize];
        let mut held = 0;
        for place in 0..crossings.len() {
            let slot = crossings[place];
            let before = self.bottlenecks[slot as usize];
            if before & RISING != 0 {
                self.bottlenecks[slot as usize] = id;
                crossings.swap(held, place);
                held += 1;
                if before != id | RISING {
                    let order = self.moved.len() as u32;
                    self.moved.push(Moved { slot, before: before & !RISING, order });
                }
            }
        }
        let cards = &self.cards[..];
        let rows = &mut self.ripple.rows;
        rows.clear();
        rows.extend(crossings[..held].iter().map(|&slot| cards[slot as usize]));
        for row in rows {
            let (links, class) = self.paths.of(row);
            let mut step = Step::new(0.0, level * class.share);
            for (at, &other) in links.iter().enumerate().filter(|&(_, &other)| other != id) {
                let weight = class.weight(at);
                self.links.stop(other, weight, &mut step, level, weight * class.share);
            }
        }
    }

    /// Stops a flow that rises at its own limit.
    fn stop(&mut self, slot: u32, level: f64) {
        let before = self.bottlenecks[slot as usize] & !RISING;
        self.bottlenecks[slot as usize] = OWN_LIMIT;
        if before != OWN_LIMIT {
            self.note_moved(slot, before);
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
