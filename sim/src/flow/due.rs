//! What is due when: a binary heap whose entries know their places, so that one whose time changes
//! can be moved instead of noted twice.

use crate::Time;

/// When something is due; of two at one instant, the one of the lower order is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time: Time,
    order: u64,
    slot: u32,
}

/// Slots by the time at which they are due.
#[derive(Clone, Debug, Default)]
pub(super) struct Due {
    heap: Vec<Entry>,
    /// For each slot, where in the heap it is; [`NOWHERE`] if it is not.
    places: Vec<u32>,
    /// Whether the heap is put in order later.
    loose: bool,
}

const NOWHERE: u32 = u32::MAX;

impl Due {
    /// The earliest time, or [`Time::MAX`] if nothing is due.
    pub(super) fn time(&self) -> Time {
        self.heap.first().map_or(Time::MAX, |entry| entry.time)
    }

    /// The slot that is first, if there is any.
    pub(super) fn first(&self) -> Option<u32> {
        self.heap.first().map(|entry| entry.slot)
    }

    /// The time of a slot, if it is there.
    pub(super) fn time_of(&self, slot: u32) -> Option<Time> {
        match self.places.get(slot as usize) {
            None | Some(&NOWHERE) => None,
            Some(&place) => Some(self.heap[place as usize].time),
        }
    }

    /// So many entries are about to change: where that is a large part of them, they are put in
    /// order together, by [`Due::order`], and until then nothing is said of the first.
    pub(super) fn begin(&mut self, changes: usize) {
        self.loose = changes > 16 + self.heap.len() / 8;
    }

    /// Puts entries in order that [`Due::begin`] said are about to change.
    pub(super) fn order(&mut self) {
        if std::mem::replace(&mut self.loose, false) {
            (0..self.heap.len() / 2).rev().for_each(|place| self.sink(place));
        }
    }

    /// Sets the time of a slot, which is added if it is not there; `order` settles ties.
    pub(super) fn set(&mut self, slot: u32, time: Time, order: u64) {
        if self.places.len() <= slot as usize {
            self.places.resize(slot as usize + 1, NOWHERE);
        }
        let entry = Entry { time, order, slot };
        match self.places[slot as usize] {
            NOWHERE => {
                self.heap.push(entry);
                self.settle(self.heap.len() - 1);
            }
            place => {
                self.heap[place as usize] = entry;
                self.settle(place as usize);
            }
        }
    }

    /// Takes a slot away, if it is there.
    pub(super) fn remove(&mut self, slot: u32) {
        let Some(place) = self.places.get_mut(slot as usize) else { return };
        let place = std::mem::replace(place, NOWHERE) as usize;
        if place == NOWHERE as usize {
            return;
        }
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
    }

    /// Moves an entry to its place, unless all are to be put in order later.
    fn settle(&mut self, place: usize) {
        match self.loose {
            true => self.put(place, self.heap[place]),
            false => {
                let place = self.rise(place);
                self.sink(place);
            }
        }
    }

    /// Moves an entry up to its place; returns that.
    fn rise(&mut self, mut place: usize) -> usize {
        let entry = self.heap[place];
        while place > 0 && entry < self.heap[(place - 1) / 2] {
            let above = (place - 1) / 2;
            self.put(place, self.heap[above]);
            place = above;
        }
        self.put(place, entry);
        place
    }

    /// Moves an entry down to its place.
    fn sink(&mut self, mut place: usize) {
        let entry = self.heap[place];
        loop {
            let left = 2 * place + 1;
            let below = match self.heap.get(left..) {
                Some([left_entry, right_entry, ..]) if right_entry < left_entry => left + 1,
                Some([_, ..]) => left,
                _ => break,
            };
            if entry <= self.heap[below] {
                break;
            }
            self.put(place, self.heap[below]);
            place = below;
        }
        self.put(place, entry);
    }

    fn put(&mut self, place: usize, entry: Entry) {
        self.heap[place] = entry;
        self.places[entry.slot as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_is_always_the_least(
            steps in prop::collection::vec((0..20u32, 0..50u64, any::<bool>()), 1..200),
            together in prop::collection::vec(1..60usize, 200),
        ) {
            let mut due = Due::default();
            let mut plain: Vec<Option<(Time, u64)>> = vec![None; 20];
            let mut steps = steps.into_iter().enumerate().peekable();
            for many in together {
                // One by one, or several that are put in order together.
                due.begin(if many > 30 { many } else { 0 });
                for (order, (slot, time, keep)) in steps.by_ref().take(many) {
                    let time = Time::from_ps(time);
                    match &mut plain[slot as usize] {
                        entry @ Some(_) if !keep => {
                            *entry = None;
                            due.remove(slot);
                        }
                        entry => {
                            *entry = Some((time, order as u64));
                            due.set(slot, time, order as u64);
                        }
                    }
                }
                due.order();
                let least = (0..20).filter_map(|slot| Some((plain[slot as usize]?, slot))).min();
                prop_assert_eq!(due.first(), least.map(|(_, slot)| slot));
                for (slot, entry) in (0..).zip(&plain) {
                    prop_assert_eq!(due.time_of(slot), entry.map(|entry| entry.0));
                }
            }
        }
    }
}
