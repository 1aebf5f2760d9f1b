//! Many flows at once on a fat tree of 1024 hosts: all of them solved from nothing, then one that
//! leaves and one that comes, sharing included, again and again.

use peak_alloc::PeakAlloc;
use rand::RngExt;
use sim::{Demand, FlowId, Flows, Hop, Seed, Stream, Time};

use crate::measure::{Middle, seconds};
use crate::tree::Tree;

/// 100 Gbit/s [B/s].
const CAPACITY: f64 = 12.5e9;
/// Ports of a switch: 1024 hosts.
const PORTS: u32 = 16;

/// Flows that never end, between hosts that are drawn evenly.
struct Crowd {
    tree: Tree,
    flows: Flows<u32>,
    hops: Vec<Hop>,
    stream: Stream,
    ids: Vec<FlowId>,
}

impl Crowd {
    fn new() -> Crowd {
        let mut flows = Flows::new();
        let tree = Tree::build(PORTS, CAPACITY, &mut flows);
        let stream = Seed::new(7).stream("crowd");
        Crowd { tree, flows, hops: Vec::new(), stream, ids: Vec::new() }
    }

    fn start(&mut self, now: Time) -> FlowId {
        let leaves = self.tree.leaves();
        let from = self.stream.random_range(0..leaves);
        let to = (from + self.stream.random_range(1..leaves)) % leaves;
        self.hops.clear();
        self.tree.route(from, to, self.stream.random(), &mut self.hops);
        let demand = Demand { hops: &self.hops, size: 1e18, limit: f64::INFINITY, share: 1.0 };
        self.flows.start(now, demand, 0)
    }
}

/// Prints what solving and changing such a crowd takes.
pub fn times(memory: &PeakAlloc) {
    println!(
        "\nFlows at once on 1024 hosts, even pairs: milliseconds of processor time at once, and"
    );
    println!("microseconds for one change, median (middle half)\n");
    println!(
        "{:>9} {:>28} {:>30} {:>30} {:>8}",
        "flows", "at once, ms", "departure, us", "arrival, us", "B each"
    );
    for (count, turns) in [(1_000, 2_000), (10_000, 300), (100_000, 60), (1_000_000, 5)] {
        let mut whole = Vec::new();
        let mut bytes = 0.0;
        let mut crowd = Crowd::new();
        for _ in 0..3 {
            crowd = Crowd::new();
            let before = memory.current_usage();
            crowd.ids = (0..count).map(|_| crowd.start(Time::ZERO)).collect();
            whole.push(seconds(|| _ = crowd.flows.next()) * 1e3);
            let ids = crowd.ids.capacity() * size_of::<FlowId>();
            bytes = (memory.current_usage() - before - ids) as f64 / f64::from(count);
        }
        let mut pick = Seed::new(9).stream("pick");
        let (mut leaves, mut comes) = (Vec::new(), Vec::new());
        let mut now = Time::ZERO;
        for _ in 0..turns {
            let at = pick.random_range(0..crowd.ids.len());
            now = now + Time::from_ns(1);
            let id = crowd.ids[at];
            leaves.push(
                1e6 * seconds(|| {
                    crowd.flows.stop(now, id);
                    crowd.flows.next();
                }),
            );
            now = now + Time::from_ns(1);
            comes.push(
                1e6 * seconds(|| {
                    crowd.ids[at] = crowd.start(now);
                    crowd.flows.next();
                }),
            );
        }
        let [whole, leaves, comes] = [whole, leaves, comes].map(Middle::of);
        println!("{count:>9} {whole:>28} {leaves:>30} {comes:>30} {bytes:>8.0}");
    }
}
