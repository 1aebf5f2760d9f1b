//! Runs every replication of every point, many at once, with one result whatever the number of
//! threads. The seed of a replication depends on nothing but its number.

use std::sync::atomic::{AtomicU64, Ordering};

use models::predict::Stop;
use models::workload::{Control, Report, simulate};
use sim::Seed;

use super::{Digest, sure};
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::journal::{Finished, Journal, Record};
use crate::run::in_order;

/// In how many parts progress is told.
pub(crate) const PARTS: u64 = 1_000;

/// How many simulations an experiment takes for each of its points.
pub(crate) fn simulations(experiment: &Experiment, intervals: bool) -> u64 {
    let draws = if intervals { sure::draws(experiment).len() } else { 0 };
    u64::from(experiment.repetitions) + draws as u64
}

/// Carries out the simulations that are `asked` for, and notes each in a journal; with `intervals`,
/// under draws of what is unknown as well. One that was not finished when `stop` said so is none.
///
/// # Errors
/// If something about a point cannot be: the first such replication. If one cannot be noted.
pub(crate) fn compute(
    experiment: &Experiment,
    plan: &Plan,
    journal: &Journal,
    (intervals, stop): (bool, Stop<'_>),
    asked: &(dyn Fn(usize) -> bool + Sync),
    progress: impl Fn(u64) + Sync,
) -> Result<(), Failure> {
    let repetitions = experiment.repetitions as usize;
    let draws = if intervals { sure::draws(experiment) } else { Vec::new() };
    let each = repetitions + draws.len();
    in_order(plan.len() * each, stop, |task| {
        if !asked(task) {
            return Ok(());
        }
        let (point, number) = (&plan.point(task / each), task % each);
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
        let control = Control { stop, progress: &tell };
        let Some(report) = simulate(cluster, scenario, seed, &control).map_err(placed)? else {
            return Ok(());
        };
        tell(1.0);
        // Windows are told of the first replication alone, links and pools of no draw.
        let report = match (number, draw) {
            (0, _) => report,
            (_, None) => without_windows(report),
            (_, Some(_)) => Report { resources: Vec::new(), ..report },
        };
        let report = postcard::to_stdvec(&report)
            .map_err(|error| Failure::run("writing down a simulation", error))?;
        journal.add(task, &report, &[])
    })
}

/// The finished simulations of an experiment.
pub(crate) struct Results<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) plan: &'a Plan,
    pub(crate) finished: Finished,
    pub(crate) intervals: bool,
}

impl Results<'_> {
    /// Calls `see` with the digest of every point of which a replication was finished, in the
    /// order of the plan. Of a point that was stopped halfway, the replications that were finished
    /// count, and draws if there are all.
    ///
    /// # Errors
    /// If the journal cannot be read, and what `see` says.
    pub(crate) fn each(
        &self,
        mut see: impl FnMut(usize, Digest) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let each = simulations(self.experiment, self.intervals) as usize;
        let mut of_point: Vec<(usize, Report)> = Vec::new();
        let mut close = |point: usize, reports: &mut Vec<(usize, Report)>| {
            let digest = self.digest(&std::mem::take(reports), each);
            digest.map_or(Ok(()), |digest| see(point, digest))
        };
        let decode = |record: Record| {
            postcard::from_bytes::<Report>(&record.digest)
                .map_err(|error| Failure::run("reading the journal", error))
        };
        let mut last = 0;
        self.finished.each(decode, |task, report| {
            if task / each != last {
                close(last, &mut of_point)?;
                last = task / each;
            }
            of_point.push((task % each, report));
            Ok(())
        })?;
        close(last, &mut of_point)
    }

    fn digest(&self, reports: &[(usize, Report)], each: usize) -> Option<Digest> {
        let repetitions = self.experiment.repetitions as usize;
        let (drawn, finished): (Vec<_>, Vec<_>) = reports
            .iter()
            .map(|(at, report)| (*at, report))
            .partition(|(at, _)| *at >= repetitions);
        let whole = drawn.len() == each - repetitions;
        let drawn =
            if whole { drawn.into_iter().map(|(_, report)| report).collect() } else { Vec::new() };
        (!finished.is_empty()).then(|| Digest::of(&finished, &drawn))
    }
}

fn without_windows(mut report: Report) -> Report {
    report.resources.iter_mut().for_each(|resource| resource.windows.clear());
    report
}
