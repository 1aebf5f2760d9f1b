//! What a node has: images that were pulled, and weights that are on no GPU any more.

use std::collections::{BTreeSet, VecDeque};

use sim::Bytes;

/// Images and swapped-out instances of a node.
#[derive(Clone, Debug)]
pub(super) struct Cached {
    memory: Bytes,
    taken: Bytes,
    /// Layers that are there, and functions whose image is.
    bases: BTreeSet<u32>,
    images: BTreeSet<u32>,
    /// Functions of swapped-out instances with the size of each, the first that was so first.
    swapped: VecDeque<(u32, Bytes)>,
}

impl Cached {
    pub(super) fn new(memory: Bytes) -> Cached {
        let (bases, images, swapped) = Default::default();
        Cached { memory, taken: Bytes::new(0), bases, images, swapped }
    }

    pub(super) fn has_image(&self, function: u32) -> bool {
        self.images.contains(&function)
    }

    pub(super) fn keep_image(&mut self, function: u32) {
        self.images.insert(function);
    }

    pub(super) fn has_base(&self, base: u32) -> bool {
        self.bases.contains(&base)
    }

    pub(super) fn keep_base(&mut self, base: u32) {
        self.bases.insert(base);
    }

    pub(super) fn has_weights(&self, function: u32) -> bool {
        self.swapped.iter().any(|(own, _)| *own == function)
    }

    /// Takes an instance in, for which those that were swapped out first make room. One that does
    /// not fit at all is dropped.
    pub(super) fn take(&mut self, function: u32, weights: Bytes) {
        if weights > self.memory {
            return;
        }
        while self.taken + weights > self.memory {
            let (_, size) = self.swapped.pop_front().expect("something takes the room");
            self.taken = self.taken - size;
        }
        self.taken += weights;
        self.swapped.push_back((function, weights));
    }

    /// Gives back an instance of a function, if there is one.
    pub(super) fn give(&mut self, function: u32) -> bool {
        let at = self.swapped.iter().rposition(|(own, _)| *own == function);
        let Some((_, size)) = at.and_then(|at| self.swapped.remove(at)) else { return false };
        self.taken = self.taken - size;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_was_swapped_out_makes_room() {
        let mut cached = Cached::new(Bytes::new(10));
        for (function, size) in [(7, 4), (8, 4), (9, 6)] {
            cached.take(function, Bytes::new(size));
        }
        assert_eq!([7, 8, 9].map(|function| cached.has_weights(function)), [false, true, true]);
        cached.take(6, Bytes::new(11));
        assert!(!cached.has_weights(6) && cached.has_weights(8), "larger than all of it");
        assert_eq!((cached.give(8), cached.give(8)), (true, false));
        cached.take(5, Bytes::new(4));
        assert!(cached.has_weights(5) && cached.has_weights(9));
    }
}
