//! Pods on small clusters, where every answer can be worked out by hand.

use models::placement::{
    Ask, Claim, Fleet, Fragmentation, GpuAsk, Models, Node, Pod, Pods, Policy, Rules, Slot, State,
    Unfit, Visit, Wasted, admit, live,
};
use sim::{Seed, Time};

/// A node of one model with memory that is never short.
fn node(name: &str, cores: u32, gpus: u16) -> Node {
    let domains = Default::default();
    Node { name: name.into(), cpu: 1000 * cores, memory: 1 << 20, gpus, model: 0, numa: 1, domains }
}

fn fleet(nodes: &[Node]) -> Fleet {
    Fleet::new(nodes.to_vec(), vec!["A".into(), "B".into()])
}

fn ask(cores: u32, gpu: GpuAsk) -> Ask {
    Ask { cpu: 1000 * cores, memory: 1024, gpu, models: Models::ANY }
}

/// Where a policy puts the pods one after another: names of nodes and GPUs.
fn places(policy: Policy, nodes: &[Node], asks: &[Ask]) -> Vec<String> {
    let (fleet, pods): (Fleet, Pods) = (fleet(nodes), asks.iter().copied().collect());
    let typical = Fragmentation::new(&fleet, &pods);
    let mut scheduler = policy.scheduler(&pods, &typical, Seed::new(1));
    let mut state = State::new(&fleet);
    let shapes = pods.shape_of_each().iter();
    let places = (0..).zip(shapes).map(|(number, &shape)| {
        match scheduler.choose(Pod { number, shape, member: None }, &state) {
            None => "nowhere".into(),
            Some(slot) => {
                state.place(&pods.shapes()[shape as usize], &slot);
                told(&fleet, &slot)
            }
        }
    });
    places.collect()
}

fn told(fleet: &Fleet, slot: &Slot) -> String {
    let gpus: String = slot.gpus.iter().map(|gpu| format!(" {gpu}")).collect();
    format!("{}{gpus}", fleet.nodes()[slot.node as usize].name)
}

/// Two in four pods share half a GPU, one has a whole one, and one has none.
fn typical() -> Pods {
    let share = ask(2, GpuAsk::Share(500));
    [share, share, ask(8, GpuAsk::Whole(1)), ask(1, GpuAsk::None)].into_iter().collect()
}

#[test]
fn fragmentation_by_hand() {
    let (fleet, pods) = (fleet(&[node("a", 10, 2)]), typical());
    let fragmentation = Fragmentation::new(&fleet, &pods);
    let mut state = State::new(&fleet);
    let mut wasted = Wasted::new(&fragmentation, &state);
    assert_eq!(wasted.percent(&state), 25.0);
    // Whoever asks for GPU can use all; the pod without wastes 2000.
    assert_eq!(fragmentation.of(&state.free(0)), 0.25 * 2000.0);
    let slot = Slot { node: 0, gpus: [1].into_iter().collect() };
    state.place(&Ask { cpu: 0, ..ask(0, GpuAsk::Share(600)) }, &slot);
    // 1000 and 400 are left: 400 are too small for the sharing and for the whole.
    assert_eq!(fragmentation.of(&state.free(0)), 0.75 * 400.0 + 0.25 * 1400.0);
    state.place(&ask(6, GpuAsk::None), &Slot { node: 0, gpus: Default::default() });
    // Four cores are left, too few for the pod with a whole GPU.
    assert_eq!(fragmentation.of(&state.free(0)), 0.5 * 400.0 + 0.5 * 1400.0);
    assert_eq!(wasted.percent(&state), 100.0 * (200.0 + 700.0) / 1400.0);
}

#[test]
fn rare_shapes_are_not_typical() {
    // 19 in 20 pods make up 95 %, so the one that could use the node does not count.
    let pods: Pods =
        std::iter::repeat_n(ask(1, GpuAsk::None), 19).chain([ask(1, GpuAsk::Whole(1))]).collect();
    let fleet = fleet(&[node("a", 10, 2)]);
    let fragmentation = Fragmentation::new(&fleet, &pods);
    assert_eq!(fragmentation.of(&State::new(&fleet).free(0)), 2000.0);
}

#[test]
fn a_model_that_is_not_allowed_is_wasted_and_not_taken() {
    let only_b = Ask { models: Models::NONE.with(1), ..ask(1, GpuAsk::Whole(1)) };
    let nodes = [node("a", 10, 2), Node { model: 1, ..node("b", 10, 2) }];
    for (_, policy) in Policy::ALL {
        let whole = places(policy, &nodes, &[only_b; 3]);
        assert_eq!(whole, ["b 0", "b 1", "nowhere"], "{}", policy.name());
    }
    let fleet = fleet(&nodes);
    let fragmentation = Fragmentation::new(&fleet, &[only_b].into_iter().collect());
    let state = State::new(&fleet);
    assert_eq!([0, 1].map(|node| fragmentation.of(&state.free(node))), [2000.0, 0.0]);
}

#[test]
fn each_policy_by_hand() {
    let (whole, half) = (ask(4, GpuAsk::Whole(1)), ask(2, GpuAsk::Share(500)));
    let large_small = [node("a", 96, 8), node("b", 32, 2)];
    // Least left: on b, until it is full.
    let fit = places(Policy::BestFit, &large_small, &[whole, whole, whole]);
    assert_eq!(fit, ["b 0", "b 1", "a 0"]);
    // The product with what is free is least on b as well, also for CPU alone.
    let dot = places(Policy::DotProduct, &large_small, &[whole, ask(20, GpuAsk::None)]);
    assert_eq!(dot, ["b 0", "b"]);
    // An unused node with fewer GPUs scores more; then GPUs in use, then nodes in use.
    let small_share = ask(1, GpuAsk::Share(300));
    let packed = places(Policy::GpuPacking, &large_small, &[half, small_share, whole, half]);
    assert_eq!(packed, ["b 0", "b 0", "b 1", "a 0"]);
    // Of an equal class before an empty node before one that holds others.
    let three = [node("a", 96, 8), node("b", 96, 8), node("c", 96, 8)];
    let clustered = places(Policy::GpuClustering, &three, &[half, whole, half, whole]);
    assert_eq!(clustered, ["a 0", "b 0", "a 0", "b 1"]);
    // A half that is left is of use to halves only, a whole GPU to everybody.
    let halves = places(Policy::Fgd, &[node("a", 96, 2)], &[half, half, whole]);
    assert_eq!(halves, ["a 0", "a 0", "a 1"]);
    // Spread over equal nodes, whatever GPUs are left.
    let spread = places(Policy::Kubernetes, &three, &[whole, whole, whole, half]);
    assert_eq!(spread, ["a 0", "b 0", "c 0", "a 1"]);
    // Everything that fits is placed, whatever the node.
    let any = places(Policy::Random, &large_small, &[whole; 11]);
    assert_eq!(any.iter().filter(|place| *place != "nowhere").count(), 10);
}

#[test]
fn a_gang_goes_where_the_narrowest_part_has_room() {
    let at = |name: &str, gpus, switch: u32| Node {
        domains: [0, switch].into_iter().collect(),
        ..node(name, 64, gpus)
    };
    // Switch 1 has ten GPUs, switch 2 four on two nodes, switch 3 two.
    let nodes = [at("a", 2, 1), at("b", 8, 1), at("c", 2, 2), at("d", 2, 2), at("e", 2, 3)];
    let (fleet, pods): (Fleet, Pods) =
        (fleet(&nodes), [ask(1, GpuAsk::Whole(1))].into_iter().collect());
    let typical = Fragmentation::new(&fleet, &pods);
    let mut scheduler = Policy::Topology.scheduler(&pods, &typical, Seed::new(1));
    let mut state = State::new(&fleet);
    let mut gang = |size: u64| {
        let claims: Vec<Claim> = (0..size).map(|number| (number, 0)).collect();
        let slots = admit(&mut state, &pods, &claims, &mut *scheduler)?;
        let names = slots.iter().map(|slot| fleet.nodes()[slot.node as usize].name.as_str());
        Some((names.collect::<String>(), state.allocated()))
    };
    // Four have room on node b alone, two on the smallest node, which is the first of four.
    assert_eq!(gang(4), Some(("bbbb".into(), 4000)));
    assert_eq!(gang(2), Some(("aa".into(), 6000)));
    // Five fit on no node and behind no switch but the first, whose last four GPUs are too few.
    assert_eq!(gang(5).map(|(names, _)| names.len()), Some(5));
    // Of a gang that is too large nothing stays.
    assert_eq!(gang(6), None);
    assert_eq!(state.allocated(), 11_000);
}

#[test]
fn whole_gpus_of_one_pod_are_on_one_numa_node() {
    let nodes = [Node { numa: 2, ..node("a", 64, 4) }];
    let (share, two) = (ask(1, GpuAsk::Share(100)), ask(1, GpuAsk::Whole(2)));
    assert_eq!(places(Policy::Topology, &nodes, &[share, two]), ["a 0", "a 2 3"]);
    assert_eq!(places(Policy::BestFit, &nodes, &[share, two]), ["a 0", "a 1 2"]);
}

/// When each pod was placed and ended \[s\].
fn stays(nodes: &[Node], pods: &[(Ask, Visit)], unfit: Unfit) -> Vec<Option<(f64, f64)>> {
    let fleet = fleet(nodes);
    let asks: Pods = pods.iter().map(|(ask, _)| *ask).collect();
    let visits: Vec<Visit> = pods.iter().map(|(_, visit)| *visit).collect();
    let typical = Fragmentation::new(&fleet, &asks);
    let mut scheduler = Policy::BestFit.scheduler(&asks, &typical, Seed::new(1));
    let rules = Rules { unfit, start: Time::from_seconds(1.0), moments: 4 };
    let mut state = State::new(&fleet);
    let life = live(&mut state, &asks, &visits, &mut *scheduler, &typical, rules);
    assert_eq!(state.allocated(), 0, "everything has ended");
    assert_eq!(life.moments.len(), 4);
    let seconds = |time: Time| time.as_seconds();
    let stays = life.stays.into_iter();
    stays.map(|stay| stay.map(|stay| (seconds(stay.placed), seconds(stay.ended)))).collect()
}

fn visit(arrives: f64, works: f64, gang: Option<u32>) -> Visit {
    Visit { arrives: Time::from_seconds(arrives), works: Time::from_seconds(works), gang }
}

#[test]
fn pods_that_do_not_fit_wait_or_go() {
    let one = [node("a", 8, 1)];
    let gpu = ask(1, GpuAsk::Whole(1));
    let pods = [
        (gpu, visit(0.0, 9.0, None)),
        (gpu, visit(1.0, 4.0, None)),
        (ask(1, GpuAsk::None), visit(2.0, 1.0, None)),
    ];
    // A start takes a second: the first ends at 10, when the second has its GPU.
    let waiting = [Some((0.0, 10.0)), Some((10.0, 15.0)), Some((2.0, 4.0))];
    assert_eq!(stays(&one, &pods, Unfit::Wait), waiting);
    let in_line = [Some((0.0, 10.0)), Some((10.0, 15.0)), Some((10.0, 12.0))];
    assert_eq!(stays(&one, &pods, Unfit::Line), in_line);
    let skipped = [Some((0.0, 10.0)), None, Some((2.0, 4.0))];
    assert_eq!(stays(&one, &pods, Unfit::Skip), skipped);
}

#[test]
fn a_gang_waits_for_all_of_it() {
    let gpu = ask(1, GpuAsk::Whole(1));
    let pods = [
        (gpu, visit(0.0, 4.0, Some(7))),
        (gpu, visit(0.0, 4.0, None)),
        (gpu, visit(3.0, 4.0, Some(7))),
    ];
    // The second pod has one of two GPUs until 5, the gang is complete at 3.
    let together = [Some((5.0, 10.0)), Some((0.0, 5.0)), Some((5.0, 10.0))];
    assert_eq!(stays(&[node("a", 8, 2)], &pods, Unfit::Wait), together);
    let never = [None, Some((0.0, 5.0)), None];
    assert_eq!(stays(&[node("a", 8, 1)], &pods, Unfit::Wait), never);
}
