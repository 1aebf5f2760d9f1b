//! One seed of each scheduler: some twelve thousand pods arrive on 1213 nodes.
//!
//! The nodes are those of the published cluster; the pods have its most frequent shapes, as often.

use std::hint::black_box;

use models::placement::{
    Ask, Fleet, Fragmentation, GpuAsk, Models, Node, Pods, Policy, State, drawn, fill,
};
use sim::Seed;

use crate::measure::{Middle, seconds};
use crate::table::Table;

const NODES: &str = include_str!("../../calibration/published/placement/openb_nodes.csv");
/// Turns of each scheduler.
const TURNS: usize = 11;
/// CPU and GPU [thousandths] of shapes, and how many pods of 8152 have them; more than a thousand
/// of GPU are whole ones.
const SHAPES: [(u32, u16, u32); 18] = [
    (3152, 810, 1047),
    (11_300, 1000, 874),
    (11_400, 1000, 599),
    (3152, 1000, 470),
    (11_908, 470, 388),
    (12_500, 0, 366),
    (8000, 470, 360),
    (12_000, 1000, 326),
    (32_000, 0, 284),
    (11_908, 650, 260),
    (8000, 0, 163),
    (6000, 460, 150),
    (15_200, 1000, 140),
    (4000, 230, 120),
    (30_200, 2000, 100),
    (1000, 320, 90),
    (60_000, 4000, 60),
    (90_000, 8000, 40),
];

/// Prints CPU milliseconds for a seed of each scheduler.
pub fn times(table: &mut Table) {
    let fleet = fleet();
    let trace: Pods = asks().collect();
    let typical = Fragmentation::new(&fleet, &trace);
    let order = drawn(&trace, &fleet, 130, Seed::new(1));
    println!("{} pods arrive on {} nodes: ms for each seed", order.len(), fleet.nodes().len());
    for (name, policy) in Policy::ALL {
        let turns = (0..TURNS as u64).map(|turn| {
            seconds(|| {
                let seed = Seed::new(turn);
                let mut scheduler = policy.scheduler(&trace, &typical, seed);
                let mut state = State::new(&fleet);
                black_box(fill(&mut state, &trace, &order, &mut *scheduler, &typical));
            }) * 1e3
        });
        let middle = Middle::of(turns.collect());
        println!("{name:<16} {middle}");
        table.add(format!("placement, {name}"), middle, "ms/seed", "1000, at best 100");
    }
}

fn fleet() -> Fleet {
    let mut models: Vec<String> = Vec::new();
    let node = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [name, cpu, memory, gpus, model] = cells[..] else { panic!("{line}") };
        let known = models.iter().position(|known| known == model).unwrap_or_else(|| {
            models.push(model.into());
            models.len() - 1
        });
        Node {
            name: name.into(),
            cpu: cpu.parse().expect("a number"),
            memory: memory.parse().expect("a number"),
            gpus: gpus.parse().expect("a number"),
            model: known as u8,
            numa: 1,
            domains: Default::default(),
        }
    };
    let nodes = NODES.lines().skip(1).map(node).collect();
    Fleet::new(nodes, models)
}

/// Each shape as often as it is there, with memory in one of eight sizes.
fn asks() -> impl Iterator<Item = Ask> {
    SHAPES.into_iter().flat_map(|(cpu, milli, count)| {
        let gpu = match milli {
            0 => GpuAsk::None,
            1..1000 => GpuAsk::Share(milli),
            whole => GpuAsk::Whole(whole / 1000),
        };
        let memory = |at: u32| 8192 + 4096 * (at % 8);
        (0..count).map(move |at| Ask { cpu, memory: memory(at), gpu, models: Models::ANY })
    })
}
