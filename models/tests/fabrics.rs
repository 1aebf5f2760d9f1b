//! Fabrics by name and size: what they make, how flows pass them, and faults in them.

use std::collections::BTreeMap;

use models::cluster::{Cluster, HopModel};
use models::input::{InputError, Source};
use models::outcome::Fidelity;
use models::predict::predict;
use models::route::Routes;
use models::topology;
use models::transfer::{Mode, Transfer};
use sim::Bytes;

use crate::fixture::library;

/// Nodes with cards, one pod each, and a fabric.
fn text(nodes: u32, cards: u32, fabric: &str) -> String {
    format!(
        "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = {nodes}\n\
         [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\nmtu = 9000\n\
         count = {cards}\n\
         [[pod]]\nname = \"pod\"\nnode = \"node\"\n\
         [[fabric]]\nname = \"f\"\ncards = [\"nic\"]\nrate = \"40 Gbit/s\"\nlatency = \"10 ns\"\n\
         switch_latency = \"1 us\"\nunfairness = 0.0\n{fabric}\n"
    )
}

fn try_assembled(text: &str) -> Result<Cluster, InputError> {
    Cluster::assemble("fabric", &Source::new("fabric.toml", text), &library(), &[])
}

fn assembled(text: &str) -> Cluster {
    try_assembled(text).unwrap_or_else(|error| panic!("{error}"))
}

/// How many switches there are of each tier, and how many cables.
fn sizes(text: &str) -> (BTreeMap<String, usize>, usize) {
    let source = Source::new("fabric.toml", text);
    let topology = topology::load(&source, &library(), &[]).unwrap_or_else(|e| panic!("{e}"));
    let mut tiers = BTreeMap::new();
    for switch in &topology.switches {
        let name = switch.table.name.get_ref().strip_prefix("f-").unwrap();
        *tiers.entry(name.split('-').next().unwrap().to_owned()).or_default() += 1;
    }
    (tiers, topology.cables.len())
}

fn tiers(list: &[(&str, usize)]) -> BTreeMap<String, usize> {
    list.iter().map(|(tier, many)| ((*tier).to_owned(), *many)).collect()
}

#[test]
fn fabrics_are_as_large_as_their_formulas_say() {
    let size = |nodes, cards, fabric: &str| sizes(&text(nodes, cards, fabric));
    assert_eq!(size(5, 1, "kind = \"single-switch\""), (tiers(&[("switch", 1)]), 5));
    // Three leaves, the last one half full, and two cables to each of four spines.
    let clos = "kind = \"leaf-spine\"\ncards_per_leaf = 4\nspines = 4\nuplinks = 2";
    assert_eq!(size(10, 1, clos), (tiers(&[("leaf", 3), ("spine", 4)]), 10 + 3 * 4 * 2));
    // 16 cards of 40 Gbit/s at a leaf, and 100 Gbit/s up: 1.6 to 1 leaves four spines.
    let over = "kind = \"leaf-spine\"\ncards_per_leaf = 16\noversubscription = 1.6\n\
                uplink_rate = \"100 Gbit/s\"";
    assert_eq!(size(32, 1, over), (tiers(&[("leaf", 2), ("spine", 4)]), 32 + 2 * 4));
    // Four nodes with eight rails: two groups of eight leaves.
    let rails = "kind = \"rail-optimised\"\ncards_per_leaf = 2\nspines = 3";
    assert_eq!(size(4, 8, rails), (tiers(&[("leaf", 16), ("spine", 3)]), 32 + 16 * 3));
    // k²/2 and k³/4 cards.
    let two = "kind = \"fat-tree\"\nports = 4\nlevels = 2";
    assert_eq!(size(8, 1, two), (tiers(&[("leaf", 4), ("spine", 2)]), 8 + 8));
    let three = "kind = \"fat-tree\"\nports = 4";
    let all = tiers(&[("leaf", 8), ("aggregation", 8), ("core", 4)]);
    assert_eq!(size(16, 1, three), (all, 16 + 16 + 16));
    // Three groups of two leaves and two spines, two cables between every two.
    let dragonfly = "kind = \"dragonfly+\"\ncards_per_leaf = 2\nleaves_per_group = 2\nspines = 2";
    assert_eq!(size(12, 1, dragonfly), (tiers(&[("leaf", 6), ("spine", 6)]), 12 + 12 + 6));
}

#[test]
fn ten_thousand_nodes_are_less_than_forty_lines() {
    let fabric = "kind = \"fat-tree\"\nports = 36";
    let text = text(10_000, 1, fabric);
    assert!(text.lines().count() < 40);
    let cluster = assembled(&text);
    let [from, to] = ["pod-0", "pod-9999"].map(|name| cluster.places[name]);
    // Through the core: 18 aggregation switches, each with 18 cores.
    assert_eq!(cluster.ways(from, to, Mode::Serial).unwrap().count(&cluster), 18 * 18);
}

/// How many cables lead from a pod to another.
fn cables(cluster: &Cluster, from: &str, to: &str) -> usize {
    let [from, to] = [from, to].map(|name| cluster.places[name]);
    let ways = cluster.ways(from, to, Mode::Serial).expect("there is a way");
    let hops = ways.first(cluster);
    hops.iter().filter(|edge| matches!(cluster.hop(**edge).model, HopModel::Wire(_))).count()
}

#[test]
fn ways_are_as_long_as_fabrics_are_deep() {
    let tree = assembled(&text(16, 1, "kind = \"fat-tree\"\nports = 4"));
    // At one leaf, in one pod, through the core.
    assert_eq!([1, 2, 15].map(|to| cables(&tree, "pod-0", &format!("pod-{to}"))), [2, 4, 6]);
    let rails = "kind = \"rail-optimised\"\ncards_per_leaf = 4\nspines = 2";
    let rails = assembled(&text(8, 2, rails));
    assert_eq!([1, 7].map(|to| cables(&rails, "pod-0", &format!("pod-{to}"))), [2, 4]);
    let groups = "kind = \"dragonfly+\"\ncards_per_leaf = 1\nleaves_per_group = 2\nspines = 2";
    let groups = assembled(&text(6, 1, groups));
    assert_eq!([1, 5].map(|to| cables(&groups, "pod-0", &format!("pod-{to}"))), [4, 5]);
}

/// What each of so many pairs across two leaves gets \[Gbit/s\].
fn across(cluster: &Cluster, pairs: u32, seed: u64) -> Vec<f64> {
    let pair = |n: u32| {
        Transfer::message(format!("pod-{n}"), format!("pod-{}", pairs + n), Bytes::mib(1024))
    };
    let transfers: Vec<Transfer> = (0..pairs).map(pair).collect();
    let outcomes = predict(cluster, &transfers, Fidelity::Flow, seed).unwrap();
    outcomes.iter().map(|outcome| outcome.goodput.as_gbit_s()).collect()
}

fn pairs(spread: &str, spines: u32) -> Cluster {
    let fabric = format!(
        "kind = \"leaf-spine\"\ncards_per_leaf = 8\nspines = {spines}\nspread = \"{spread}\"\n\
         uplink_rate = \"10 Gbit/s\""
    );
    assembled(&text(16, 1, &fabric))
}

#[test]
fn packets_that_are_spread_meet_no_collision() {
    let by_packet = across(&pairs("packet", 8), 8, 1);
    // Eight pairs share eight cables of 10 Gbit/s evenly.
    let even = by_packet[0];
    assert!(by_packet.iter().all(|rate| (rate / even - 1.0).abs() < 1e-6), "{by_packet:?}");
    assert!((9.0..10.0).contains(&even), "{even}");
    // By hash, some of the eight meet: the slowest of twenty draws has at most half a cable.
    let slowest = |seed| across(&pairs("flow", 8), 8, seed).into_iter().fold(f64::MAX, f64::min);
    assert!((0..20).map(slowest).all(|rate| rate < 0.51 * even));
}

#[test]
fn a_shared_hash_uses_a_part_of_the_ways() {
    let used = |spread: &str| {
        let fabric = format!("kind = \"fat-tree\"\nports = 8\nspread = \"{spread}\"");
        let cluster = assembled(&text(128, 1, &fabric));
        let [from, to] = ["pod-0", "pod-127"].map(|name| cluster.places[name]);
        let ways = cluster.ways(from, to, Mode::Serial).unwrap();
        let mut taken: Vec<_> = (0..500).map(|flow| ways.of_flow(&cluster, flow)).collect();
        taken.sort();
        taken.dedup();
        taken.len()
    };
    // Four aggregation switches, each with four cores: what chose the first chooses the second.
    assert_eq!((used("flow"), used("same-hash")), (16, 4));
}

#[test]
fn faults_take_ways_and_rates() {
    let clos = "kind = \"leaf-spine\"\ncards_per_leaf = 4\nspines = 4\nspread = \"packet\"\n\
                uplink_rate = \"10 Gbit/s\"";
    let sum = |fault: &str| {
        let cluster = assembled(&(text(8, 1, clos) + fault));
        across(&cluster, 4, 1).iter().sum::<f64>()
    };
    let whole = sum("");
    assert!((36.0..40.0).contains(&whole), "{whole}");
    let ratio = |fault: &str| sum(fault) / whole;
    assert!((ratio("[[fault]]\nat = \"f-spine-2\"\n") - 0.75).abs() < 1e-3);
    assert!((ratio("[[fault]]\nbetween = [\"f-leaf-1\", \"f-spine-0\"]\n") - 0.75).abs() < 1e-3);
    // Packets take all ways evenly, so the slow cable decides for all.
    let slow = "[[fault]]\nbetween = [\"f-spine-0\", \"f-leaf-0\"]\nrate = \"1 Gbit/s\"\n";
    assert!((ratio(slow) - 0.1).abs() < 1e-3, "{}", ratio(slow));
}

/// What is wrong with a fabric, and what would be right.
fn wrong(nodes: u32, cards: u32, fabric: &str) -> (String, String) {
    let error = try_assembled(&text(nodes, cards, fabric)).expect_err("it is wrong");
    assert!(error.source.is_some(), "{error}");
    (format!("{}: {}", error.field, error.problem), error.help.unwrap_or_default())
}

#[test]
fn impossible_fabrics_are_refused() {
    let told = |nodes, cards, fabric: &str| wrong(nodes, cards, fabric).0;
    assert_eq!(
        wrong(4, 1, "kind = \"fat-tree\"\nports = 5"),
        ("ports: 5 is odd: half lead down".into(), "4, or 6".into())
    );
    assert_eq!(told(4, 1, "kind = \"fat-tree\"\nports = 0"), "ports: 0 is not possible");
    assert_eq!(
        told(4, 1, "kind = \"fat-tree\"\nports = 4\nlevels = 4"),
        "levels: 4 is not possible"
    );
    assert_eq!(
        told(17, 1, "kind = \"fat-tree\"\nports = 4"),
        "ports: 4 ports take 16 cards, and there are 17"
    );
    assert_eq!(
        wrong(4, 1, "kind = \"fat-tree\"\nports = 4\nspines = 2"),
        (
            "spines: has no effect in a fabric of kind `fat-tree`".into(),
            "it reads ports, levels, uplink_rate".into()
        )
    );
    assert_eq!(
        told(4, 1, "kind = \"fat-tree\"\nports = 4294967294"),
        "ports: 4294967294 is not possible"
    );
    assert_eq!(told(4, 1, "kind = \"fat-tree\"\nports = 65536"), "ports: makes 1073741824 things");
    assert_eq!(
        told(4, 1, "kind = \"leaf-spine\"\ncards_per_leaf = 1\nspines = 65536\nuplinks = 65536"),
        "spines: makes 17179869184 things"
    );
    let none = "kind = \"leaf-spine\"\ncards_per_leaf = 2";
    assert_eq!(told(4, 1, none), "spines: is missing");
    let odd = "kind = \"leaf-spine\"\ncards_per_leaf = 16\noversubscription = 3";
    assert_eq!(
        wrong(4, 1, odd),
        (
            "oversubscription: 3 would need 5.333333333333333 spines".into(),
            "1, 2, 4, 8, 16, or `spines`".into()
        )
    );
    let rails = "kind = \"rail-optimised\"\ncards_per_leaf = 2\nspines = 2";
    let single = text(2, 1, rails).replace("[\"nic\"]", "[\"nic-0-0\", \"nic-1-0\"]");
    let error = try_assembled(&single).expect_err("no rails");
    assert_eq!(error.problem, "rails need a counted family of cards, as many in each node");
    let flat = "kind = \"dragonfly+\"\ncards_per_leaf = 4\nleaves_per_group = 4\nspines = 2";
    assert_eq!(told(8, 1, flat), "leaves_per_group: 2 leaves are one group");
    assert_eq!(told(4, 1, "kind = \"fat-three\""), "kind: no fabric is called `fat-three`");
    assert_eq!(
        told(4, 1, "kind = \"single-switch\"\nspread = \"sprayed\""),
        "spread: no spreading is called `sprayed`"
    );
    let twice =
        text(4, 1, "kind = \"single-switch\"").replace("[\"nic\"]", "[\"nic\", \"nic-0-0\"]");
    assert_eq!(try_assembled(&twice).expect_err("twice").problem, "`nic-0-0` is given twice");
    let nobody = text(4, 1, "kind = \"single-switch\"").replace("[\"nic\"]", "[\"nics\"]");
    assert_eq!(try_assembled(&nobody).expect_err("nobody").problem, "no card is called `nics`");
}

#[test]
fn impossible_faults_are_refused() {
    let clos = "kind = \"leaf-spine\"\ncards_per_leaf = 2\nspines = 2";
    let told = |fault: &str| {
        let error = try_assembled(&(text(4, 1, clos) + fault)).expect_err("it is wrong");
        format!("{}: {}", error.field, error.problem)
    };
    assert_eq!(told("[[fault]]\nat = \"f-leaf-1\"\n"), "at: cuts `nic-2-0` off from `nic-0-0`");
    let both = "[[fault]]\nat = \"f-spine-0\"\n[[fault]]\nat = \"f-spine-1\"\n";
    assert_eq!(told(both), "at: cuts `nic-2-0` off from `nic-0-0`");
    assert_eq!(told("[[fault]]\nat = \"f-spine-2\"\n"), "at: no cable leads to `f-spine-2`");
    assert_eq!(
        told("[[fault]]\nbetween = [\"f-leaf-0\", \"nic-3-0\"]\n"),
        "between: no cable leads between `f-leaf-0` and `nic-3-0`"
    );
    assert_eq!(told("[[fault]]\n"), "fault: names nothing");
    let many = "[[fault]]\nbetween = [\"f-leaf-0\", \"f-spine-0\"]\ncount = 2\n";
    assert_eq!(told(many), "count: 2 of 1 cables is not possible");
    let none = "[[fault]]\nat = \"f-spine-0\"\nrate = \"0 bit/s\"\n";
    assert!(told(none).starts_with("rate: "), "{}", told(none));
}
