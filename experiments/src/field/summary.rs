//! What figures say together: by case, by group and by kind.

use calibration_data::coverage::{Coverage, Covered, Mean};
use calibration_data::quantile::quantile;
use serde::Serialize;

use super::{Figure, Group};

/// What several figures say together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Together {
    pub(crate) figures: usize,
    pub(crate) median_factor: f64,
    /// The part of the figures that lie in their interval; none without intervals.
    pub(crate) covered: Option<f64>,
    pub(crate) median_width: Option<f64>,
}

/// The figures of one case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Case {
    pub(crate) case: String,
    pub(crate) group: Group,
    #[serde(flatten)]
    pub(crate) own: Together,
}

/// All cases of a group.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) group: Group,
    pub(crate) cases: usize,
    pub(crate) figures: usize,
    /// Half of the cases have a smaller median factor.
    pub(crate) median_case_factor: f64,
    /// The mean over cases of the part that is covered, with its 95 % interval over cases.
    pub(crate) covered: Option<Mean>,
    pub(crate) median_width: Option<f64>,
    pub(crate) mean_interval_score: Option<f64>,
}

/// All figures of a kind.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OfKind {
    pub(crate) group: Group,
    pub(crate) kind: String,
    pub(crate) cases: usize,
    #[serde(flatten)]
    pub(crate) own: Together,
}

impl Together {
    /// What a part says, which is not empty.
    fn of(figures: &[&Figure]) -> Together {
        Together {
            figures: figures.len(),
            median_factor: median(figures.iter().map(|f| f.factor)).expect("it is not empty"),
            covered: share(figures),
            median_width: median(figures.iter().filter_map(|f| f.width)),
        }
    }
}

/// By case, in the order in which cases come first.
pub(crate) fn cases(figures: &[Figure]) -> Vec<Case> {
    let by = parts(figures, |figure| figure.case.clone());
    by.into_iter()
        .map(|(case, own)| Case {
            case,
            group: own.iter().map(|figure| figure.group).max().expect("a part is not empty"),
            own: Together::of(&own),
        })
        .collect()
}

/// By group, those that have cases; a case with a GPU is one of GPUs.
pub(crate) fn groups(figures: &[Figure]) -> Vec<Summary> {
    let all = cases(figures);
    let summary = |group: Group| {
        let cases: Vec<&Case> = all.iter().filter(|case| case.group == group).collect();
        let own: Vec<&Figure> =
            figures.iter().filter(|f| cases.iter().any(|case| case.case == f.case)).collect();
        let covered: Vec<Covered<'_>> = own.iter().filter_map(|figure| covered(figure)).collect();
        let coverage = Coverage::of(&covered);
        let shares: Vec<f64> = cases.iter().filter_map(|case| case.own.covered).collect();
        Some(Summary {
            group,
            cases: cases.len(),
            figures: own.len(),
            median_case_factor: median(cases.iter().map(|case| case.own.median_factor))?,
            covered: Mean::over_clusters(&shares),
            median_width: coverage.map(|all| all.median_width),
            mean_interval_score: coverage.map(|all| all.mean_interval_score),
        })
    };
    Group::ALL.into_iter().filter_map(summary).collect()
}

/// By group and kind, the kind with most figures first.
pub(crate) fn kinds(figures: &[Figure]) -> Vec<OfKind> {
    let by = parts(figures, |figure| (figure.group, figure.kind.clone()));
    let mut kinds: Vec<OfKind> = by
        .into_iter()
        .map(|((group, kind), own)| OfKind {
            group,
            kind,
            cases: parts(&own, |figure| figure.case.clone()).len(),
            own: Together::of(&own),
        })
        .collect();
    kinds.sort_by_key(|kind| (kind.group, std::cmp::Reverse(kind.own.figures)));
    kinds
}

/// Figures that have something in common, in the order in which it comes first.
fn parts<F: std::borrow::Borrow<Figure>, K: PartialEq>(
    figures: &[F],
    key: impl Fn(&Figure) -> K,
) -> Vec<(K, Vec<&Figure>)> {
    let mut parts: Vec<(K, Vec<&Figure>)> = Vec::new();
    for figure in figures.iter().map(std::borrow::Borrow::borrow) {
        let own = key(figure);
        match parts.iter_mut().find(|(known, _)| *known == own) {
            Some((_, part)) => part.push(figure),
            None => parts.push((own, vec![figure])),
        }
    }
    parts
}

/// A figure as one number, that of the reported range which is nearest to the prediction.
fn covered(figure: &Figure) -> Option<Covered<'_>> {
    let nearest = figure.predicted_median?.clamp(figure.reported_low, figure.reported_high);
    let (low, high) = (figure.predicted_low?, figure.predicted_high?);
    Some(Covered { cluster: &figure.case, measured: nearest, low, high })
}

/// The part of figures that lie in their interval, of those that have one.
fn share(figures: &[&Figure]) -> Option<f64> {
    let inside: Vec<bool> = figures.iter().filter_map(|figure| figure.inside).collect();
    let part = inside.iter().filter(|inside| **inside).count() as f64 / inside.len() as f64;
    (!inside.is_empty()).then_some(part)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| quantile(&values, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(case: &str, group: Group, kind: &str, factor: f64, inside: bool) -> Figure {
        Figure {
            case: case.into(),
            experiment: case.into(),
            group,
            kind: kind.into(),
            text: String::new(),
            topology: None,
            unit: crate::unit::Unit::Time,
            percentile: None,
            in_bytes: false,
            reported_low: if inside { 2.0 } else { 8.0 },
            reported_high: if inside { 2.0 } else { 8.0 },
            predicted: 2.0,
            predicted_low: Some(1.0),
            predicted_median: Some(2.0),
            predicted_high: Some(4.0),
            inside: Some(inside),
            factor,
            width: Some(4.0),
            cause: None,
            most_taken_by: None,
            cause_named: None,
            source: String::new(),
        }
    }

    fn figures() -> Vec<Figure> {
        use Group::{Gpu, Network};
        vec![
            figure("a", Network, "tunnel", 1.0, true),
            figure("a", Network, "tunnel", 3.0, false),
            figure("a", Network, "UDP", 2.0, true),
            figure("b", Network, "tunnel", 4.0, false),
            figure("c", Gpu, "copy", 1.5, true),
        ]
    }

    #[test]
    fn a_case_counts_once_however_many_figures_it_has() {
        let groups = groups(&figures());
        assert_eq!(groups.len(), 2);
        let network = &groups[0];
        assert_eq!((network.cases, network.figures), (2, 4));
        assert_eq!(network.median_case_factor, 3.0, "between 2 of `a` and 4 of `b`");
        // Two thirds of `a` and none of `b`.
        let covered = network.covered.unwrap();
        assert!((covered.mean - 1.0 / 3.0).abs() < 1e-12);
        assert!(covered.low.abs() < 1e-12 && (covered.high - 2.0 / 3.0).abs() < 1e-12);
        // Each is ln 4 wide; two of four miss by a factor of two, which costs 20 · ln 2.
        let score = libm::log(4.0) + 20.0 * libm::log(2.0) / 2.0;
        assert!((network.mean_interval_score.unwrap() - score).abs() < 1e-12);
        assert_eq!(groups[1].covered.unwrap().mean, 1.0);
    }

    #[test]
    fn a_kind_counts_figures() {
        let kinds = kinds(&figures());
        let told: Vec<(&str, usize, usize, f64)> = kinds
            .iter()
            .map(|one| (one.kind.as_str(), one.own.figures, one.cases, one.own.median_factor))
            .collect();
        assert_eq!(told, [("tunnel", 3, 2, 3.0), ("UDP", 1, 1, 2.0), ("copy", 1, 1, 1.5)]);
        assert_eq!(kinds[0].own.covered, Some(1.0 / 3.0));
    }

    #[test]
    fn a_range_is_the_number_in_it_that_is_nearest_to_the_prediction() {
        let mut one = figure("a", Group::Network, "", 1.0, true);
        for (low, high, expected) in [(0.5, 1.5, 1.5), (1.0, 9.0, 2.0), (3.0, 9.0, 3.0)] {
            (one.reported_low, one.reported_high) = (low, high);
            assert_eq!(covered(&one).unwrap().measured, expected);
        }
    }
}
