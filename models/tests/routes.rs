//! Ways through a fabric: all that are as short as any, and how flows are spread over them.

use std::collections::HashMap;
use std::fmt::Write as _;

use models::cluster::{Cluster, Lane};
use models::input::Source;
use models::outcome::{Fidelity, Outcome};
use models::predict::{notes, predict};
use models::route::Routes;
use models::transfer::{Mode, Transfer};
use petgraph::visit::EdgeRef;
use proptest::prelude::*;
use sim::Bytes;

use crate::fixture::library;

/// A node with a card, a pod on the host's network, and a cable to `switch`.
fn node(text: &mut String, name: &str, switch: &str) {
    write!(
        text,
        "[[node]]\nname = \"{name}\"\nhost = \"host\"\ncni = \"host\"\n\
         [[nic]]\nname = \"nic-{name}\"\nnode = \"{name}\"\nprofile = \"nic\"\npcie = \"slot\"\n\
         mtu = 9000\n\
         [[pod]]\nname = \"pod-{name}\"\nnode = \"{name}\"\n"
    )
    .unwrap();
    cable(text, &format!("nic-{name}"), switch, 400);
}

fn cable(text: &mut String, a: &str, b: &str, gbit_s: u32) {
    writeln!(
        text,
        "[[cable]]\nbetween = [\"{a}\", \"{b}\"]\nrate = \"{gbit_s} Gbit/s\"\nlatency = \"10 ns\""
    )
    .unwrap();
}

fn switch(text: &mut String, name: &str) {
    writeln!(text, "[[switch]]\nname = \"{name}\"\nlatency = \"1 us\"").unwrap();
}

fn assembled(text: &str) -> Cluster {
    let cluster = Cluster::assemble("fabric", &Source::new("fabric.toml", text), &library(), &[]);
    cluster.unwrap_or_else(|error| panic!("{error}"))
}

/// Two leaves with two nodes each, over as many spines as there are rates \[Gbit/s\].
fn leaf_spine(spines: &[u32]) -> Cluster {
    let mut text = String::new();
    for leaf in ["left", "right"] {
        switch(&mut text, leaf);
        for n in 0..2 {
            node(&mut text, &format!("{leaf}-{n}"), leaf);
        }
    }
    for (at, &rate) in spines.iter().enumerate() {
        switch(&mut text, &format!("spine-{at}"));
        for leaf in ["left", "right"] {
            cable(&mut text, leaf, &format!("spine-{at}"), rate);
        }
    }
    assembled(&text)
}

fn across(n: u32, streams: u32) -> Transfer {
    let ends = [format!("pod-left-{n}"), format!("pod-right-{n}")];
    let [from, to] = ends;
    Transfer { streams, ..Transfer::message(from, to, Bytes::mib(256)) }
}

fn spines(outcome: &Outcome) -> Vec<&str> {
    let links = outcome.utilisation.iter().map(|used| used.link.as_str());
    links.filter_map(|link| link.strip_prefix("left→spine-")).collect()
}

#[test]
fn streams_are_spread_over_equal_ways_by_their_hash() {
    let cluster = leaf_spine(&[10, 10, 10, 10]);
    let ends = ["pod-left-0", "pod-right-0"].map(|name| cluster.places[name]);
    let ways = cluster.ways(ends[0], ends[1], Mode::Serial).unwrap();
    assert_eq!((ways.count(&cluster), ways.equal(&cluster)), (4, 4));
    let said = notes(&cluster, &[across(0, 1)]).unwrap();
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("4 equal ways lead from `pod-left-0` to"), "{}", said[0]);

    // A flow keeps to one way, forth and back; 4000 of them take each of four about as often.
    let mut taken: HashMap<String, u32> = HashMap::new();
    for seed in 0..1000 {
        let outcomes = predict(&cluster, &[across(0, 1)], Fidelity::Closed, seed).unwrap();
        let [spine] = spines(&outcomes[0])[..] else { panic!("a flow takes one way") };
        *taken.entry(spine.to_owned()).or_default() += 1;
    }
    assert_eq!(taken.len(), 4);
    // Binomial with n = 1000 and p = 1/4: a standard deviation is 13.7.
    assert!(taken.values().all(|&count| (190..=310).contains(&count)), "{taken:?}");

    let outcomes = predict(&cluster, &[across(0, 64)], Fidelity::Flow, 1).unwrap();
    let mut all = spines(&outcomes[0]);
    all.sort_unstable();
    assert_eq!(all, ["0", "1", "2", "3"]);
    // All four cables are its line, and streams that collide lose a part of it.
    assert!((outcomes[0].reference.as_gbit_s() - 40.0).abs() < 1e-9, "{:?}", outcomes[0].reference);
    assert!(outcomes[0].goodput < outcomes[0].reference);
}

#[test]
fn ways_that_are_not_alike_are_not_spread_over() {
    let cluster = leaf_spine(&[10, 40]);
    for seed in 0..20 {
        let outcomes = predict(&cluster, &[across(0, 4)], Fidelity::Flow, seed).unwrap();
        assert_eq!(spines(&outcomes[0]), ["0"]);
    }
    let said = notes(&cluster, &[across(0, 4)]).unwrap();
    assert!(said[0].contains("they are not alike"), "{}", said[0]);
}

/// Two flows over two spines of 10 Gbit/s: half of all seeds have them collide, and each then gets
/// half of a cable.
#[test]
fn flows_that_are_hashed_to_one_way_share_it() {
    let cluster = leaf_spine(&[10, 10]);
    let both = [across(0, 1), across(1, 1)];
    let mut collisions = 0;
    for seed in 0..40 {
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            let outcomes = predict(&cluster, &both, fidelity, seed).unwrap();
            let collide = spines(&outcomes[0]) == spines(&outcomes[1]);
            let whole = outcomes[0].goodput.as_gbit_s();
            let expected = if collide { 4.5..5.0 } else { 9.0..10.0 };
            assert!(expected.contains(&whole), "{collide} {whole}");
            collisions += u32::from(collide && fidelity == Fidelity::Flow);
        }
    }
    assert!((8..=32).contains(&collisions), "{collisions} of 40");
}

/// Distances and numbers of shortest ways over the whole graph, level by level.
fn counted(cluster: &Cluster, from: &str, to: &str) -> Option<(usize, u64)> {
    let [from, to] = [from, to].map(|name| cluster.places[name]);
    let mut level = HashMap::from([(from, 1u64)]);
    let mut seen = level.clone();
    for length in 0.. {
        if let Some(&count) = level.get(&to) {
            return Some((length, count));
        }
        let mut beyond: HashMap<_, u64> = HashMap::new();
        for (place, count) in level {
            let open = |lane| matches!(lane, Lane::Any | Lane::Host);
            for edge in cluster.graph.edges(place).filter(|edge| open(edge.weight().lane)) {
                if !seen.contains_key(&edge.target()) {
                    *beyond.entry(edge.target()).or_default() += count;
                }
            }
        }
        if beyond.is_empty() {
            return None;
        }
        seen.extend(beyond.iter().map(|(place, count)| (*place, *count)));
        level = beyond;
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_shortest_way_is_found(
        switches in 1usize..8,
        cables in prop::collection::vec((0usize..8, 0usize..8, 1u32..3), 0..24),
        ends in (0usize..8, 0usize..8),
        flow: u64,
    ) {
        let mut text = String::new();
        for at in 0..switches {
            switch(&mut text, &format!("s{at}"));
        }
        for (end, at) in [("a", ends.0), ("b", ends.1)] {
            node(&mut text, end, &format!("s{}", at % switches));
        }
        for (a, b, rate) in cables {
            let (a, b) = (a % switches, b % switches);
            if a != b {
                cable(&mut text, &format!("s{a}"), &format!("s{b}"), rate * 10);
            }
        }
        let cluster = assembled(&text);
        let [from, to] = ["pod-a", "pod-b"].map(|name| cluster.places[name]);
        let ways = cluster.ways(from, to, Mode::Serial);
        let found = ways.as_ref().map(|ways| (ways.first(&cluster).len(), ways.count(&cluster)));
        prop_assert_eq!(found, counted(&cluster, "pod-a", "pod-b"));
        let Some(ways) = ways else { return Ok(()) };
        let way = ways.of_flow(&cluster, flow);
        let ends = |edge| cluster.graph.edge_endpoints(edge).unwrap();
        prop_assert_eq!((ends(way[0]).0, ends(way[way.len() - 1]).1), (from, to));
        prop_assert!(way.windows(2).all(|pair| ends(pair[0]).1 == ends(pair[1]).0));
        prop_assert!(ways.equal(&cluster) <= ways.count(&cluster));
    }
}
