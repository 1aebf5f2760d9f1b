//! What holds of every policy on any cluster.

use models::placement::{
    Ask, Fleet, Fragmentation, GpuAsk, Models, Node, Pod, Pods, Policy, State, drawn, fill,
};
use proptest::prelude::*;
use sim::Seed;

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let node = (1u32..64, 1u32..64, 0u16..9, 0u8..3, 1u16..3).prop_map(
        |(cpu, memory, gpus, model, numa)| {
            let (name, domains) = (String::new(), Default::default());
            Node { name, cpu: 1000 * cpu, memory: 1024 * memory, gpus, model, numa, domains }
        },
    );
    prop::collection::vec(node, 1..8).prop_map(|mut nodes| {
        // Whatever is drawn, there is a GPU.
        nodes[0].gpus = nodes[0].gpus.max(1);
        (0..).zip(&mut nodes).for_each(|(at, node)| node.name = format!("node-{at}"));
        nodes
    })
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let gpu = prop_oneof![
        Just(GpuAsk::None),
        (1u16..10).prop_map(|tenths| GpuAsk::Share(100 * tenths)),
        (1u16..5).prop_map(GpuAsk::Whole),
    ];
    let models = prop_oneof![Just(Models::ANY), (0u8..3).prop_map(|one| Models::NONE.with(one))];
    let ask = (0u32..16, 0u32..16, gpu, models).prop_map(|(cpu, memory, gpu, models)| Ask {
        cpu: 1000 * cpu,
        memory: 1024 * memory,
        gpu,
        models,
    });
    prop::collection::vec(ask, 1..60).prop_map(|mut asks| {
        asks[0].gpu = GpuAsk::Share(500);
        asks
    })
}

fn fleet(nodes: Vec<Node>) -> Fleet {
    Fleet::new(nodes, ["A", "B", "C"].map(String::from).to_vec())
}

proptest! {
    /// A place that does not fit would panic; what is allocated is what was placed; what is left of
    /// a node is its capacity without its pods; and when all leave everything is free.
    #[test]
    fn nothing_is_given_twice_or_lost(nodes in nodes(), asks in asks(), seed in 0u64..4) {
        let (fleet, pods): (Fleet, Pods) = (fleet(nodes), asks.iter().copied().collect());
        let typical = Fragmentation::new(&fleet, &pods);
        for (_, policy) in Policy::ALL {
            let mut scheduler = policy.scheduler(&pods, &typical, Seed::new(seed));
            let mut state = State::new(&fleet);
            let mut placed = Vec::new();
            for (number, &shape) in (0..).zip(pods.shape_of_each()) {
                let ask = pods.shapes()[shape as usize];
                let pod = Pod { number, shape, member: None };
                let slot = scheduler.choose(pod, &state);
                let fits = (0..fleet.nodes().len()).any(|node| state.free(node).fits(&ask));
                prop_assert_eq!(slot.is_some(), fits, "{}", policy.name());
                // What is remembered of a state is what is found afresh.
                let mut afresh = policy.scheduler(&pods, &typical, Seed::new(seed));
                prop_assert_eq!(&slot, &afresh.choose(pod, &state), "{}", policy.name());
                if let Some(slot) = slot {
                    prop_assert!(state.free(slot.node as usize).copies(&ask) > 0);
                    state.place(&ask, &slot);
                    placed.push((ask, slot));
                }
                // One in three leaves again.
                if number % 3 == 2 && !placed.is_empty() {
                    let (ask, slot) = placed.swap_remove(number as usize % placed.len());
                    state.release(&ask, &slot);
                }
                let sum: u64 = placed.iter().map(|(ask, _)| ask.gpu_milli()).sum();
                prop_assert_eq!(state.allocated(), sum);
            }
            for (at, node) in fleet.nodes().iter().enumerate() {
                let own = || placed.iter().filter(|(_, slot)| slot.node as usize == at);
                let cpu: u32 = own().map(|(ask, _)| ask.cpu).sum();
                let gpu: u64 = own().map(|(ask, _)| ask.gpu_milli()).sum();
                let free = state.free(at);
                prop_assert_eq!(free.cpu + cpu, node.cpu);
                prop_assert_eq!(free.gpu_milli() + gpu, 1000 * u64::from(node.gpus));
                let wasted = typical.of(&free);
                prop_assert!(wasted >= 0.0 && wasted <= free.gpu_milli() as f64);
            }
            placed.iter().for_each(|(ask, slot)| state.release(ask, slot));
            prop_assert_eq!(state.allocated(), 0);
        }
    }

    /// F by its definition: a sum over the typical pods of what each cannot use.
    #[test]
    fn fragmentation_is_what_its_definition_says(nodes in nodes(), asks in asks()) {
        let (fleet, pods): (Fleet, Pods) = (fleet(nodes), asks.iter().copied().collect());
        let typical = Fragmentation::new(&fleet, &pods);
        let mut state = State::new(&fleet);
        let mut scheduler = Policy::Random.scheduler(&pods, &typical, Seed::new(1));
        for (number, &shape) in (0..).zip(pods.shape_of_each()) {
            if let Some(slot) = scheduler.choose(Pod { number, shape, member: None }, &state) {
                state.place(&pods.shapes()[shape as usize], &slot);
            }
        }
        let counts = counts(&asks);
        let total: usize = counts.iter().map(|(_, count)| count).sum();
        for node in 0..fleet.nodes().len() {
            let free = state.free(node);
            let all = free.gpu_milli();
            let wasted = |ask: &Ask| match ask.gpu {
                GpuAsk::None => all,
                _ if !free.fits(&Ask { memory: 0, ..*ask }) => all,
                GpuAsk::Share(milli) => left_below(free.gpus, milli),
                GpuAsk::Whole(_) => left_below(free.gpus, 1000),
            };
            let sum: u64 = counts.iter().map(|(ask, count)| *count as u64 * wasted(ask)).sum();
            let expected = sum as f64 / total as f64;
            prop_assert!((typical.of(&free) - expected).abs() < 1e-6);
        }
    }

    /// A reading is at every percent that has arrived, and never above what has.
    #[test]
    fn a_cluster_fills_in_order(nodes in nodes(), asks in asks(), seed in 0u64..4) {
        let (fleet, pods): (Fleet, Pods) = (fleet(nodes), asks.into_iter().collect());
        let typical = Fragmentation::new(&fleet, &pods);
        let order = drawn(&pods, &fleet, 130, Seed::new(seed));
        let asked: u64 = order.iter().map(|pod| pods.ask(*pod as usize).gpu_milli()).sum();
        prop_assert!(asked * 100 <= 130 * fleet.gpu_milli());
        let mut scheduler = Policy::BestFit.scheduler(&pods, &typical, Seed::new(seed));
        let mut state = State::new(&fleet);
        let filled = fill(&mut state, &pods, &order, &mut *scheduler, &typical);
        prop_assert_eq!(filled.placed + filled.skipped, order.len() as u64);
        let percents: Vec<u32> = filled.readings.iter().map(|r| r.arrived_percent).collect();
        prop_assert_eq!(percents, (1..=filled.readings.len() as u32).collect::<Vec<_>>());
        let mut steps = filled.readings.windows(2);
        let rises = steps.all(|two| two[0].allocated_percent <= two[1].allocated_percent);
        prop_assert!(rises);
    }
}

fn left_below(gpus: &[u16], milli: u16) -> u64 {
    gpus.iter().filter(|left| **left < milli).map(|left| u64::from(*left)).sum()
}

/// The most frequent shapes that make up 95 % of the pods, memory left out.
fn counts(asks: &[Ask]) -> Vec<(Ask, usize)> {
    let mut counts: Vec<(Ask, usize)> = Vec::new();
    for ask in asks.iter().map(|ask| Ask { memory: 0, ..*ask }) {
        match counts.iter_mut().find(|(known, _)| *known == ask) {
            Some((_, count)) => *count += 1,
            None => counts.push((ask, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut sum = 0;
    let last = counts.iter().position(|(_, count)| {
        sum += count;
        100 * sum >= 95 * asks.len()
    });
    counts.truncate(last.unwrap() + 1);
    counts
}
