//! A trace that is lived through: what each scheduler allocates over time, and who waits.

use calibration_data::quantile::of_sorted;
use models::placement::{Life, Moment, Policy, Rules, State, Visit, live};
use rayon::prelude::*;
use serde_json::json;

use super::Scene;
use super::tables::{Estimate, Outcome, Table, estimate, percentage};

pub(super) fn run(scene: &Scene<'_>, visits: &[Visit], names: &[&str], rules: Rules) -> Outcome {
    let lives = lives(scene, visits, rules);
    let mut moments = Table::of(
        "moments.csv",
        &["scheduler", "time_s", "seeds"],
        &["allocated_percent", "working_percent", "fragmented_percent", "pods", "waiting_pods"],
    );
    let mut stays = Table::new(
        "pods.csv",
        &["scheduler", "pod", "node", "gpus", "arrives_s", "placed_s", "ended_s", "wait_s"],
    );
    let mut outcome = Outcome::new(&[
        ("placed", "pods placed"),
        ("never_placed", "never placed"),
        ("allocated_percent", "allocated"),
        ("working_percent", "working"),
        ("waited_pods", "pods that waited"),
        ("wait_s_mean", "mean wait"),
        ("wait_s_p90", "p90 wait"),
        ("wait_s_max", "longest wait"),
    ]);
    for (policy, lives) in scene.policies.iter().zip(&lives) {
        let name = policy.name();
        for at in 0..rules.moments as usize {
            let time = lives[0].0.moments[at].time.as_seconds().round();
            let cells = [name.to_owned(), time.to_string(), scene.seeds.to_string()];
            moments.add(cells, &moment(lives, at));
        }
        let (first, nodes) = &lives[0];
        stays.rows.extend(pods(name, first, nodes, visits, names));
        outcome.add(name, &figures(lives, visits), json!({}));
    }
    outcome.tables = vec![moments, stays];
    outcome
}

/// A life, and the names of nodes in its order if it is the first of a scheduler.
type Named = (Life, Vec<String>);

/// A moment of all lives of a scheduler.
fn moment(lives: &[Named], at: usize) -> [Estimate; 5] {
    let of =
        |value: fn(&Moment) -> f64| lives.iter().map(move |(life, _)| value(&life.moments[at]));
    [
        percentage(of(|moment| moment.allocated_percent)),
        percentage(of(|moment| moment.working_percent)),
        percentage(of(|moment| moment.fragmented_percent)),
        estimate(of(|moment| moment.pods as f64)),
        estimate(of(|moment| moment.waiting as f64)),
    ]
}

/// What all lives of a scheduler come to.
fn figures(lives: &[Named], visits: &[Visit]) -> [Estimate; 8] {
    let of = |value: fn(&Life) -> f64| estimate(lives.iter().map(|(life, _)| value(life)));
    let waits: Vec<Vec<f64>> = lives.iter().map(|(life, _)| waits(life, visits)).collect();
    let of_waits = |value: fn(&[f64]) -> f64| estimate(waits.iter().map(|waits| value(waits)));
    [
        of(|life| life.stays.iter().flatten().count() as f64),
        of(|life| life.stays.iter().filter(|stay| stay.is_none()).count() as f64),
        percentage(lives.iter().map(|(life, _)| life.allocated_percent)),
        percentage(lives.iter().map(|(life, _)| life.working_percent)),
        of_waits(|waits| waits.iter().filter(|wait| **wait > 0.0).count() as f64),
        of_waits(|waits| waits.iter().sum::<f64>() / waits.len().max(1) as f64),
        of_waits(|waits| if waits.is_empty() { 0.0 } else { of_sorted(waits, 0.9) }),
        of_waits(|waits| waits.iter().copied().fold(0.0, f64::max)),
    ]
}

/// The lives of every scheduler and seed.
fn lives(scene: &Scene<'_>, visits: &[Visit], rules: Rules) -> Vec<Vec<Named>> {
    let typical = scene.typical();
    let runs = scene.policies.iter().flat_map(|policy| (0..scene.seeds).map(move |n| (*policy, n)));
    let runs: Vec<(Policy, u64)> = runs.collect();
    let one = |&(policy, number): &(Policy, u64)| {
        let seed = scene.seed.replication(number);
        let fleet = scene.fleet.shuffled(seed);
        let mut scheduler = policy.scheduler(scene.trace, &typical, seed);
        let mut state = State::new(&fleet);
        let life = live(&mut state, scene.trace, visits, &mut *scheduler, &typical, rules);
        let names = fleet.nodes().iter().map(|node| node.name.clone());
        (life, if number == 0 { names.collect() } else { Vec::new() })
    };
    let all: Vec<_> = runs.par_iter().map(one).collect();
    all.chunks(scene.seeds as usize).map(<[_]>::to_vec).collect()
}

/// How long each placed pod of a life waited \[s\], in ascending order.
fn waits(life: &Life, visits: &[Visit]) -> Vec<f64> {
    let stays = life.stays.iter().zip(visits);
    let waits = stays.filter_map(|(stay, visit)| {
        Some(stay.as_ref()?.placed.saturating_sub(visit.arrives).as_seconds())
    });
    let mut waits: Vec<f64> = waits.collect();
    waits.sort_by(f64::total_cmp);
    waits
}

/// What became of each pod.
fn pods<'a>(
    scheduler: &'a str,
    life: &'a Life,
    nodes: &'a [String],
    visits: &'a [Visit],
    names: &'a [&str],
) -> impl Iterator<Item = Vec<String>> + 'a {
    let seconds = |time: sim::Time| ((time.as_seconds() * 1e3).round() / 1e3).to_string();
    life.stays.iter().zip(visits).zip(names).map(move |((stay, visit), name)| {
        let mut cells = vec![scheduler.to_owned(), (*name).to_owned()];
        match stay {
            None => cells.extend(["", "", &seconds(visit.arrives), "", "", ""].map(str::to_owned)),
            Some(stay) => {
                let gpus: Vec<String> = stay.slot.gpus.iter().map(u16::to_string).collect();
                cells.extend([
                    nodes[stay.slot.node as usize].clone(),
                    gpus.join(" "),
                    seconds(visit.arrives),
                    seconds(stay.placed),
                    seconds(stay.ended),
                    seconds(stay.placed.saturating_sub(visit.arrives)),
                ]);
            }
        }
        cells
    })
}
