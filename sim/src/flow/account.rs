//! What flows have left to move and links have done, brought up to date when rates change.

use super::sharing::{Moved, NOWHERE, OWN_LIMIT, is_link};
use super::{Flows, Time};

/// Of so many flows that move, what is far away in memory is read before any is moved, and so all
/// of it at once.
const AHEAD: usize = 32;

impl<T: Copy> Flows<T> {
    /// Finds the rates, if anything has changed that may change them.
    pub(super) fn share(&mut self) {
        if !self.sharing.is_dirty() {
            return;
        }
        let mut changed = std::mem::take(&mut self.changed);
        self.sharing.solve(&mut changed);
        self.clocks.begin(changed.moved.len() + changed.levels.len());
        let common = self.sharing.common_share();
        for run in changed.moved.chunk_by(|one, next| one.after == next.after) {
            if is_link(run[0].after) {
                self.clocks.expect(run[0].after, run.len());
            }
            for moved in run.chunks(AHEAD) {
                let mut lefts = [(0.0, 1.0); AHEAD];
                for (left, moved) in lefts.iter_mut().zip(moved) {
                    let share = common.unwrap_or_else(|| self.sharing.share(moved.slot));
                    *left = (self.left_at(moved.slot, moved.before, share), share);
                }
                for (moved, (left, share)) in moved.iter().zip(lefts) {
                    self.move_on(*moved, left, share);
                }
            }
        }
        changed.moved.clear();
        for link in changed.levels.drain(..) {
            self.clocks.run(link, self.sharing.held(link), self.now);
        }
        self.clocks.order();
        for link in changed.loads.drain(..) {
            self.sharing.links.work_on(link, self.now);
        }
        self.changed = changed;
    }

    /// Notes when a flow with so much left and this share is complete, which is held back elsewhere
    /// than before.
    fn move_on(&mut self, Moved { slot, before, after, .. }: Moved, left: f64, share: f64) {
        if self.watched {
            self.news.push(slot);
        }
        if is_link(before) {
            self.clocks.take(before, slot);
        } else {
            self.own.remove(slot);
        }
        match after {
            OWN_LIMIT => {
                self.note_left(slot, left);
                let due = match self.sharing.rate(slot) {
                    _ if left == 0.0 => self.now,
                    0.0 => Time::MAX,
                    rate => self.now + Time::from_seconds(left / rate),
                };
                self.own.set(slot, due, self.flows[slot as usize].order);
            }
            link => self.clocks.put(link, slot, left / share, self.now),
        }
    }

    /// Notes how much is left now of a flow that moves at its own limit.
    pub(super) fn note_left(&mut self, slot: u32, left: f64) {
        self.lefts[slot as usize] = left;
        if self.since.len() <= slot as usize {
            self.since.resize(slot as usize + 1, Time::ZERO);
        }
        self.since[slot as usize] = self.now;
    }

    /// How much is left of a flow of this share that is held back at `bottleneck` \[units\].
    #[inline]
    pub(super) fn left_at(&self, slot: u32, bottleneck: u32, share: f64) -> f64 {
        match bottleneck {
            NOWHERE => self.lefts[slot as usize],
            OWN_LIMIT => self.left_alone(slot),
            link => self.clocks.left(link, slot, self.now) * share,
        }
    }

    /// How much is left of a flow that moves at its own limit \[units\]: none, if it is complete.
    fn left_alone(&self, slot: u32) -> f64 {
        if self.own.time_of(slot).is_some_and(|due| due <= self.now) {
            return 0.0;
        }
        let left = self.lefts[slot as usize];
        match self.now - self.since[slot as usize] {
            // It may have another limit by now, maybe none.
            Time::ZERO => left,
            passed => (left - self.sharing.limit_of(slot) * passed.as_seconds()).max(0.0),
        }
    }
}
