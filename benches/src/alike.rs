//! Many flows that take few ways on 1024 hosts: each host to one other, and all hosts to one.

use rand::RngExt;
use sim::{Seed, Time};

use crate::crowd::{Crowd, Route};
use crate::measure::{Middle, seconds};
use crate::table::Table;

/// Events of each kind.
const TURNS: usize = 200;

/// Prints what solving and changing such a crowd takes.
pub fn times(table: &mut Table) {
    println!(
        "\nFlows at once that are alike, on 1024 hosts: milliseconds of processor time at once,"
    );
    println!("and microseconds for one change, median (middle half)\n");
    for (what, to_one) in [("each host to another", false), ("all hosts to one", true)] {
        let mut earlier = None;
        for count in [10_000, 100_000] {
            let mut crowd = Crowd::new();
            let mut ways: Vec<Route> =
                (0..crowd.hosts()).map(|from| crowd.draw_from(from)).collect();
            if to_one {
                ways = ways[1..].iter().map(|way| way.towards(0)).collect();
            }
            (0..count).for_each(|at| crowd.add(ways[at % ways.len()]));
            let whole = 1e3 * seconds(|| _ = crowd.flows.next());
            let mut pick = Seed::new(9).stream("pick");
            let (mut leaves, mut comes) = (Vec::new(), Vec::new());
            for turn in 0..TURNS as u64 {
                let (at, way) = (pick.random_range(0..count), pick.random_range(0..ways.len()));
                let (left, came) = (Time::from_ns(2 * turn + 1), Time::from_ns(2 * turn + 2));
                leaves.push(1e6 * seconds(|| crowd.leave(at, left)));
                comes.push(1e6 * seconds(|| crowd.come_by(at, ways[way], came)));
            }
            let [whole, leaves, comes] = [vec![whole], leaves, comes].map(Middle::of);
            println!("{what}, {count}: at once {whole} ms, gone {leaves} us, come {comes} us");
            let rows = [("at once", whole, "ms"), ("gone", leaves, "us"), ("come", comes, "us")];
            let medians = rows.map(|(_, middle, _)| middle.median);
            for (at, (event, value, unit)) in rows.into_iter().enumerate() {
                table.add(format!("{count} flows, {what}: {event}"), value, unit, "");
                if let Some((before, costs)) = earlier {
                    let costs: [f64; 3] = costs;
                    table.grown((before, count as f64), (costs[at], medians[at]));
                }
            }
            earlier = Some((count as f64, medians));
        }
    }
}
