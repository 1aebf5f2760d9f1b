//! How well measurements were predicted, as numbers: errors beside the spread of the measurement
//! itself, and whether topologies come in the right order.
//!
//! ```text
//! error  = predicted ÷ median − 1        spread = (upper quartile − lower quartile) ÷ median
//! ```
//!
//! A measurement cannot judge a prediction more finely than it repeats itself, so the two are
//! always told side by side. Only a pair whose quartiles do not overlap has an order to predict.

use serde::Serialize;

/// The median over rounds and the quartiles around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The lower quartile.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub high: f64,
    /// How many rounds they are of; one alone has no spread.
    pub rounds: usize,
}

/// A measured figure beside its prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The figure's name with its unit: `goodput_bit_s`.
    pub figure: String,
    /// What was measured.
    pub measured: Spread,
    /// What was predicted, in the same unit.
    pub predicted: f64,
    /// Whether the prediction lies within the measurement's own spread.
    pub inside: bool,
}

/// One of the topologies that are compared at a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Contender<'a> {
    /// What all contenders of a comparison share.
    pub setting: &'a str,
    /// The topology.
    pub topology: &'a str,
    /// Its figure, the more the better.
    pub point: &'a Point,
}

/// The errors of all points of one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The figure's name with its unit.
    pub figure: String,
    /// How many points.
    pub count: usize,
    /// Median of the absolute relative errors.
    pub median_error_ratio: f64,
    /// Their 90th percentile.
    pub p90_error_ratio: f64,
    /// The greatest of them.
    pub worst_error_ratio: f64,
    /// Median of the measurements' own spreads.
    pub median_spread_ratio: f64,
    /// The part of the points whose prediction lies inside the spread of the measurement.
    pub inside_ratio: f64,
}

/// Two topologies that were measured in an order and predicted in another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inversion {
    /// The setting of both.
    pub setting: String,
    /// The topology that was measured to be faster.
    pub faster: String,
    /// The one that was measured to be slower.
    pub slower: String,
    /// How much faster was measured: median over median, less one.
    pub measured_lead_ratio: f64,
    /// How much faster was predicted, below zero where it was slower.
    pub predicted_lead_ratio: f64,
}

/// The order of topologies, pair by pair.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ranking {
    /// Pairs whose measured gap exceeds the spread and that were predicted in that order.
    pub right: usize,
    /// Pairs that the measurement cannot order: their quartiles overlap, or there was one round.
    pub undecided: usize,
    /// Pairs that were predicted in the wrong order, or alike.
    pub wrong: Vec<Inversion>,
}

/// The verdict on a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// The errors by figure, in the order of the rows.
    pub figures: Vec<Summary>,
    /// The order of topologies by goodput.
    pub ranking: Ranking,
    /// Rows that could not be judged: nothing was measured or predicted.
    pub skipped: usize,
}

impl Spread {
    /// The distance of the quartiles as a part of the median.
    pub fn ratio(&self) -> f64 {
        (self.high - self.low) / self.median
    }

    /// Whether `value` lies between the quartiles.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether this is more than `other` by more than their spreads.
    fn clearly_exceeds(&self, other: &Spread) -> bool {
        self.rounds > 1 && other.rounds > 1 && self.low > other.high
    }
}

impl Point {
    /// The relative error, above zero where too much was predicted.
    pub fn error(&self) -> f64 {
        self.predicted / self.measured.median - 1.0
    }
}

impl Ranking {
    /// Pairs that the measurement orders.
    pub fn decided(&self) -> usize {
        self.right + self.wrong.len()
    }
}

/// The quantile of values at `part`, 0 to 1, between neighbours by straight line (type 7 of Hyndman
/// and Fan, "Sample Quantiles in Statistical Packages", 1996); not a number where there are none.
pub fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let place = part * sorted.len().saturating_sub(1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(low), Some(high)) => low + (high - low) * (place - below as f64),
        _ => f64::NAN,
    }
}

/// The errors of `points` by figure, in the order in which the figures come.
pub fn summaries(points: &[&Point]) -> Vec<Summary> {
    let mut figures: Vec<&str> = Vec::new();
    for point in points {
        if !figures.contains(&point.figure.as_str()) {
            figures.push(&point.figure);
        }
    }
    let summary = |figure: &str| {
        let own: Vec<&Point> = points.iter().copied().filter(|p| p.figure == figure).collect();
        let errors = |part| quantile(own.iter().map(|point| point.error().abs()), part);
        let inside = own.iter().filter(|point| point.inside).count();
        Summary {
            figure: figure.to_owned(),
            count: own.len(),
            median_error_ratio: errors(0.5),
            p90_error_ratio: errors(0.9),
            worst_error_ratio: errors(1.0),
            median_spread_ratio: quantile(own.iter().map(|point| point.measured.ratio()), 0.5),
            inside_ratio: inside as f64 / own.len() as f64,
        }
    };
    figures.into_iter().map(summary).collect()
}

/// The order of topologies at each setting: every pair is held against the measurement.
pub fn ranking(contenders: &[Contender]) -> Ranking {
    let mut ranking = Ranking::default();
    for (at, one) in contenders.iter().enumerate() {
        for other in &contenders[at + 1..] {
            if one.setting == other.setting && one.topology != other.topology {
                pair(&mut ranking, one, other);
            }
        }
    }
    let clearest =
        |a: &Inversion, b: &Inversion| b.measured_lead_ratio.total_cmp(&a.measured_lead_ratio);
    ranking.wrong.sort_by(clearest);
    ranking
}

fn pair(ranking: &mut Ranking, one: &Contender, other: &Contender) {
    let measured = |of: &Contender| of.point.measured;
    let (faster, slower) = if measured(one).clearly_exceeds(&measured(other)) {
        (one, other)
    } else if measured(other).clearly_exceeds(&measured(one)) {
        (other, one)
    } else {
        ranking.undecided += 1;
        return;
    };
    let predicted_lead_ratio = faster.point.predicted / slower.point.predicted - 1.0;
    if predicted_lead_ratio > 0.0 {
        ranking.right += 1;
    } else {
        ranking.wrong.push(Inversion {
            setting: one.setting.to_owned(),
            faster: faster.topology.to_owned(),
            slower: slower.topology.to_owned(),
            measured_lead_ratio: measured(faster).median / measured(slower).median - 1.0,
            predicted_lead_ratio,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(low: f64, median: f64, high: f64, predicted: f64) -> Point {
        let measured = Spread { low, median, high, rounds: 5 };
        let inside = measured.holds(predicted);
        Point { figure: "goodput_bit_s".into(), measured, predicted, inside }
    }

    #[test]
    fn quantiles_are_linear_between_ranks() {
        // Type 7 of 1, 2, 4, 8: place 3 × part among the sorted values.
        let values = [8.0, 1.0, 4.0, 2.0];
        for (part, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            let found = quantile(values, part);
            assert!((found - expected).abs() < 1e-12, "{part}: {found}, not {expected}");
        }
        assert!((quantile([7.0], 0.9) - 7.0).abs() < 1e-12);
        assert!(quantile([], 0.5).is_nan());
    }

    #[test]
    fn errors_stand_beside_the_spread() {
        let mut other = point(90.0, 100.0, 110.0, 100.0);
        other.figure = "completion_s".into();
        let points = [
            point(9.0, 10.0, 11.0, 11.0),
            other,
            point(19.0, 20.0, 20.0, 16.0),
            point(40.0, 40.0, 42.0, 40.0),
        ];
        let summaries = summaries(&points.iter().collect::<Vec<_>>());
        assert_eq!(summaries.len(), 2);
        let goodput = &summaries[0];
        // Errors +10 %, −20 % and 0; spreads 20 %, 5 % and 5 %; outside is only the second.
        assert_eq!((goodput.figure.as_str(), goodput.count), ("goodput_bit_s", 3));
        assert!((goodput.median_error_ratio - 0.1).abs() < 1e-12);
        assert!((goodput.p90_error_ratio - 0.18).abs() < 1e-12);
        assert!((goodput.worst_error_ratio - 0.2).abs() < 1e-12);
        assert!((goodput.median_spread_ratio - 0.05).abs() < 1e-12);
        assert!((goodput.inside_ratio - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((summaries[1].count, summaries[1].worst_error_ratio), (1, 0.0));
    }

    fn ranked(points: &[(&str, &str, Point)]) -> Ranking {
        let contender = |(setting, topology, point)| Contender { setting, topology, point };
        let contenders: Vec<Contender> =
            points.iter().map(|(s, t, p)| contender((*s, *t, p))).collect();
        ranking(&contenders)
    }

    #[test]
    fn only_clear_gaps_have_an_order_to_predict() {
        let ranking = ranked(&[
            ("warm", "host", point(99.0, 100.0, 101.0, 90.0)),
            ("warm", "bridge", point(79.0, 80.0, 81.0, 95.0)),
            // Overlaps the bridge; clearly behind the host, and predicted so.
            ("warm", "vxlan", point(75.0, 78.0, 80.0, 70.0)),
            // Another setting is another comparison.
            ("cold", "host", point(9.0, 10.0, 11.0, 99.0)),
        ]);
        assert_eq!((ranking.right, ranking.undecided, ranking.decided()), (1, 1, 2));
        let wrong = &ranking.wrong[0];
        assert_eq!((wrong.faster.as_str(), wrong.slower.as_str()), ("host", "bridge"));
        assert!((wrong.measured_lead_ratio - 0.25).abs() < 1e-12);
        assert!((wrong.predicted_lead_ratio - (90.0 / 95.0 - 1.0)).abs() < 1e-12);
    }

    #[test]
    fn a_prediction_that_sees_no_difference_is_wrong_and_one_round_decides_nothing() {
        let (fast, slow) = (point(99.0, 100.0, 101.0, 70.0), point(79.0, 80.0, 81.0, 70.0));
        let alike = ranked(&[("", "a", slow.clone()), ("", "b", fast.clone())]);
        assert_eq!((alike.right, alike.wrong.len()), (0, 1));
        assert_eq!(
            (alike.wrong[0].faster.as_str(), alike.wrong[0].predicted_lead_ratio),
            ("b", 0.0)
        );
        let mut once = fast;
        once.measured.rounds = 1;
        let once = ranked(&[("", "a", slow), ("", "b", once)]);
        assert_eq!((once.decided(), once.undecided), (0, 1));
    }
}
