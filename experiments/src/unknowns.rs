//! Which assumption matters most: how far the answer moves while one alone is varied.
//!
//! Where something is reported, only what stands beside it counts: the question is what decides
//! whether the prediction agrees. For every assumption those points are put into groups that differ
//! in nothing else. The spread of a group is its highest goodput over its lowest, less one; an
//! assumption's spread is the mean over its groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::experiment::{Experiment, Plan, Purpose, Reported};
use crate::record::Keyed;

/// The assumptions of an experiment with their spreads, widest first.
pub(crate) fn ranked(experiment: &Experiment, plan: &Plan, keyed: &[Keyed<'_>]) -> Vec<Value> {
    let mut spreads: Vec<(f64, Value)> = Vec::new();
    for (number, axis) in experiment.axes.iter().enumerate() {
        let (Purpose::Assumption(because), Some(varied)) = (&axis.purpose, axis.varied.first())
        else {
            continue;
        };
        let groups = groups(experiment, plan, keyed, number);
        let whole: Vec<&Vec<f64>> = groups.values().filter(|g| g.len() == axis.len()).collect();
        if whole.is_empty() {
            continue;
        }
        let mean = |part: fn(&[f64]) -> f64| {
            whole.iter().map(|group| part(group)).sum::<f64>() / whole.len() as f64
        };
        let spread = mean(|group| highest(group) / lowest(group) - 1.0);
        spreads.push((
            spread,
            json!({
                "parameter": varied.key,
                "because": because,
                "spread_ratio": spread,
                "goodput_bit_s_low": mean(lowest),
                "goodput_bit_s_high": mean(highest),
            }),
        ));
    }
    spreads.sort_by(|a, b| b.0.total_cmp(&a.0));
    spreads.into_iter().map(|(_, value)| value).collect()
}

/// Mean goodputs of points and transfers that differ only on axis `number`.
fn groups(
    experiment: &Experiment,
    plan: &Plan,
    keyed: &[Keyed<'_>],
    number: usize,
) -> BTreeMap<(usize, Vec<usize>, usize), Vec<f64>> {
    let mut groups: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for keyed in keyed.iter().filter(|keyed| counts(experiment, plan, keyed)) {
        let point = &plan.points[keyed.point];
        let mut others = point.steps.clone();
        others[number] = 0;
        let group = groups.entry((point.topology, others, keyed.transfer)).or_default();
        group.push(keyed.digest.goodput_bit_s.mean);
    }
    groups
}

/// Whether a reported figure is about this transfer at this point, or nothing is reported.
fn counts(experiment: &Experiment, plan: &Plan, keyed: &Keyed<'_>) -> bool {
    let about = |reported: &Reported| {
        experiment.matches(reported, &plan.points[keyed.point])
            && (reported.transfers.is_empty() || reported.transfers.contains(&keyed.transfer))
    };
    experiment.reported.is_empty() || experiment.reported.iter().any(about)
}

fn lowest(group: &[f64]) -> f64 {
    group.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(group: &[f64]) -> f64 {
    group.iter().copied().fold(0.0, f64::max)
}
