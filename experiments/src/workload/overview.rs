//! What `podpath run` prints of workloads: how long runs take, and what is busiest.

use comfy_table::Cell;
use serde_json::{Value, json};

use super::digest::{BatchDigest, ResourceDigest, WorkloadDigest};
use super::record::{Keyed, keys};
use super::sure::CARRIED_MIN;
use crate::console::{Sheet, number};
use crate::estimate::Estimate;
use crate::experiment::Experiment;
use crate::overview::{percent, with_ends};
use crate::plot::words;

/// The most rows that are printed.
const ROWS_MAX: usize = 40;

/// The narrowest column in which the name of a resource is readable, in characters.
const NAME_WIDTH_MIN: usize = 24;

/// The table, and how many rows it leaves out.
pub(crate) fn overview(experiment: &Experiment, keyed: &[Keyed<'_>]) -> (Sheet, usize) {
    let names = experiment.load.as_ref().map_or(Vec::new(), |load| load.workloads());
    let keys = keys(experiment);
    let shown = shown(&keys, keyed);
    let rows: Vec<(&Keyed<'_>, usize)> =
        keyed.iter().flat_map(|keyed| (0..names.len()).map(move |which| (keyed, which))).collect();
    let lags =
        rows.iter().map(digest).any(|one| one.carried_hz.mean < CARRIED_MIN * one.offered_hz.mean);
    let sure = rows.iter().map(digest).any(|one| one.sure.is_some());
    // Whether it keeps up is told where draws do not agree on it.
    let doubted = |one: &WorkloadDigest| one.sure.as_ref().is_some_and(|sure| sure.keeps_up < 1.0);
    let doubted = rows.iter().map(digest).any(doubted);
    let late = rows.iter().map(digest).any(|one| one.sum(|run| run.late) > 0);
    let mut header: Vec<&str> = shown.iter().map(|&at| title(&keys[at])).collect();
    header.extend((names.len() > 1).then_some("workload"));
    header.extend(["runs", "offered"]);
    header.extend(lags.then_some("carried"));
    header.extend(late.then_some("late"));
    header.extend(doubted.then_some("keeps up"));
    header.push(if sure { "mean (90 %)" } else { "mean" });
    header.extend(["p50", "p90", "p99", "p99.9"]);
    let row = |row: &(&Keyed<'_>, usize)| -> Vec<Cell> {
        let (keyed, which) = *row;
        let one = digest(row);
        let mut cells: Vec<Cell> = shown.iter().map(|&at| keyed.cells[at].clone().into()).collect();
        cells.extend((names.len() > 1).then(|| names[which].into()));
        cells.push(number(one.sum(|run| run.completed)));
        cells.push(number(hertz(one.offered_hz.mean)));
        cells.extend(lags.then(|| number(hertz(one.carried_hz.mean))));
        cells.extend(late.then(|| {
            let part = one.sum(|run| run.late) as f64 / one.sum(|run| run.arrived).max(1) as f64;
            number(percent(part))
        }));
        let keeps_up = |one: &WorkloadDigest| {
            one.sure.as_ref().map_or("–".into(), |sure| format!("{:.0} %", 100.0 * sure.keeps_up))
        };
        cells.extend(doubted.then(|| number(keeps_up(one))));
        cells.extend(completion(one));
        cells
    };
    let mut bare = Sheet::new(&header);
    rows.iter().take(ROWS_MAX).for_each(|one| bare.add_row(row(one)));
    // The busiest resource is named only where the terminal leaves room to read it.
    let columns = header.len();
    let named = bare.room() >= NAME_WIDTH_MIN;
    header.extend(named.then_some("busiest"));
    let mut table = Sheet::new(&header);
    for one in rows.iter().take(ROWS_MAX) {
        let busiest = one
            .0
            .digest
            .busiest()
            .map_or(String::new(), |r| format!("{} {}", r.name, percent(r.busy.mean)));
        let busiest = named.then(|| Cell::from(busiest));
        table.add_row(row(one).into_iter().chain(busiest));
    }
    table.keep_whole(columns);
    (table, rows.len().saturating_sub(ROWS_MAX))
}

/// The servers of batches of all points, if there are any.
pub(crate) fn batches(experiment: &Experiment, keyed: &[Keyed<'_>]) -> Option<Sheet> {
    let keys = keys(experiment);
    let shown = shown(&keys, keyed);
    let mut header: Vec<&str> = shown.iter().map(|&at| title(&keys[at])).collect();
    header.extend(["batch", "batches", "members of one", "wait for it", "service", "busy"]);
    let mut sheet = Sheet::new(&header);
    let all = keyed.iter().flat_map(|keyed| keyed.digest.batches.iter().map(move |b| (keyed, b)));
    for (keyed, batch) in all.clone().take(ROWS_MAX) {
        let key = shown.iter().map(|&at| Cell::from(keyed.cells[at].clone()));
        let cells = [
            batch.name.clone().into(),
            number(batch.batches),
            number(format!("{:.2} of {}", batch.members_mean.mean, batch.size)),
            number(words::time_figure(batch.wait_s.mean)),
            number(words::time_figure(batch.service_s.mean)),
            number(percent(batch.busy.mean)),
        ];
        sheet.add_row(key.chain(cells));
    }
    (all.count() > 0).then_some(sheet)
}

/// The workload of a row.
fn digest<'k>((keyed, which): &(&'k Keyed<'_>, usize)) -> &'k WorkloadDigest {
    &keyed.digest.workloads[*which]
}

/// The columns of the key that tell rows apart, and the topology.
fn shown(keys: &[String], keyed: &[Keyed<'_>]) -> Vec<usize> {
    let differs = |at: &usize| {
        let mut cells = keyed.iter().map(|keyed| &keyed.cells[*at]);
        let first = cells.next();
        keys[*at] == "topology" || cells.any(|cell| Some(cell) != first)
    };
    (2..keys.len()).filter(differs).collect()
}

/// A column's name on the screen.
fn title(key: &str) -> &str {
    key.strip_prefix("workload.").unwrap_or(key)
}

fn completion(digest: &WorkloadDigest) -> Vec<Cell> {
    let figure = |at: usize| {
        let text = digest.completion_s.map_or("–".to_owned(), |figures| {
            let figure = figures[at];
            let sure = digest.sure.as_ref().and_then(|sure| sure.completion_s);
            match (at, sure) {
                (0, Some(sure)) => {
                    with_ends(&words::time_figure(figure.mean), figure.mean, sure[0])
                }
                (0, None) => with_spread(figure),
                _ => words::time_figure(figure.mean),
            }
        });
        number(text)
    };
    (0..5).map(figure).collect()
}

fn with_spread(estimate: Estimate) -> String {
    let text = words::time_figure(estimate.mean);
    match estimate.half_width() {
        Some(half) if half > estimate.mean * 1e-3 => {
            format!("{text} ± {:.1} %", 100.0 * half / estimate.mean)
        }
        _ => text,
    }
}

/// A rate of arrivals as text.
pub(crate) fn hertz(rate: f64) -> String {
    match rate {
        rate if rate >= 1000.0 => format!("{rate:.0} /s"),
        rate if rate >= 10.0 => format!("{rate:.1} /s"),
        rate => format!("{rate:.3} /s"),
    }
}

/// A point as `--json` tells it.
pub(crate) fn row(experiment: &Experiment, keyed: &Keyed<'_>) -> Value {
    let key: serde_json::Map<String, Value> = keys(experiment)
        .into_iter()
        .zip(keyed.cells.iter().map(|cell| cell.clone().into()))
        .collect();
    let names = experiment.load.as_ref().map_or(Vec::new(), |load| load.workloads());
    let workload = |(name, digest): (&str, &WorkloadDigest)| {
        let figure = |at: usize| digest.completion_s.map(|figures| figures[at]);
        json!({
            "workload": name,
            "arrived": digest.sum(|run| run.arrived),
            "completed": digest.sum(|run| run.completed),
            "late": digest.sum(|run| run.late),
            "retried": digest.sum(|run| run.retried),
            "left_out": digest.sum(|run| run.left_out),
            "settled": digest.settled,
            "offered_hz": digest.offered_hz,
            "carried_hz": digest.carried_hz,
            "in_flight": digest.in_flight,
            "in_flight_most": digest.most,
            "completion_s": {
                "mean": figure(0), "p50": figure(1), "p90": figure(2), "p99": figure(3),
                "p999": figure(4),
            },
            "completion_s_predicted": digest.sure.as_ref().map(|sure| {
                let figure = |at: usize| sure.completion_s.map(|figures| figures[at]);
                json!({
                    "mean": figure(0), "p50": figure(1), "p90": figure(2), "p99": figure(3),
                    "p999": figure(4),
                })
            }),
            "carried_hz_predicted": digest.sure.as_ref().map(|sure| sure.carried_hz),
            "probability_kept_up_ratio": digest.sure.as_ref().map(|sure| sure.keeps_up),
        })
    };
    let workloads: Vec<Value> =
        names.into_iter().zip(&keyed.digest.workloads).map(workload).collect();
    let resource = |resource: &ResourceDigest| {
        let (name, busy, waiting) = (&resource.name, resource.busy, resource.waiting);
        json!({ "resource": name, "busy_ratio": busy, "waiting": waiting })
    };
    let resources: Vec<Value> = keyed.digest.resources.iter().map(resource).collect();
    let batch = |batch: &BatchDigest| {
        json!({
            "batch": batch.name,
            "batches": batch.batches,
            "members": batch.members,
            "members_per_batch": batch.members_mean,
            "wait_s": batch.wait_s,
            "service_s": batch.service_s,
            "busy_ratio": batch.busy,
        })
    };
    let batches: Vec<Value> = keyed.digest.batches.iter().map(batch).collect();
    let mut row = Value::Object(key);
    row["replications"] = keyed.digest.replications.len().into();
    row["events"] = keyed.digest.events.into();
    row["workloads"] = workloads.into();
    row["resources"] = resources.into();
    if !batches.is_empty() {
        row["batches"] = batches.into();
    }
    row
}
