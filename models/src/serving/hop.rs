//! What stands between users and replicas: gateways, proxies, pickers of endpoints, batchers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim::Time;

use crate::function::Duration;

/// The period in which the kernel hands out a limit of CPU time (`cpu.max`, Kubernetes).
const PERIOD: f64 = 0.1;

/// On which way a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the user to the pool.
    Request,
    /// From the replica to the user: it delays the first token, and so all others.
    Answer,
}

/// A hop that requests pass, in the order of a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Its name.
    pub name: String,
    /// On which way it is.
    pub way: Way,
    /// What it needs for a request.
    pub time: Duration,
    /// It lets requests pass only at multiples of this time since they were sent: a timer that
    /// began with the request.
    pub every: Option<Time>,
    /// What it needs for each byte of a body \[s\].
    pub byte: f64,
    /// Requests that it works on at once; any number if it is none.
    pub servers: Option<u32>,
    /// The CPU time that it may use of each second, in all, if that is limited.
    pub cpu: Option<f64>,
}

/// A hop at work. Requests come in the order of time, and leave in the order in which they came if
/// it has one server.
#[derive(Clone, Debug)]
pub struct Station {
    servers: Option<BinaryHeap<Reverse<Time>>>,
    cpu: Option<Quota>,
}

/// A limit of CPU time: so much in each period, and then a wait for the next.
#[derive(Clone, Debug)]
struct Quota {
    /// CPU time of a period \[s\].
    of_period: f64,
    /// The period that was used last, and how much of it is left \[s\].
    period: u64,
    left: f64,
    /// When what came before is done \[s\].
    free: f64,
}

impl Station {
    /// A hop that nobody is at.
    pub fn new(hop: &Hop) -> Station {
        let idle = |servers: u32| (0..servers).map(|_| Reverse(Time::ZERO)).collect();
        let quota =
            |cpu: f64| Quota { of_period: cpu * PERIOD, period: 0, left: cpu * PERIOD, free: 0.0 };
        Station { servers: hop.servers.map(idle), cpu: hop.cpu.map(quota) }
    }

    /// When a request that comes now and needs so long has passed.
    pub fn pass(&mut self, now: Time, needs: Time) -> Time {
        if let Some(quota) = &mut self.cpu {
            return Time::from_seconds(quota.done(now.as_seconds(), needs.as_seconds())).max(now);
        }
        let Some(servers) = &mut self.servers else { return now + needs };
        let Reverse(free) = servers.pop().expect("a hop has a server");
        let done = free.max(now) + needs;
        servers.push(Reverse(done));
        done
    }
}

impl Quota {
    /// When work that comes now is done, after what came before.
    fn done(&mut self, now: f64, mut needs: f64) -> f64 {
        let mut at = self.free.max(now);
        loop {
            let period = (at / PERIOD + 1e-9) as u64;
            if period > self.period {
                (self.period, self.left) = (period, self.of_period);
            }
            if needs <= self.left {
                self.left -= needs;
                self.free = at + needs;
                return self.free;
            }
            needs -= self.left;
            self.left = 0.0;
            at = (period + 1) as f64 * PERIOD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(servers: Option<u32>, cpu: Option<f64>) -> Hop {
        let (name, way) = ("proxy".into(), Way::Request);
        Hop { name, way, time: Duration::Nothing, every: None, byte: 0.0, servers, cpu }
    }

    #[test]
    fn servers_work_side_by_side() {
        let ms = Time::from_ms;
        let mut station = Station::new(&hop(Some(2), None));
        let done: Vec<Time> = (0..4).map(|_| station.pass(ms(1), ms(10))).collect();
        assert_eq!(done, [ms(11), ms(11), ms(21), ms(21)]);
        let mut station = Station::new(&hop(None, None));
        assert!((0..4).all(|_| station.pass(ms(1), ms(10)) == ms(11)));
    }

    /// 40 thousandths of a CPU are 4 ms in each 100 ms: work of 5 ms ends 1 ms into the next
    /// period, and the second such one 2 ms into it.
    #[test]
    fn a_limit_of_cpu_time_waits_for_the_next_period() {
        let ms = Time::from_ms;
        let mut station = Station::new(&hop(None, Some(0.04)));
        let near = |a: Time, b: Time| a.as_seconds() - b.as_seconds() < 1e-6;
        assert!(near(station.pass(ms(0), ms(5)), ms(101)));
        assert!(near(station.pass(ms(0), ms(5)), ms(202)));
        assert!(near(station.pass(ms(500), ms(1)), ms(501)));
    }
}
