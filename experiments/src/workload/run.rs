//! Runs every replication of every point, many at once, with one result whatever the number of
//! threads. The seed of a replication depends on nothing but its number.

use std::sync::atomic::{AtomicU64, Ordering};

use models::input::InputError;
use models::workload::{Control, Report, simulate};
use rayon::prelude::*;
use sim::Seed;

use super::{Digest, sure};
use crate::experiment::{Experiment, Plan};

/// In how many parts progress is told.
pub(crate) const PARTS: u64 = 1_000;

/// How many simulations an experiment takes for each of its points.
pub(crate) fn simulations(experiment: &Experiment, intervals: bool) -> u64 {
    let draws = if intervals { sure::draws(experiment).len() } else { 0 };
    u64::from(experiment.repetitions) + draws as u64
}

/// Runs every point and gives a digest of each, in the order of the plan; with `intervals`, under
/// draws of what is unknown as well. Of a point that was stopped halfway, the replications that
/// were finished count; it is left out if there are none.
///
/// # Errors
/// If something about a point cannot be: the first such replication.
pub(crate) fn run(
    experiment: &Experiment,
    plan: &Plan,
    intervals: bool,
    stop: impl Fn() -> bool + Sync,
    progress: impl Fn(u64) + Sync,
) -> Result<Vec<Option<Digest>>, InputError> {
    let repetitions = experiment.repetitions as usize;
    let draws = if intervals { sure::draws(experiment) } else { Vec::new() };
    let each = repetitions + draws.len();
    let one = |task: usize| {
        let (point, number) = (&plan.points[task / each], task % each);
        if stop() {
            return Ok(None);
        }
        let placed = |error| experiment.placed(error, point);
        let scenario = point.scenario.as_ref().expect("a point of workloads has a scenario");
        let draw = number.checked_sub(repetitions).map(|at| draws[at]);
        let drawn = draw.map(|draw| experiment.drawn(point, draw)).transpose().map_err(placed)?;
        let cluster = drawn.as_ref().unwrap_or(&plan.worlds[point.world].cluster);
        let turn = draw.map_or(number, |_| (number - repetitions) % repetitions);
        let seed = Seed::new(experiment.seed).replication(turn as u64).get();
        let told = AtomicU64::new(0);
        let tell = |part: f64| {
            let parts = (part * PARTS as f64) as u64;
            let before = told.fetch_max(parts, Ordering::Relaxed);
            progress(parts.saturating_sub(before));
        };
        let control = Control { stop: &stop, progress: &tell };
        let report = simulate(cluster, scenario, seed, &control).map_err(placed)?;
        tell(1.0);
        // Windows are told of the first replication alone, links and pools of no draw.
        Ok(report.map(|report| match (number, draw) {
            (0, _) => report,
            (_, None) => without_windows(report),
            (_, Some(_)) => Report { resources: Vec::new(), ..report },
        }))
    };
    let tasks = plan.points.len() * each;
    let reports: Vec<Result<Option<Report>, InputError>> =
        (0..tasks).into_par_iter().map(one).collect();
    let reports = reports.into_iter().collect::<Result<Vec<_>, _>>()?;
    let digests = reports.chunks(each).map(|of_point| {
        let (replications, drawn) = of_point.split_at(repetitions);
        let finished: Vec<(usize, &Report)> =
            replications.iter().enumerate().filter_map(|(at, r)| Some((at, r.as_ref()?))).collect();
        let drawn: Option<Vec<&Report>> = drawn.iter().map(Option::as_ref).collect();
        (!finished.is_empty()).then(|| Digest::of(&finished, &drawn.unwrap_or_default()))
    });
    Ok(digests.collect())
}

fn without_windows(mut report: Report) -> Report {
    report.resources.iter_mut().for_each(|resource| resource.windows.clear());
    report
}
