//! Waiting for an answer that does not come: time-outs, attempts, and what loss costs on average.
//!
//! A datagram may be lost on a busy way, or dropped by the node: where two datagrams of one socket
//! reach a new Service address at once, both want the same connection-tracking entry, and the one
//! that comes second is dropped
//! (<https://www.weave.works/blog/racy-conntrack-and-dns-lookup-timeouts>,
//! <https://github.com/kubernetes/kubernetes/issues/56903>). Either way the resolver notices after
//! its time-out: the five seconds of the field reports.

use sim::{Stream, Time};

use super::resolver::{ATTEMPTS_MAX, Resolver, SERVERS_MAX, TIMEOUT_MAX_S};

/// How long server `server` (counted from zero) is waited for, as the C library has it: the
/// time-out doubles with each further server and is divided by their number (glibc,
/// `resolv/res_send.c`, `send_dg`), in whole seconds.
pub fn patience_s(resolver: &Resolver, server: u32) -> u32 {
    let doubled = resolver.timeout_s.min(TIMEOUT_MAX_S) << server.min(SERVERS_MAX - 1);
    let seconds = match server {
        0 => doubled,
        _ => doubled / resolver.servers.clamp(1, SERVERS_MAX),
    };
    seconds.max(1)
}

/// How long a resolver waits before it gives one name up, if no server ever answers in seconds.
pub fn give_up_s(resolver: &Resolver) -> u32 {
    let servers = resolver.servers.clamp(1, SERVERS_MAX);
    let once: u32 = (0..servers).map(|server| patience_s(resolver, server)).sum();
    once * resolver.attempts.clamp(1, ATTEMPTS_MAX)
}

/// How long a lookup of `name` lasts where no server ever answers, in seconds.
///
/// A time-out ends the search list, since no answer is no word that a name is not there; but a name
/// that may be whole is then tried as it stands, or was tried so before (glibc,
/// `resolv/res_query.c`, `res_nsearch`).
pub fn silent_s(resolver: &Resolver, name: &str) -> u32 {
    give_up_s(resolver) * resolver.candidates(name).len().min(2) as u32
}

/// The chance that a round of `questions` datagrams has to be asked again, where each question or
/// its answer is lost with chance `loss`.
pub fn round_lost(loss: f64, questions: usize) -> f64 {
    1.0 - (1.0 - loss).powi(questions as i32)
}

/// The time that loss adds to one round on average in seconds.
///
/// A round that failed is asked again, of the next server in turn, and a caller whose resolver gave
/// up starts over; so tries go on until one succeeds, and waits add like a geometric series.
pub fn expected_s(resolver: &Resolver, loss: f64, questions: usize) -> f64 {
    let lost = round_lost(loss, questions);
    if lost >= 1.0 {
        return f64::INFINITY;
    }
    // All servers once, then again: the waits come round after `servers` tries.
    let servers = resolver.servers.clamp(1, SERVERS_MAX);
    let turn: f64 =
        (0..servers).map(|at| lost.powi(at as i32 + 1) * f64::from(patience_s(resolver, at))).sum();
    turn / (1.0 - lost.powi(servers as i32))
}

/// The time that loss adds to one round, drawn: a wait for every try that failed.
pub fn drawn(resolver: &Resolver, loss: f64, questions: usize, chance: &mut Stream) -> Time {
    let lost = round_lost(loss, questions);
    let servers = resolver.servers.clamp(1, SERVERS_MAX);
    let mut waited = Time::ZERO;
    for tried in 0..TRIES_MAX {
        if unit(chance) >= lost {
            break;
        }
        waited += Time::from_seconds(f64::from(patience_s(resolver, tried % servers)));
    }
    waited
}

/// No caller starts over more often than this.
const TRIES_MAX: u32 = 1000;

/// A number from zero to below one.
pub(crate) fn unit(chance: &mut Stream) -> f64 {
    sim::Dist::Uniform { low: 0.0, high: 1.0 }.sample(chance)
}

#[cfg(test)]
mod tests {
    use sim::Seed;

    use super::*;

    #[test]
    fn a_silent_server_is_waited_for_as_resolv_conf_says() {
        let with = |timeout_s, attempts, servers| Resolver {
            timeout_s,
            attempts,
            servers,
            ..Resolver::default()
        };
        // timeout × attempts with one server; 5 + 10/2 with two; 5 + 10/3 + 20/3 with three.
        let cases = [((5, 2, 1), 10), ((1, 2, 1), 2), ((5, 2, 2), 20), ((5, 2, 3), 28)];
        for ((timeout, attempts, servers), seconds) in cases {
            assert_eq!(give_up_s(&with(timeout, attempts, servers)), seconds, "{servers} servers");
        }
    }

    #[test]
    fn drawn_waits_have_the_expected_mean() {
        for (servers, loss, questions) in [(1, 0.1, 2), (2, 0.3, 1), (3, 0.2, 2)] {
            let resolver = Resolver { servers, ..Resolver::default() };
            let mut chance = Seed::new(3).stream("wait");
            let n = 200_000;
            let sum: f64 =
                (0..n).map(|_| drawn(&resolver, loss, questions, &mut chance).as_seconds()).sum();
            let (mean, expected) = (sum / f64::from(n), expected_s(&resolver, loss, questions));
            assert!((mean / expected - 1.0).abs() < 0.02, "{servers}: {mean} s, not {expected} s");
        }
        assert_eq!(expected_s(&Resolver::default(), 0.0, 2), 0.0);
    }
}
