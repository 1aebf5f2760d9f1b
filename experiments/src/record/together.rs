//! `together.csv`: what the transfers of a point reach side by side, one row per point.
//!
//! Fairness is Jain's index, (Σ x)² ÷ (n Σ x²) over the goodputs of n transfers: 1 where all reach
//! the same, 1/n where one has everything (R. Jain, D. Chiu, W. Hawe, DEC Research Report TR-301,
//! 1984).

use super::{estimate, keys};
use crate::digest::{Digest, Replication};
use crate::estimate::Estimate;
use crate::experiment::Plan;

/// The file.
pub(super) const FILE: &str = "together.csv";

/// The key columns that name a point, whatever its transfers are.
const OF_POINT: [&str; 4] = ["experiment", "point", "topology", "fidelity"];

/// The columns behind the keys.
const COLUMNS: [&str; 11] = [
    "transfers",
    "goodput_sum_bit_s_mean",
    "goodput_sum_bit_s_low",
    "goodput_sum_bit_s_high",
    "goodput_least_bit_s",
    "goodput_most_bit_s",
    "fairness_ratio",
    "last_completion_s_mean",
    "last_completion_s_low",
    "last_completion_s_high",
    "message_sum_b",
];

/// The names of its columns.
pub(super) fn header(plan: &Plan) -> Vec<String> {
    let added = plan.columns.iter().map(String::as_str);
    OF_POINT.into_iter().chain(added).chain(COLUMNS).map(str::to_owned).collect()
}

/// The row of a point with several transfers, the first of which has `cells` as its key.
pub(super) fn row(plan: &Plan, point: usize, cells: &[String], digests: &[Digest]) -> Vec<String> {
    let keys = keys(plan).into_iter().zip(cells);
    let own =
        keys.filter(|(key, _)| OF_POINT.contains(&key.as_str()) || plan.columns.contains(key));
    let mut row: Vec<String> = own.map(|(_, cell)| cell.clone()).collect();
    let goodputs: Vec<f64> = digests.iter().map(|digest| digest.goodput_bit_s.mean).collect();
    row.push(goodputs.len().to_string());
    let sum = over(digests, |all| Some(all.iter().map(|one| one.goodput_bit_s).sum()));
    row.extend(estimate(sum));
    row.push(goodputs.iter().copied().fold(f64::INFINITY, f64::min).to_string());
    row.push(goodputs.iter().copied().fold(0.0, f64::max).to_string());
    row.push(fairness(&goodputs).to_string());
    let last = |all: &[&Replication]| {
        all.iter().try_fold(0.0, |last: f64, one| Some(last.max(one.completion_s?)))
    };
    row.extend(estimate(over(digests, last)));
    let point = plan.point(point);
    let messages = point.transfers.iter().map(|transfer| transfer.message.get());
    row.push(messages.sum::<u64>().to_string());
    row
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
