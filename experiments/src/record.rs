//! The tables of a run: one tidy CSV file per kind of row, units in the column names.
//!
//! Every table begins with the same key columns, which name a point and transfer completely, so
//! that a reader never has to join two files.

mod collectives;
#[cfg(feature = "parquet")]
mod parquet;
mod tables;
mod together;

use std::path::Path;

use crate::digest::Digest;
use crate::estimate::Estimate;
use crate::experiment::{Experiment, Field, Plan};
use crate::failure::Failure;
use crate::interval::Predicted;

pub(crate) use collectives::Bus;
#[cfg(feature = "parquet")]
pub(crate) use parquet::write_parquet;
pub(crate) use tables::{Tables, joined, measured_rows, rows, split};

/// The key columns in front of those of the fields of a transfer.
const BEFORE: [&str; 4] = ["experiment", "point", "topology", "transfer"];

/// The columns of `runs.csv` behind the keys.
const RUNS: [&str; 14] = [
    "replication",
    "goodput_bit_s",
    "completion_s",
    "sent_bit_s",
    "loss_ratio",
    "reference_bit_s",
    "reference_link",
    "busiest_link",
    "busiest_ratio",
    "service_s",
    "queueing_s",
    "window_s",
    "propagation_s",
    "line_rate_s",
];

/// The columns of `summary.csv` behind the keys.
const SUMMARY: [&str; 30] = [
    "replications",
    "goodput_bit_s_mean",
    "goodput_bit_s_low",
    "goodput_bit_s_high",
    "completion_s_mean",
    "completion_s_low",
    "completion_s_high",
    "sent_bit_s_mean",
    "sent_bit_s_low",
    "sent_bit_s_high",
    "loss_ratio_mean",
    "loss_ratio_low",
    "loss_ratio_high",
    "reference_bit_s",
    "reference_link",
    "of_reference_ratio",
    "busiest_link",
    "most_taken_by",
    "most_taken_ratio",
    "best_change",
    "best_gain_ratio",
    "busiest_ratio",
    "busiest_others",
    "goodput_share_ratio",
    "goodput_bit_s_predicted_median",
    "goodput_bit_s_predicted_low",
    "goodput_bit_s_predicted_high",
    "completion_s_predicted_median",
    "completion_s_predicted_low",
    "completion_s_predicted_high",
];

/// The columns of `taken.csv` behind the keys.
const TAKEN: [&str; 9] = [
    "order",
    "hop",
    "kind",
    "taken_bit_s_mean",
    "taken_bit_s_low",
    "taken_bit_s_high",
    "taken_ratio",
    "reference_bit_s",
    "goodput_bit_s",
];

/// The columns of `returned.csv` behind the keys.
const RETURNED: [&str; 7] =
    ["rank", "change", "feasible", "goodput_bit_s", "gain_ratio", "requires", "gives_up"];

/// The columns of `life.csv` behind the keys.
const LIFE: [&str; 8] =
    ["order", "hop", "kind", "cause", "time_s_mean", "time_s_low", "time_s_high", "share_ratio"];

/// The columns of `steps.csv` behind the keys.
const STEPS: [&str; 8] = [
    "order",
    "step",
    "time_s_mean",
    "time_s_low",
    "time_s_high",
    "time_s_p50",
    "time_s_p99",
    "share_ratio",
];

/// What `steps.csv` calls all steps together.
pub(crate) const WHOLE: &str = "whole";

/// A transfer of a point with the cells of its key columns.
#[derive(Clone)]
pub(crate) struct Keyed<'a> {
    /// Which point, as the plan numbers them.
    pub(crate) point: usize,
    /// Which transfer of it.
    pub(crate) transfer: usize,
    /// The cells of the key columns.
    pub(crate) cells: Vec<String>,
    /// Its results.
    pub(crate) digest: &'a Digest,
}

/// The names of the key columns of an experiment.
pub(crate) fn keys(plan: &Plan) -> Vec<String> {
    let before = BEFORE.into_iter().map(str::to_owned);
    let fields = Field::of_transfers().filter_map(Field::column);
    let own = before.chain(fields).chain(["fidelity".into()]);
    own.chain(plan.columns.iter().cloned()).collect()
}

/// Every transfer of points that are `finished` with its key.
pub(crate) fn keyed<'a>(
    experiment: &Experiment,
    plan: &Plan,
    finished: impl Iterator<Item = (usize, &'a Vec<Digest>)>,
) -> Vec<Keyed<'a>> {
    let transfers = finished.flat_map(|(point, digests)| {
        digests.iter().enumerate().map(move |(transfer, digest)| (point, transfer, digest))
    });
    let keyed = transfers.map(|(point, transfer, digest)| Keyed {
        point,
        transfer,
        cells: key_cells(experiment, plan, point, transfer),
        digest,
    });
    keyed.collect()
}

/// The cells of the key columns of one transfer of a point.
pub(crate) fn key_cells(e: &Experiment, plan: &Plan, number: usize, which: usize) -> Vec<String> {
    let point = &plan.point(number);
    let draft = e.transfer_at(point, which);
    let topology = e.topologies[point.topology].label.clone();
    let mut cells = vec![e.name.clone(), number.to_string(), topology, draft.name.clone()];
    cells.extend(draft.cells());
    cells.push(word(&point.fidelity));
    cells.extend(point.cells.iter().cloned());
    cells
}

/// The word that stands for a value in files.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("an enum without fields is a word, not {other:?}"),
    }
}

/// The version of the tables: it changes where a column changes its meaning or goes.
pub(crate) const VERSION: u32 = 1;

/// A table: its file, its columns behind the keys, and its rows.
type OfDigest = (&'static str, &'static [&'static str], fn(&Digest) -> Vec<Vec<String>>);

const TABLES: [OfDigest; 6] = [
    ("runs.csv", &RUNS, run_rows),
    ("summary.csv", &SUMMARY, summary_rows),
    ("taken.csv", &TAKEN, taken_rows),
    ("returned.csv", &RETURNED, returned_rows),
    ("life.csv", &LIFE, life_rows),
    ("steps.csv", &STEPS, step_rows),
];

/// Writes one CSV file.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_table(
    path: &Path,
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), Failure> {
    let failed = |error: csv::Error| Failure::run(format!("writing {}", path.display()), error);
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    for row in rows {
        writer.write_record(&row).map_err(failed)?;
    }
    writer.flush().map_err(|error| failed(error.into()))
}

fn run_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(number, r): (usize, &crate::digest::Replication)| {
        let mut cells = vec![
            number.to_string(),
            r.goodput_bit_s.to_string(),
            optional(r.completion_s),
            r.sent_bit_s.to_string(),
            r.loss_ratio.to_string(),
            r.reference_bit_s.to_string(),
            r.reference_link.clone(),
            r.busiest_link.clone(),
            r.busiest_ratio.to_string(),
        ];
        cells.extend(r.seconds.map(optional));
        cells
    };
    digest.replications.iter().enumerate().map(row).collect()
}

fn summary_rows(digest: &Digest) -> Vec<Vec<String>> {
    let mut cells = vec![digest.replications.len().to_string()];
    cells.extend(estimate(Some(digest.goodput_bit_s)));
    cells.extend(estimate(digest.completion_s));
    cells.extend(estimate(Some(digest.sent_bit_s)));
    cells.extend(estimate(Some(digest.loss_ratio)));
    cells.push(digest.reference_bit_s.to_string());
    cells.push(digest.reference_link.clone());
    cells.push((digest.goodput_bit_s.mean / digest.reference_bit_s).to_string());
    cells.push(digest.busiest_link().to_owned());
    let most = digest.most_taken();
    cells.push(most.map_or(String::new(), |(kind, _)| kind.to_owned()));
    cells.push(optional(most.map(|(_, ratio)| ratio)));
    let best = digest.best_change();
    cells.push(best.map_or(String::new(), |best| best.change.clone()));
    cells.push(optional(best.map(|best| best.gain_ratio)));
    cells.push(digest.replications[0].busiest_ratio.to_string());
    cells.push(digest.replications[0].busiest_others.to_string());
    cells.push(digest.share_ratio.to_string());
    let sure = digest.sure.as_ref();
    cells.extend(Predicted::cells(sure.map(|sure| sure.goodput_bit_s)));
    cells.extend(Predicted::cells(sure.and_then(|sure| sure.completion_s)));
    vec![cells]
}

fn taken_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(order, taken): (usize, &crate::digest::Taken)| {
        let mut cells = vec![order.to_string(), taken.hop.clone(), taken.kind.clone()];
        cells.extend(estimate(Some(taken.bit_s)));
        cells.push((taken.bit_s.mean / digest.reference_bit_s).to_string());
        cells.push(digest.reference_bit_s.to_string());
        cells.push(digest.left_bit_s.to_string());
        cells
    };
    digest.taken.iter().enumerate().map(row).collect()
}

fn returned_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(rank, returned): (usize, &crate::digest::Returned)| {
        vec![
            rank.to_string(),
            returned.change.clone(),
            returned.feasible.to_string(),
            returned.goodput_bit_s.to_string(),
            returned.gain_ratio.to_string(),
            returned.requires.clone(),
            returned.gives_up.clone(),
        ]
    };
    digest.returned.iter().enumerate().map(row).collect()
}

fn life_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(order, spent): (usize, &crate::life::Spent)| {
        let mut cells =
            vec![order.to_string(), spent.hop.clone(), spent.kind.clone(), word(&spent.cause)];
        cells.extend(estimate(Some(spent.time_s)));
        cells.push(spent.share.to_string());
        cells
    };
    digest.life.iter().enumerate().map(row).collect()
}

fn step_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(order, step): (usize, &crate::digest::StepDigest)| {
        let name = step.step.map_or(WHOLE, models::outcome::Step::name);
        let mut cells = vec![order.to_string(), name.to_owned()];
        cells.extend(estimate(Some(step.time_s)));
        cells.extend([step.median_s, step.p99_s, step.share].map(|value| value.to_string()));
        cells
    };
    digest.steps.iter().enumerate().map(row).collect()
}

fn optional(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn estimate(value: Option<Estimate>) -> [String; 3] {
    let part = |of: fn(Estimate) -> Option<f64>| optional(value.and_then(of));
    [part(|e| Some(e.mean)), part(|e| e.low), part(|e| e.high)]
}
