//! The computing of an experiment: what is not in its journal yet.

use std::path::Path;

use models::predict::Stop;

use super::Job;
use super::finish::finish;
use super::shard;
use super::told::Told;
use crate::console::Console;
use crate::failure::Failure;
use crate::journal::{Header, Journal, Shard, Unfinished};
use crate::run::{Ask, Changes};
use crate::{interrupt, sweep, workload};

impl Job<'_> {
    /// What is asked of every point.
    pub(super) fn ask(&self) -> Ask {
        let changes = if self.options.changes { Changes::All } else { Changes::None };
        Ask { changes, intervals: self.options.intervals }
    }

    /// Whether workloads run over time.
    pub(super) fn is_over_time(&self) -> bool {
        self.experiment.load.is_some()
    }

    /// How many records the journal of all points has.
    pub(in crate::command) fn records(&self) -> usize {
        self.plan.len() * self.records_of_point()
    }

    /// How many records a point has.
    pub(in crate::command) fn records_of_point(&self) -> usize {
        match self.is_over_time() {
            true => workload::simulations(self.experiment, self.options.intervals) as usize,
            false => 1,
        }
    }
}

/// Runs one experiment, or a shard of it; tells what `--json` says of it, or nothing if no point
/// was finished.
pub(super) fn run_one<'a>(
    out: &Path,
    job: Job<'a>,
    (part, fresh): (Option<Shard>, bool),
    console: &Console,
) -> Result<Option<Told<'a>>, Failure> {
    let header = Header::of(job.experiment, job.plan, (job.file, job.options.clone(), part));
    if part.is_some() && !fresh && shard::is_there(out, &header, job)? {
        console.print(&format!("{} has been run already\n", out.display()))?;
        return Ok(Some(Told::of_shard(out, &header)));
    }
    let unfinished = Unfinished::open(out, &header, (fresh, job.records()))?;
    if let Err(failure) = compute(job, &unfinished.journal, part, console) {
        unfinished.failed(&failure);
        return Err(failure);
    }
    let whole = unfinished.journal.len() == shard::records(job, part);
    if unfinished.journal.len() == 0 && !whole {
        unfinished.staging.discard();
        let what = if job.is_over_time() { "replication" } else { "point" };
        console.note(&format!("stopped before the first {what} was finished; nothing was written"));
        return Ok(None);
    }
    let (staging, finished) = unfinished.finished()?;
    match part {
        Some(part) => shard::commit(out, staging, (&header, part, whole), console),
        None => finish(out, staging, finished, job, console),
    }
}

/// Computes what is not in the journal.
fn compute(
    job: Job<'_>,
    journal: &Journal,
    part: Option<Shard>,
    console: &Console,
) -> Result<(), Failure> {
    let Job { experiment, plan, .. } = job;
    let each = job.records_of_point();
    let mut left = vec![true; job.records()];
    if let Some(part) = part {
        left.iter_mut().enumerate().for_each(|(at, left)| *left = part.holds(at / each));
    }
    let all = left.iter().filter(|left| **left).count();
    journal.numbers().into_iter().for_each(|at| left[at as usize] = false);
    let done = journal.len();
    if done > 0 {
        let what = if job.is_over_time() { "simulations" } else { "points" };
        console.note(&format!("going on: {done} of {all} {what} were finished before"));
    }
    let asked = |at: usize| left[at];
    let stop: Stop<'_> = &interrupt::asked;
    if job.is_over_time() {
        let bar = console.parts(all as u64 * workload::PARTS, &experiment.name);
        bar.set_position(done as u64 * workload::PARTS);
        let how = (job.options.intervals, stop);
        let computed =
            workload::compute(experiment, plan, journal, how, &asked, |parts| bar.inc(parts));
        bar.finish_and_clear();
        computed
    } else {
        let bar = console.progress(all as u64, &experiment.name);
        bar.set_position(done as u64);
        let how = (job.ask(), stop);
        let computed = sweep::compute(experiment, plan, journal, how, &asked, &|| bar.inc(1));
        bar.finish_and_clear();
        computed
    }
}
