//! How unevenly TCP flows share a fabric: a lognormal share for each, and max-min at no spread.

use models::cluster::Cluster;
use models::input::Source;
use models::outcome::{Fidelity, Outcome};
use models::predict::{Replications, occupancy, predict};
use models::transfer::{Mode, Transfer};
use sim::Bytes;

use crate::fixture::library;

const NODES: usize = 201;

/// Nodes around one switch; `fabric` and `node` are further lines of these tables.
fn cluster(fabric: &str, node: &str) -> Cluster {
    let text = format!(
        "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = {NODES}\n{node}\n\
         [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\nmtu = 9000\n\
         rdma = true\n\
         [[pod]]\nname = \"pod\"\nnode = \"node\"\n\
         [[fabric]]\nname = \"f\"\nkind = \"single-switch\"\ncards = [\"nic\"]\n\
         rate = \"1 Gbit/s\"\nlatency = \"0 ns\"\nswitch_latency = \"0 ns\"\n{fabric}\n"
    );
    let source = Source::new("c.toml", text);
    Cluster::assemble("c", &source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// From every other node to the first.
fn all_to_one() -> Vec<Transfer> {
    let one = |at| Transfer::message(format!("pod-{at}"), "pod-0", Bytes::new(10_000_000));
    (1..NODES).map(one).collect()
}

fn goodputs(cluster: &Cluster, transfers: &[Transfer], seed: u64) -> Vec<f64> {
    let found = predict(cluster, transfers, Fidelity::Closed, seed).expect("they are possible");
    found.iter().map(|outcome: &Outcome| outcome.goodput.as_bytes_per_s()).collect()
}

/// The standard deviation of logarithms.
fn spread(rates: &[f64]) -> f64 {
    let logs: Vec<f64> = rates.iter().map(|rate| libm::log(*rate)).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
    (squares / (logs.len() - 1) as f64).sqrt()
}

#[test]
fn shares_spread_as_the_fabric_or_the_control_says() {
    for (fabric, node, expected) in [
        ("", "", 1.0),
        ("", "congestion_control = \"reno\"", 0.8),
        ("", "congestion_control = \"bbr\"", 0.0),
        ("unfairness = 0.3", "", 0.3),
        ("unfairness = 0.3", "congestion_control = \"bbr\"", 0.3),
        ("unfairness = 0.0", "", 0.0),
    ] {
        let cluster = cluster(fabric, node);
        let rates = goodputs(&cluster, &all_to_one(), 1);
        // Of 200 draws: five standard errors, and what latencies and the first unit take.
        let found = spread(&rates);
        let allowed = 5.0 * expected / (2.0 * rates.len() as f64).sqrt() + 1e-6;
        assert!((found - expected).abs() < allowed, "{fabric} {node}: {found}, not {expected}");
        // What the cable of the receiver carries is full and no more, however it is divided.
        let sum: f64 = rates.iter().sum();
        let even = goodputs(&self::cluster("unfairness = 0.0", node), &all_to_one(), 1);
        let even: f64 = even.iter().sum();
        assert!((sum / even - 1.0).abs() < 0.01, "{fabric} {node}: {sum} {even}");
    }
}

#[test]
fn nothing_is_carried_twice() {
    for fidelity in [Fidelity::Flow, Fidelity::Chunk] {
        let few = &all_to_one()[..20];
        let most = occupancy(&cluster("", ""), few, fidelity, 1).expect("they are possible");
        assert!(most.iter().all(|(_, part)| *part <= 1.0 + 1e-9), "{fidelity:?}: {most:?}");
    }
}

#[test]
fn the_last_flow_ends_when_the_cable_has_carried_all() {
    let last = |fabric: &str| {
        let found = predict(&cluster(fabric, ""), &all_to_one(), Fidelity::Flow, 1);
        let found = found.expect("they are possible");
        found.iter().map(|outcome| outcome.completion.as_seconds()).fold(0.0, f64::max)
    };
    // One cable is all that they share: it is never idle, however it is shared.
    let (uneven, even) = (last(""), last("unfairness = 0.0"));
    assert!((uneven / even - 1.0).abs() < 1e-3, "{uneven} {even}");
}

#[test]
fn shares_are_drawn_for_each_replication_and_a_lone_flow_has_none() {
    let cluster = cluster("", "");
    let two = &all_to_one()[..2];
    assert_eq!(goodputs(&cluster, two, 1), goodputs(&cluster, two, 1));
    assert_ne!(goodputs(&cluster, two, 1), goodputs(&cluster, two, 2));
    let mut all = Replications::new(&cluster, two, Fidelity::Flow, &|| false).expect("possible");
    for seed in [1, 2, 1] {
        let known = all.outcomes(seed).expect("possible").expect("nobody stops it");
        let again = predict(&cluster, two, Fidelity::Flow, seed).expect("possible");
        assert_eq!(*known, again, "what is known of another draw is not taken for it");
    }
    let one = &two[..1];
    let even = self::cluster("unfairness = 0.0", "");
    assert_eq!(goodputs(&cluster, one, 1), goodputs(&even, one, 2));
}

#[test]
fn rdma_and_datagrams_have_no_shares() {
    let chunk = Bytes::new(1 << 20);
    let rdma = |transfer: Transfer| Transfer { mode: Mode::Rdma { chunk, buffers: 2 }, ..transfer };
    let all: Vec<Transfer> = all_to_one().into_iter().take(8).map(rdma).collect();
    let found = spread(&goodputs(&cluster("", ""), &all, 1));
    assert!(found < 1e-6, "{found}");
}

#[test]
fn an_impossible_spread_is_refused() {
    for sigma in ["-0.1", "3.5", "nan"] {
        let text = format!(
            "[[node]]\nname = \"n\"\nhost = \"host\"\ncni = \"host\"\ncount = 2\n\
             [[nic]]\nname = \"nic\"\nnode = \"n\"\nprofile = \"nic\"\npcie = \"slot\"\n\
             mtu = 1500\n\
             [[pod]]\nname = \"pod\"\nnode = \"n\"\n\
             [[fabric]]\nname = \"f\"\nkind = \"single-switch\"\ncards = [\"nic\"]\n\
             rate = \"1 Gbit/s\"\nlatency = \"0 ns\"\nswitch_latency = \"0 ns\"\n\
             unfairness = {sigma}\n"
        );
        let source = Source::new("c.toml", text);
        let error = Cluster::assemble("c", &source, &library(), &[]).expect_err("no spread");
        assert_eq!(error.field, "unfairness", "{sigma}: {error}");
    }
}
