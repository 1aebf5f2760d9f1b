//! How sure a prediction is: the same points for each of 64 draws of what is unknown.
//!
//! Draws go through the closed form, all of a world's side by side. What a draw makes of a point
//! is the ratio that the closed form finds to itself with nothing drawn, times what was simulated;
//! draw `i` meets the luck of replication `i`. Draws are common to all points, so that a
//! difference between two is sharper than either ([`compared`]).

pub(crate) mod causes;
pub(crate) mod compared;
mod measurement;
mod states;
mod worlds;

use calibration_data::quantile::{ninety, quantile};
use models::input::InputError;
use models::outcome::{Outcome, Reached};
use models::predict::{Stop, predict_drawn, predict_undrawn};
use serde::{Deserialize, Serialize};
use sim::Time;
use sim::stats::Interval;

use crate::experiment::{Experiment, Plan, Point};
use crate::run::Sample;
use worlds::Worlds;

/// The part of draws that lie in an interval.
const INSIDE: f64 = 0.9;
/// Of fewer draws than this, the ends of an interval are not counted off.
const COUNTED_MIN: usize = 32;
/// Of plans with more points, draws are not kept to compare points with each other.
pub(crate) const KEPT_POINTS_MAX: usize = 10_000;

/// What most draws agree on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Predicted {
    /// Half of the draws are less.
    pub(crate) median: f64,
    /// One in twenty is less.
    pub(crate) low: f64,
    /// One in twenty is more.
    pub(crate) high: f64,
}

impl Predicted {
    /// The median and the 90 % interval of draws. Few say nothing of the ends themselves, which
    /// are then those of a normal distribution of the logarithm, by Student's t for one more draw.
    pub(crate) fn of(draws: &[f64]) -> Predicted {
        if draws.len() < COUNTED_MIN {
            let logs: Vec<f64> = draws.iter().map(|draw| libm::log(*draw)).collect();
            let n = logs.len() as f64;
            if let Some(mean) = Interval::of(&logs, INSIDE) {
                let reach = mean.half_width * (n + 1.0).sqrt();
                let [low, median, high] = [-reach, 0.0, reach].map(|d| libm::exp(mean.mean + d));
                return Predicted { median, low, high };
            }
        }
        let (low, high) = ninety(draws);
        Predicted { median: quantile(draws, 0.5), low, high }
    }
}

/// How sure the figures of a transfer are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sure {
    pub(crate) goodput_bit_s: Predicted,
    /// None if in some draw the result never arrives whole.
    pub(crate) completion_s: Option<Predicted>,
    /// The goodput of each draw; empty where there are too many points to compare.
    pub(crate) draws: Vec<f64>,
}

/// The draws of a run.
pub(crate) struct Intervals<'a> {
    worlds: Worlds<'a>,
    keeps: bool,
}

impl<'a> Intervals<'a> {
    /// Those of an experiment's points that are `asked` for.
    pub(crate) fn new(
        experiment: &'a Experiment,
        plan: &'a Plan,
        asked: &dyn Fn(usize) -> bool,
    ) -> Intervals<'a> {
        Intervals {
            worlds: Worlds::new(experiment, plan, asked),
            keeps: plan.len() <= KEPT_POINTS_MAX,
        }
    }

    /// How sure each transfer of a point is, of which `samples` were simulated with `seeds`; none
    /// if `stop` said so first.
    ///
    /// # Errors
    /// If a cluster with other values cannot be.
    pub(crate) fn of(
        &self,
        point: &Point,
        seeds: &[u64],
        samples: &[Sample],
        stop: Stop<'_>,
    ) -> Result<Option<Vec<Sure>>, InputError> {
        // Where all replications came out alike, chance decides nothing.
        let alike =
            samples.iter().all(|s| std::sync::Arc::ptr_eq(&s.outcomes, &samples[0].outcomes));
        let seeds = if alike { &seeds[..1] } else { seeds };
        let world = self.worlds.of(point)?;
        let known = predict_undrawn(world.cluster, &point.transfers, seeds)?;
        let Some(drawn) = predict_drawn(&world.drawn, &point.transfers, seeds, stop)? else {
            return Ok(None);
        };
        let sure = |which: usize| {
            let pairs = drawn[which].iter().enumerate().map(|(at, drawn)| {
                let turn = at % seeds.len();
                (&samples[turn].outcomes[which], &known[which][turn], drawn)
            });
            self.sure(pairs.map(|(outcome, known, drawn)| moved(outcome, known, drawn)))
        };
        Ok(Some((0..point.transfers.len()).map(sure).collect()))
    }

    fn sure(&self, draws: impl Iterator<Item = (f64, Option<f64>)>) -> Sure {
        let (goodputs, completions): (Vec<f64>, Vec<Option<f64>>) = draws.unzip();
        let completions: Option<Vec<f64>> = completions.into_iter().collect();
        Sure {
            goodput_bit_s: Predicted::of(&goodputs),
            completion_s: completions.map(|seconds| Predicted::of(&seconds)),
            draws: if self.keeps { goodputs } else { Vec::new() },
        }
    }
}

/// Goodput \[bit/s\] and completion \[s\] of a simulation with nothing drawn, as a draw moves them
/// in closed form.
pub(crate) fn moved(outcome: &Outcome, known: &Reached, drawn: &Reached) -> (f64, Option<f64>) {
    let ratio = drawn.goodput.as_bytes_per_s() / known.goodput.as_bytes_per_s();
    let goodput = outcome.goodput.as_bytes_per_s() * 8.0 * ratio;
    (goodput, later(outcome.completion, known, drawn))
}

/// When a draw's result is whole \[s\], of which a simulation with nothing drawn said `completion`.
fn later(completion: Time, known: &Reached, drawn: &Reached) -> Option<f64> {
    let all = [completion, known.completion, drawn.completion];
    let [completion, known, drawn] = all.map(|time| (time < Time::MAX).then(|| time.as_seconds()));
    Some(completion? * drawn? / known?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_draws_lie_in_the_interval() {
        let draws: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(Predicted::of(&draws), Predicted { median: 50.0, low: 5.0, high: 95.0 });
    }

    #[test]
    fn few_draws_give_the_interval_of_a_normal_logarithm() {
        let draws = [1.0f64, 2.0, 4.0, 8.0].map(libm::log).map(|log| libm::exp(log / 10.0));
        let found = Predicted::of(&draws);
        // Logarithms ln 2 / 10 apart: s = 1.291 · ln 2 / 10, t(0.95, 3) = 2.353, √(1 + 1/4).
        let reach = 2.353 * 1.291 * libm::log(2.0) / 10.0 * 1.25f64.sqrt();
        let middle = 1.5 * libm::log(2.0) / 10.0;
        assert!((libm::log(found.median) - middle).abs() < 1e-9, "{found:?}");
        assert!((libm::log(found.high) - middle - reach).abs() < 1e-4, "{found:?} {reach}");
    }
}
