//! Runs the points of an experiment, many at once, with one result whatever the number of threads.
//!
//! One point is one task: it is solved once per replication, each with its own seed. The seed of a
//! replication depends on nothing but its number, so every topology meets the same chance (common
//! random numbers), and differences between topologies are not differences of luck. Replications
//! that draw the same are computed once ([`Replications`]).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use models::input::InputError;
use models::outcome::{Advice, Outcome};
use models::predict::{Replications, Stop};
use models::transfer::Transfer;
use sim::Seed;

use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, Point};
use crate::failure::Failure;
use crate::interval::Intervals;

/// With more transfers than this, changes are weighed for the largest alone: the time for all of
/// them grows with the square of their number.
pub(crate) const ADVISED_MAX: usize = 500;
/// How many those are.
pub(crate) const LARGEST: usize = 10;

/// Whether changes to transfers are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    /// For every transfer; where there are very many, for the largest.
    All,
    /// For none.
    None,
}

/// What is asked of every point besides what it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) changes: Changes,
    /// Whether to say how sure predictions are.
    pub(crate) intervals: bool,
}

/// How a point is run.
#[derive(Clone, Copy)]
struct How<'a> {
    changes: Changes,
    intervals: Option<&'a Intervals<'a>>,
    stop: Stop<'a>,
}

/// What one replication of a point gave: an outcome per transfer, and what changes would bring.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) outcomes: Arc<Vec<Outcome>>,
    pub(crate) advice: Vec<Vec<Advice>>,
}

/// Runs the points that are `asked` for, and hands each to `done` when it is finished, in about
/// the order of the plan: one digest per transfer. A point that was not finished when `stop` became
/// true is none.
///
/// # Errors
/// If a transfer names a place that its cluster does not have, or there is no way between its
/// ends: the first such point in the order of the plan. What `done` says.
pub(crate) fn run(
    experiment: &Experiment,
    plan: &Plan,
    (ask, stop): (Ask, Stop<'_>),
    asked: &(dyn Fn(usize) -> bool + Sync),
    done: &(dyn Fn(usize, Vec<Digest>) -> Result<(), Failure> + Sync),
) -> Result<(), Failure> {
    let intervals = ask.intervals.then(|| Intervals::new(experiment, plan, asked));
    let how = How { changes: ask.changes, intervals: intervals.as_ref(), stop };
    in_order(plan.len(), stop, |number| {
        if !asked(number) {
            return Ok(());
        }
        match run_point(experiment, plan, &plan.point(number), how)? {
            Some(digests) => done(number, digests),
            None => Ok(()),
        }
    })
}

/// Runs every point and gives its digests, in the order of the plan; `tell` sees them first.
///
/// # Errors
/// As [`run`].
pub(crate) fn all(
    experiment: &Experiment,
    plan: &Plan,
    ask: Ask,
    tell: &(dyn Fn(&mut Vec<Digest>) + Sync),
) -> Result<Vec<Vec<Digest>>, Failure> {
    let all: Vec<OnceLock<Vec<Digest>>> = (0..plan.len()).map(|_| OnceLock::new()).collect();
    run(experiment, plan, (ask, &|| false), &|_| true, &|number, mut digests| {
        tell(&mut digests);
        all[number].set(digests).expect("each point is taken once");
        Ok(())
    })?;
    Ok(all.into_iter().map(|one| one.into_inner().expect("nobody stops it")).collect())
}

/// The digests of the points that are `asked` for with their numbers, in the order of the plan.
///
/// # Errors
/// As [`run`].
pub(crate) fn some(
    experiment: &Experiment,
    plan: &Plan,
    ask: Ask,
    asked: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Vec<(usize, Vec<Digest>)>, Failure> {
    let found = Mutex::new(BTreeMap::new());
    run(experiment, plan, (ask, &|| false), asked, &|number, digests| {
        found.lock().expect("nobody panics here").insert(number, digests);
        Ok(())
    })?;
    Ok(found.into_inner().expect("nobody panics here").into_iter().collect())
}

/// Does so many tasks on all threads, one after another as they get free, until `stop` says so.
///
/// # Errors
/// That of the first task that has one; those behind it are not begun.
pub(crate) fn in_order(
    tasks: usize,
    stop: Stop<'_>,
    task: impl Fn(usize) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<(usize, Failure)>> = Mutex::new(None);
    let work = || {
        while !stop() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= tasks {
                return;
            }
            if let Err(failure) = task(at) {
                let mut failed = failed.lock().expect("nobody panics here");
                if failed.as_ref().is_none_or(|(first, _)| at < *first) {
                    *failed = Some((at, failure));
                }
                next.store(tasks, Ordering::Relaxed);
            }
        }
    };
    rayon::scope(|scope| {
        (0..rayon::current_num_threads()).for_each(|_| scope.spawn(|_| work()));
    });
    failed.into_inner().expect("nobody panics here").map_or(Ok(()), |(_, failure)| Err(failure))
}

fn run_point(
    experiment: &Experiment,
    plan: &Plan,
    point: &Point,
    how: How<'_>,
) -> Result<Option<Vec<Digest>>, InputError> {
    let placed = |error| experiment.placed(error, point);
    let samples = replicate(experiment, plan, point, (how.changes, how.stop)).map_err(placed)?;
    let Some(samples) = samples else { return Ok(None) };
    let digests = (0..point.transfers.len()).map(|which| Digest::of(&samples, which));
    let mut digests: Vec<Digest> = digests.collect();
    if let Some(intervals) = how.intervals {
        let seeds: Vec<u64> = seeds(experiment).collect();
        let sure = intervals.of(point, &seeds, &samples, how.stop).map_err(placed)?;
        let Some(sure) = sure else { return Ok(None) };
        digests.iter_mut().zip(sure).for_each(|(digest, sure)| digest.sure = Some(sure));
    }
    Ok(Some(digests))
}

/// The seeds of replications.
fn seeds(experiment: &Experiment) -> impl Iterator<Item = u64> + use<'_> {
    (0..experiment.repetitions)
        .map(|number| Seed::new(experiment.seed).replication(u64::from(number)).get())
}

/// What every replication of a point gave; none if `stop` said so before all were there.
///
/// # Errors
/// As [`run`].
pub(crate) fn replicate(
    experiment: &Experiment,
    plan: &Plan,
    point: &Point,
    (changes, stop): (Changes, Stop<'_>),
) -> Result<Option<Vec<Sample>>, InputError> {
    let (cluster, transfers) = (&plan.worlds[point.world].cluster, &point.transfers);
    let asked = advised(transfers);
    let mut replications = Replications::new(cluster, transfers, point.fidelity, stop)?;
    let mut samples = Vec::with_capacity(experiment.repetitions as usize);
    for seed in seeds(experiment) {
        let Some(outcomes) = replications.outcomes(seed)? else { return Ok(None) };
        // For each replication as well: chance may decide a counterfactual ("send over 8 streams")
        // of a transfer that it does not touch.
        let advice = match changes {
            Changes::All => replications.advice(seed, |at| asked[at])?,
            Changes::None => Some(vec![Vec::new(); transfers.len()]),
        };
        let Some(advice) = advice else { return Ok(None) };
        samples.push(Sample { outcomes, advice });
    }
    Ok(Some(samples))
}

/// Which transfers of a point changes are weighed for: those with the largest messages, of equal
/// ones the first.
fn advised(transfers: &[Transfer]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..transfers.len()).collect();
    if transfers.len() > ADVISED_MAX {
        order.sort_by_key(|at| std::cmp::Reverse(transfers[*at].message));
        order.truncate(LARGEST);
    }
    let mut asked = vec![false; transfers.len()];
    order.into_iter().for_each(|at| asked[at] = true);
    asked
}

#[cfg(test)]
mod tests;
