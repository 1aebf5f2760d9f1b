//! The laws of the design on random clusters and random transfers, three readers side by side.

use models::cluster::Cluster;
use models::outcome::{Fidelity, Outcome};
use models::predict::{occupancy, predict, predict_from};
use models::transfer::{Connection, Mode, Transfer, Transport};
use proptest::prelude::*;
use sim::Time;

use crate::generated::{Figure, Node, change, question, solved};

const FIDELITIES: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];

fn outcomes(cluster: &Cluster, transfers: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    predict(cluster, transfers, fidelity, 7).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that takes time, k times as fast.
fn faster(cluster: &Cluster, k: f64) -> Cluster {
    let mut fast = cluster.clone();
    change(&mut fast, &mut |figure, value| match figure {
        Figure::Rate => value * k,
        Figure::Time => value / k,
    });
    fast
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Time, bytes and rates add up, at every fidelity, and nothing waits for ever.
    #[test]
    fn accounts_add_up((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in FIDELITIES {
            let outcomes = outcomes(&cluster, &transfers, fidelity);
            for (outcome, asked) in outcomes.iter().zip(&transfers) {
                let context = format!("{fidelity:?} {asked:?} {nodes:?}");
                prop_assert!(outcome.completion < Time::MAX, "it never ends: {context}");
                let life: Time = outcome.life.iter().map(|interval| interval.span).sum();
                prop_assert_eq!(life, outcome.completion, "{}", context);
                let reference = outcome.reference.as_bytes_per_s();
                let taken: f64 = outcome.taken.iter().map(|hop| hop.bytes_per_s).sum();
                let goodput = outcome.goodput.as_bytes_per_s();
                prop_assert!(
                    (reference - taken - goodput).abs() < 1e-6 * reference,
                    "{reference} − {taken} is not {goodput}: {context}"
                );
                let arrives = outcome.sent.as_bytes_per_s() * (1.0 - outcome.loss_ratio);
                prop_assert!((arrives / goodput - 1.0).abs() < 1e-9, "{context}");
                prop_assert!((0.0..1.0).contains(&outcome.loss_ratio), "{context}");
                let is_lossy = asked.transport == Transport::Udp && asked.mode != Mode::GpuDirect;
                prop_assert!(is_lossy || outcome.loss_ratio == 0.0, "{context}");
            }
        }
    }

    /// No link ever does more than it can, whoever sends.
    #[test]
    fn no_link_is_used_twice((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in [Fidelity::Flow, Fidelity::Chunk] {
            for (link, most) in occupancy(&cluster, &transfers, fidelity, 7).unwrap() {
                prop_assert!(most <= 1.0 + 1e-9, "{fidelity:?}: {link} at {most}: {transfers:?}");
            }
        }
        let outcomes = outcomes(&cluster, &transfers, Fidelity::Flow);
        let last = outcomes.iter().map(|outcome| outcome.completion).max();
        let last = last.map_or(0.0, Time::as_seconds);
        for link in &cluster.links {
            let of = |outcome: &Outcome| {
                let here = outcome.utilisation.iter().find(|used| link.name == *used.link);
                here.map_or(0.0, |used| used.own * outcome.completion.as_seconds())
            };
            // What is lost before a link never reaches it.
            let sure = outcomes.iter().filter(|outcome| outcome.loss_ratio == 0.0);
            let work: f64 = sure.map(of).sum();
            prop_assert!(
                work <= last * (1.0 + 1e-6),
                "{} worked for {work} s of {last} s",
                link.name
            );
        }
    }

    /// A cluster that is twice as fast in everything takes half the time.
    #[test]
    fn time_scales((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        let fast = faster(&cluster, 2.0);
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            let slow = outcomes(&cluster, &transfers, fidelity);
            for (slow, fast) in slow.iter().zip(outcomes(&fast, &transfers, fidelity)) {
                let (slow, fast) = (slow.completion.as_ps() as f64, fast.completion.as_ps() as f64);
                // Each of some thousand waits is rounded to a picosecond; where two things happen
                // within one, the other may come first.
                let bound = f64::max(1e4, 1e-4 * slow);
                prop_assert!((slow - 2.0 * fast).abs() < bound, "{fidelity:?}: {slow} {fast} ps");
            }
        }
    }

    /// Plans that begin later take as long, if nobody is there.
    #[test]
    fn beginning_later_changes_nothing((nodes, wishes) in question(), later in 1u64..1_000_000) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for transfer in &transfers {
            let one = std::slice::from_ref(transfer);
            let start = [Time::from_ns(later)];
            for fidelity in [Fidelity::Flow, Fidelity::Chunk] {
                let at_once = &outcomes(&cluster, one, fidelity)[0];
                let then = &predict_from(&cluster, one, &start, fidelity, 7).unwrap()[0];
                prop_assert_eq!(at_once.completion, then.completion);
                for (a, b) in at_once.utilisation.iter().zip(&then.utilisation) {
                    prop_assert!((a.busy - b.busy).abs() < 1e-9, "{a:?} {b:?}");
                }
            }
        }
    }

    /// One transfer alone is never slower for a faster cable.
    #[test]
    fn a_faster_cable_slows_nobody_who_is_alone((nodes, wishes) in question()) {
        let faster: Vec<Node> =
            nodes.iter().map(|node| Node { gbit_s: 4 * node.gbit_s, ..node.clone() }).collect();
        let (before, transfers) = solved(&nodes, &wishes);
        let (after, _) = solved(&faster, &[]);
        for transfer in transfers.iter().filter(|asked| asked.transport == Transport::Tcp) {
            // Slow start goes on for longer on a way that holds more.
            let warm = [Transfer { connection: Connection::Warm, ..transfer.clone() }];
            for fidelity in [Fidelity::Closed, Fidelity::Flow] {
                let (slow, fast) =
                    (outcomes(&before, &warm, fidelity), outcomes(&after, &warm, fidelity));
                let (slow, fast) = (slow[0].completion, fast[0].completion);
                prop_assert!(fast <= slow + Time::from_ns(1), "{fidelity:?}: {fast} {slow}");
            }
        }
    }

    /// The same question has the same answer, on whatever thread.
    #[test]
    fn threads_change_nothing((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in FIDELITIES {
            let here = outcomes(&cluster, &transfers, fidelity);
            std::thread::scope(|scope| {
                let there: Vec<_> = (0..3)
                    .map(|_| scope.spawn(|| outcomes(&cluster, &transfers, fidelity)))
                    .collect();
                for there in there {
                    assert_eq!(here, there.join().unwrap());
                }
            });
        }
    }
}
