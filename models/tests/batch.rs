//! A batch is what its clusters are one by one, and nothing else.

use std::collections::BTreeMap;

use models::cluster::{Batch, Cluster};
use models::input::Source;
use models::outcome::{Cause, Fidelity, Outcome, Reached};
use models::predict::{CHUNKS_MAX, predict, predict_batch, reached};
use models::transfer::{Mode, Transfer};
use proptest::prelude::*;
use proptest::sample::Index;
use sim::{Bytes, Dist, Seed, Stream, Time};

use crate::fixture::{PAIR, cluster, library, transfer};
use crate::generated::{Figure, Node, change, question, solved};

const SEED: u64 = 7;

/// A number between zero and one.
fn unit(stream: &mut Stream) -> f64 {
    Dist::Uniform { low: 0.0, high: 1.0 }.sample(stream)
}

/// A cluster and others whose figures are up to three times as high or low. One time in six is
/// none at all, so that lanes differ in what takes time.
pub(crate) fn lanes(cluster: &Cluster, count: usize, seed: u64) -> Vec<Cluster> {
    let drawn = |lane: usize| {
        let mut stream = Seed::new(seed).stream(&format!("lane {lane}"));
        let mut other = cluster.clone();
        change(&mut other, &mut |figure, value| {
            let factor = libm::pow(9.0, unit(&mut stream) - 0.5);
            let none = unit(&mut stream) < 1.0 / 6.0 && figure == Figure::Time;
            if none { 0.0 } else { value * factor }
        });
        for host in &mut other.hosts {
            let bytes = host.tcp_window.as_f64() * (0.1 + unit(&mut stream));
            host.tcp_window = Bytes::new(bytes as u64);
        }
        for turns in &mut other.turns {
            turns.quantum = Time::from_seconds(turns.quantum.as_seconds() * unit(&mut stream));
        }
        other
    };
    std::iter::once(cluster.clone()).chain((1..count).map(drawn)).collect()
}

/// The time of each hop and cause, and of what is part of the goodput.
fn life(outcome: &Outcome) -> BTreeMap<(&str, Cause), Time> {
    let mut life = BTreeMap::new();
    for interval in &outcome.life {
        let span: &mut Time = life.entry((interval.hop.as_str(), interval.cause)).or_default();
        *span += interval.span;
    }
    life
}

/// Two brief accounts of one thing. What is lost is summed over fewer rows in one of them.
fn assert_reached(alone: &Reached, lane: &Reached, context: &str) {
    assert_eq!((alone.completion, alone.sent), (lane.completion, lane.sent), "{context}");
    let [a, b] = [alone, lane].map(|reached| reached.goodput.as_bytes_per_s());
    assert!((a - b).abs() <= 1e-12 * a, "{a} and {b} B/s, {context}");
    let [a, b] = [alone, lane].map(|reached| reached.loss_ratio);
    assert!((a - b).abs() <= 1e-12, "{a} and {b} lost, {context}");
}

/// Two accounts of one thing. Where spans are cut into whole picoseconds may differ.
fn assert_same(alone: &Outcome, lane: &Outcome, context: &str) {
    assert_eq!(alone.reached(), lane.reached(), "{context}");
    assert_eq!(alone.reference, lane.reference, "{context}");
    assert_eq!(alone.reference_link, lane.reference_link, "{context}");
    assert_eq!(alone.utilisation, lane.utilisation, "{context}");
    let whole: Time = lane.life.iter().map(|interval| interval.span).sum();
    assert_eq!(whole, lane.completion, "{context}");
    let (one, other) = (life(alone), life(lane));
    for key in one.keys().chain(other.keys()) {
        let [a, b] = [&one, &other].map(|life| life.get(key).map_or(0, |span| span.as_ps()));
        assert!(a.abs_diff(b) <= 8, "{key:?}: {a} and {b} ps, {context}");
    }
}

/// Asserts that every lane of a batch is what its cluster is alone.
pub(crate) fn assert_alone(lanes: &[Cluster], transfers: &[Transfer]) {
    let batch = Batch::new(lanes).unwrap_or_else(|error| panic!("{error}"));
    let brief = reached(&batch, transfers, SEED).unwrap_or_else(|error| panic!("{error}"));
    let whole = predict_batch(&batch, transfers, SEED).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((brief.len(), whole.len()), (lanes.len(), lanes.len()));
    for (at, cluster) in lanes.iter().enumerate() {
        let alone = predict(cluster, transfers, Fidelity::Closed, SEED);
        let alone = alone.unwrap_or_else(|error| panic!("{error}"));
        for (which, alone) in alone.iter().enumerate() {
            let context = format!("lane {at}, {:?}", transfers[which]);
            assert_reached(&alone.reached(), &brief[at][which], &context);
            assert_same(alone, &whole[at][which], &context);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_lane_is_what_its_cluster_is_alone((nodes, wishes) in question(), seed in any::<u64>()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        assert_alone(&lanes(&cluster, 5, seed), &transfers);
    }

    /// In whatever order and company lanes stand.
    #[test]
    fn a_lane_knows_nothing_of_others((nodes, wishes) in question(), seed in any::<u64>()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        let lanes = lanes(&cluster, 4, seed);
        let ask = |order: &[usize]| {
            let batch = Batch::new(order.iter().map(|&at| &lanes[at])).unwrap();
            reached(&batch, &transfers, SEED).unwrap()
        };
        let all = ask(&[0, 1, 2, 3]);
        for order in [vec![3, 2, 1, 0], vec![2], vec![1, 1, 3]] {
            let some: Vec<_> = order.iter().map(|&at| all[at].clone()).collect();
            prop_assert_eq!(ask(&order), some);
        }
    }

    #[test]
    fn another_structure_is_refused((nodes, _) in question(), which in any::<Index>()) {
        let (base, _) = solved(&nodes, &[]);
        let with = |change: &dyn Fn(&mut Node)| {
            let mut nodes = nodes.clone();
            change(which.get_mut(&mut nodes));
            solved(&nodes, &[]).0
        };
        let cni = |node: &mut Node| node.cni = if node.cni == "veth" { "vxlan" } else { "veth" };
        for other in [with(&|node| node.gpus += 1), with(&cni), solved(&nodes[1..], &[]).0] {
            let error = Batch::new([&base, &other]).map(drop).unwrap_err().to_string();
            prop_assert!(error.starts_with("batch: lane 1 differs from lane 0"), "{}", error);
        }
        // A faster cable is another value, not another structure.
        prop_assert!(Batch::new([&base, &with(&|node| node.gbit_s *= 2)]).is_ok());
    }
}

#[test]
fn a_refusal_says_what_differs() {
    let assembled = |text: &str| {
        let source = Source::new("t.toml", text.replace("CNI", "veth"));
        Cluster::assemble("t", &source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
    };
    let base = assembled(PAIR);
    let refused = |other: &Cluster| match Batch::new([&base, &base, other]) {
        Ok(_) => panic!("it should be refused"),
        Err(error) => error.to_string(),
    };
    let renamed = refused(&assembled(&PAIR.replace("\"nic-b\"", "\"card\"")));
    assert!(
        renamed.contains("lane 2 differs from lane 0: its place `card` is `nic-b`"),
        "{renamed}"
    );
    let service = refused(&assembled(&PAIR.replace("[\"server\"]", "[\"client\"]")));
    assert!(service.contains("its Services are others"), "{service}");
    let mut slots = base.clone();
    slots.pools[0].slots += 1;
    let pool = format!("its pool `{}` is of another kind", base.pools[0].name);
    assert!(refused(&slots).contains(&pool), "{}", refused(&slots));
    let mut cores = base.clone();
    cores.hosts[1].cores.pop();
    assert!(refused(&cores).contains("its host `node-b` is of another kind"));
    let mut links = base.clone();
    links.links.pop();
    assert!(refused(&links).contains("links, not"), "{}", refused(&links));
    let none = Batch::new([]).map(drop).unwrap_err().to_string();
    assert!(none.starts_with("batch: has no cluster"), "{none}");
}

/// So many ends are not kept for all lanes at once.
#[test]
fn a_long_pipeline_is_read_some_lanes_at_a_time() {
    let chunk = Bytes::kib(64);
    let mode = Mode::Overlapped { chunk, buffers: 2 };
    let message = chunk * (CHUNKS_MAX / 2);
    let asked = [Transfer { mode, ..transfer("gpu-a", "gpu-b", message) }];
    assert_alone(&lanes(&cluster("veth"), 12, 1), &asked);
}
