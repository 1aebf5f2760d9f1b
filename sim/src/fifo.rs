//! One server with a first-come queue: the building block of the chunk-level twin of
//! [`flow`](crate::flow).
//!
//! Service is never interrupted and keeps the order of arrival, so a job's departure is known
//! when it arrives (Lindley, 1952):
//!
//! ```text
//! departure = max(arrival, previous departure) + service
//! ```
//!
//! The server therefore keeps departures, not jobs: the caller notes one event at the departure,
//! which carries the job to its next server. Store and forward is a chain of such events.

use std::collections::VecDeque;

use crate::Time;

/// A server, its queue, and the room for both.
///
/// ```
/// use sim::{Fifo, Time};
/// let (mut server, service) = (Fifo::with_room(2), Time::from_ns(10));
/// assert_eq!(server.offer(Time::ZERO, service), Some(Time::from_ns(10)));
/// assert_eq!(server.offer(Time::from_ns(4), service), Some(Time::from_ns(20)));
/// assert_eq!(server.offer(Time::from_ns(9), service), None); // no room: dropped
/// assert_eq!(server.offer(Time::from_ns(10), service), Some(Time::from_ns(30)));
/// ```
#[derive(Clone, Debug)]
pub struct Fifo {
    /// When the jobs in here depart, earliest first.
    departures: VecDeque<Time>,
    /// How many jobs may be in here, the one in service included.
    room: usize,
    arrived: Time,
    busy: Time,
    dropped: u64,
}

impl Fifo {
    /// A server with an unbounded queue.
    pub fn new() -> Fifo {
        Fifo::with_room(usize::MAX)
    }

    /// A server that holds at most `room` jobs, the one in service included, and drops those that
    /// arrive when it is full (drop-tail).
    ///
    /// # Panics
    /// If there is room for nothing.
    pub fn with_room(room: usize) -> Fifo {
        assert!(room > 0, "a server needs room for the job in service");
        Fifo {
            departures: VecDeque::new(),
            room,
            arrived: Time::ZERO,
            busy: Time::ZERO,
            dropped: 0,
        }
    }

    /// A job arrives at `now` that takes `service`: returns when it departs, or `None` if there
    /// is no room and it is dropped. A job that departs at `now` has made room.
    ///
    /// # Panics
    /// If an earlier call had a later `now`.
    pub fn offer(&mut self, now: Time, service: Time) -> Option<Time> {
        assert!(now >= self.arrived, "a job arrives at {now}, before {}", self.arrived);
        self.arrived = now;
        self.forget_departed(now);
        if self.departures.len() >= self.room {
            self.dropped += 1;
            return None;
        }
        let begin = self.departures.back().copied().unwrap_or(now);
        let departure = begin + service;
        self.departures.push_back(departure);
        self.busy += service;
        Some(departure)
    }

    /// How many jobs are in here at `now`, the one in service included.
    pub fn len(&mut self, now: Time) -> usize {
        self.forget_departed(now);
        self.departures.len()
    }

    /// The service time of all jobs accepted so far; over a span in which all of them departed,
    /// this is the time for which the server was busy.
    pub fn busy(&self) -> Time {
        self.busy
    }

    /// How many jobs were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn forget_departed(&mut self, now: Time) {
        while self.departures.front().is_some_and(|&departure| departure <= now) {
            self.departures.pop_front();
        }
    }
}

impl Default for Fifo {
    fn default() -> Fifo {
        Fifo::new()
    }
}
