//! One server that its clients have in turns: round robin with a quantum and a cost of switching.
//!
//! ```text
//!  client 1  ████████          ███·done
//!  client 2           ▒████████        ▒███·done        ▒ switch   █ at most a quantum
//! ```
//!
//! A turn ends when its quantum is used up and somebody else waits, or when its client has nothing
//! left to do. Jobs of one client are served in order of arrival. Each turn of another client than
//! the last one begins with a switch, in which nobody's work is done. With a quantum towards zero
//! and free switches this is processor sharing (Kleinrock, *Queueing Systems* II, section 4.4).
//!
//! Like every resource it knows no clock: whoever drives it calls [`RoundRobin::advance`] at
//! [`RoundRobin::next`], and again after every [`RoundRobin::submit`] has moved that.

use std::collections::VecDeque;

use crate::Time;

/// Whose turn it is, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Switching { until: Time },
    Serving { until: Time },
}

#[derive(Clone, Debug)]
struct Client<J> {
    name: u32,
    jobs: VecDeque<(J, Time)>,
    /// Jobs that will follow on each other's heels: the turn is kept for them.
    expected: u64,
}

/// A server and the clients that take turns at it.
///
/// ```
/// use sim::{RoundRobin, Time};
/// let ms = Time::from_ms;
/// let mut server = RoundRobin::new(ms(2), ms(1));
/// server.submit(Time::ZERO, 7, ms(3), 'a');
/// server.submit(Time::ZERO, 8, ms(1), 'b');
/// let mut done = Vec::new();
/// while server.next() < Time::MAX {
///     let now = server.next();
///     server.advance(now, &mut done);
///     done.drain(..).for_each(|job| match job {
///         'b' => assert_eq!(now, ms(4)), // two of `a`, a switch, one of its own
///         _ => assert_eq!(now, ms(6)),   // and a switch back, and the last of `a`
///     });
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RoundRobin<J> {
    quantum: Time,
    switch: Time,
    clients: Vec<Client<J>>,
    /// Who has or had the last turn.
    current: usize,
    /// Whether anybody has had one.
    loaded: bool,
    phase: Phase,
    clock: Time,
}

impl<J> RoundRobin<J> {
    /// A server with turns of at most `quantum` and `switch` between two clients' turns.
    ///
    /// # Panics
    /// If the quantum is zero: no work would ever be done.
    pub fn new(quantum: Time, switch: Time) -> RoundRobin<J> {
        assert!(quantum > Time::ZERO, "a turn needs time");
        RoundRobin {
            quantum,
            switch,
            clients: Vec::new(),
            current: 0,
            loaded: false,
            phase: Phase::Idle,
            clock: Time::ZERO,
        }
    }

    /// Says that `client` will submit `jobs` jobs that follow closely: between two of them its turn
    /// goes on, up to the quantum.
    pub fn expect(&mut self, client: u32, jobs: u64) {
        let at = self.client(client);
        self.clients[at].expected += jobs;
    }

    /// A job of `client` arrives at `now` that takes `work` on a server of its own.
    ///
    /// # Panics
    /// If an earlier call had a later `now`.
    pub fn submit(&mut self, now: Time, client: u32, work: Time, job: J) {
        assert!(now >= self.clock, "a job arrives at {now}, before {}", self.clock);
        let at = self.client(client);
        self.rest_until(now, at);
        let client = &mut self.clients[at];
        client.expected = client.expected.saturating_sub(1);
        client.jobs.push_back((job, work));
        if self.phase == Phase::Idle {
            self.clock = now;
            self.begin(at);
        }
    }

    /// Lets the time up to `now` pass in which a turn was kept and nothing was there to do; if that
    /// was longer than the turn, whoever comes first has the next one.
    fn rest_until(&mut self, now: Time, comes: usize) {
        let Phase::Serving { until } = self.phase else { return };
        if self.clients[self.current].jobs.is_empty() {
            self.clock = now;
            if until <= now && comes == self.current {
                self.turn(now);
            }
        }
    }

    /// When something changes next; [`Time::MAX`] if nothing will.
    pub fn next(&self) -> Time {
        match self.phase {
            Phase::Idle => Time::MAX,
            Phase::Switching { until } => until,
            Phase::Serving { until } => match self.clients[self.current].jobs.front() {
                Some((_, left)) => (self.clock + *left).min(until),
                // Kept for jobs to come, for as long as nobody else waits.
                None if self.clients.iter().all(|client| client.jobs.is_empty()) => Time::MAX,
                None => until.max(self.clock),
            },
        }
    }

    /// Serves until `now`; jobs that are done by then are added to `done`, in order.
    ///
    /// # Panics
    /// If an earlier call had a later `now`.
    pub fn advance(&mut self, now: Time, done: &mut Vec<J>) {
        assert!(now >= self.clock, "time runs back from {} to {now}", self.clock);
        while self.next() <= now {
            let next = self.next();
            self.serve(next - self.clock);
            self.clock = next;
            match self.phase {
                Phase::Idle => {}
                Phase::Switching { until } => self.turn(until),
                Phase::Serving { until } => self.finish(until, done),
            }
        }
        if self.phase != Phase::Idle {
            self.serve(now - self.clock);
        }
        self.clock = now;
    }

    /// Takes time off the job in service, if one is.
    fn serve(&mut self, span: Time) {
        if let Phase::Serving { .. } = self.phase
            && let Some((_, left)) = self.clients[self.current].jobs.front_mut()
        {
            *left = left.saturating_sub(span);
        }
    }

    /// Ends the job in service, if it is done, and the turn, if it is over.
    fn finish(&mut self, until: Time, done: &mut Vec<J>) {
        let client = &mut self.clients[self.current];
        if let Some((_, Time::ZERO)) = client.jobs.front() {
            done.extend(client.jobs.pop_front().map(|(job, _)| job));
        }
        let dry = client.jobs.is_empty() && client.expected == 0;
        if !dry && self.clock < until {
            return;
        }
        let ring = self.clients.len();
        let after = (1..=ring).map(|step| (self.current + step) % ring);
        match after.into_iter().find(|at| !self.clients[*at].jobs.is_empty()) {
            Some(next) => self.begin(next),
            None if dry => self.phase = Phase::Idle,
            None => self.turn(self.clock),
        }
    }

    /// Begins the turn of a client, with a switch if it was not the last one served.
    fn begin(&mut self, at: usize) {
        let stays = self.loaded && at == self.current;
        let first = !self.loaded;
        (self.current, self.loaded) = (at, true);
        match stays || first {
            true => self.turn(self.clock),
            false => self.phase = Phase::Switching { until: self.clock + self.switch },
        }
    }

    fn turn(&mut self, from: Time) {
        self.phase = Phase::Serving { until: from + self.quantum };
    }

    fn client(&mut self, name: u32) -> usize {
        match self.clients.iter().position(|client| client.name == name) {
            Some(at) => at,
            None => {
                self.clients.push(Client { name, jobs: VecDeque::new(), expected: 0 });
                self.clients.len() - 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs jobs that arrive in order; when each was done, by its place in the list.
    fn served(server: &mut RoundRobin<usize>, jobs: &[(Time, u32, Time)]) -> Vec<Time> {
        let mut ends = vec![Time::MAX; jobs.len()];
        let mut done = Vec::new();
        let mut until = |server: &mut RoundRobin<usize>, end: Time| {
            while server.next() <= end && server.next() < Time::MAX {
                let now = server.next();
                server.advance(now, &mut done);
                done.drain(..).for_each(|job: usize| ends[job] = now);
            }
        };
        for (job, &(arrival, client, work)) in jobs.iter().enumerate() {
            until(server, arrival);
            server.submit(arrival, client, work, job);
        }
        until(server, Time::MAX);
        ends
    }

    fn us(us: u64) -> Time {
        Time::from_us(us)
    }

    #[test]
    fn three_clients_by_hand() {
        // 4, 1 and 3 in turns of 2, a switch 1: 1 has 0–2, 2 has 3–4, 3 has 5–7, 1 has 8–10, 3 has
        // 11–12.
        let mut server = RoundRobin::new(us(2), us(1));
        let jobs = [(us(0), 1, us(4)), (us(0), 2, us(1)), (us(0), 3, us(3))];
        assert_eq!(served(&mut server, &jobs), [us(10), us(4), us(12)]);
    }

    #[test]
    fn who_is_alone_is_never_interrupted() {
        let mut server = RoundRobin::new(us(2), us(1));
        let jobs = [(us(0), 1, us(9)), (us(0), 1, us(5)), (us(20), 1, us(1))];
        assert_eq!(served(&mut server, &jobs), [us(9), us(14), us(21)]);
    }

    #[test]
    fn a_newcomer_waits_for_the_turn_to_end() {
        let mut server = RoundRobin::new(us(10), us(1));
        let jobs = [(us(0), 1, us(25)), (us(3), 2, us(1))];
        // Client 2 comes on at the end of the first turn, and 1 goes on after a switch back.
        assert_eq!(served(&mut server, &jobs), [us(28), us(12)]);
    }

    #[test]
    fn a_turn_is_kept_for_jobs_that_follow() {
        let jobs = [(us(0), 1, us(2)), (us(0), 2, us(2)), (us(3), 1, us(2))];
        // Without notice the turn passes when client 1 runs dry; with it, its second job comes
        // within its turn.
        let mut server = RoundRobin::new(us(10), us(1));
        assert_eq!(served(&mut server, &jobs), [us(2), us(5), us(8)]);
        let mut server = RoundRobin::new(us(10), us(1));
        server.expect(1, 2);
        assert_eq!(served(&mut server, &jobs), [us(2), us(8), us(5)]);
    }

    #[test]
    fn notice_of_jobs_that_never_come_costs_a_turn_at_most() {
        let mut server = RoundRobin::new(us(10), us(1));
        server.expect(1, 5);
        let jobs = [(us(0), 1, us(2)), (us(0), 2, us(2))];
        assert_eq!(served(&mut server, &jobs), [us(2), us(13)]);
        assert_eq!(server.next(), Time::MAX);
        // Who comes later has its turn at once, if that of the missing jobs is over.
        let mut server = RoundRobin::new(us(10), us(1));
        server.expect(1, 5);
        let jobs = [(us(0), 1, us(2)), (us(50), 2, us(2)), (us(99), 1, us(9))];
        assert_eq!(served(&mut server, &jobs), [us(2), us(53), us(109)]);
    }

    proptest! {
        /// Work is conserved: with free switches the server is busy exactly while there is work,
        /// whatever the quantum, so the last end is that of a first-come server.
        #[test]
        fn free_switches_waste_nothing(
            jobs in proptest::collection::vec((0u64..200, 0u32..4, 1u64..50), 1..40),
            quantum in 1u64..60,
        ) {
            let mut jobs: Vec<(Time, u32, Time)> =
                jobs.into_iter().map(|(at, who, work)| (us(at), who, us(work))).collect();
            jobs.sort_by_key(|job| job.0);
            let ends = served(&mut RoundRobin::new(us(quantum), Time::ZERO), &jobs);
            let last = |end: Time, (at, _, work): &(Time, u32, Time)| end.max(*at) + *work;
            let first_come = jobs.iter().fold(Time::ZERO, last);
            prop_assert_eq!(ends.iter().copied().max().unwrap(), first_come);
            for (end, (arrival, _, work)) in ends.iter().zip(&jobs) {
                prop_assert!(*end >= *arrival + *work);
            }
        }
    }
}
