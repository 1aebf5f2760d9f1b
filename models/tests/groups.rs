//! Collectives on clusters: what the graph says where nothing is in the way is what the closed form
//! says, and what a fabric takes away comes off.

use models::cluster::{Cluster, Setting};
use models::collective::{
    Algorithm, Choice, Collective, Costs, Fabric, Generation, Group, Intra, Network, Protocol,
    Team, predict, predict_as,
};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::{Fidelity, Outcome};
use models::predict;
use models::transfer::Transfer;
use sim::Bytes;

use crate::collective::costs_text;
use crate::fixture::library;

/// Nodes of eight GPUs on NVSwitch, each with a card of its own, and a fabric.
fn text(nodes: u32, fabric: &str) -> String {
    format!(
        "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = {nodes}\n\
         [[pcie_switch]]\nname = \"sw\"\nnode = \"node\"\npcie = \"slot\"\ncount = 8\n\
         [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = \"hopper\"\npcie = \"slot\"\n\
         under = \"sw\"\n\
         [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\nmtu = 4096\n\
         under = \"sw\"\n\
         [[nvlink]]\nbetween = [\"gpu\", \"gpu\"]\nlatency = \"1 us\"\n\
         [[pod]]\nname = \"rank\"\nnode = \"node\"\ngpu = \"gpu\"\n\
         [[fabric]]\nname = \"f\"\ncards = [\"nic\"]\nrate = \"40 Gbit/s\"\nlatency = \"10 ns\"\n\
         switch_latency = \"500 ns\"\n{fabric}\n"
    )
}

const SWITCH: &str = "kind = \"single-switch\"";

fn books(free: bool) -> Library {
    let mut library = library();
    library.add(Kind::Collective, "nccl", Source::new("nccl.csv", costs_text(free)));
    let gpu = library.source(Kind::Gpu, "gpu").expect("the fixture has it").text.to_string();
    let facts = "compute_capability,90,count,,,datasheet,x\nnvlink_links,18,count,,,datasheet,x\n\
                 nvlink_bandwidth,450,GB/s,,,datasheet,x\n";
    let kept: Vec<&str> = gpu
        .lines()
        .filter(|line| !line.starts_with("nvlink") && !line.starts_with("compute_capability"))
        .collect();
    let hopper = format!("{}\n{facts}", kept.join("\n"));
    library.add(Kind::Gpu, "hopper", Source::new("hopper.csv", hopper));
    library.with_collectives()
}

fn assembled_from(library: &Library, text: &str) -> Cluster {
    let settings: &[Setting] = &[];
    let cluster = Cluster::assemble("c", &Source::new("c.toml", text), library, settings);
    cluster.unwrap_or_else(|error| panic!("{error}"))
}

fn assembled(text: &str) -> Cluster {
    assembled_from(&books(true), text)
}

fn group(collective: Collective) -> Group {
    Group {
        collective,
        ranks: vec!["gpu".into()],
        algorithm: None,
        protocol: None,
        network: Some(Fabric::Rdma),
        rails: None,
        threads: 1,
        beside_kernels: false,
    }
}

fn asked(cluster: &Cluster, group: Group, bytes: u64, seed: u64) -> Result<Outcome, InputError> {
    let transfer = Transfer::together(group, Bytes::new(bytes));
    let all = predict::predict(cluster, &[transfer], Fidelity::Flow, seed)?;
    Ok(all.into_iter().next().expect("one outcome"))
}

fn seconds(cluster: &Cluster, group: Group, bytes: u64) -> f64 {
    let outcome = asked(cluster, group, bytes, 1).unwrap_or_else(|error| panic!("{error}"));
    outcome.completion.as_seconds()
}

fn team(nodes: u32) -> Team {
    let network = Network { fabric: Fabric::Rdma, node_gb_s: 40.0, cards: 8, threads: 1 };
    Team {
        ranks: 8 * nodes,
        nodes,
        generation: Generation::Hopper,
        clock_ghz: clock_ghz(),
        dies: 1,
        intra: Intra::NvLink { links: 18, switched: true },
        network: (nodes > 1).then_some(network),
    }
}

fn clock_ghz() -> f64 {
    let gpu = books(true).profile(Kind::Gpu, "hopper").unwrap();
    gpu.base("clock", models::profile::Dimension::Frequency).unwrap() / 1e9
}

const ALL: [Collective; 9] = [
    Collective::AllReduce,
    Collective::AllGather,
    Collective::ReduceScatter,
    Collective::Broadcast,
    Collective::Reduce,
    Collective::AllToAll,
    Collective::SendReceive,
    Collective::Gather,
    Collective::Scatter,
];

#[test]
fn a_healthy_fabric_gives_what_the_closed_form_says() {
    let library = books(false);
    let costs = Costs::read(&library.profile(Kind::Collective, "nccl").unwrap()).unwrap();
    for nodes in [1, 2, 5, 8] {
        let cluster = assembled_from(&library, &text(nodes, SWITCH));
        for collective in ALL {
            for bytes in [1 << 10, 1 << 20, 1 << 30] {
                let expected = predict(&costs, &team(nodes), collective, bytes).time_us();
                let found = 1e6 * seconds(&cluster, group(collective), bytes);
                let off = found / expected - 1.0;
                assert!(off.abs() < 1e-4, "{nodes} {collective:?} {bytes}: {found} {expected}");
            }
        }
    }
}

/// Bus bandwidth in GB/s.
fn bus(cluster: &Cluster, group: Group, bytes: u64) -> f64 {
    let factor = group.collective.bus_factor(group_ranks(cluster));
    factor * bytes as f64 / seconds(cluster, group, bytes) / 1e9
}

fn group_ranks(cluster: &Cluster) -> u32 {
    cluster.families["gpu"].len() as u32
}

#[test]
fn an_oversubscribed_fabric_takes_its_part() {
    let clos = |ratio: u32| {
        let fabric = format!(
            "kind = \"leaf-spine\"\ncards_per_leaf = 8\noversubscription = {ratio}.0\n\
             spread = \"packet\""
        );
        let ring = Group { algorithm: Some(Algorithm::Ring), ..group(Collective::AllReduce) };
        bus(&assembled(&text(8, &fabric)), ring, 8 << 30)
    };
    let full = clos(1);
    // A ring leads up from each leaf on all of its cards, and there are as many cables as cards.
    assert!((clos(4) / full - 0.25).abs() < 1e-3, "{} {full}", clos(4));
    // Rails meet at one leaf each, so that nothing has to go up.
    let rails = "kind = \"rail-optimised\"\ncards_per_leaf = 8\noversubscription = 4.0";
    let rails = assembled(&text(8, rails));
    let ring = Group { algorithm: Some(Algorithm::Ring), ..group(Collective::AllReduce) };
    assert!((bus(&rails, ring, 8 << 30) / full - 1.0).abs() < 1e-3);
}

#[test]
fn flows_that_meet_on_a_cable_slow_the_whole_ring() {
    let fabric = "kind = \"leaf-spine\"\ncards_per_leaf = 8\nspines = 8";
    let cluster = assembled(&text(4, fabric));
    let ring = || Group { algorithm: Some(Algorithm::Ring), ..group(Collective::AllReduce) };
    let free = assembled(&text(4, &format!("{fabric}\nspread = \"packet\"")));
    let whole = bus(&free, ring(), 8 << 30);
    for seed in 0..10 {
        let outcome = asked(&cluster, ring(), 8 << 30, seed).unwrap();
        let factor = Collective::AllReduce.bus_factor(32);
        let part = factor * outcome.goodput.as_bytes_per_s() / 1e9 / whole;
        // As many flows on the fullest cable as a whole number says.
        let flows = 1.0 / part;
        assert!(flows > 1.9 && (flows - flows.round()).abs() < 0.01, "{seed}: {flows}");
    }
}

#[test]
fn rails_that_are_left_out_leave_their_part() {
    let cluster = assembled(&text(4, SWITCH));
    let on = |rails| {
        let ring = Group { algorithm: Some(Algorithm::Ring), ..group(Collective::AllReduce) };
        bus(&cluster, Group { rails, ..ring }, 8 << 30)
    };
    let all = on(None);
    for rails in [1, 2, 4] {
        assert!((on(Some(rails)) / all - f64::from(rails) / 8.0).abs() < 1e-3, "{rails}");
    }
}

#[test]
fn two_collectives_share_the_cards() {
    let cluster = assembled(&text(2, SWITCH));
    let one = || Transfer::together(group(Collective::AllGather), Bytes::new(1 << 30));
    let alone = predict::predict(&cluster, &[one()], Fidelity::Flow, 1).unwrap();
    let both = predict::predict(&cluster, &[one(), one()], Fidelity::Flow, 1).unwrap();
    let ratio = both[0].completion.as_seconds() / alone[0].completion.as_seconds();
    assert!((1.9..2.01).contains(&ratio), "{ratio}");
}

#[test]
fn a_thousand_ranks_are_one_flow() {
    let cluster = assembled(&text(128, SWITCH));
    let ring = Group {
        algorithm: Some(Algorithm::Ring),
        protocol: Some(Protocol::Simple),
        ..group(Collective::AllReduce)
    };
    let found = bus(&cluster, ring, 8 << 30);
    // Eight cards of 5 GB/s, in costs that make nothing slower.
    assert!((found / 40.0 - 1.0).abs() < 0.01, "{found}");
}

/// One GPU and card of each node alone.
fn firsts(nodes: u32) -> Vec<String> {
    (0..nodes).map(|node| format!("gpu-{node}-0")).collect()
}

#[test]
fn parallel_trees_move_what_a_ring_moves_in_fewer_steps() {
    let library = books(false);
    let costs = Costs::read(&library.profile(Kind::Collective, "nccl").unwrap()).unwrap();
    for nodes in [2u32, 3, 8, 13] {
        let cluster = assembled_from(&library, &text(nodes, SWITCH));
        for collective in [Collective::AllGather, Collective::ReduceScatter] {
            let ranks = firsts(nodes);
            let own = Group { ranks, rails: Some(1), ..group(collective) };
            let forced = Some(Algorithm::Pat);
            let trees = Group { algorithm: forced, protocol: Some(Protocol::Simple), ..own };
            let network = Network { node_gb_s: 5.0, cards: 1, ..team(2).network.unwrap() };
            let network = Some(network);
            let team = Team { ranks: nodes, intra: Intra::Alone, network, ..team(nodes) };
            let choice = Choice { algorithm: Algorithm::Pat, protocol: Protocol::Simple };
            for bytes in [1 << 10, 1 << 30] {
                let expected = predict_as(&costs, &team, collective, choice, bytes).time_us();
                let found = 1e6 * seconds(&cluster, trees.clone(), bytes);
                assert!((found / expected - 1.0).abs() < 1e-4, "{nodes}: {found} {expected}");
            }
            // With costs that are free, three quarters of a card carry (n − 1)/n of the bytes.
            let free = assembled(&text(nodes, SWITCH));
            let bus = collective.bus_factor(nodes) * (1u64 << 30) as f64;
            let bus = bus / seconds(&free, trees, 1 << 30) / 1e9;
            assert!((bus / (0.75 * 5.0) - 1.0).abs() < 0.01, "{nodes}: {bus}");
        }
    }
    let eight = Group { algorithm: Some(Algorithm::Pat), ..group(Collective::AllGather) };
    let told = wrong(&assembled(&text(2, SWITCH)), eight);
    assert_eq!(told, "algorithm: pat does not do this");
}

#[test]
fn one_rank_sends_to_all_over_all_rails_of_its_node() {
    let cluster = assembled(&text(4, SWITCH));
    for collective in [Collective::Scatter, Collective::Gather] {
        let found = asked(&cluster, group(collective), 8 << 30, 1).expect("it is possible");
        // 24 of 32 parts leave by eight cards of 5 GB/s, which GPUs of other rails relay.
        let line = 40e9 * 32.0 / 24.0;
        let reference = found.reference.as_bytes_per_s();
        assert!((reference / line - 1.0).abs() < 1e-9, "{collective:?}: {reference} {line}");
        assert!(found.goodput.as_bytes_per_s() < line, "{collective:?}");
    }
    // Over PCIe nobody relays: the root's own card is all it has.
    let text = text(4, SWITCH);
    let (from, to) = (text.find("[[nvlink]]").unwrap(), text.find("[[pod]]").unwrap());
    let apart = assembled(&format!("{}{}", &text[..from], &text[to..]));
    let found = asked(&apart, group(Collective::Scatter), 8 << 30, 1).expect("it is possible");
    let line = 5e9 * 32.0 / 24.0;
    let reference = found.reference.as_bytes_per_s();
    assert!((reference / line - 1.0).abs() < 1e-9, "{reference} {line}");
}

#[test]
fn kernels_beside_a_collective_slow_what_sms_do() {
    let busy = |nodes: u32, beside_kernels: bool| {
        let cluster = assembled(&text(nodes, SWITCH));
        seconds(&cluster, Group { beside_kernels, ..group(Collective::AllReduce) }, 1 << 30)
    };
    let ratio = busy(1, true) / busy(1, false);
    assert!((ratio - 1.481).abs() < 1e-3, "{ratio}");
    // Cards that are slower than NVLink hide it.
    let ratio = busy(4, true) / busy(4, false);
    assert!((1.0..1.01).contains(&ratio), "{ratio}");
}

/// What is wrong with a group.
fn wrong(cluster: &Cluster, group: Group) -> String {
    let error = asked(cluster, group, 1 << 20, 1).expect_err("it is wrong");
    format!("{}: {}", error.field, error.problem)
}

#[test]
fn impossible_groups_are_refused() {
    let cluster = assembled(&text(2, SWITCH));
    let of = |ranks: &[&str]| Group {
        ranks: ranks.iter().map(|rank| (*rank).to_owned()).collect(),
        ..group(Collective::AllReduce)
    };
    assert_eq!(wrong(&cluster, of(&["gpu-0-0"])), "ranks: 1 ranks are no group");
    assert_eq!(
        wrong(&cluster, of(&["gpu-0-8"])),
        "ranks: `gpu-0-8` is no GPU that one pod has whole"
    );
    assert_eq!(wrong(&cluster, of(&["gpu-0-1", "gpu-0-1"])), "ranks: `gpu-0-1` stands twice");
    assert_eq!(
        wrong(&cluster, of(&["gpu-0-0", "gpu-0-1", "gpu-1-0"])),
        "ranks: `node-0` has 2 of them, and `node-1` has 1"
    );
    let many = Group { rails: Some(9), ..group(Collective::AllReduce) };
    assert_eq!(wrong(&cluster, many), "rails: 9 of 8 cards is not possible");
    let four = Group { algorithm: Some(Algorithm::Nvls), ..of(&["gpu-0-0", "gpu-0-1"]) };
    assert_eq!(wrong(&cluster, four), "algorithm: nvls does not do this");
    let tree = Group { algorithm: Some(Algorithm::Tree), ..group(Collective::Broadcast) };
    assert_eq!(wrong(&cluster, tree), "algorithm: tree does not do this");
    let chunks = Transfer::together(group(Collective::AllReduce), Bytes::new(1 << 20));
    let error = predict::predict(&cluster, &[chunks], Fidelity::Chunk, 1).expect_err("no chunks");
    assert_eq!(error.problem, "a collective is not computed chunk by chunk");
    let apart = text(2, SWITCH).replace("cards = [\"nic\"]", "cards = [\"nic-0-0\", \"nic-0-1\"]");
    let told = wrong(&assembled(&apart), group(Collective::AllReduce));
    assert_eq!(told, "ranks: `node-1` has no card with a cable");
}

#[test]
fn sockets_cost_what_the_container_network_costs() {
    let sockets = |cni: &str, rate: &str| {
        let text = text(2, SWITCH).replace("cni = \"host\"", &format!("cni = \"{cni}\""));
        let group = Group { network: Some(Fabric::Socket), ..group(Collective::AllReduce) };
        let mut library = books(true);
        let costs = costs_text(true).replace("socket_rate,1e6", &format!("socket_rate,{rate}"));
        library.add(Kind::Collective, "nccl", Source::new("nccl.csv", costs));
        seconds(&assembled_from(&library, &text), group, 1 << 30)
    };
    let (host, overlay) = (sockets("host", "1e6"), sockets("vxlan", "1e6"));
    // Headers take room on the wire.
    assert!((1.005..1.1).contains(&(overlay / host)), "{overlay} beside {host}");
    // A thread that sends does the work of the overlay, too.
    let thread = sockets("vxlan", "2") / sockets("host", "2");
    assert!(thread > 1.05, "{thread}");
    // Cards that pods may not use for RDMA leave sockets.
    let cluster = assembled(&text(2, SWITCH));
    let auto = Group { network: None, ..group(Collective::AllReduce) };
    assert!((seconds(&cluster, auto.clone(), 1 << 30) / host - 1.0).abs() < 1e-9);
    let rdma = text(2, SWITCH).replace("mtu = 4096\n", "mtu = 4096\nrdma = true\n");
    let direct = seconds(&assembled(&rdma), group(Collective::AllReduce), 1 << 30);
    assert!((seconds(&assembled(&rdma), auto, 1 << 30) / direct - 1.0).abs() < 1e-9);
}
