//! Which assumption matters most: how far the answer moves while one alone is varied.
//!
//! Where something is reported, only what stands beside it counts: the question is what decides
//! whether the prediction agrees. For every assumption those points are put into groups that differ
//! in nothing else. The spread of a group is its highest goodput over its lowest, less one; an
//! assumption's spread is the mean over its groups.

use serde_json::{Value, json};

use crate::experiment::{Experiment, Plan, Purpose, Reported};
use crate::figures::{Figures, Row};

/// The assumptions of an experiment with their spreads, widest first.
pub(crate) fn ranked(experiment: &Experiment, plan: &Plan, figures: &Figures) -> Vec<Value> {
    let mut spreads: Vec<(f64, Value)> = Vec::new();
    for (number, axis) in experiment.axes.iter().enumerate() {
        let (Purpose::Assumption(because), Some(varied)) = (&axis.purpose, axis.varied.first())
        else {
            continue;
        };
        let rows = figures.grouped(plan, number, &|row| counts(experiment, plan, figures, row));
        let groups = rows.chunk_by(|a, b| a.group == b.group);
        let goodput = |rows: &[Row]| rows.iter().map(|row| figures.goodput_bit_s(row.at)).collect();
        let whole: Vec<Vec<f64>> =
            groups.filter(|rows| rows.len() == axis.len()).map(goodput).collect();
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

/// Whether a reported figure is about this row, or nothing is reported.
fn counts(experiment: &Experiment, plan: &Plan, figures: &Figures, row: usize) -> bool {
    if experiment.reported.is_empty() {
        return true;
    }
    let (point, transfer) = figures.of(row);
    let point = plan.point(point);
    let about = |reported: &Reported| {
        experiment.matches(reported, &point)
            && (reported.transfers.is_empty() || reported.transfers.contains(&transfer))
    };
    experiment.reported.iter().any(about)
}

fn lowest(group: &[f64]) -> f64 {
    group.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(group: &[f64]) -> f64 {
    group.iter().copied().fold(0.0, f64::max)
}
