//! Many flows at once on a fat tree of 1024 hosts: all of them solved from nothing, then one that
//! leaves and one that comes, sharing included, again and again.

use allocation_counter::measure;
use rand::RngExt;
use sim::{Demand, FlowId, Flows, Hop, Seed, Stream, Time};

use crate::measure::{Middle, seconds};
use crate::table::Table;
use crate::tree::Tree;

/// 100 Gbit/s [B/s].
const CAPACITY: f64 = 12.5e9;
/// Ports of a switch: 1024 hosts.
const PORTS: u32 = 16;

/// How many flows, how many turns of an event, and what is wanted of solving them all and of an event.
const CROWDS: [(u32, u32, &str, &str); 4] = [
    (1_000, 2_000, "", ""),
    (10_000, 300, "", ""),
    (100_000, 60, "5 ms", "1 ms"),
    (1_000_000, 5, "80 ms", ""),
];

/// From one host to another, by one of the equal paths.
#[derive(Clone, Copy)]
pub struct Route {
    from: u32,
    to: u32,
    hash: u32,
}

impl Route {
    /// The same way, as far as it can be, to another host.
    pub fn towards(self, to: u32) -> Route {
        Route { to, ..self }
    }
}

/// Flows that never end, between hosts that are drawn evenly.
pub struct Crowd {
    tree: Tree,
    /// The flows.
    pub flows: Flows<u32>,
    hops: Vec<Hop>,
    stream: Stream,
    ids: Vec<FlowId>,
}

impl Crowd {
    /// Nobody, as yet.
    pub fn new() -> Crowd {
        let mut flows = Flows::new();
        let tree = Tree::build(PORTS, CAPACITY, &mut flows);
        let stream = Seed::new(7).stream("crowd");
        Crowd { tree, flows, hops: Vec::new(), stream, ids: Vec::new() }
    }

    /// So many flows, whose rates are yet to be found.
    pub fn of(count: u32) -> Crowd {
        let mut crowd = Crowd::new();
        for _ in 0..count {
            let route = crowd.draw();
            crowd.add(route);
        }
        crowd
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> u32 {
        self.tree.leaves()
    }

    /// One more flow, from the start, whose rate is yet to be found.
    pub fn add(&mut self, route: Route) {
        let id = self.start(route, Time::ZERO);
        self.ids.push(id);
    }

    /// The flow in `place` leaves at `now`, and others get other rates.
    pub fn leave(&mut self, place: usize, now: Time) {
        self.flows.stop(now, self.ids[place]);
        self.flows.next();
    }

    /// Another comes in its place.
    pub fn come(&mut self, place: usize, now: Time) {
        let route = self.draw();
        self.come_by(place, route, now);
    }

    /// One that takes this route comes in its place.
    pub fn come_by(&mut self, place: usize, route: Route, now: Time) {
        self.ids[place] = self.start(route, now);
        self.flows.next();
    }

    /// Draws a route.
    pub fn draw(&mut self) -> Route {
        let from = self.stream.random_range(0..self.hosts());
        self.draw_from(from)
    }

    /// Draws a route from a host.
    pub fn draw_from(&mut self, from: u32) -> Route {
        let leaves = self.hosts();
        let to = (from + self.stream.random_range(1..leaves)) % leaves;
        Route { from, to, hash: self.stream.random() }
    }

    fn start(&mut self, Route { from, to, hash }: Route, now: Time) -> FlowId {
        self.hops.clear();
        self.tree.route(from, to, hash, &mut self.hops);
        let demand = Demand { hops: &self.hops, size: 1e18, limit: f64::INFINITY, share: 1.0 };
        self.flows.start(now, demand, 0)
    }
}

/// Prints what solving and changing such a crowd takes.
pub fn times(table: &mut Table) {
    println!(
        "\nFlows at once on 1024 hosts, even pairs: milliseconds of processor time at once, and"
    );
    println!("microseconds for one change, median (middle half)\n");
    println!(
        "{:>9} {:>28} {:>30} {:>30} {:>8}",
        "flows", "at once, ms", "departure, us", "arrival, us", "B each"
    );
    let mut earlier = None;
    for (count, turns, goal_whole, goal_event) in CROWDS {
        let (mut whole, mut bytes) = (Vec::new(), 0.0);
        let mut crowd = Crowd::new();
        for _ in 0..3 {
            drop(std::mem::replace(&mut crowd, Crowd::new()));
            let memory = measure(|| {
                crowd = Crowd::of(count);
                whole.push(seconds(|| _ = crowd.flows.next()) * 1e3);
            });
            // The links take the place of those that were there; the list of names is not the
            // flows'.
            let names = (crowd.ids.capacity() * size_of::<FlowId>()) as i64;
            bytes = (memory.bytes_current - names) as f64 / f64::from(count);
        }
        let mut pick = Seed::new(9).stream("pick");
        let (mut leaves, mut comes) = (Vec::new(), Vec::new());
        let mut now = Time::ZERO;
        for _ in 0..turns {
            let at = pick.random_range(0..crowd.ids.len());
            now += Time::from_ns(1);
            leaves.push(1e6 * seconds(|| crowd.leave(at, now)));
            now += Time::from_ns(1);
            comes.push(1e6 * seconds(|| crowd.come(at, now)));
        }
        let [whole, leaves, comes] = [whole, leaves, comes].map(Middle::of);
        println!("{count:>9} {whole:>28} {leaves:>30} {comes:>30} {bytes:>8.0}");
        let medians = (f64::from(count), [whole, leaves, comes].map(|middle| middle.median));
        let rows = [
            ("at once", whole, "ms", goal_whole),
            ("a departure", leaves, "us", goal_event),
            ("an arrival", comes, "us", goal_event),
        ];
        for (at, (what, value, unit, goal)) in rows.into_iter().enumerate() {
            table.add(format!("crowd of {count}: {what}"), value, unit, goal);
            if let Some((before, costs)) = earlier {
                let costs: [f64; 3] = costs;
                table.grown((before, medians.0), (costs[at], medians.1[at]));
            }
        }
        let goal = if count == 1_000_000 { "128 B" } else { "" };
        table.add(format!("crowd of {count}: memory of a flow"), bytes.into(), "B", goal);
        earlier = Some(medians);
    }
}
