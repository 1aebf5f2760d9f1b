//! What a reader should know of a run: swept parameters that change nothing, each with the
//! bottleneck that hides it, and where less is used than a topology gives.

use std::collections::{BTreeMap, BTreeSet};

use models::predict::notes;

use crate::digest::Digest;
use crate::experiment::{Axis, Experiment, Parameter, Plan, Purpose};
use crate::record::Keyed;
use crate::run::{ADVISED_MAX, LARGEST};

/// A difference below this part of a figure is rounding.
const SAME: f64 = 1e-12;

/// Every sentence, once.
pub(crate) fn all(experiment: &Experiment, plan: &Plan, keyed: &[Keyed<'_>]) -> Vec<String> {
    let mut told = without(experiment, plan, keyed);
    let number = experiment.transfers.len();
    if number > ADVISED_MAX {
        told.push(format!(
            "changes are weighed for the {LARGEST} largest of {number} transfers: the time for all \
             of them grows with the square of their number"
        ));
    }
    told.extend(of_ways(plan));
    told
}

/// Where less is used than a topology gives, or other than may be meant, each way once.
pub(crate) fn of_ways(plan: &Plan) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for point in &plan.points {
        let cluster = &plan.worlds[point.world].cluster;
        told.extend(cluster.notes.iter().cloned());
        // One look at each cluster is enough: sizes and streams make no difference to a way.
        if !cluster.pod_mtus.is_empty() && seen.insert(point.world) {
            told.extend(notes(cluster, &point.transfers).unwrap_or_default());
        }
    }
    told
}

/// A sentence for every axis along which no figure of any point changes.
fn without(experiment: &Experiment, plan: &Plan, keyed: &[Keyed<'_>]) -> Vec<String> {
    let axes = experiment.axes.iter().enumerate();
    let swept = axes.filter(|(_, axis)| axis.purpose != Purpose::Set && axis.len() > 1);
    swept.filter_map(|(number, axis)| note(plan, keyed, number, axis)).collect()
}

fn note(plan: &Plan, keyed: &[Keyed<'_>], number: usize, axis: &Axis) -> Option<String> {
    let varied = axis.varied.iter().filter(|varied| varied.parameter != Parameter::Fidelity);
    let names: Vec<String> = varied.map(|varied| format!("`{}`", varied.key)).collect();
    let mut groups: BTreeMap<(usize, Vec<usize>, usize), Vec<&Digest>> = BTreeMap::new();
    for keyed in keyed {
        let point = &plan.points[keyed.point];
        let mut others = point.steps.clone();
        others[number] = 0;
        let group = (point.topology, others, keyed.transfer);
        groups.entry(group).or_default().push(keyed.digest);
    }
    let mut compared = groups.values().filter(|group| group.len() > 1).peekable();
    compared.peek()?;
    let unchanged = |group: &Vec<&Digest>| group[1..].iter().all(|next| same(group[0], next));
    if names.is_empty() || !compared.all(unchanged) {
        return None;
    }
    let first = groups.values().next().and_then(|group| group[0].replications.first())?;
    let verb = if names.len() == 1 { "changes" } else { "change" };
    Some(format!(
        "{} {verb} nothing here: the bottleneck is `{}`, {:.0} % busy",
        names.join(" and "),
        first.busiest_link,
        100.0 * first.busiest_ratio
    ))
}

/// Whether two points came out alike.
fn same(a: &Digest, b: &Digest) -> bool {
    let figures = |digest: &Digest| {
        let completion = digest.completion_s.as_ref().map_or(0.0, |estimate| estimate.mean);
        [digest.goodput_bit_s.mean, digest.sent_bit_s.mean, digest.loss_ratio.mean, completion]
    };
    let close = |(a, b): (f64, f64)| (a - b).abs() <= SAME * a.abs().max(b.abs());
    figures(a).into_iter().zip(figures(b)).all(close)
}
