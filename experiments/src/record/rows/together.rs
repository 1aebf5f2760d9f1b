//! `together.csv`: what the transfers of a point reach side by side, one row per point.
//!
//! Fairness is Jain's index, (Σ x)² ÷ (n Σ x²) over the goodputs of n transfers: 1 where all reach
//! the same, 1/n where one has everything (R. Jain, D. Chiu, W. Hawe, DEC Research Report TR-301,
//! 1984).

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Replication};
use crate::estimate::Estimate;
use crate::experiment::Plan;
use crate::row::Means;

/// The transfers of a point.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TogetherRow {
    pub(crate) transfers: usize,
    pub(crate) goodput_sum_bit_s: Estimate,
    pub(crate) goodput_least_bit_s: f64,
    pub(crate) goodput_most_bit_s: f64,
    pub(crate) fairness_ratio: f64,
    pub(crate) last_completion_s: Means,
    pub(crate) message_sum_b: u64,
}

impl TogetherRow {
    /// The table's file.
    pub(crate) const FILE: &str = "together.csv";
    /// The key columns that name a point, whatever its transfers are.
    pub(crate) const KEYS: [&str; 4] = ["experiment", "point", "topology", "fidelity"];

    /// The row of a point.
    pub(crate) fn of(plan: &Plan, point: usize, digests: &[Digest]) -> TogetherRow {
        let goodputs: Vec<f64> = digests.iter().map(|digest| digest.goodput_bit_s.mean).collect();
        let sum = |all: &[&Replication]| Some(all.iter().map(|one| one.goodput_bit_s).sum());
        let last = |all: &[&Replication]| {
            all.iter().try_fold(0.0, |last: f64, one| Some(last.max(one.completion_s?)))
        };
        let messages = plan.point(point);
        let messages = messages.transfers.iter().map(|transfer| transfer.message.get());
        TogetherRow {
            transfers: goodputs.len(),
            goodput_sum_bit_s: over(digests, sum).unwrap_or_default(),
            goodput_least_bit_s: goodputs.iter().copied().fold(f64::INFINITY, f64::min),
            goodput_most_bit_s: goodputs.iter().copied().fold(0.0, f64::max),
            fairness_ratio: fairness(&goodputs),
            last_completion_s: over(digests, last).into(),
            message_sum_b: messages.sum(),
        }
    }
}

/// What all transfers of a replication give together, over replications.
fn over(digests: &[Digest], of: impl Fn(&[&Replication]) -> Option<f64>) -> Option<Estimate> {
    let replications = 0..digests[0].replications.len();
    let values: Option<Vec<f64>> = replications
        .map(|number| {
            let all: Vec<&Replication> = digests.iter().map(|d| &d.replications[number]).collect();
            of(&all)
        })
        .collect();
    values.map(|values| Estimate::of(&values))
}

fn fairness(goodputs: &[f64]) -> f64 {
    let sum: f64 = goodputs.iter().sum();
    let squares: f64 = goodputs.iter().map(|rate| rate * rate).sum();
    // Nothing arrives for anybody: nobody has more than the others.
    if squares > 0.0 { sum * sum / (goodputs.len() as f64 * squares) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fairness_is_jains() {
        assert_eq!(fairness(&[3.0, 3.0, 3.0]), 1.0);
        assert_eq!(fairness(&[5.0, 0.0]), 0.5);
        assert_eq!(fairness(&[0.0, 0.0]), 1.0);
        assert!((fairness(&[1.0, 2.0, 3.0]) - 36.0 / 42.0).abs() < 1e-15);
    }
}
