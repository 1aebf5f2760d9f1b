//! Patterns of traffic, where a pencil says what comes of them.

use models::cluster::Cluster;
use models::input::{InputError, Source};
use models::outcome::{Cause, Fidelity, Outcome};
use models::pattern::{Pattern, Shape};
use models::predict::{Replications, flows, predict, predict_batch};
use models::transfer::{Mode, Transfer};
use sim::{Bytes, Time};

use crate::fixture::library;

/// Nodes with a GPU and a card each, around one switch.
fn text(nodes: usize, fabric: &str) -> String {
    format!(
        "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = {nodes}\n\
         [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = \"gpu\"\npcie = \"slot\"\n\
         [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\nmtu = 4096\n\
         [[pod]]\nname = \"pod\"\nnode = \"node\"\ngpu = \"gpu\"\n\
         [[fabric]]\nname = \"f\"\ncards = [\"nic\"]\nrate = \"40 Gbit/s\"\nlatency = \"0 ns\"\n\
         switch_latency = \"0 ns\"\n{fabric}\n"
    )
}

fn cluster(nodes: usize) -> Cluster {
    on(nodes, "kind = \"single-switch\"")
}

fn on(nodes: usize, fabric: &str) -> Cluster {
    let source = Source::new("c.toml", text(nodes, fabric));
    Cluster::assemble("c", &source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn pattern(shape: Shape, among: &[&str]) -> Transfer {
    let to = if shape == Shape::Incast { "gpu-0" } else { "" };
    let among = among.iter().map(|name| (*name).to_owned()).collect();
    Transfer {
        mode: Mode::GpuDirect,
        pattern: Some(Box::new(Pattern { shape, among })),
        ..Transfer::message("", to, Bytes::new(10_000_000))
    }
}

fn outcome(cluster: &Cluster, transfer: &Transfer, fidelity: Fidelity) -> Outcome {
    let all = predict(cluster, std::slice::from_ref(transfer), fidelity, 1);
    all.unwrap_or_else(|error| panic!("{error}")).remove(0)
}

fn refused(cluster: &Cluster, transfer: &Transfer) -> InputError {
    predict(cluster, std::slice::from_ref(transfer), Fidelity::Flow, 1).expect_err("it is refused")
}

/// One flow alone: what the wire of a card takes for one message.
fn alone(cluster: &Cluster) -> f64 {
    let one = Transfer {
        mode: Mode::GpuDirect,
        ..Transfer::message("gpu-0", "gpu-1", Bytes::new(10_000_000))
    };
    outcome(cluster, &one, Fidelity::Flow).completion.as_seconds()
}

#[test]
fn time_is_what_the_busiest_card_has_to_carry() {
    let cluster = cluster(6);
    let alone = alone(&cluster);
    for (shape, flows, messages) in [
        (Shape::Ring, 6, 1.0),
        (Shape::Permutation, 6, 1.0),
        (Shape::Pairs, 3, 1.0),
        (Shape::Incast, 5, 5.0),
        (Shape::AllToAll, 30, 5.0),
    ] {
        for fidelity in [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk] {
            let found = outcome(&cluster, &pattern(shape, &["gpu"]), fidelity);
            let seconds = found.completion.as_seconds();
            let told = format!("{shape:?} {fidelity:?}: {seconds} {alone}");
            // Latencies and the last unit pass once, whatever the number of messages.
            assert!((seconds - messages * alone).abs() < 0.02 * messages * alone, "{told}");
            let each = found.flows.expect("it is a pattern");
            assert_eq!(each.count, flows, "{told}");
            let sum = found.goodput.as_bytes_per_s() * seconds;
            assert!((sum - f64::from(flows) * 1e7).abs() < 1.0, "{told}");
            let [least, median, most] =
                [each.least, each.median, each.most].map(|rate| rate.as_bytes_per_s());
            assert!(least <= median && median <= most, "{told}");
            // Nobody is favoured: all share alike.
            if fidelity != Fidelity::Chunk {
                assert!(most / least < 1.001, "{told}: {least} to {most}");
            }
        }
    }
}

#[test]
fn the_account_of_a_pattern_sums() {
    let clos = on(8, "kind = \"leaf-spine\"\ncards_per_leaf = 2\noversubscription = 2.0");
    for shape in Shape::ALL.map(|(_, shape)| shape) {
        let found = outcome(&clos, &pattern(shape, &["gpu"]), Fidelity::Flow);
        let life: Time = found.life.iter().map(|interval| interval.span).sum();
        assert_eq!(life, found.completion, "{shape:?}");
        let taken: f64 = found.taken.iter().map(|hop| hop.bytes_per_s).sum();
        let [reference, goodput] =
            [found.reference, found.goodput].map(|rate| rate.as_bytes_per_s());
        assert!((taken - (reference - goodput)).abs() < 1e-6 * reference, "{shape:?}: {found:?}");
        assert!(found.utilisation.iter().all(|link| (0.0..=1.0).contains(&link.busy)), "{shape:?}");
        let at_line = |interval: &&models::outcome::Interval| interval.cause == Cause::LineRate;
        assert_eq!(found.life.iter().filter(at_line).count(), 1, "{shape:?}");
    }
}

#[test]
fn the_ideal_of_a_pattern_is_what_its_ends_could_carry() {
    let cluster = cluster(6);
    let line = 5e9;
    for (shape, cards) in
        [(Shape::Ring, 6.0), (Shape::Pairs, 3.0), (Shape::Incast, 1.0), (Shape::AllToAll, 6.0)]
    {
        let found = outcome(&cluster, &pattern(shape, &["gpu"]), Fidelity::Flow);
        let reference = found.reference.as_bytes_per_s();
        assert!((reference / (cards * line) - 1.0).abs() < 1e-6, "{shape:?}: {reference}");
        assert!(found.goodput.as_bytes_per_s() < reference, "{shape:?}");
    }
}

#[test]
fn an_oversubscribed_fabric_takes_its_part_of_a_pattern_that_crosses_it() {
    // Pairs cross from the first half of the leaves to the second: two cards share half an uplink.
    let told = |oversubscription: f64| {
        let fabric = format!(
            "kind = \"leaf-spine\"\ncards_per_leaf = 4\noversubscription = {oversubscription:?}\n\
             spread = \"packet\""
        );
        outcome(&on(8, &fabric), &pattern(Shape::Pairs, &["gpu"]), Fidelity::Flow)
    };
    let (whole, half) = (told(1.0), told(2.0));
    let ratio = half.completion.as_seconds() / whole.completion.as_seconds();
    assert!((ratio - 2.0).abs() < 0.02, "{ratio}");
    let (most, taken) = (half.bottleneck().expect("a link"), &half.taken);
    assert!(most.link.contains("spine"), "{most:?}");
    assert_eq!(taken[0].hop, taken[0].kind, "hops of one kind are one");
}

#[test]
fn a_permutation_is_drawn_for_each_replication_and_equal_for_equal_seeds() {
    let clos = on(8, "kind = \"leaf-spine\"\ncards_per_leaf = 2\noversubscription = 2.0");
    let asked = [pattern(Shape::Permutation, &["gpu"])];
    let mut all = Replications::new(&clos, &asked, Fidelity::Flow, &|| false).expect("possible");
    let mut outcome = |seed| {
        let outcomes = all.outcomes(seed).expect("possible").expect("nobody stops it");
        outcomes[0].clone()
    };
    let drawn: Vec<Outcome> = (0..8).map(&mut outcome).collect();
    let apart = |other: &Outcome| other.flows != drawn[0].flows;
    assert!(drawn.iter().any(apart), "{:?}", drawn[0].flows);
    assert!((0..8).map(&mut outcome).eq(drawn.iter().cloned()), "the same again");
    for (seed, expected) in drawn.iter().enumerate() {
        let alone = predict(&clos, &asked, Fidelity::Flow, seed as u64).expect("possible");
        assert_eq!(alone[0], *expected);
    }
}

#[test]
fn transfers_beside_a_pattern_keep_their_place() {
    let cluster = cluster(4);
    let one = Transfer {
        mode: Mode::GpuDirect,
        ..Transfer::message("gpu-2", "gpu-3", Bytes::new(1_000_000))
    };
    let asked = [one.clone(), pattern(Shape::Pairs, &["gpu-0", "gpu-1"]), one];
    let found = predict(&cluster, &asked, Fidelity::Flow, 1).expect("possible");
    assert_eq!(found.iter().map(|o| o.flows.is_some()).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(found[0].completion, found[2].completion);
    assert_eq!(flows(&cluster, &asked), Ok(3));
    let batch = models::cluster::Batch::new([&cluster]).expect("a cluster");
    let lanes = predict_batch(&batch, &asked, 1).expect("possible");
    assert_eq!(lanes[0].len(), 3);
}

#[test]
fn gpus_that_are_equally_near_to_cards_take_one_each() {
    let shape = "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = 2\n\
                 [[pcie_switch]]\nname = \"sw\"\nnode = \"node\"\npcie = \"slot\"\n\
                 [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = \"gpu\"\npcie = \"slot\"\n\
                 under = \"sw\"\ncount = 2\n\
                 [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\n\
                 under = \"sw\"\ncount = 2\nmtu = 4096\n\
                 [[pod]]\nname = \"pod\"\nnode = \"node\"\ngpus = [\"gpu\"]\n\
                 [[fabric]]\nname = \"f\"\nkind = \"single-switch\"\ncards = [\"nic\"]\n\
                 rate = \"40 Gbit/s\"\nlatency = \"0 ns\"\nswitch_latency = \"0 ns\"\n";
    let source = Source::new("c.toml", shape);
    let cluster = Cluster::assemble("c", &source, &library(), &[]).expect("it can be");
    let both = pattern(Shape::Pairs, &["gpu-0-0", "gpu-0-1", "gpu-1-0", "gpu-1-1"]);
    let found = outcome(&cluster, &both, Fidelity::Flow);
    let alone = pattern(Shape::Pairs, &["gpu-0-1", "gpu-1-1"]);
    let ratio = found.completion.as_seconds()
        / outcome(&cluster, &alone, Fidelity::Flow).completion.as_seconds();
    assert!((ratio - 1.0).abs() < 1e-6, "each has a card of its own: {ratio}");
}

#[test]
fn patterns_that_cannot_be_are_refused() {
    let cluster = cluster(5);
    for (shape, among, field, says) in [
        (Shape::Ring, &["gpu-0"][..], "among", "`ring` over 1 of them has nobody to send to"),
        (Shape::AllToAll, &["gpu-0"], "among", "nobody to send to"),
        (Shape::Incast, &["gpu-0"], "among", "`incast` over 0 of them"),
        (Shape::Pairs, &["gpu"], "among", "5 of them are no pairs"),
        (Shape::Ring, &["gpu-0", "gpu"], "among", "`gpu-0` stands twice"),
        (Shape::Ring, &["gpu-9"], "among", "`gpu-9` is no GPU, pod or Service"),
    ] {
        let error = refused(&cluster, &pattern(shape, among));
        assert_eq!(error.field, field, "{shape:?} {among:?}");
        assert!(error.problem.contains(says), "{shape:?} {among:?}: {}", error.problem);
    }
    let mut nobody = pattern(Shape::Incast, &["gpu"]);
    nobody.to = "gpu-7".into();
    assert_eq!(refused(&cluster, &nobody).field, "to");
}
