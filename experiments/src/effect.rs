//! What a reader should know of a run: swept parameters that change nothing, each with the
//! bottleneck that hides it, and where less is used than a topology gives.

use std::collections::BTreeSet;

use models::predict::notes;

use crate::digest::Digest;
use crate::experiment::{Axis, Draft, Experiment, Parameter, Plan, Purpose};
use crate::failure::Failure;
use crate::figures::Figures;
use crate::run::{ADVISED_MAX, LARGEST};

/// A difference below this part of a figure is rounding.
const SAME: f64 = 1e-12;

/// How the digest of a row is had.
type OfRow<'a> = &'a dyn Fn(usize) -> Result<Digest, Failure>;

/// Every sentence, once.
///
/// # Errors
/// If a digest cannot be read.
pub(crate) fn all(
    experiment: &Experiment,
    plan: &Plan,
    figures: &Figures,
    digest: OfRow<'_>,
) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    let axes = experiment.axes.iter().enumerate();
    let swept = axes.filter(|(_, axis)| axis.purpose != Purpose::Set && axis.len() > 1);
    for (number, axis) in swept {
        told.extend(note(plan, figures, (number, axis), digest)?);
    }
    let number = experiment.transfers.len();
    if number > ADVISED_MAX {
        told.push(format!(
            "changes are weighed for the {LARGEST} largest of {number} transfers: the time for all \
             of them grows with the square of their number"
        ));
    }
    if experiment.transfers.iter().any(Draft::is_pattern) {
        told.push("changes are not weighed where transfers are patterns of many".into());
    }
    told.extend(of_ways(plan));
    Ok(told)
}

/// Where less is used than a topology gives, or other than may be meant, each way once.
pub(crate) fn of_ways(plan: &Plan) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    let mut seen = vec![false; plan.worlds.len()];
    let mut left = seen.len();
    for point in plan.points() {
        // One look at each cluster is enough: sizes and streams make no difference to a way.
        if std::mem::replace(&mut seen[point.world], true) {
            continue;
        }
        let cluster = &plan.worlds[point.world].cluster;
        told.extend(cluster.notes.iter().cloned());
        if !cluster.pod_mtus.is_empty() {
            told.extend(notes(cluster, &point.transfers).unwrap_or_default());
        }
        left -= 1;
        if left == 0 {
            break;
        }
    }
    told
}

/// A sentence for an axis along which no figure of any point changes.
fn note(
    plan: &Plan,
    figures: &Figures,
    (number, axis): (usize, &Axis),
    digest: OfRow<'_>,
) -> Result<Option<String>, Failure> {
    let varied = axis.varied.iter().filter(|varied| varied.parameter != Parameter::Fidelity);
    let names: Vec<String> = varied.map(|varied| format!("`{}`", varied.key)).collect();
    let rows = figures.grouped(plan, number, &|_| true);
    let groups = rows.chunk_by(|a, b| a.group == b.group);
    let mut compared = groups.filter(|group| group.len() > 1).peekable();
    if compared.peek().is_none() || names.is_empty() {
        return Ok(None);
    }
    let same = |a: usize, b: usize| close(figures.all(a), figures.all(b));
    if !compared.all(|group| group[1..].iter().all(|next| same(group[0].at, next.at))) {
        return Ok(None);
    }
    let first = digest(rows[0].at)?;
    let first = &first.replications[0];
    let verb = if names.len() == 1 { "changes" } else { "change" };
    Ok(Some(format!(
        "{} {verb} nothing here: the bottleneck is `{}`, {:.0} % busy",
        names.join(" and "),
        first.busiest_link,
        100.0 * first.busiest_ratio
    )))
}

/// Whether two points came out alike.
fn close(a: [f64; 4], b: [f64; 4]) -> bool {
    let close = |(a, b): (f64, f64)| (a - b).abs() <= SAME * a.abs().max(b.abs());
    a.into_iter().zip(b).all(close)
}
