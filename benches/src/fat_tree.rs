//! Random flows on fat trees, through the real agenda: 100 MB each on links of 100 Gbit/s.
//!
//! The yardstick is SimGrid 3.32 (model CM02) on the same trees and loads, on a machine of the same
//! class: 825 flows/s for the first and 124 flows/s for the second. `simgrid/` measures it on
//! this one. The third load is an overload: all flows are there at once.

use allocation_counter::measure;
use rand::RngExt;
use sim::{Agenda, Alarm, Demand, Flows, Model, Seed, Time};

use crate::measure::{Middle, seconds};
use crate::table::Table;
use crate::tree::Tree;

/// 100 Gbit/s [B/s].
const CAPACITY: f64 = 12.5e9;
/// 100 MB [B].
const SIZE: f64 = 100e6;

/// A tree and its load.
#[derive(Clone, Copy)]
struct Load {
    ports: u32,
    flows: u32,
    /// Flows start at random times from zero to this [s].
    span: f64,
    /// What SimGrid was seen to do [flows/s].
    simgrid: Option<f64>,
}

const LOADS: [Load; 3] = [
    Load { ports: 8, flows: 10_000, span: 1.0, simgrid: Some(825.0) },
    Load { ports: 16, flows: 10_000, span: 0.2, simgrid: Some(124.0) },
    Load { ports: 8, flows: 2_000, span: 0.05, simgrid: None },
];

/// Ten flows of each host over 0.2 s, so that links are used alike whatever the size.
const GROWING: [(u32, &str); 4] = [(4, "2.7 us"), (8, ""), (16, ""), (32, "6 us")];

#[derive(Clone, Copy)]
enum Event {
    /// A flow starts.
    Start(u32),
    /// Rates may have changed, or some flow may be complete.
    Settle,
}

struct Start {
    from: u32,
    to: u32,
    hash: u32,
}

struct Network {
    tree: Tree,
    flows: Flows<u32>,
    starts: Vec<Start>,
    alarm: Alarm,
    hops: Vec<sim::Hop>,
    done: Vec<u32>,
    completed: u32,
    most: usize,
}

impl Model for Network {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        match event {
            Event::Start(tag) => {
                let start = &self.starts[tag as usize];
                self.hops.clear();
                self.tree.route(start.from, start.to, start.hash, &mut self.hops);
                let demand =
                    Demand { hops: &self.hops, size: SIZE, limit: f64::INFINITY, share: 1.0 };
                self.flows.start(now, demand, tag);
                self.most = self.most.max(self.flows.len());
                self.alarm.set(now, Event::Settle, agenda);
            }
            Event::Settle => {
                self.alarm.rang(now);
                self.flows.advance(now, &mut self.done);
                self.completed += self.done.drain(..).len() as u32;
                self.alarm.set(self.flows.next(), Event::Settle, agenda);
            }
        }
    }
}

/// A network before anything has started.
fn prepare(load: Load) -> (Network, Agenda<Event>) {
    let mut stream = Seed::new(1).stream("flows");
    let mut flows = Flows::new();
    let tree = Tree::build(load.ports, CAPACITY, &mut flows);
    let mut agenda = Agenda::new();
    let mut starts = Vec::new();
    for tag in 0..load.flows {
        let from = stream.random_range(0..tree.leaves());
        // Any other leaf.
        let to = (from + stream.random_range(1..tree.leaves())) % tree.leaves();
        starts.push(Start { from, to, hash: stream.random() });
        let time = Time::from_seconds(load.span * stream.random::<f64>());
        agenda.at(time, Event::Start(tag));
    }
    let network = Network {
        tree,
        flows,
        starts,
        alarm: Alarm::new(),
        hops: Vec::new(),
        done: Vec::new(),
        completed: 0,
        most: 0,
    };
    (network, agenda)
}

/// Prints how many flows are simulated per second of processor time, and the memory of each.
pub fn rates(table: &mut Table) {
    println!(
        "\nFat tree, random 100 MB flows on 100 Gbit/s: thousand flows per second of processor time"
    );
    println!("median of 5 (middle half); most flows at once; ratio to the SimGrid rate given\n");
    for load in LOADS {
        let mut rates = Vec::new();
        let (mut most, mut makespan) = (0, 0.0);
        for _ in 0..5 {
            let elapsed;
            (elapsed, most, makespan) = run(load);
            rates.push(f64::from(load.flows) / elapsed / 1e3);
        }
        let rate = Middle::of(rates);
        let ratio = load
            .simgrid
            .map_or(String::from("-"), |theirs| format!("{:.0}", rate.median * 1e3 / theirs));
        println!(
            "k={:<2} {:>6} flows over {:<4} s  {:>7.1} ({:.1} to {:.1})  {most:>5} at once  \
             x{ratio}  simulated {makespan:.4} s",
            load.ports, load.flows, load.span, rate.median, rate.low, rate.high
        );
        let what = format!("fat tree, k = {}, {} flows in {} s", load.ports, load.flows, load.span);
        table.add(what, rate, "k/s", "20 x SimGrid");
        if let Some(theirs) = load.simgrid {
            table.beside(rate.median * 1e3 / theirs);
        }
    }
    growing(table);
    per_flow();
}

/// Prints what a flow costs in larger and larger trees under the same load.
fn growing(table: &mut Table) {
    println!("\nten flows of each host over 0.2 s: microseconds of processor time a flow");
    let mut earlier = None;
    for (ports, goal) in GROWING {
        let hosts = ports * ports * ports / 4;
        let load = Load { ports, flows: 10 * hosts, span: 0.2, simgrid: None };
        // Short runs more often.
        let turns = if hosts < 1000 { 21 } else { 3 };
        let cost = Middle::of((0..turns).map(|_| run(load).0 / f64::from(load.flows)).collect());
        let each = cost.scaled(1e6);
        println!("{hosts:>6} hosts {each}");
        table.add(format!("constant load, {hosts} hosts"), each, "us/flow", goal);
        if let Some((before, cost_before)) = earlier {
            // The exponent of all that is done: of the cost of a flow, and one.
            let now = f64::from(hosts);
            table.grown((before, now), (before * cost_before, now * each.median));
        }
        earlier = Some((f64::from(hosts), each.median));
    }
}

/// Runs a load; how long that takes [s], the most flows at once, and the simulated end [s].
fn run(load: Load) -> (f64, usize, f64) {
    let (mut network, mut agenda) = prepare(load);
    let elapsed = seconds(|| _ = sim::run(&mut network, &mut agenda, Time::MAX));
    assert_eq!(network.completed, load.flows, "every flow is complete in the end");
    (elapsed, network.most, agenda.now().as_seconds())
}

/// Prints the memory of a flow, from ten thousand that start at once.
fn per_flow() {
    let load = Load { ports: 16, flows: 10_000, span: 0.0, simgrid: None };
    let (mut network, mut agenda) = prepare(load);
    let memory = measure(|| _ = sim::run(&mut network, &mut agenda, Time::from_ps(1)));
    let each = |bytes: f64| bytes / f64::from(load.flows);
    let hops: usize = network
        .starts
        .iter()
        .map(|start| {
            network.hops.clear();
            network.tree.route(start.from, start.to, start.hash, &mut network.hops);
            network.hops.len()
        })
        .sum();
    println!(
        "memory per flow: {:.0} B, at most {:.0} B while sharing; {:.2} hops each",
        each(memory.bytes_current as f64),
        each(memory.bytes_max as f64),
        hops as f64 / f64::from(load.flows)
    );
}
