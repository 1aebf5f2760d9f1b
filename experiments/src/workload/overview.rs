//! What `podpath run` prints of workloads: how long runs take, and what is busiest.

use comfy_table::Cell;
use serde_json::{Value, json};

use super::digest::{Digest, ResourceDigest, WorkloadDigest};
use super::record::{Keyed, keys};
use crate::console::{Sheet, number};
use crate::estimate::Estimate;
use crate::experiment::Experiment;
use crate::overview::percent;
use crate::plot::words;

/// The most rows that are printed.
const ROWS_MAX: usize = 40;

/// The table, and how many rows it leaves out.
pub(crate) fn overview(experiment: &Experiment, keyed: &[Keyed<'_>]) -> (Sheet, usize) {
    let keys = keys(experiment);
    let names = experiment.load.as_ref().map_or(Vec::new(), |load| load.workloads());
    let differs = |at: &usize| {
        let mut cells = keyed.iter().map(|keyed| &keyed.cells[*at]);
        let first = cells.next();
        keys[*at] == "topology" || cells.any(|cell| Some(cell) != first)
    };
    let shown: Vec<usize> = (2..keys.len()).filter(differs).collect();
    let mut header: Vec<&str> = shown.iter().map(|&at| keys[at].as_str()).collect();
    header.extend(["workload", "runs", "offered", "carried", "mean", "p50", "p90", "p99", "p99.9"]);
    header.push("busiest");
    let mut sheet = Sheet::new(&header);
    let mut rows = 0;
    for keyed in keyed {
        for (which, digest) in keyed.digest.workloads.iter().enumerate() {
            rows += 1;
            if rows > ROWS_MAX {
                continue;
            }
            let mut row: Vec<Cell> =
                shown.iter().map(|&at| keyed.cells[at].clone().into()).collect();
            row.push(names[which].into());
            row.extend(figures(digest));
            row.push(
                busiest(keyed.digest)
                    .map_or(String::new(), |r| format!("{} {}", r.name, percent(r.busy.mean)))
                    .into(),
            );
            sheet.add_row(row);
        }
    }
    (sheet, rows.saturating_sub(ROWS_MAX))
}

fn figures(digest: &WorkloadDigest) -> Vec<Cell> {
    let mut cells = vec![
        number(digest.sum(|run| run.completed)),
        number(hertz(digest.offered_hz.mean)),
        number(hertz(digest.carried_hz.mean)),
    ];
    for at in 0..5 {
        let text = digest.completion_s.map_or("–".to_owned(), |figures| {
            let figure = figures[at];
            if at == 0 { with_spread(figure) } else { words::time_figure(figure.mean) }
        });
        cells.push(number(text));
    }
    cells
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

/// The resource that is in use for the greatest part of the time.
fn busiest(digest: &Digest) -> Option<&ResourceDigest> {
    digest.resources.iter().max_by(|a, b| a.busy.mean.total_cmp(&b.busy.mean))
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
        })
    };
    let workloads: Vec<Value> =
        names.into_iter().zip(&keyed.digest.workloads).map(workload).collect();
    let resource = |resource: &ResourceDigest| json!({ "resource": resource.name, "busy_ratio": resource.busy, "waiting": resource.waiting });
    let resources: Vec<Value> = keyed.digest.resources.iter().map(resource).collect();
    let mut row = Value::Object(key);
    row["replications"] = keyed.digest.replications.len().into();
    row["events"] = keyed.digest.events.into();
    row["workloads"] = workloads.into();
    row["resources"] = resources.into();
    row
}
