//! Runs every replication of every point, many at once, with one result whatever the number of
//! threads. The seed of a replication depends on nothing but its number.

use std::sync::atomic::{AtomicU64, Ordering};

use models::input::InputError;
use models::workload::{Control, Report, simulate};
use rayon::prelude::*;
use sim::Seed;

use super::Digest;
use crate::experiment::{Experiment, Plan};

/// In how many parts progress is told.
pub(crate) const PARTS: u64 = 1_000;

/// Runs every point and gives a digest of each, in the order of the plan. Of a point that was
/// stopped halfway, the replications that were finished count; it is left out if there are none.
///
/// # Errors
/// If something about a point cannot be: the first such replication.
pub(crate) fn run(
    experiment: &Experiment,
    plan: &Plan,
    stop: impl Fn() -> bool + Sync,
    progress: impl Fn(u64) + Sync,
) -> Result<Vec<Option<Digest>>, InputError> {
    let repetitions = experiment.repetitions as usize;
    let one = |task: usize| {
        let (point, number) = (&plan.points[task / repetitions], task % repetitions);
        if stop() {
            return Ok(None);
        }
        let scenario = point.scenario.as_ref().expect("a point of workloads has a scenario");
        let cluster = &plan.worlds[point.world].cluster;
        let seed = Seed::new(experiment.seed).replication(number as u64).get();
        let told = AtomicU64::new(0);
        let tell = |part: f64| {
            let parts = (part * PARTS as f64) as u64;
            let before = told.fetch_max(parts, Ordering::Relaxed);
            progress(parts.saturating_sub(before));
        };
        let control = Control { stop: &stop, progress: &tell };
        let report = simulate(cluster, scenario, seed, &control);
        let report = report.map_err(|error| experiment.placed(error, point))?;
        tell(1.0);
        // Windows are told of the first replication alone.
        Ok(report.map(|report| if number == 0 { report } else { without_windows(report) }))
    };
    let tasks = plan.points.len() * repetitions;
    let reports: Vec<Result<Option<Report>, InputError>> =
        (0..tasks).into_par_iter().map(one).collect();
    let reports = reports.into_iter().collect::<Result<Vec<_>, _>>()?;
    let digests = reports.chunks(repetitions).map(|of_point| {
        let finished: Vec<(usize, &Report)> =
            of_point.iter().enumerate().filter_map(|(at, r)| Some((at, r.as_ref()?))).collect();
        (!finished.is_empty()).then(|| Digest::of(&finished))
    });
    Ok(digests.collect())
}

fn without_windows(mut report: Report) -> Report {
    report.resources.iter_mut().for_each(|resource| resource.windows.clear());
    report
}
