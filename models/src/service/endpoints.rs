//! Which pod of a Service gets a connection, and how uneven that leaves them.

use sim::Stream;

use crate::name::wait::unit;

/// How a proxy chooses among the pods that are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Each with equal chance: kube-proxy with iptables and nftables, Cilium's default.
    Random,
    /// One after the other: IPVS `rr`, kube-proxy's default there.
    RoundRobin,
    /// The one with the fewest open connections, the first of equals: IPVS `lc`.
    LeastConnections,
}

/// A chooser with its memory.
#[derive(Clone, Debug)]
pub struct Chooser {
    choice: Choice,
    next: usize,
}

impl Chooser {
    /// One that has chosen nothing yet.
    pub fn new(choice: Choice) -> Chooser {
        Chooser { choice, next: 0 }
    }

    /// The pod of a new connection, where pod `i` is ready if `ready[i]` and has `open[i]`
    /// connections; none if no pod is ready.
    ///
    /// # Panics
    /// If the two lists differ in length.
    pub fn choose(&mut self, ready: &[bool], open: &[u32], chance: &mut Stream) -> Option<usize> {
        assert_eq!(ready.len(), open.len(), "one entry per pod");
        let able: Vec<usize> = (0..ready.len()).filter(|&pod| ready[pod]).collect();
        if able.is_empty() {
            return None;
        }
        Some(match self.choice {
            Choice::Random => able[(unit(chance) * able.len() as f64) as usize],
            Choice::RoundRobin => {
                self.next = (self.next + 1) % able.len();
                able[(self.next + able.len() - 1) % able.len()]
            }
            Choice::LeastConnections => {
                *able.iter().min_by_key(|&&pod| open[pod]).expect("one is ready")
            }
        })
    }
}

/// The standard deviation over the mean of the pods' connections, where `connections` are dealt at
/// random to `pods`: a binomial, √((pods − 1) / connections).
pub fn random_imbalance(pods: u32, connections: u32) -> f64 {
    (f64::from(pods.saturating_sub(1)) / f64::from(connections.max(1))).sqrt()
}

#[cfg(test)]
mod tests {
    use sim::Seed;

    use super::*;

    fn deal(choice: Choice, ready: &[bool], connections: u32) -> Vec<u32> {
        let mut chance = Seed::new(1).stream("endpoints");
        let (mut chooser, mut open) = (Chooser::new(choice), vec![0; ready.len()]);
        for _ in 0..connections {
            let pod = chooser.choose(ready, &open, &mut chance).expect("ready pods");
            open[pod] += 1;
        }
        open
    }

    #[test]
    fn only_ready_pods_receive() {
        for choice in [Choice::Random, Choice::RoundRobin, Choice::LeastConnections] {
            let open = deal(choice, &[true, false, true, true], 900);
            assert_eq!((open[1], open.iter().sum()), (0, 900), "{choice:?}");
            assert!(open[0] > 200 && open[2] > 200 && open[3] > 200, "{choice:?}: {open:?}");
        }
        let mut chance = Seed::new(1).stream("endpoints");
        let none = Chooser::new(Choice::Random).choose(&[false], &[0], &mut chance);
        assert_eq!(none, None);
    }

    #[test]
    fn taking_turns_is_even_and_chance_is_as_uneven_as_a_binomial() {
        assert_eq!(deal(Choice::RoundRobin, &[true; 4], 400), [100; 4]);
        assert_eq!(deal(Choice::LeastConnections, &[true; 4], 400), [100; 4]);
        let open = deal(Choice::Random, &[true; 200], 20_000);
        let variance = open.iter().map(|&n| (f64::from(n) - 100.0).powi(2)).sum::<f64>() / 200.0;
        let (seen, expected) = (variance.sqrt() / 100.0, random_imbalance(200, 20_000));
        assert!((seen / expected - 1.0).abs() < 0.15, "{seen}, not {expected}");
    }
}
