//! Servers of batches: runs wait until enough of them have come, or the first has waited long
//! enough, and are served together.
//!
//! ```text
//!  join ─► in line ─┬ `size` are there, or the first has waited `wait` ─► served together
//!                   └ the server is busy: the next batch begins when it is free
//! ```
//!
//! First come, first served: the longest waiting go first, at most `size` of them.

use std::collections::VecDeque;

use sim::{Seed, Time};

use super::runs::Ticket;
use crate::workload::Batch;

/// What is kept of the batches that began in the time that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) batches: u64,
    pub(crate) members: u64,
    /// What members waited before their batch began, and how long batches were served \[s\].
    pub(crate) waited_s: f64,
    pub(crate) served_s: f64,
}

/// A server of batches, as a world is given it.
#[derive(Clone, Debug)]
pub(crate) struct Serves {
    pub(crate) batch: Batch,
    /// Decides how long each batch takes.
    pub(crate) seed: Seed,
    /// Batches that begin in between count.
    pub(crate) counts: [Time; 2],
}

/// A server of batches.
pub(super) struct Batches {
    serves: Serves,
    /// Who waits, and since when.
    line: VecDeque<(Time, Ticket)>,
    served: Vec<Ticket>,
    /// When those who are served go on; never, if nobody is.
    until: Time,
    begun: u64,
    pub(super) tally: Tally,
}

impl Batches {
    pub(super) fn new(serves: &Serves) -> Batches {
        Batches {
            serves: serves.clone(),
            line: VecDeque::new(),
            served: Vec::new(),
            until: Time::MAX,
            begun: 0,
            tally: Tally::default(),
        }
    }

    /// Somebody stands in line.
    pub(super) fn join(&mut self, now: Time, ticket: Ticket) {
        self.line.push_back((now, ticket));
    }

    /// A run that was cut off leaves the line. If it is served, the others of its batch are too.
    pub(super) fn leave(&mut self, run: u32, generation: u32) {
        self.line.retain(|(_, who)| (who.run, who.generation) != (run, generation));
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Time {
        if self.until < Time::MAX { self.until } else { self.due() }
    }

    /// When the next batch may begin, if the server is free.
    fn due(&self) -> Time {
        let full = self.line.get(self.serves.batch.size as usize - 1);
        let full = full.map_or(Time::MAX, |(joined, _)| *joined);
        let first = self.line.front();
        let waited = first.map_or(Time::MAX, |(joined, _)| *joined + self.serves.batch.wait);
        full.min(waited)
    }

    /// Serves up to now: who goes on.
    pub(super) fn advance(&mut self, now: Time, done: &mut Vec<Ticket>) {
        loop {
            if self.until <= now {
                done.append(&mut self.served);
                self.until = Time::MAX;
            }
            if self.until < Time::MAX || self.due() > now {
                return;
            }
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Time) {
        let Serves { batch, seed, counts: [from, until] } = &self.serves;
        let members = self.line.len().min(batch.size as usize);
        let drawn = batch.service.sample(&mut seed.draw(self.begun));
        let each = batch.per_member * members as u64;
        let service = Time::from_seconds(drawn) + each;
        self.begun += 1;
        let counts = (*from..=*until).contains(&now);
        if counts {
            self.tally.batches += 1;
            self.tally.members += members as u64;
            self.tally.served_s += service.as_seconds();
        }
        for (joined, ticket) in self.line.drain(..members) {
            self.tally.waited_s += if counts { (now - joined).as_seconds() } else { 0.0 };
            self.served.push(ticket);
        }
        self.until = now + service;
    }
}

#[cfg(test)]
mod tests {
    use sim::Dist;

    use super::*;

    fn batches(size: u32, wait_us: u64) -> Batches {
        let batch = Batch {
            name: "b".into(),
            size,
            wait: Time::from_us(wait_us),
            service: Dist::Constant { value: 10e-6 },
            per_member: Time::from_us(2),
        };
        Batches::new(&Serves { batch, seed: Seed::new(1), counts: [Time::ZERO, Time::MAX] })
    }

    fn who(run: u32) -> Ticket {
        Ticket { run, firing: 0, generation: 0 }
    }

    /// Joins at instants in microseconds; who goes on when.
    fn served(mut batches: Batches, joins: &[u64]) -> (Vec<(u64, Vec<u32>)>, Tally) {
        let mut all = Vec::new();
        let mut joins = joins.iter().enumerate().peekable();
        loop {
            let at = joins.peek().map_or(Time::MAX, |(_, us)| Time::from_us(**us));
            let now = at.min(batches.next());
            if now == Time::MAX {
                return (all, batches.tally);
            }
            if at <= now {
                let (run, _) = joins.next().expect("it was there");
                batches.join(now, who(run as u32));
            }
            let mut done = Vec::new();
            batches.advance(now, &mut done);
            if !done.is_empty() {
                all.push((now.as_ps() / 1_000_000, done.iter().map(|who| who.run).collect()));
            }
        }
    }

    #[test]
    fn a_batch_begins_when_it_is_full_or_the_first_has_waited() {
        // Full at 3; the next waits from 4 until 54, and another comes while that is served.
        let (done, tally) = served(batches(3, 50), &[1, 2, 3, 4, 60]);
        assert_eq!(done, [(19, vec![0, 1, 2]), (66, vec![3]), (122, vec![4])]);
        assert_eq!((tally.batches, tally.members), (3, 5));
        assert!((tally.waited_s - (2.0 + 1.0 + 50.0 + 50.0) * 1e-6).abs() < 1e-15);
        assert!((tally.served_s - (16.0 + 12.0 + 12.0) * 1e-6).abs() < 1e-15);
    }

    #[test]
    fn those_who_came_meanwhile_are_served_next_and_no_more_than_fit() {
        let (done, _) = served(batches(2, 0), &[0, 1, 2, 3]);
        assert_eq!(done, [(12, vec![0]), (26, vec![1, 2]), (38, vec![3])]);
    }

    #[test]
    fn who_leaves_the_line_is_not_served() {
        let mut batches = batches(2, 5);
        batches.join(Time::ZERO, who(0));
        batches.join(Time::from_us(1), who(1));
        batches.leave(0, 0);
        assert_eq!(batches.next(), Time::from_us(6));
        let mut done = Vec::new();
        batches.advance(Time::from_us(6), &mut done);
        batches.advance(Time::from_us(18), &mut done);
        assert_eq!(done, [who(1)]);
        assert_eq!(batches.next(), Time::MAX);
    }
}
