//! What must stay so: cost grows no faster than it should, and steady state allocates nothing.
//!
//! Machines differ and are shared, so nothing here is compared with seconds. Growth is the exponent
//! of the least cost seen in some turns, which others on the machine can raise but not lower;
//! allocations are counted.

use std::hint::black_box;

use allocation_counter::measure;
use models::outcome::Fidelity;
use models::predict::{advise, predict};
use rand::RngExt;
use sim::{Agenda, Seed, Time};

use crate::crowd::{Crowd, Route};
use crate::increments::{Increments, Kind};
use crate::measure::{exponent, seconds};
use crate::transfers::{assembled, transfers};

/// Whether everything is as it must be; prints what is and what is not.
pub fn holds() -> bool {
    let checks: [fn() -> bool; 8] = [
        solving_all,
        events_beside_solving_all,
        nodes,
        attribution,
        sweeps,
        agenda_allocates_nothing,
        flows_allocate_nothing,
        the_count_counts,
    ];
    // All of them, whatever comes of the first.
    let failed = checks.iter().filter(|check| !check()).count();
    println!("guard: {}", if failed == 0 { "all is well" } else { "FAILED" });
    failed == 0
}

/// Says how something did, and whether that is well.
fn say(what: &str, found: f64, most: f64) -> bool {
    let is_well = found <= most;
    let mark = if is_well { "ok    " } else { "FAILED" };
    println!("{mark} {what}: {found:.2}, at most {most}");
    is_well
}

/// The least of some turns of a measurement.
fn least(turns: u32, mut measurement: impl FnMut() -> f64) -> f64 {
    (0..turns).map(|_| measurement()).fold(f64::INFINITY, f64::min)
}

/// Checks with what exponent a cost grows over some sizes, between each two and in all.
fn grows(what: &str, most: f64, sizes: &[usize], cost: impl Fn(usize) -> f64) -> bool {
    let costs: Vec<(f64, f64)> = sizes.iter().map(|&size| (size as f64, cost(size))).collect();
    let of = |from: (f64, f64), to: (f64, f64)| exponent((from.0, to.0), (from.1, to.1));
    let steps: Vec<String> =
        costs.windows(2).map(|pair| format!("{:.2}", of(pair[0], pair[1]))).collect();
    let range = format!("{} to {}", sizes[0], sizes[sizes.len() - 1]);
    let whole = of(costs[0], costs[costs.len() - 1]);
    let detail = format!("{what}, {range}: growth exponent (in steps: {})", steps.join(", "));
    say(&detail, whole, most)
}

/// A solution of many concurrent flows costs each of them about the same.
fn solving_all() -> bool {
    // Caches are left behind on the way: 10^5 flows are far larger than 10^3.
    grows("concurrent flows, solved from nothing", 1.4, &[1_000, 10_000, 100_000], |count| {
        let turns = (200_000 / count).clamp(3, 20) as u32;
        least(turns, || {
            let mut crowd = Crowd::of(count as u32);
            seconds(|| _ = crowd.flows.next())
        })
    })
}

/// A change costs less than half of a solution of everything.
fn events_beside_solving_all() -> bool {
    [10_000, 100_000].into_iter().fold(true, |well, count: u32| {
        let mut crowd = Crowd::of(count);
        let whole = seconds(|| _ = crowd.flows.next());
        let whole = least(2, || {
            let mut other = Crowd::of(count);
            seconds(|| _ = other.flows.next())
        })
        .min(whole);
        let mut events: Vec<f64> = Vec::new();
        swap(&mut crowd, 10, |work| events.push(seconds(work)));
        events.sort_by(f64::total_cmp);
        let what = format!("{count} concurrent flows: median event ÷ solution from nothing");
        say(&what, events[events.len() / 2] / whole, 0.5) && well
    })
}

/// Lets flows leave and others come, and hands each such event to `each`.
fn swap(crowd: &mut Crowd, turns: u64, mut each: impl FnMut(&mut dyn FnMut())) {
    let mut pick = Seed::new(9).stream("pick");
    for turn in 0..turns {
        let at = pick.random_range(0..crowd.flows.len());
        let (leaves, comes) = (Time::from_ns(2 * turn + 1), Time::from_ns(2 * turn + 2));
        each(&mut || crowd.leave(at, leaves));
        each(&mut || crowd.come(at, comes));
    }
}

/// A cluster costs as much as its nodes.
fn nodes() -> bool {
    grows("nodes, assembled", 1.4, &[100, 300, 1_000], |count| {
        least(3, || seconds(|| _ = black_box(assembled(count))))
    })
}

/// What would get back how much is asked of each transfer, and all others share with it: no faster
/// than the square.
fn attribution() -> bool {
    grows("transfers with attribution", 2.0, &[10, 100, 300], |count| {
        let cluster = assembled(2 * count);
        let asked = transfers(2 * count, false);
        least(2, || {
            seconds(|| {
                let outcomes = predict(&cluster, &asked, Fidelity::Flow, 1);
                black_box(outcomes.expect("they are possible"));
                black_box(advise(&cluster, &asked, 1).expect("they are possible"));
            })
        })
    })
}

/// The place of points of a sweep, 100 to 1000. `experiments::sweep::tables` would run them, but
/// the benchmarks do not depend on podpath.
fn sweeps() -> bool {
    println!("none   points of a sweep: the benchmarks do not depend on podpath, which runs them");
    true
}

/// Once it has grown, the agenda allocates nothing.
fn agenda_allocates_nothing() -> bool {
    [1_000, 100_000].into_iter().fold(true, |well, pending: u32| {
        let mut increments = Increments::new(Kind::Exponential);
        let mut agenda = Agenda::new();
        for who in 0..pending {
            agenda.after(Time::from_ps(increments.draw_first()), who);
        }
        let mut hold = |events: u32| {
            for _ in 0..events {
                let who = agenda.next(Time::MAX).expect("some lie ahead");
                agenda.after(Time::from_ps(increments.draw()), who);
            }
        };
        hold(20 * pending);
        let count = measure(|| hold(10 * pending)).count_total;
        let what = format!("agenda of {pending}, allocations for {} events", 10 * pending);
        say(&what, count as f64, 0.0) && well
    })
}

/// Once they have grown, flows that come and go allocate nothing: each place is taken by one of two
/// in turn, so that everything comes back.
fn flows_allocate_nothing() -> bool {
    [300, 3_000].into_iter().fold(true, |well, count: u32| {
        let mut crowd = Crowd::of(count);
        crowd.flows.next();
        let routes: Vec<Route> = (0..2 * count).map(|_| crowd.draw()).collect();
        let mut cycle = |number: u64| {
            for (turn, &route) in routes.iter().enumerate() {
                let now = Time::from_ns(number * routes.len() as u64 + turn as u64 + 1);
                let place = turn % count as usize;
                crowd.leave(place, now);
                crowd.come_by(place, route, now);
            }
        };
        (0..3).for_each(&mut cycle);
        let allocated = measure(|| cycle(3)).count_total;
        let what = format!("{count} concurrent flows, allocations for {} events", 4 * count);
        say(&what, allocated as f64, 0.0) && well
    })
}

/// That nothing is counted is not because nothing can be.
fn the_count_counts() -> bool {
    let count = measure(|| drop(black_box(vec![1_u8; 100]))).count_total;
    say("one allocation, counted: distance from one", (count as f64 - 1.0).abs(), 0.0)
}
