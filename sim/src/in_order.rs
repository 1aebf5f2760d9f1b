//! A divisible server that serves earlier jobs first: each takes the part that it can fill, and the
//! next what is left.
//!
//! ```text
//!  job 1, 2/3 wide  ████████████
//!  job 2, 2/3 wide  ░░░░░░░░░░░░██████        at half its speed until job 1 is done
//! ```
//!
//! A job is done when the picosecond comes at which it was said to be. Like every resource it knows
//! no clock: whoever drives it calls [`InOrder::advance`] at [`InOrder::next`].

use crate::Time;

#[derive(Clone, Debug)]
struct Served<J> {
    job: J,
    /// The part of the server that it can fill, above 0 to 1.
    width: f64,
    /// What is left at its full speed \[s\], as of `since`.
    left: f64,
    speed: f64,
    since: Time,
    begun: Option<Time>,
    due: Time,
}

/// A job that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done<J> {
    /// The job.
    pub job: J,
    /// When any of the server was first there for it.
    pub begun: Time,
}

/// The server and its jobs, in the order in which they came.
///
/// ```
/// use sim::{InOrder, Time};
/// let us = Time::from_us;
/// let mut server = InOrder::new();
/// server.submit(Time::ZERO, 0.75, us(30), 'a');
/// server.submit(Time::ZERO, 0.75, us(30), 'b'); // a third of its speed while `a` is there
/// let mut done = Vec::new();
/// while server.next() < Time::MAX {
///     server.advance(server.next(), &mut done);
/// }
/// assert_eq!(done.iter().map(|done| done.job).collect::<String>(), "ab");
/// ```
#[derive(Clone, Debug)]
pub struct InOrder<J> {
    jobs: Vec<Served<J>>,
    clock: Time,
}

impl<J> InOrder<J> {
    /// No jobs, at time zero.
    pub fn new() -> InOrder<J> {
        InOrder { jobs: Vec::new(), clock: Time::ZERO }
    }

    /// A job arrives at `now` that fills the part `width` of the server and takes `work` alone.
    ///
    /// # Panics
    /// If an earlier call had a later `now`, or `width` is not above 0 to 1.
    pub fn submit(&mut self, now: Time, width: f64, work: Time, job: J) {
        assert!(now >= self.clock, "a job arrives at {now}, before {}", self.clock);
        assert!(width > 0.0 && width <= 1.0, "bad width {width}");
        self.clock = now;
        let left = work.as_seconds();
        let (speed, since, begun, due) = (0.0, now, None, Time::MAX);
        self.jobs.push(Served { job, width, left, speed, since, begun, due });
        self.share();
    }

    /// When the next job is done; [`Time::MAX`] if none is there.
    pub fn next(&self) -> Time {
        self.jobs.iter().map(|job| job.due).min().unwrap_or(Time::MAX)
    }

    /// Serves until `now`; jobs that are done by then are added to `done`, in order.
    ///
    /// # Panics
    /// If an earlier call had a later `now`.
    pub fn advance(&mut self, now: Time, done: &mut Vec<Done<J>>) {
        assert!(now >= self.clock, "time runs back from {} to {now}", self.clock);
        while self.next() <= now {
            self.clock = self.next();
            let mut at = 0;
            while at < self.jobs.len() {
                if self.jobs[at].due <= self.clock {
                    let Served { job, begun, .. } = self.jobs.remove(at);
                    done.push(Done { job, begun: begun.unwrap_or(self.clock) });
                } else {
                    at += 1;
                }
            }
            self.share();
        }
        self.clock = now;
    }

    /// Gives each job its speed from now on.
    fn share(&mut self) {
        let (now, mut free) = (self.clock, 1.0f64);
        for job in &mut self.jobs {
            let speed = (free / job.width).min(1.0);
            free = (free - job.width).max(0.0);
            if speed == job.speed && job.due < Time::MAX {
                continue;
            }
            job.left -= job.speed * (now - job.since).as_seconds();
            (job.speed, job.since) = (speed, now);
            if speed > 0.0 {
                job.begun = job.begun.or(Some(now));
                let span = Time::from_seconds(job.left.max(0.0) / speed);
                job.due = now + span;
            } else {
                job.due = Time::MAX;
            }
        }
    }
}

impl<J> Default for InOrder<J> {
    fn default() -> InOrder<J> {
        InOrder::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn served(jobs: &[(u64, f64, u64)]) -> Vec<(Time, Time)> {
        let us = Time::from_us;
        let mut server = InOrder::new();
        let mut ends = vec![(Time::MAX, Time::MAX); jobs.len()];
        let mut done = Vec::new();
        let mut until = |server: &mut InOrder<usize>, end: Time| {
            while server.next() <= end && server.next() < Time::MAX {
                let now = server.next();
                server.advance(now, &mut done);
                done.drain(..).for_each(|done: Done<usize>| ends[done.job] = (done.begun, now));
            }
        };
        for (job, &(at, width, work)) in jobs.iter().enumerate() {
            until(&mut server, us(at));
            server.submit(us(at), width, us(work), job);
        }
        until(&mut server, Time::MAX);
        ends
    }

    #[test]
    fn earlier_jobs_take_what_they_can_fill() {
        let us = Time::from_us;
        // Half each: side by side.
        assert_eq!(served(&[(0, 0.5, 100), (0, 0.5, 100)]), [(us(0), us(100)); 2]);
        // All of it: the next one waits.
        let ends = served(&[(0, 1.0, 100), (0, 0.5, 100)]);
        assert_eq!(ends, [(us(0), us(100)), (us(100), us(200))]);
    }

    proptest! {
        /// A job is never slowed by one that came after it.
        #[test]
        fn later_jobs_change_nothing(
            jobs in prop::collection::vec((0u64..50, 0.05f64..1.0, 1u64..80), 1..20),
        ) {
            let mut jobs = jobs;
            jobs.sort_by_key(|job| job.0);
            let all = served(&jobs);
            for n in 1..jobs.len() {
                prop_assert_eq!(&served(&jobs[..n])[..], &all[..n]);
            }
            for ((_, end), (at, _, work)) in all.iter().zip(&jobs) {
                prop_assert!(*end >= Time::from_us(at + work));
            }
        }
    }
}
