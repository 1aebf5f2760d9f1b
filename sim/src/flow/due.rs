//! When flows are complete: a binary heap whose entries know their places, so that a flow whose
//! rate changed can be moved instead of noted twice.

use crate::Time;

/// When a flow is complete; of two at one instant, the one that began first is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time: Time,
    order: u64,
    slot: u32,
}

/// The slots of flows, by the time at which they are complete.
#[derive(Clone, Debug, Default)]
pub(super) struct Due {
    heap: Vec<Entry>,
    /// For each slot, where in the heap it is.
    places: Vec<u32>,
}

impl Due {
    /// The earliest time, or [`Time::MAX`] if there is no flow.
    pub(super) fn time(&self) -> Time {
        self.heap.first().map_or(Time::MAX, |entry| entry.time)
    }

    /// The slot that is first, if there is any.
    pub(super) fn first(&self) -> Option<u32> {
        self.heap.first().map(|entry| entry.slot)
    }

    /// How many flows there are.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The time of a slot that was added.
    pub(super) fn time_of(&self, slot: u32) -> Time {
        self.heap[self.places[slot as usize] as usize].time
    }

    /// Adds a slot; `order` settles ties.
    pub(super) fn add(&mut self, slot: u32, time: Time, order: u64) {
        if self.places.len() <= slot as usize {
            self.places.resize(slot as usize + 1, 0);
        }
        self.heap.push(Entry { time, order, slot });
        self.rise(self.heap.len() - 1);
    }

    /// Changes the time of a slot that was added.
    pub(super) fn set(&mut self, slot: u32, time: Time) {
        let place = self.places[slot as usize] as usize;
        self.heap[place].time = time;
        let place = self.rise(place);
        self.sink(place);
    }

    /// Takes away a slot that was added.
    pub(super) fn remove(&mut self, slot: u32) {
        let place = self.places[slot as usize] as usize;
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            let place = self.rise(place);
            self.sink(place);
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
        ) {
            let mut due = Due::default();
            let mut plain: Vec<Option<(Time, u64)>> = vec![None; 20];
            for (order, (slot, time, keep)) in steps.into_iter().enumerate() {
                let time = Time::from_ps(time);
                match &mut plain[slot as usize] {
                    Some(entry) if keep => {
                        entry.0 = time;
                        due.set(slot, time);
                    }
                    entry @ Some(_) => {
                        *entry = None;
                        due.remove(slot);
                    }
                    entry => {
                        *entry = Some((time, order as u64));
                        due.add(slot, time, order as u64);
                    }
                }
                let least = (0..20).filter_map(|slot| Some((plain[slot as usize]?, slot))).min();
                prop_assert_eq!(due.first(), least.map(|(_, slot)| slot));
                prop_assert_eq!(due.len(), plain.iter().flatten().count());
            }
        }
    }
}
