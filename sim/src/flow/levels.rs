//! The levels at which something may stop rising flows, lowest first.
//!
//! Links stand in their order, each with a level that is no higher than its own, in groups of eight
//! of which the lowest level is known, then groups of eight of those, up to a single group: a level
//! that changes changes one number of each layer at most, and the lowest is found by going down.
//! Eight levels are a cache line, and their least is found without a branch: this is faster than a
//! heap. Limits of flows are in a heap, since they do not change.

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

/// As many as share a number in the next layer.
const GROUP: usize = 8;

/// A group of levels; infinite where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
struct Group([f64; GROUP]);

const EMPTY: Group = Group([f64::INFINITY; GROUP]);

/// Levels that are to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    /// Levels of links, then the lowest of each group, and so on up to a single group.
    layers: Vec<Vec<Group>>,
    /// The bits of levels, whose order is that of levels since they are never negative, and slots.
    limits: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Group {
    #[inline]
    fn least(&self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.0;
        // Minima that do not wait for each other.
        lesser(lesser(lesser(a, b), lesser(c, d)), lesser(lesser(e, f), lesser(g, h)))
    }

    /// The first place at which this level stands.
    #[inline]
    fn place_of(&self, level: f64) -> usize {
        let bits = self.0.iter().enumerate().map(|(at, &other)| u32::from(other == level) << at);
        bits.sum::<u32>().trailing_zeros() as usize
    }
}

#[inline]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

impl Levels {
    /// Begins anew with the levels of all links, in their order; infinite where there is none.
    pub(crate) fn begin(&mut self, levels: impl Iterator<Item = f64>) {
        self.limits.clear();
        if self.layers.is_empty() {
            self.layers.push(Vec::new());
        }
        fill(&mut self.layers[0], levels);
        let mut layer = 0;
        while self.layers[layer].len() > 1 {
            layer += 1;
            if self.layers.len() == layer {
                self.layers.push(Vec::new());
            }
            let (below, above) = self.layers.split_at_mut(layer);
            fill(&mut above[0], below[layer - 1].iter().map(Group::least));
        }
        self.layers.truncate(layer + 1);
    }

    /// Sets the level of a link.
    #[inline]
    pub(crate) fn set(&mut self, link: u32, level: f64) {
        let (mut place, mut level) = (link as usize, level);
        for layer in &mut self.layers {
            let group = &mut layer[place / GROUP];
            let before = group.least();
            group.0[place % GROUP] = level;
            level = group.least();
            if level == before {
                break;
            }
            place /= GROUP;
        }
    }

    /// Notes the limit of the flow in `slot`, which is met at `level`.
    pub(crate) fn limit(&mut self, level: f64, slot: u32) {
        // Adding zero turns a negative zero, whose bits are the greatest, into zero.
        self.limits.push(Reverse(((level + 0.0).to_bits(), slot)));
    }

    /// The lowest level and what it is of: a limit if it is no higher than that of any link, else
    /// the first link that has it. A limit is taken away.
    pub(crate) fn first(&mut self) -> Option<(Stop, f64)> {
        let level = self.layers.last()?[0].least();
        if let Some(&Reverse((bits, slot))) = self.limits.peek()
            && f64::from_bits(bits) <= level
        {
            self.limits.pop();
            return Some((Stop::Limit(slot), f64::from_bits(bits)));
        }
        if level == f64::INFINITY {
            return None;
        }
        let down = |place: usize, layer: &Vec<Group>| GROUP * place + layer[place].place_of(level);
        let place = self.layers.iter().rev().fold(0, down);
        Some((Stop::Link(place as u32), level))
    }
}

/// Replaces a layer by these levels; there is always one group.
fn fill(layer: &mut Vec<Group>, levels: impl Iterator<Item = f64>) {
    layer.clear();
    layer.push(EMPTY);
    let mut at = 0;
    levels.for_each(|level| {
        if at == GROUP {
            layer.push(EMPTY);
            at = 0;
        }
        let last = layer.len() - 1;
        layer[last].0[at] = level;
        at += 1;
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_lowest_comes_first(
            mut plain in prop::collection::vec(1..20u32, 0..1000),
            steps in prop::collection::vec((any::<prop::sample::Index>(), 0..20u32), 1..300),
        ) {
            let mut levels = Levels::default();
            let level = |level: u32| if level == 0 { f64::INFINITY } else { f64::from(level) };
            // What was there before is forgotten, whether there were more links or fewer.
            levels.begin(steps.iter().map(|&(_, step)| f64::from(step)));
            levels.begin(plain.iter().map(|&at| level(at)));
            for (which, step) in steps {
                if !plain.is_empty() {
                    let link = which.index(plain.len());
                    levels.set(link as u32, level(step));
                    plain[link] = step;
                }
                let least = plain.iter().map(|&at| level(at)).fold(f64::INFINITY, f64::min);
                let first = plain.iter().position(|&at| at > 0 && level(at) == least);
                let expected = first.map(|link| (Stop::Link(link as u32), least));
                prop_assert_eq!(levels.first(), expected);
            }
        }
    }

    #[test]
    fn limits_come_before_links_of_their_level() {
        let mut levels = Levels::default();
        levels.begin([f64::INFINITY, 2.0].into_iter());
        for (level, slot) in [(3.0, 1), (2.0, 5), (2.0, 4)] {
            levels.limit(level, slot);
        }
        assert_eq!(levels.first(), Some((Stop::Limit(4), 2.0)));
        assert_eq!(levels.first(), Some((Stop::Limit(5), 2.0)));
        assert_eq!(levels.first(), Some((Stop::Link(1), 2.0)));
        levels.set(1, f64::INFINITY);
        assert_eq!(levels.first(), Some((Stop::Limit(1), 3.0)));
        assert_eq!(levels.first(), None);
    }
}
