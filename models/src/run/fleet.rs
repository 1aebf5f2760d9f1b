//! Pools whose slots have to be set up: pods that start, devices that wake, connections that open.
//!
//! A slot that nobody has held for longer than it is kept is cold. Whoever is granted it waits
//! until it is set up, and holds it meanwhile; whoever comes after stands in line, so that many
//! wait for one start. Of the free slots the one that was held last is granted first.

use sim::Time;

use super::runs::Origin;
use crate::workload::SetUp;

/// The slots of a pool that has set-ups.
pub(crate) struct Fleet {
    set_up: SetUp,
    /// Which pool it is, for its chance.
    pool: u64,
    /// Since when each warm slot has been free, the longest first.
    idle: Vec<Time>,
}

impl Fleet {
    /// All slots of pool `pool`, cold.
    pub(crate) fn new(set_up: SetUp, pool: usize) -> Fleet {
        Fleet { set_up, pool: pool as u64, idle: Vec::new() }
    }

    /// A free slot is granted: how long it has to be set up.
    pub(super) fn granted(&mut self, now: Time, origin: &Origin) -> Time {
        match self.idle.pop() {
            Some(since) if now - since <= self.set_up.keep => Time::ZERO,
            // The others have been free for even longer.
            _ => {
                self.idle.clear();
                self.set_up_for(origin)
            }
        }
    }

    /// How long a slot has to be set up for a run.
    pub(super) fn set_up_for(&self, origin: &Origin) -> Time {
        let mut stream = origin.seed.of("set-up").draw(self.pool);
        Time::from_seconds(self.set_up.takes.sample(&mut stream))
    }

    /// A slot is free, and warm.
    pub(super) fn freed(&mut self, now: Time) {
        self.idle.push(now);
    }
}
