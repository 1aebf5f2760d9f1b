//! The levels at which something may stop rising flows, lowest first.
//!
//! Links stand in the order in which they were met, each with a level that is no higher than its
//! own, in blocks of which the lowest level is known: to lower a level costs a comparison, to raise
//! one a look at its block at most, and the lowest is found among the blocks. There are few links
//! and many changes, which is why this is faster than a heap. Limits of flows are in a heap: they
//! do not change.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What stops a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The limit of the flow in this slot.
    Limit(u32),
    /// This link, which is full.
    Link(u32),
}

/// Links in a block.
const BLOCK: usize = 32;

/// Levels that are to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    links: Vec<u32>,
    /// By place; infinite where there is none.
    levels: Vec<f64>,
    /// The lowest of each block.
    lowest: Vec<f64>,
    /// The bits of levels, whose order is that of levels since they are never negative, and slots.
    limits: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Levels {
    /// Makes a place for a link, which has no level as yet.
    #[inline]
    pub(crate) fn add(&mut self, link: u32) -> u32 {
        if self.links.len().is_multiple_of(BLOCK) {
            self.lowest.push(f64::INFINITY);
        }
        self.links.push(link);
        self.levels.push(f64::INFINITY);
        self.links.len() as u32 - 1
    }

    /// Lowers the level in a place, or leaves it where it is lower.
    #[inline]
    pub(crate) fn lower(&mut self, place: u32, level: f64) {
        let place = place as usize;
        if level < self.levels[place] {
            self.levels[place] = level;
            let lowest = &mut self.lowest[place / BLOCK];
            *lowest = lowest.min(level);
        }
    }

    /// Raises the level in a place.
    #[inline]
    pub(crate) fn raise(&mut self, place: u32, level: f64) {
        let place = place as usize;
        let before = std::mem::replace(&mut self.levels[place], level);
        if before <= self.lowest[place / BLOCK] {
            let begin = place / BLOCK * BLOCK;
            let block = &self.levels[begin..self.levels.len().min(begin + BLOCK)];
            self.lowest[place / BLOCK] = least(block);
        }
    }

    /// Notes the limit of the flow in `slot`, which is met at `level`.
    pub(crate) fn limit(&mut self, level: f64, slot: u32) {
        // Adding zero turns a negative zero, whose bits are the greatest, into zero.
        self.limits.push(Reverse(((level + 0.0).to_bits(), slot)));
    }

    /// The lowest level and what it is of: a limit if it is no higher than that of any link, else
    /// the link that was met first, with its place. A limit is taken away.
    pub(crate) fn first(&mut self) -> Option<(Stop, f64, u32)> {
        let level = least(&self.lowest);
        if let Some(&Reverse((bits, slot))) = self.limits.peek()
            && f64::from_bits(bits) <= level
        {
            self.limits.pop();
            return Some((Stop::Limit(slot), f64::from_bits(bits), 0));
        }
        if level == f64::INFINITY {
            return None;
        }
        let block = self.lowest.iter().position(|lowest| *lowest == level)?;
        let begin = block * BLOCK;
        let place = begin + self.levels[begin..].iter().position(|at| *at == level)?;
        Some((Stop::Link(self.links[place]), level, place as u32))
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.links.clear();
        self.levels.clear();
        self.lowest.clear();
        self.limits.clear();
    }
}

/// The least of some levels; infinite if there are none.
#[inline]
fn least(levels: &[f64]) -> f64 {
    // Four at a time: minima that do not wait for each other.
    let mut least = [f64::INFINITY; 4];
    let mut four = levels.chunks_exact(4);
    for levels in &mut four {
        for (least, &level) in least.iter_mut().zip(levels) {
            *least = if level < *least { level } else { *least };
        }
    }
    let rest = four.remainder().iter().chain(&least);
    rest.fold(f64::INFINITY, |least, &level| if level < least { level } else { least })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_lowest_comes_first(
            links in prop::collection::vec(0..1000u32, 1..100),
            steps in prop::collection::vec((any::<prop::sample::Index>(), 0..20u32), 1..300),
        ) {
            let mut levels = Levels::default();
            let mut plain: Vec<f64> = Vec::new();
            for &link in &links {
                levels.add(link);
                plain.push(f64::INFINITY);
            }
            for (which, level) in steps {
                let (place, level) = (which.index(links.len()), f64::from(level));
                let level = if level == 0.0 { f64::INFINITY } else { level };
                match level < plain[place] {
                    true => levels.lower(place as u32, level),
                    false => levels.raise(place as u32, level),
                }
                plain[place] = level;
                let least = plain.iter().copied().fold(f64::INFINITY, f64::min);
                let found = levels.first();
                prop_assert_eq!(found.map_or(f64::INFINITY, |(_, level, _)| level), least);
                if let Some((Stop::Link(link), _, place)) = found {
                    let first = plain.iter().position(|level| *level == least);
                    prop_assert_eq!(Some(place as usize), first);
                    prop_assert_eq!(link, links[place as usize]);
                }
            }
        }
    }

    #[test]
    fn limits_come_before_links_of_their_level() {
        let mut levels = Levels::default();
        let place = levels.add(7);
        levels.lower(place, 2.0);
        for (level, slot) in [(3.0, 1), (2.0, 5), (2.0, 4)] {
            levels.limit(level, slot);
        }
        assert_eq!(levels.first(), Some((Stop::Limit(4), 2.0, 0)));
        assert_eq!(levels.first(), Some((Stop::Limit(5), 2.0, 0)));
        assert_eq!(levels.first(), Some((Stop::Link(7), 2.0, place)));
        levels.raise(place, f64::INFINITY);
        assert_eq!(levels.first(), Some((Stop::Limit(1), 3.0, 0)));
        assert_eq!(levels.first(), None);
    }
}
