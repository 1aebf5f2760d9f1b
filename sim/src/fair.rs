//! One server that its clients share fairly: the chunk-level twin of a link of
//! [`flow`](crate::flow).
//!
//! Jobs wait in the order of their start tags (start-time fair queueing, P. Goyal, H. Vin,
//! H. Cheng, IEEE/ACM Transactions on Networking 5(5), 1997), so clients that always have something
//! waiting move equal amounts:
//!
//! ```text
//! start tag  = max(virtual time, finish tag of the client's job before)
//! finish tag = start tag + size
//! ```
//!
//! Virtual time is the start tag of the job in service. Service is never interrupted. Jobs that are
//! *urgent* go before all others, first come, first served: those of clients that nothing slows
//! down.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use crate::Time;

/// A server and those who wait for it.
///
/// ```
/// use sim::{Fair, Time};
/// let (mut server, service) = (Fair::new(), Time::from_ns(10));
/// let (mut a, mut b) = (0.0, 0.0); // the finish tags of two clients
/// assert_eq!(server.offer("a1", service, &mut a, 2.0), Some(("a1", service)));
/// assert_eq!(server.offer("a2", service, &mut a, 2.0), None);
/// assert_eq!(server.offer("b1", service, &mut b, 1.0), None);
/// assert_eq!(server.offer("b2", service, &mut b, 1.0), None);
/// // One of `a` is as much as two of `b`.
/// assert_eq!(server.leave(), Some(("b1", service)));
/// assert_eq!(server.leave(), Some(("b2", service)));
/// assert_eq!(server.leave(), Some(("a2", service)));
/// assert_eq!(server.leave(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Fair<J> {
    urgent: VecDeque<(J, Time)>,
    waiting: BinaryHeap<Waiting<J>>,
    serves: bool,
    virtual_time: f64,
    /// The greatest finish tag that was given out.
    last_finish: f64,
    offered: u64,
    busy: Time,
}

#[derive(Clone, Debug)]
struct Waiting<J> {
    start: f64,
    order: u64,
    job: J,
    service: Time,
}

impl<J> Fair<J> {
    /// An idle server.
    pub fn new() -> Fair<J> {
        Fair {
            urgent: VecDeque::new(),
            waiting: BinaryHeap::new(),
            serves: false,
            virtual_time: 0.0,
            last_finish: 0.0,
            offered: 0,
            busy: Time::ZERO,
        }
    }

    /// A job of `size` arrives that takes `service`; `finish` is the tag of its client, zero at
    /// first. Returns the job if it begins at once.
    pub fn offer(
        &mut self,
        job: J,
        service: Time,
        finish: &mut f64,
        size: f64,
    ) -> Option<(J, Time)> {
        let start = finish.max(self.virtual_time);
        *finish = start + size;
        self.last_finish = self.last_finish.max(*finish);
        if !self.serves {
            self.virtual_time = start;
            return Some(self.begin(job, service));
        }
        self.offered += 1;
        self.waiting.push(Waiting { start, order: self.offered, job, service });
        None
    }

    /// An urgent job arrives that takes `service`. Returns it if it begins at once.
    pub fn offer_urgent(&mut self, job: J, service: Time) -> Option<(J, Time)> {
        if !self.serves {
            return Some(self.begin(job, service));
        }
        self.urgent.push_back((job, service));
        None
    }

    /// The job in service leaves. Returns the one that begins then, if any waits.
    pub fn leave(&mut self) -> Option<(J, Time)> {
        self.serves = false;
        if let Some((job, service)) = self.urgent.pop_front() {
            return Some(self.begin(job, service));
        }
        match self.waiting.pop() {
            Some(next) => {
                self.virtual_time = next.start;
                Some(self.begin(next.job, next.service))
            }
            None => {
                self.virtual_time = self.last_finish;
                None
            }
        }
    }

    /// The service time of all jobs that have begun so far.
    pub fn busy(&self) -> Time {
        self.busy
    }

    fn begin(&mut self, job: J, service: Time) -> (J, Time) {
        self.serves = true;
        self.busy += service;
        (job, service)
    }
}

impl<J> Default for Fair<J> {
    fn default() -> Fair<J> {
        Fair::new()
    }
}

/// The first to be served is the greatest: the least start tag, then the earliest arrival.
impl<J> Ord for Waiting<J> {
    fn cmp(&self, other: &Waiting<J>) -> Ordering {
        other.start.total_cmp(&self.start).then(other.order.cmp(&self.order))
    }
}

impl<J> PartialOrd for Waiting<J> {
    fn partial_cmp(&self, other: &Waiting<J>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<J> PartialEq for Waiting<J> {
    fn eq(&self, other: &Waiting<J>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<J> Eq for Waiting<J> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// While all clients have something waiting, no two of them are ever apart by more than a
        /// job of each (theorem 1 of the paper).
        #[test]
        fn clients_that_always_wait_move_equal_amounts(
            sizes in prop::collection::vec(1u32..64, 2..6),
        ) {
            let mut server = Fair::new();
            let mut finish = vec![0.0; sizes.len()];
            let mut moved = vec![0.0; sizes.len()];
            let mut serving = None;
            for _ in 0..2 {
                for (client, size) in sizes.iter().enumerate() {
                    let size = f64::from(*size);
                    let began = server.offer(client, Time::ZERO, &mut finish[client], size);
                    serving = serving.or(began);
                }
            }
            for _ in 0..500 {
                let (client, _) = serving.expect("every client has two jobs in here");
                let size = f64::from(sizes[client]);
                moved[client] += size;
                let none = server.offer(client, Time::ZERO, &mut finish[client], size);
                prop_assert!(none.is_none());
                serving = server.leave();
                for (a, moved_a) in moved.iter().enumerate() {
                    for (b, moved_b) in moved.iter().enumerate() {
                        let bound = f64::from(sizes[a] + sizes[b]);
                        prop_assert!((moved_a - moved_b).abs() <= bound, "{a} {b}: {moved:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn urgent_jobs_go_first_and_in_order() {
        let mut server = Fair::new();
        let ns = Time::from_ns;
        let mut tag = 0.0;
        assert_eq!(server.offer(1, ns(1), &mut tag, 1.0), Some((1, ns(1))));
        assert_eq!(server.offer(2, ns(1), &mut tag, 1.0), None);
        assert_eq!(server.offer_urgent(3, ns(5)), None);
        assert_eq!(server.offer_urgent(4, ns(5)), None);
        let order: Vec<i32> = std::iter::from_fn(|| server.leave()).map(|(job, _)| job).collect();
        assert_eq!(order, [3, 4, 2]);
        assert_eq!(server.busy(), ns(12));
    }
}
