//! Links as sharing sees them: what is left of each, and the level at which it is full.
//!
//! Some flows *rise* at a link: they take whatever is left, all at one level. The others take a
//! known amount. What they take is summed in fixed point: a whole number of units, of which the
//! link's first capacity has between 2^58 and 2^59. Such sums do not depend on the order in which
//! they are made and do not drift, so that a flow can be added to them and taken off again, however
//! often: the level costs no walk over the link's flows, and needs no epsilon.

use super::pull::{Pull, power_of_two};
use super::room::{BITS, LISTED, MIXED, Room, Step, Work, fixed};
use crate::Time;

/// Links, known by their index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    rooms: Vec<Room>,
    pulls: Vec<Pull>,
}

impl Links {
    /// Adds a link, which has done nothing at `now`.
    pub(crate) fn add(&mut self, capacity: f64, now: Time) {
        let work = Work { done: 0.0, since: now, rate: 0.0 };
        self.rooms.push(Room::new(capacity, work));
        self.pulls.push(Pull::default());
    }

    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether a capacity is too large for the fixed point of a link.
    pub(crate) fn exceeds(&self, id: u32, capacity: f64) -> bool {
        capacity * self.rooms[id as usize].scale.value() >= power_of_two(BITS + 3)
    }

    /// The capacity of a link [units/s].
    pub(crate) fn capacity(&self, id: u32) -> f64 {
        self.rooms[id as usize].capacity
    }

    /// Changes a capacity; neither exceeds the link.
    pub(crate) fn set_capacity(&mut self, id: u32, capacity: f64) {
        let room = &mut self.rooms[id as usize];
        room.add(fixed(capacity, room.scale) - fixed(room.capacity, room.scale));
        room.capacity = capacity;
    }

    /// Begins a link anew for a capacity that exceeds it: nobody takes anything of it.
    pub(crate) fn widen(&mut self, id: u32, capacity: f64) {
        let old = self.rooms[id as usize];
        let Room { rising, ceiling, flows, marks, work, .. } = old;
        self.rooms[id as usize] =
            Room { rising, ceiling, flows, marks, ..Room::new(capacity, work) };
    }

    /// A flow crosses a link from now on, and demands `pull` for each unit of level once it rises.
    pub(crate) fn join(&mut self, id: u32, pull: f64) {
        let (room, pulls) = (&mut self.rooms[id as usize], &mut self.pulls[id as usize]);
        if room.flows == 0 {
            pulls.first = pull;
            room.marks &= !MIXED;
        }
        room.flows += 1;
        if pulls.first.to_bits() != pull.to_bits() && room.mark(MIXED) {
            pulls.begin(room.rising);
        }
    }

    /// A flow no longer crosses a link.
    pub(crate) fn leave(&mut self, id: u32) {
        self.rooms[id as usize].flows -= 1;
    }

    /// Whether the flows of a link do not demand the same.
    #[inline]
    pub(crate) fn is_mixed(&self, id: u32) -> bool {
        self.has(id, MIXED)
    }

    /// How many flows rise.
    #[inline]
    pub(crate) fn rising(&self, id: u32) -> usize {
        self.rooms[id as usize].rising as usize
    }

    /// A level that no flow exceeds that takes a known amount of the link.
    #[inline]
    pub(crate) fn ceiling(&self, id: u32) -> f64 {
        self.rooms[id as usize].ceiling
    }

    /// Lowers that level: none exceeds this one.
    pub(crate) fn set_ceiling(&mut self, id: u32, level: f64) {
        self.rooms[id as usize].ceiling = level;
    }

    /// Whether flows rise, or there are too many.
    #[inline]
    pub(crate) fn is_full(&self, id: u32) -> bool {
        let room = &self.rooms[id as usize];
        room.rising > 0 || room.is_over()
    }

    /// Gives a link a mark; tells whether it had it not.
    #[inline]
    pub(crate) fn mark(&mut self, id: u32, mark: u8) -> bool {
        self.rooms[id as usize].mark(mark)
    }

    /// Whether a link has a mark.
    #[inline]
    pub(super) fn has(&self, id: u32, mark: u8) -> bool {
        self.rooms[id as usize].marks & mark != 0
    }

    /// Takes a mark off a link.
    #[inline]
    pub(crate) fn unmark(&mut self, id: u32, mark: u8) {
        self.rooms[id as usize].marks &= !mark;
    }

    /// All flows rise, and nobody takes anything of the capacity; nothing is listed. Where they do
    /// not demand the same, nobody rises yet.
    pub(crate) fn empty(&mut self, id: u32) {
        let room = &mut self.rooms[id as usize];
        let rising = if room.marks & MIXED != 0 { 0 } else { room.flows };
        let left = fixed(room.capacity, room.scale);
        let marks = room.marks & !LISTED;
        *room = Room { left, over: 0, rising, ceiling: 0.0, marks, ..*room };
        self.pulls[id as usize].begin(0);
    }

    /// A flow at `level` takes `amount` of a link.
    #[inline]
    pub(crate) fn take(&mut self, id: u32, amount: f64, level: f64) {
        let room = &mut self.rooms[id as usize];
        room.add(-fixed(amount, room.scale));
        room.ceiling = f64::max(room.ceiling, level);
    }

    /// A flow that took `amount` of a link no longer does.
    #[inline]
    pub(crate) fn give(&mut self, id: u32, amount: f64) {
        let room = &mut self.rooms[id as usize];
        room.add(fixed(amount, room.scale));
    }

    /// A flow of some weight now stands at `level`; returns the marks that the link had not before.
    #[inline]
    pub(super) fn change(&mut self, id: u32, weight: f64, step: &mut Step, level: f64) -> u8 {
        let room = &mut self.rooms[id as usize];
        let amount = step.amount(weight, room.scale);
        room.add(amount);
        room.look(level)
    }

    /// So many flows of weight one now stand at `level`.
    #[inline]
    pub(super) fn change_many(&mut self, id: u32, count: u32, step: &mut Step, level: f64) -> u8 {
        let room = &mut self.rooms[id as usize];
        let amount = step.amount(1.0, room.scale);
        match amount.checked_mul(i64::from(count)) {
            Some(amount) => room.add(amount),
            None => (0..count).for_each(|_| room.add(amount)),
        }
        room.look(level)
    }

    /// A flow that rose is stopped elsewhere, at `level`, and would have demanded `pull` for each
    /// unit of it.
    #[inline]
    pub(super) fn stop(&mut self, id: u32, weight: f64, step: &mut Step, level: f64, pull: f64) {
        let room = &mut self.rooms[id as usize];
        let amount = step.amount(weight, room.scale);
        room.add(amount);
        room.ceiling = f64::max(room.ceiling, level);
        room.rising -= 1;
        if room.marks & MIXED != 0 {
            self.pulls[id as usize].add(pull, true);
        }
    }

    /// A flow rises, which demands `pull` for each unit of level.
    #[inline]
    pub(crate) fn rise(&mut self, id: u32, pull: f64) {
        self.rooms[id as usize].rising += 1;
        if self.is_mixed(id) {
            self.pulls[id as usize].add(pull, false);
        }
    }

    /// A flow rises no more.
    #[inline]
    pub(crate) fn settle(&mut self, id: u32, pull: f64) {
        self.rooms[id as usize].rising -= 1;
        if self.is_mixed(id) {
            self.pulls[id as usize].add(pull, true);
        }
    }

    /// The level at which a link is full, if those that rise now are stopped by nothing else.
    #[inline]
    pub(crate) fn level(&self, id: u32) -> f64 {
        let (room, pulls) = (&self.rooms[id as usize], &self.pulls[id as usize]);
        match self.is_mixed(id) {
            false => room.spare() / (f64::from(room.rising) * pulls.first),
            true => room.spare() / pulls.sum(),
        }
    }

    /// The level at which a link is full, were there one more flow that rises and demands `pull`.
    pub(crate) fn level_with(&self, id: u32, pull: f64) -> f64 {
        let (room, pulls) = (&self.rooms[id as usize], &self.pulls[id as usize]);
        let sum = match (room.rising, self.is_mixed(id)) {
            (0, _) => 0.0,
            (rising, false) => f64::from(rising) * pulls.first,
            (_, true) => pulls.sum(),
        };
        room.spare() / (sum + pull)
    }

    /// How much work a link has done up to `now` \[units\].
    pub(crate) fn work(&self, id: u32, now: Time) -> f64 {
        self.rooms[id as usize].work.up_to(now)
    }

    /// From `now` on, a link works at the rate at which flows take of it.
    #[inline]
    pub(crate) fn work_on(&mut self, id: u32, now: Time) {
        let room = &mut self.rooms[id as usize];
        room.work = Work { done: room.work.up_to(now), since: now, rate: room.load() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(capacity: f64) -> Links {
        let mut links = Links::default();
        links.add(capacity, Time::ZERO);
        links
    }

    #[test]
    fn equal_flows_get_equal_parts_without_rounding() {
        let mut links = one(6.0);
        for _ in 0..3 {
            links.join(0, 1.0);
        }
        for _ in 0..3 {
            links.rise(0, 1.0);
        }
        assert_eq!(links.level(0), 2.0);
        assert_eq!(links.level_with(0, 1.0), 1.5);
    }

    /// However much flows are said to take for a moment, nothing of it is left when they do not.
    #[test]
    fn too_much_is_too_much_and_then_forgotten() {
        let mut links = one(1.0);
        links.join(0, 1.0);
        let before = links.rooms[0];
        for count in 1..100 {
            (0..count).for_each(|_| links.take(0, 1e30, 0.0));
            assert!(links.rooms[0].is_over());
            links.rise(0, 1.0);
            assert_eq!(links.level(0), 0.0);
            links.settle(0, 1.0);
            (0..count).for_each(|_| links.give(0, 1e30));
            assert_eq!(links.rooms[0], before);
        }
    }

    proptest! {
        /// In whatever order flows come and go, what is left is the same to the last bit.
        #[test]
        fn sums_have_no_order(
            capacity in 1e-3..1e15f64,
            parts in prop::collection::vec((1e-9..1.0f64, 0.01..100.0f64), 1..40),
            turn in any::<prop::sample::Index>(),
        ) {
            let amount = |part: f64| part * capacity / parts.len() as f64;
            let mut there = one(capacity);
            let mut back = there.clone();
            for (link, turned) in [(&mut there, false), (&mut back, true)] {
                let mut order = parts.clone();
                if turned {
                    order.reverse();
                    order.rotate_left(turn.index(parts.len()));
                }
                parts.iter().for_each(|(_, pull)| link.join(0, *pull));
                for (part, pull) in &order {
                    link.take(0, amount(*part), 0.0);
                    link.rise(0, *pull);
                }
            }
            prop_assert_eq!(there.rooms[0], back.rooms[0]);
            prop_assert_eq!(there.pulls[0].sum(), back.pulls[0].sum());
            let (taken, pulls) = parts.iter().fold((0.0, 0.0), |(t, p), (part, pull)| {
                (t + amount(*part), p + pull)
            });
            let expected = (capacity - taken) / pulls;
            prop_assert!((there.level(0) - expected).abs() <= 1e-12 * capacity / pulls);
            for (part, pull) in &parts {
                there.give(0, amount(*part));
                there.settle(0, *pull);
            }
            let Room { marks, flows, .. } = there.rooms[0];
            prop_assert_eq!(there.rooms[0], Room { marks, flows, ..one(capacity).rooms[0] });
            prop_assert_eq!(there.pulls[0].sum(), 0.0);
        }
    }
}
