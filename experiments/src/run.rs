//! Runs the points of an experiment, many at once, with one result whatever the number of threads.
//!
//! One point is one task: it is solved once per replication, each with its own seed. The seed of a
//! replication depends on nothing but its number, so every topology meets the same chance (common
//! random numbers), and differences between topologies are not differences of luck.

use models::input::InputError;
use models::outcome::{Advice, Outcome};
use models::predict::{advise_some, predict};
use models::transfer::Transfer;
use rayon::prelude::*;
use sim::Seed;

use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, Point};

/// With more transfers than this, changes are weighed for the largest alone: the time for all of
/// them grows with the square of their number.
pub(crate) const ADVISED_MAX: usize = 500;
/// How many those are.
pub(crate) const LARGEST: usize = 10;

/// What one replication of a point gave: an outcome per transfer, and what changes would bring.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) advice: Vec<Vec<Advice>>,
}

/// Runs every point and gives one digest per transfer of each, in the order of the plan; a point
/// that was not begun when `stop` became true is left out.
///
/// # Errors
/// If a transfer names a place that its cluster does not have, or there is no way between its
/// ends: the first such point in the order of the plan.
pub(crate) fn run(
    experiment: &Experiment,
    plan: &Plan,
    stop: impl Fn() -> bool + Sync,
    done: impl Fn() + Sync,
) -> Result<Vec<Option<Vec<Digest>>>, InputError> {
    let run_point = |point: &Point| {
        if stop() {
            return Ok(None);
        }
        let digests = run_point(experiment, plan, point)?;
        done();
        Ok(Some(digests))
    };
    let results: Vec<Result<_, InputError>> = plan.points.par_iter().map(run_point).collect();
    results.into_iter().collect()
}

fn run_point(
    experiment: &Experiment,
    plan: &Plan,
    point: &Point,
) -> Result<Vec<Digest>, InputError> {
    let samples = replicate(experiment, plan, point);
    let samples = samples.map_err(|error| experiment.placed(error, point))?;
    let digest = |which| Digest::of(&samples, which);
    Ok((0..point.transfers.len()).map(digest).collect())
}

/// What every replication of a point gave.
///
/// # Errors
/// As [`run`].
pub(crate) fn replicate(
    experiment: &Experiment,
    plan: &Plan,
    point: &Point,
) -> Result<Vec<Sample>, InputError> {
    let (cluster, transfers) = (&plan.worlds[point.world].cluster, &point.transfers);
    let seeds = (0..experiment.repetitions)
        .map(|number| Seed::new(experiment.seed).replication(u64::from(number)).get());
    let asked = advised(transfers);
    let sample = |seed| {
        let outcomes = predict(cluster, transfers, point.fidelity, seed)?;
        // Once per replication as well: chance may decide a counterfactual ("send over 8 streams")
        // of a transfer that it does not touch.
        Ok(Sample { outcomes, advice: advise_some(cluster, transfers, seed, |at| asked[at])? })
    };
    seeds.map(sample).collect()
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
