//! How good intervals are: how many hold what was measured, how wide they are, and both in one
//! number.
//!
//! Figures of one set-up, GPU or path err together, so what the coverage may be off by is found by
//! drawing whole *clusters* again (bootstrap). The interval score (T. Gneiting, A. E. Raftery
//! 2007, doi 10.1198/016214506000001437) is taken of logarithms, for intervals of 90 %:
//!
//! ```text
//!   ln(high / low) + 20 · ln(low / y) if y < low, + 20 · ln(y / high) if y > high
//! ```

use std::collections::BTreeMap;

use serde::Serialize;
use sim::Seed;

use crate::quantile::quantile;

/// The part that an interval of 90 % leaves out.
const ALPHA: f64 = 0.1;
/// How often the clusters are drawn again.
const BOOTSTRAPS: u64 = 2_000;

/// A measured figure and its predicted interval of 90 %.
#[derive(Clone, Debug, PartialEq)]
pub struct Covered<'a> {
    /// What it errs together with.
    pub cluster: &'a str,
    /// What was measured; above zero.
    pub measured: f64,
    /// Lower end of the interval; above zero.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How good the intervals of several figures are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// How many figures there are.
    pub figures: usize,
    /// In how many clusters.
    pub clusters: usize,
    /// The part of figures that lie in their interval.
    pub coverage_90: f64,
    /// Lower end of the 95 % bootstrap interval of that.
    pub coverage_90_low: f64,
    /// Upper end.
    pub coverage_90_high: f64,
    /// Half of the intervals are narrower: high end over low end.
    pub median_width: f64,
    /// The mean interval score of logarithms; less is better.
    pub mean_interval_score: f64,
}

impl Covered<'_> {
    fn holds(&self) -> bool {
        self.low <= self.measured && self.measured <= self.high
    }

    fn score(&self) -> f64 {
        let below = libm::log(self.low / self.measured).max(0.0);
        let above = libm::log(self.measured / self.high).max(0.0);
        libm::log(self.high / self.low) + 2.0 / ALPHA * (below + above)
    }
}

impl Coverage {
    /// That of some figures; none if there are none.
    pub fn of(figures: &[Covered<'_>]) -> Option<Coverage> {
        let mut clusters: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for figure in figures {
            let (inside, all) = clusters.entry(figure.cluster).or_default();
            *inside += f64::from(u8::from(figure.holds()));
            *all += 1.0;
        }
        let clusters: Vec<(f64, f64)> = clusters.into_values().collect();
        if clusters.is_empty() {
            return None;
        }
        let part = |some: &mut dyn Iterator<Item = (f64, f64)>| {
            let (inside, all) = some.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            inside / all
        };
        let again = drawn_again(clusters.len(), |some| part(&mut some.map(|at| clusters[at])));
        let widths: Vec<f64> = figures.iter().map(|figure| figure.high / figure.low).collect();
        let scores: f64 = figures.iter().map(Covered::score).sum();
        Some(Coverage {
            figures: figures.len(),
            clusters: clusters.len(),
            coverage_90: part(&mut clusters.iter().copied()),
            coverage_90_low: quantile(&again, 0.025),
            coverage_90_high: quantile(&again, 0.975),
            median_width: quantile(&widths, 0.5),
            mean_interval_score: scores / figures.len() as f64,
        })
    }
}

/// A mean over clusters, with what it may be off by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean: every cluster counts once.
    pub mean: f64,
    /// Lower end of its 95 % bootstrap interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Mean {
    /// The mean of one value per cluster; none if there are none.
    pub fn over_clusters(values: &[f64]) -> Option<Mean> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let again =
            drawn_again(values.len(), |some| some.map(|at| values[at]).sum::<f64>() / count);
        let [low, high] = [0.025, 0.975].map(|q| quantile(&again, q));
        Some(Mean { mean: values.iter().sum::<f64>() / count, low, high })
    }
}

/// What `of` says of clusters that are drawn again, as many as there are.
fn drawn_again(clusters: usize, of: impl Fn(&mut dyn Iterator<Item = usize>) -> f64) -> Vec<f64> {
    let seed = Seed::new(1).of("bootstrap");
    let again = |turn: u64| {
        let own = seed.replication(turn);
        let pick = |at: usize| (own.unit(at as u64) * clusters as f64) as usize;
        of(&mut (0..clusters).map(pick))
    };
    (0..BOOTSTRAPS).map(again).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(cluster: &str, measured: f64) -> Covered<'_> {
        Covered { cluster, measured, low: 1.0, high: 4.0 }
    }

    #[test]
    fn coverage_width_and_score_by_hand() {
        let figures = [figure("a", 2.0), figure("a", 8.0), figure("b", 4.0), figure("c", 0.5)];
        let found = Coverage::of(&figures).unwrap();
        assert_eq!((found.figures, found.clusters, found.coverage_90), (4, 3, 0.5));
        assert_eq!(found.median_width, 4.0);
        // Each is ln 4 wide; two miss by a factor of two, which costs 20 · ln 2 each.
        let score = libm::log(4.0) + 2.0 * 20.0 * libm::log(2.0) / 4.0;
        assert!((found.mean_interval_score - score).abs() < 1e-12);
        assert_eq!(Coverage::of(&[]), None);
    }

    #[test]
    fn every_cluster_counts_once_in_a_mean() {
        let one = Mean::over_clusters(&[0.25]).unwrap();
        assert_eq!(one, Mean { mean: 0.25, low: 0.25, high: 0.25 });
        // Half of 40 clusters: 0.5 ± 1.96 · √(0.25 / 40) = 0.345 to 0.655.
        let values: Vec<f64> = (0..40).map(|n| f64::from(n % 2)).collect();
        let many = Mean::over_clusters(&values).unwrap();
        assert_eq!(many.mean, 0.5);
        assert!((0.31..0.39).contains(&many.low) && (0.61..0.69).contains(&many.high), "{many:?}");
        assert_eq!(Mean::over_clusters(&[]), None);
    }

    #[test]
    fn figures_of_one_cluster_say_no_more_than_one() {
        let whole: Vec<Covered<'_>> =
            (0..40).map(|n| figure("one", if n < 36 { 2.0 } else { 9.0 })).collect();
        let one = Coverage::of(&whole).unwrap();
        assert_eq!((one.coverage_90_low, one.coverage_90_high), (0.9, 0.9));
        let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let each: Vec<Covered<'_>> = whole
            .iter()
            .zip(&names)
            .map(|(figure, name)| Covered { cluster: name, ..figure.clone() })
            .collect();
        let each = Coverage::of(&each).unwrap();
        // Forty independent ones: 0.9 ± 1.96 · √(0.09 / 40) = 0.81 to 0.99.
        assert!((0.77..0.85).contains(&each.coverage_90_low), "{each:?}");
        assert!((0.95..=1.0).contains(&each.coverage_90_high), "{each:?}");
    }
}
