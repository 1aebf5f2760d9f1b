//! Many times as a few figures.

use serde::{Deserialize, Serialize};

use calibration_data::quantile::of_sorted;

/// What many measured times look like, each in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are.
    pub count: usize,
    /// The least.
    pub min_s: f64,
    /// A quarter is below.
    pub lower_quartile_s: f64,
    /// Half is below.
    pub median_s: f64,
    /// Their mean.
    pub mean_s: f64,
    /// Three quarters are below.
    pub upper_quartile_s: f64,
    /// 99 of a hundred are below.
    pub p99_s: f64,
    /// The most.
    pub max_s: f64,
}

impl Summary {
    /// The summary of `times_s`; none if there is none.
    pub fn of(mut times_s: Vec<f64>) -> Option<Summary> {
        times_s.sort_by(f64::total_cmp);
        let last = times_s.len().checked_sub(1)?;
        let quantile = |share: f64| of_sorted(&times_s, share);
        Some(Summary {
            count: times_s.len(),
            min_s: times_s[0],
            lower_quartile_s: quantile(0.25),
            median_s: quantile(0.5),
            mean_s: times_s.iter().sum::<f64>() / times_s.len() as f64,
            upper_quartile_s: quantile(0.75),
            p99_s: quantile(0.99),
            max_s: times_s[last],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_ranks() {
        assert_eq!(Summary::of(Vec::new()), None);
        let one = Summary::of(vec![3.0]).expect("one time");
        assert_eq!((one.min_s, one.median_s, one.p99_s, one.max_s), (3.0, 3.0, 3.0, 3.0));
        let all = Summary::of((0..=100).rev().map(f64::from).collect()).expect("times");
        assert_eq!((all.count, all.min_s, all.max_s, all.mean_s), (101, 0.0, 100.0, 50.0));
        let middle = (all.lower_quartile_s, all.median_s, all.upper_quartile_s, all.p99_s);
        assert_eq!(middle, (25.0, 50.0, 75.0, 99.0));
        assert_eq!(Summary::of(vec![2.0, 1.0]).expect("two times").median_s, 1.5);
    }
}
