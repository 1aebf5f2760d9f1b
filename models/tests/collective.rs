//! Collectives in closed form: what the links give where nothing else takes time, and what NCCL
//! is known to choose.

use models::collective::{
    Algorithm, Collective, Costs, Fabric, Generation, Intra, Network, Program, Protocol, Team,
    predict, streamed, tuner,
};
use models::input::Source;
use models::library::Kind;
use models::profile::{Dimension, Profile, schema};

/// Costs of which every time is next to nothing and every rate the nominal one.
fn free() -> Costs {
    costs_of("", "")
}

fn node(generation: Generation, ranks: u32) -> Team {
    let links = if generation == Generation::Ampere { 12 } else { 18 };
    Team {
        ranks,
        nodes: 1,
        generation,
        clock_ghz: 1.41,
        dies: 1,
        intra: Intra::NvLink { links, switched: true },
        network: None,
    }
}

fn nodes(generation: Generation, nodes: u32, fabric: Fabric) -> Team {
    let network = Some(Network { fabric, node_gb_s: 400.0, cards: 8, threads: 1 });
    Team { ranks: 8 * nodes, nodes, network, ..node(generation, 8) }
}

const GIB: u64 = 1 << 30;

/// Bus bandwidth in GB/s of `bytes`, as nccl-tests prints it.
fn bus(team: &Team, collective: Collective, bytes: u64) -> f64 {
    let time_us = predict(&free(), team, collective, bytes).time_us();
    collective.bus_factor(team.ranks) * bytes as f64 / 1000.0 / time_us
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-3, "{found} beside {expected}");
}

#[test]
fn a_ring_fills_the_links_of_a_node() {
    let team = node(Generation::Ampere, 8);
    for collective in [Collective::AllReduce, Collective::AllGather, Collective::ReduceScatter] {
        close(bus(&team, collective, 8 * GIB), 240.0);
    }
    // Four links of a pair.
    let pair = Team {
        ranks: 2,
        intra: Intra::NvLink { links: 4, switched: false },
        ..node(Generation::Ampere, 2)
    };
    close(bus(&pair, Collective::AllReduce, 8 * GIB), 80.0);
}

#[test]
fn nvls_moves_less_over_the_links_than_a_ring() {
    let team = node(Generation::Hopper, 8);
    // Each byte goes up and down once: 2 · 0.85 of 370.8 GB/s.
    close(bus(&team, Collective::AllReduce, 8 * GIB), 2.0 * 0.85 * 370.8);
    assert_eq!(tuner::choose(Collective::AllReduce, &team, GIB).algorithm, Algorithm::Nvls);
    assert_eq!(tuner::choose(Collective::AllGather, &team, GIB).algorithm, Algorithm::Ring);
    let four = node(Generation::Hopper, 4);
    assert_eq!(tuner::choose(Collective::AllReduce, &four, GIB).algorithm, Algorithm::Ring);
}

/// On two nodes a tree sends every byte over the network once in each direction: the algorithm's
/// bandwidth is that of the cards, and its bus bandwidth exceeds them (NVIDIA/nccl-tests#160).
#[test]
fn two_nodes_exceed_their_cards() {
    let team = nodes(Generation::Ampere, 2, Fabric::Rdma);
    let slow = Team {
        network: Some(Network { fabric: Fabric::Rdma, node_gb_s: 50.0, cards: 1, threads: 1 }),
        ..team
    };
    let choice = tuner::choose(Collective::AllReduce, &slow, GIB);
    assert_eq!(choice.algorithm, Algorithm::Tree);
    let found = bus(&slow, Collective::AllReduce, 8 * GIB);
    let framing = if choice.protocol == Protocol::Ll128 { 0.9375 } else { 1.0 };
    close(found, 50.0 * 1.875 * framing);
    // A ring of an all-gather is bound by them.
    close(bus(&slow, Collective::AllGather, 8 * GIB), 50.0);
}

/// Where LL gives way to Simple in NVIDIA's runs on one node: the tuner's model says so too.
#[test]
fn protocols_change_where_they_were_seen_to() {
    let last_ll = |generation, ranks, collective| {
        let team = node(generation, ranks);
        let ll =
            |power: &u32| tuner::choose(collective, &team, 1 << power).protocol == Protocol::Ll;
        (9..31).filter(ll).max().unwrap()
    };
    let all_reduce = Collective::AllReduce;
    assert_eq!(last_ll(Generation::Ampere, 2, all_reduce), 19);
    assert_eq!(last_ll(Generation::Hopper, 2, all_reduce), 20);
    assert_eq!(last_ll(Generation::Blackwell, 2, all_reduce), 21);
    assert_eq!(last_ll(Generation::Hopper, 4, Collective::AllGather), 21);
}

#[test]
fn steps_wait_for_clocks_and_networks() {
    let time = |team: &Team| predict(&costs_of("ll_hop", "1,us"), team, Collective::AllReduce, 8);
    // Fourteen steps of a microsecond at the clock of an A100.
    close(time(&node(Generation::Ampere, 8)).time_us(), 14.0);
    let fast = Team { clock_ghz: 2.82, ..node(Generation::Ampere, 8) };
    close(time(&fast).time_us(), 7.0);
    let costs = costs_of("rdma_latency", "10,us");
    let team = nodes(Generation::Ampere, 4, Fabric::Rdma);
    // A tree of four nodes: two levels up, two down.
    assert_eq!(tuner::choose(Collective::AllReduce, &team, 8).algorithm, Algorithm::Tree);
    close(predict(&costs, &team, Collective::AllReduce, 8).time_us(), 40.0);
}

/// As [`free`], with one line of its own.
fn costs_of(name: &str, value: &str) -> Costs {
    let mut text = String::from("parameter,value,unit,low,high,how,source\n");
    for line in schema::lines(Kind::Collective) {
        let free = match line.dimension {
            Dimension::Time => "1e-9,us",
            Dimension::Rate => "1e6,GB/s",
            Dimension::Bytes => "64,KiB",
            _ if line.name == "fill" => "1e-9,ratio",
            _ => "1,ratio",
        };
        let value = if line.name == name { value } else { free };
        text += &format!("{},{value},,,assumed,a test\n", line.name);
    }
    let source = Source::new("one.csv", text);
    Costs::read(&Profile::parse(Kind::Collective, "one", &source).unwrap()).unwrap()
}

/// Costs as a profile: next to nothing, or something.
pub(crate) fn costs_text(free: bool) -> String {
    let mut text = String::from("parameter,value,unit,low,high,how,source\n");
    for line in schema::lines(Kind::Collective) {
        let value = match (line.dimension, free) {
            (Dimension::Time, true) => "1e-9,us",
            (Dimension::Time, false) => "2.5,us",
            (Dimension::Rate, _) => "1e6,GB/s",
            (Dimension::Bytes, _) => "64,KiB",
            (_, true) if line.name == "fill" => "1e-9,ratio",
            (_, true) => "1,ratio",
            (_, false) => "0.8,ratio",
        };
        text += &format!("{},{value},,,assumed,a test\n", line.name);
    }
    text
}

/// Four threads of sockets move four times what one does, up to the cards.
#[test]
fn threads_of_sockets_share_the_work() {
    let costs = costs_of("socket_rate", "2,GB/s");
    let rate = |threads| {
        let network = Network { fabric: Fabric::Socket, node_gb_s: 5.0, cards: 1, threads };
        let pair = Team {
            ranks: 2,
            nodes: 2,
            intra: Intra::Alone,
            network: Some(network),
            ..node(Generation::Ampere, 2)
        };
        GIB as f64 / 1000.0 / predict(&costs, &pair, Collective::AllReduce, GIB).time_us()
    };
    close(rate(1), 2.0);
    close(rate(2), 4.0);
    close(rate(4), 5.0);
}

#[test]
fn messages_are_bound_by_their_gap_or_by_the_card() {
    let pair = Team {
        ranks: 2,
        nodes: 2,
        intra: Intra::Alone,
        network: Some(Network { fabric: Fabric::Rdma, node_gb_s: 12.5, cards: 1, threads: 1 }),
        ..node(Generation::Ampere, 2)
    };
    let costs = costs_of("message_verbs", "0.5,us");
    close(streamed(&costs, &pair, Program::Verbs, 64).time_us(), 0.5);
    close(streamed(&costs, &pair, Program::Verbs, 1 << 20).time_us(), 1_048_576.0 / 12_500.0);
}

#[test]
fn a_line_that_is_missing_is_named() {
    let text = "parameter,value,unit,low,high,how,source\nll_base,6,us,,,assumed,a test\n";
    let source = Source::new("few.csv", text);
    let profile = Profile::parse(Kind::Collective, "few", &source).unwrap();
    let told = Costs::read(&profile).unwrap_err().to_string();
    assert!(told.contains("ll_hop"), "{told}");
}
