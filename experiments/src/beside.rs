//! Reported figures beside what is predicted for the same points: the verdict.
//!
//! A bandwidth stands beside goodputs (of several transfers: their sum), a time beside completions
//! (of several: the last), a number per second beside 1 ÷ completion (of several: the sum).
//! Intervals are those of the draws; of several points, from the lowest low to the highest high.

use std::collections::BTreeMap;

use calibration_data::quantile::quantile;
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, Reported};
use crate::interval::Predicted;
use crate::record::Keyed;
use crate::unit::Unit;

/// What is predicted beside a figure, in its unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Beside {
    /// What is predicted with nothing drawn, of each matching point.
    pub(crate) nominal: Vec<f64>,
    /// The 90 % interval over all of them; none where somebody did not ask or cannot tell.
    pub(crate) sure: Option<Predicted>,
    /// The kind of hop that takes most at most of them.
    pub(crate) most_taken_by: Option<String>,
}

/// Every reported figure of an experiment as its manifest has it.
pub(crate) fn all(experiment: &Experiment, plan: &Plan, keyed: &[Keyed<'_>]) -> Vec<Value> {
    let one = |reported: &Reported| {
        let beside = Beside::of(experiment, reported, plan, keyed);
        told(experiment, reported, &beside)
    };
    experiment.reported.iter().map(one).collect()
}

impl Beside {
    /// What stands beside `reported`.
    pub(crate) fn of(
        experiment: &Experiment,
        reported: &Reported,
        plan: &Plan,
        keyed: &[Keyed<'_>],
    ) -> Beside {
        let groups = groups(experiment, reported, plan, keyed);
        let groups: Vec<(f64, &[&Digest])> = groups
            .values()
            .filter_map(|group| Some((nominal(reported, group)?, &group[..])))
            .collect();
        let sure = groups.iter().map(|(nominal, group)| sure(reported, group, *nominal));
        let digests = groups.iter().flat_map(|(_, group)| group.iter().copied());
        Beside {
            sure: sure.collect::<Option<Vec<Predicted>>>().and_then(|all| over(&all)),
            most_taken_by: commonest(digests),
            nominal: groups.into_iter().map(|(nominal, _)| nominal).collect(),
        }
    }

    /// The lowest and the highest of the points; none if no point matches.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let lowest = self.nominal.iter().copied().reduce(f64::min)?;
        Some((lowest, self.nominal.iter().copied().fold(lowest, f64::max)))
    }

    /// What is predicted with nothing drawn: half of the points have less.
    pub(crate) fn predicted(&self) -> Option<f64> {
        (!self.nominal.is_empty()).then(|| quantile(&self.nominal, 0.5))
    }

    /// By how much the 90 % interval (without one, the range of the points) misses the reported
    /// range: above zero where it is too high, below where it is too low.
    pub(crate) fn miss(&self, reported: &Reported) -> Option<f64> {
        let (low, high) = match self.sure {
            Some(sure) => (sure.low, sure.high),
            None => self.range()?,
        };
        Some(match () {
            () if low > reported.high => low / reported.high - 1.0,
            () if high < reported.low => high / reported.low - 1.0,
            () => 0.0,
        })
    }

    /// The ratio of the nearer ends of what is reported and what is predicted with nothing drawn,
    /// the greater over the less: 1 where they meet.
    pub(crate) fn factor(&self, reported: &Reported) -> Option<f64> {
        let (low, high) = self.range()?;
        Some((low / reported.high).max(reported.low / high).max(1.0))
    }

    /// Whether podpath says the same cause, where the report names one.
    pub(crate) fn cause_named(&self, reported: &Reported) -> Option<bool> {
        let cause = reported.cause.as_ref()?.get_ref();
        self.most_taken_by.as_ref().map(|kind| kind == cause)
    }
}

/// The transfers of each point that stand beside a figure together, by point and, where each does
/// on its own, by transfer.
fn groups<'a>(
    experiment: &Experiment,
    reported: &Reported,
    plan: &Plan,
    keyed: &[Keyed<'a>],
) -> BTreeMap<(usize, usize), Vec<&'a Digest>> {
    let mut groups: BTreeMap<(usize, usize), Vec<&Digest>> = BTreeMap::new();
    for k in keyed.iter().filter(|k| experiment.matches(reported, &plan.point(k.point))) {
        let group = match reported.transfers.is_empty() {
            true => (k.point, k.transfer),
            false if reported.transfers.contains(&k.transfer) => (k.point, 0),
            false => continue,
        };
        groups.entry(group).or_default().push(k.digest);
    }
    groups
}

/// The point whose prediction with nothing drawn is nearest to a figure, of equals the first.
pub(crate) fn nearest(
    experiment: &Experiment,
    reported: &Reported,
    plan: &Plan,
    keyed: &[Keyed<'_>],
) -> Option<usize> {
    let groups = groups(experiment, reported, plan, keyed);
    let distances = groups.iter().filter_map(|((point, _), group)| {
        let beside = Beside { nominal: vec![nominal(reported, group)?], ..Beside::default() };
        Some((*point, beside.factor(reported)?))
    });
    distances.reduce(|a, b| if b.1 < a.1 { b } else { a }).map(|(point, _)| point)
}

/// A word for a miss.
fn verdict(miss: Option<f64>) -> &'static str {
    match miss {
        None => "no point matches",
        Some(miss) if miss > 0.0 => "too high",
        Some(miss) if miss < 0.0 => "too low",
        Some(_) => "inside",
    }
}

/// What transfers of one point, alone or together, are predicted to reach; none if one of them
/// never arrives whole.
fn nominal(reported: &Reported, group: &[&Digest]) -> Option<f64> {
    let completions = || group.iter().map(|digest| Some(digest.completion_s?.mean));
    match (reported.unit, reported.percentile, group) {
        (Unit::Bandwidth, ..) => Some(group.iter().map(|d| d.goodput_bit_s.mean).sum()),
        (unit, Some(percentile), [one]) => {
            let seconds = one.replications.iter().map(|r| r.completion_s);
            let figures = seconds.map(|s| s.map(|s| if unit == Unit::Time { s } else { 1.0 / s }));
            Some(quantile(&figures.collect::<Option<Vec<f64>>>()?, percentile / 100.0))
        }
        (Unit::Time, _, [one]) => Some(one.completion_s?.mean),
        (Unit::Time, ..) => last(group),
        (Unit::Frequency, ..) => completions().map(|seconds| Some(1.0 / seconds?)).sum(),
        // No experiment reports one.
        (Unit::Number, ..) => None,
    }
}

/// When the last of several transfers is whole, on average.
fn last(group: &[&Digest]) -> Option<f64> {
    let rounds = 0..group[0].replications.len();
    let ends = rounds.clone().map(|round| {
        let mut ends = group.iter().map(|digest| digest.replications.get(round)?.completion_s);
        ends.try_fold(0.0, |last: f64, end| Some(last.max(end?)))
    });
    Some(ends.sum::<Option<f64>>()? / rounds.len() as f64)
}

/// How sure that is, of which `nominal` is predicted with nothing drawn.
fn sure(reported: &Reported, group: &[&Digest], nominal: f64) -> Option<Predicted> {
    let sures: Vec<_> = group.iter().map(|digest| digest.sure.as_ref()).collect::<Option<_>>()?;
    match (reported.unit, &sures[..]) {
        (Unit::Bandwidth, [one]) => Some(one.goodput_bit_s),
        (Unit::Bandwidth, several) => {
            let draws = several.iter().map(|sure| sure.draws.len()).min().filter(|n| *n > 0)?;
            let sum = |draw: usize| several.iter().map(|sure| sure.draws[draw]).sum();
            Some(Predicted::of(&(0..draws).map(sum).collect::<Vec<f64>>()))
        }
        (unit, [one]) => {
            let Predicted { median, low, high } = one.completion_s?;
            let mean = group[0].completion_s?.mean;
            // A percentile moves with the draws as the mean does.
            Some(match unit {
                Unit::Frequency => {
                    let scale = nominal * mean;
                    Predicted { median: scale / median, low: scale / high, high: scale / low }
                }
                _ => {
                    let scale = nominal / mean;
                    Predicted { median: scale * median, low: scale * low, high: scale * high }
                }
            })
        }
        _ => None,
    }
}

/// The interval over several points.
fn over(all: &[Predicted]) -> Option<Predicted> {
    let medians: Vec<f64> = all.iter().map(|one| one.median).collect();
    Some(Predicted {
        low: all.iter().map(|one| one.low).reduce(f64::min)?,
        high: all.iter().map(|one| one.high).reduce(f64::max)?,
        median: quantile(&medians, 0.5),
    })
}

/// The kind of hop that most often takes most, of equals the first.
fn commonest<'a>(digests: impl Iterator<Item = &'a Digest>) -> Option<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (kind, _) in digests.filter_map(Digest::most_taken) {
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let most = counts.into_iter().reduce(|a, b| if b.1 > a.1 { b } else { a });
    most.map(|(kind, _)| kind.to_owned())
}

/// A figure as the manifest has it.
fn told(experiment: &Experiment, reported: &Reported, beside: &Beside) -> Value {
    let range = beside.range();
    let bandwidth = reported.unit == Unit::Bandwidth;
    let if_bandwidth = |value: Option<f64>| value.filter(|_| bandwidth);
    let miss = beside.miss(reported);
    json!({
        "value": reported.value,
        "up_to": reported.up_to,
        "unit": reported.unit.name(),
        "low": reported.low,
        "high": reported.high,
        "bit_s_low": if_bandwidth(Some(reported.low)),
        "bit_s_high": if_bandwidth(Some(reported.high)),
        "percentile": reported.percentile,
        "kind": reported.kind,
        "transfers": reported.transfers.iter()
            .map(|t| &experiment.transfers[*t].name)
            .collect::<Vec<_>>(),
        "topology": reported.topology.map(|t| &experiment.topologies[t].label),
        "at": reported.at.iter()
            .map(|(key, value)| json!({ "parameter": key, "value": value }))
            .collect::<Vec<_>>(),
        "source": reported.source,
        "text": reported.text,
        "points": beside.nominal.len(),
        "predicted": beside.predicted(),
        "predicted_least": range.map(|range| range.0),
        "predicted_most": range.map(|range| range.1),
        "predicted_low": beside.sure.map(|sure| sure.low),
        "predicted_median": beside.sure.map(|sure| sure.median),
        "predicted_high": beside.sure.map(|sure| sure.high),
        "predicted_bit_s_low": if_bandwidth(range.map(|range| range.0)),
        "predicted_bit_s_high": if_bandwidth(range.map(|range| range.1)),
        "verdict": verdict(miss),
        "miss_ratio": miss,
        "miss_factor": beside.factor(reported),
        "cause": reported.cause.as_ref().map(|cause| cause.get_ref()),
        "most_taken_by": beside.most_taken_by,
        "cause_named": beside.cause_named(reported),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(low: f64, high: f64) -> Reported {
        Reported {
            value: String::new(),
            span: 0..0,
            up_to: None,
            unit: Unit::Time,
            low,
            high,
            percentile: None,
            cause: None,
            kind: None,
            topology: None,
            transfers: Vec::new(),
            at: Vec::new(),
            source: String::new(),
            text: String::new(),
        }
    }

    fn beside(nominal: &[f64], sure: Option<(f64, f64)>) -> Beside {
        let sure = sure.map(|(low, high)| Predicted { low, median: low, high });
        Beside { nominal: nominal.to_vec(), sure, most_taken_by: None }
    }

    #[test]
    fn a_miss_is_signed_and_of_the_nearer_ends() {
        let miss = |one: &Beside, low, high| one.miss(&figure(low, high));
        assert_eq!(miss(&beside(&[2.0, 9.0], None), 1.0, 4.0), Some(0.0));
        assert_eq!(miss(&beside(&[5.0, 9.0], None), 1.0, 4.0), Some(0.25));
        assert_eq!(miss(&beside(&[1.0, 3.0], None), 4.0, 4.0), Some(-0.25));
        assert_eq!(miss(&beside(&[], None), 4.0, 4.0), None);
        // The interval decides where there is one.
        assert_eq!(miss(&beside(&[5.0], Some((3.0, 8.0))), 4.0, 4.0), Some(0.0));
        assert_eq!(miss(&beside(&[5.0], Some((6.0, 8.0))), 4.0, 4.0), Some(0.5));
        assert_eq!(verdict(Some(0.5)), "too high");
        assert_eq!(verdict(Some(-0.5)), "too low");
        assert_eq!(verdict(Some(0.0)), "inside");
        assert_eq!(verdict(None), "no point matches");
    }

    #[test]
    fn a_factor_is_never_below_one_and_says_nothing_of_the_interval() {
        let factor = |nominal: &[f64], low, high| {
            beside(nominal, Some((1.0, 100.0))).factor(&figure(low, high))
        };
        assert_eq!(factor(&[3.0], 2.0, 4.0), Some(1.0));
        assert_eq!(factor(&[8.0], 2.0, 4.0), Some(2.0));
        assert_eq!(factor(&[1.0], 2.0, 4.0), Some(2.0));
        assert_eq!(factor(&[1.0, 3.0], 2.0, 4.0), Some(1.0));
        assert_eq!(factor(&[], 2.0, 4.0), None);
    }

    #[test]
    fn several_points_have_the_widest_interval_and_the_median_of_medians() {
        let of = |low, median, high| Predicted { low, median, high };
        let all = [of(1.0, 2.0, 3.0), of(2.0, 4.0, 9.0), of(1.5, 3.0, 4.0)];
        assert_eq!(over(&all), Some(of(1.0, 3.0, 9.0)));
        assert_eq!(over(&[]), None);
    }
}
