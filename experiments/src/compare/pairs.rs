//! Pairs of topologies as they were measured, and how sure it was that they would come so.

use std::cmp::Ordering;
use std::path::Path;

use calibration_data::coverage::{Coverage, Covered};
use serde::Serialize;

use super::{Figure, Interval, Spread};
use crate::experiment::{Experiment, Plan, Point};
use crate::failure::Failure;
use crate::record::write_table;

/// The file that has them.
const FILE: &str = "pairs.csv";
/// A pair whose order is as probable as this is said to be known.
const SURE: f64 = 0.9;

/// The columns of `pairs.csv`.
const COLUMNS: [&str; 10] = [
    "experiment",
    "transfer",
    "figure",
    "point_better",
    "topology_better",
    "point_worse",
    "topology_worse",
    "measured_ratio",
    "decided",
    "predicted_probability_ratio",
];

/// A measured figure that others are compared with.
pub(super) struct Contender {
    point: usize,
    transfer: usize,
    figure: &'static str,
    rounds: usize,
    spread: Spread,
    drawn: Vec<f64>,
    /// The interval of 90 %, in the unit of the spread.
    interval: Interval,
}

/// How sure the predictions of a comparison were, and what came of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sure {
    /// Of the order of topologies.
    pub(crate) pairs: Known,
    /// Of the figures, whose medians lie in their intervals or not; topologies are drawn again.
    pub(crate) coverage: Option<Coverage>,
}

/// How many pairs were said to be known, and how many of those the measurement ordered alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Known {
    /// Pairs that the measurement orders: their quartiles do not overlap.
    pub(crate) decided: usize,
    /// Those of them whose order, either way, was predicted with a probability of 0.9 or more.
    pub(crate) known: usize,
    /// Those of these that were measured so.
    pub(crate) right: usize,
}

impl Contender {
    pub(super) fn new(
        point: usize,
        transfer: usize,
        rounds: usize,
        (figure, interval): (Figure, Interval),
        spread: Spread,
    ) -> Contender {
        let Figure { name: figure, drawn, .. } = figure;
        Contender { point, transfer, figure, rounds, spread, drawn, interval }
    }

    /// Whether more of the figure is better.
    fn rises(&self) -> bool {
        self.figure != "completion_s"
    }
}

/// Two contenders of one setting, the one that was measured to be better first.
struct Pair<'c> {
    better: &'c Contender,
    worse: &'c Contender,
    decided: bool,
    /// That the better one would be: the part of draws in which it is, with half of the ties.
    probability: f64,
}

impl<'c> Pair<'c> {
    fn new(a: &'c Contender, b: &'c Contender) -> Pair<'c> {
        let a_is_better = (a.spread.median > b.spread.median) == a.rises();
        let (better, worse) = if a_is_better { (a, b) } else { (b, a) };
        let (upper, lower) = if better.rises() { (better, worse) } else { (worse, better) };
        let apart = upper.spread.low > lower.spread.high;
        let decided = apart && better.rounds > 1 && worse.rounds > 1;
        let wins = |(upper, lower): (&f64, &f64)| match upper.total_cmp(lower) {
            Ordering::Greater => 1.0,
            Ordering::Equal => 0.5,
            Ordering::Less => 0.0,
        };
        let both = upper.drawn.iter().zip(&lower.drawn);
        let probability = both.map(wins).sum::<f64>() / upper.drawn.len().max(1) as f64;
        Pair { better, worse, decided, probability }
    }
}

/// Every pair of topologies that differ in nothing else.
fn pairs<'c>(plan: &Plan, contenders: &'c [Contender]) -> Vec<Pair<'c>> {
    let points: Vec<Point> = contenders.iter().map(|of| plan.point(of.point)).collect();
    let setting = |at: usize| (&points[at].steps, contenders[at].transfer, contenders[at].figure);
    let mut pairs = Vec::new();
    for (at, one) in contenders.iter().enumerate() {
        let alike = |other: &usize| {
            setting(at) == setting(*other) && points[at].topology != points[*other].topology
        };
        let others = (at + 1..contenders.len()).filter(alike);
        pairs.extend(others.map(|other| Pair::new(one, &contenders[other])));
    }
    pairs
}

/// Writes `pairs.csv` into `folder`, if there is any pair, and tells how sure all was.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write(
    folder: &Path,
    experiment: &Experiment,
    plan: &Plan,
    contenders: &[Contender],
) -> Result<Sure, Failure> {
    let label = |of: &Contender| &experiment.topologies[plan.point(of.point).topology].label;
    let figure = |of| Covered {
        cluster: label(of),
        measured: of.spread.median,
        low: of.interval.0,
        high: of.interval.1,
    };
    let figures: Vec<Covered<'_>> = contenders.iter().map(figure).collect();
    let pairs = pairs(plan, contenders);
    let sure = Sure { pairs: count(&pairs), coverage: Coverage::of(&figures) };
    if pairs.is_empty() {
        return Ok(sure);
    }
    let end = |of: &Contender| [of.point.to_string(), label(of).clone()];
    let row = |pair: &Pair<'_>| {
        let transfer = experiment.transfers[pair.better.transfer].name.clone();
        let mut cells = vec![experiment.name.clone(), transfer, pair.better.figure.to_owned()];
        cells.extend(end(pair.better));
        cells.extend(end(pair.worse));
        let ratio = pair.better.spread.median / pair.worse.spread.median;
        cells.extend([ratio.to_string(), pair.decided.to_string(), pair.probability.to_string()]);
        cells
    };
    let header = std::iter::once(COLUMNS.map(str::to_owned).to_vec());
    write_table(&folder.join(FILE), header.chain(pairs.iter().map(row)))?;
    Ok(sure)
}

fn count(pairs: &[Pair<'_>]) -> Known {
    let decided = pairs.iter().filter(|pair| pair.decided);
    let probable = |pair: &&Pair<'_>| pair.probability >= SURE || pair.probability <= 1.0 - SURE;
    let known = decided.clone().filter(probable);
    Known {
        decided: decided.count(),
        known: known.clone().count(),
        right: known.filter(|pair| pair.probability >= SURE).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contender(figure: &'static str, middle: f64, drawn: &[f64]) -> Contender {
        let spread = Spread { low: middle * 0.99, median: middle, high: middle * 1.01 };
        let (drawn, interval) = (drawn.to_vec(), (0.0, 0.0));
        Contender { point: 0, transfer: 0, figure, rounds: 5, spread, drawn, interval }
    }

    #[test]
    fn an_order_is_known_by_the_draws_that_both_meet() {
        let fast = contender("goodput_bit_s", 100.0, &[9.0, 9.0, 11.0, 12.0]);
        let slow = contender("goodput_bit_s", 80.0, &[8.0, 9.0, 10.0, 11.0]);
        let pair = Pair::new(&slow, &fast);
        assert_eq!((pair.better.spread.median, pair.decided), (100.0, true));
        assert_eq!(pair.probability, 3.5 / 4.0);
        // Measured the other way round than all draws say.
        let wrong = contender("goodput_bit_s", 60.0, &[20.0; 4]);
        let pairs = [Pair::new(&wrong, &slow), Pair::new(&slow, &fast)];
        assert_eq!(count(&pairs), Known { decided: 2, known: 1, right: 0 });
    }

    #[test]
    fn of_completions_the_lower_is_better_and_near_ones_are_undecided() {
        let fast = contender("completion_s", 2.0, &[1.0, 2.0]);
        let slow = contender("completion_s", 3.0, &[2.0, 3.0]);
        let pair = Pair::new(&slow, &fast);
        assert_eq!((pair.better.spread.median, pair.probability), (2.0, 1.0));
        let near = contender("completion_s", 3.01, &[2.0, 3.0]);
        assert!(!Pair::new(&slow, &near).decided);
    }
}
