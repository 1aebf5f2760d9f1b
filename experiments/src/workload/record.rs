//! The tables of a run of workloads: one tidy CSV file per kind of row, units in the column names.

use std::fs::File;
use std::path::{Path, PathBuf};

use models::cluster::LinkUnit;
use models::workload::{Completion, Work, WorkloadReport};

use super::Digest;
use super::digest::{WorkloadDigest, figures};
use crate::estimate::Estimate;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::interval::Predicted;

/// The key columns of every table; then come those of the sweep.
const KEYS: [&str; 3] = ["experiment", "point", "topology"];

/// How long runs took: the figures, each with its interval.
const FIGURES: [&str; 5] = [
    "completion_s_mean",
    "completion_s_p50",
    "completion_s_p90",
    "completion_s_p99",
    "completion_s_p999",
];

/// A point with its key and results.
pub(crate) struct Keyed<'a> {
    /// Which point, as the plan numbers them.
    pub(crate) point: usize,
    /// The cells of the key columns.
    pub(crate) cells: Vec<String>,
    /// Its results.
    pub(crate) digest: &'a Digest,
}

/// The key columns: those of every table, and one for each parameter that is varied.
pub(crate) fn keys(experiment: &Experiment) -> Vec<String> {
    let varied = experiment.axes.iter().flat_map(|axis| &axis.varied);
    let name = varied.map(|varied| match &varied.column {
        Some((name, _)) => name.clone(),
        None => varied.key.clone(),
    });
    KEYS.into_iter().map(str::to_owned).chain(name).collect()
}

/// The cells of the key columns of a point.
pub(crate) fn key_cells(experiment: &Experiment, plan: &Plan, number: usize) -> Vec<String> {
    let point = &plan.point(number);
    let topology = experiment.topologies[point.topology].label.clone();
    let mut cells = vec![experiment.name.clone(), number.to_string(), topology];
    for (axis, &step) in experiment.axes.iter().zip(&point.steps) {
        cells.extend(axis.varied.iter().map(|varied| match &varied.column {
            Some((_, cells)) => cells[step].clone(),
            None => varied.values[step].to_string(),
        }));
    }
    cells
}

/// A table: its file, its columns behind the keys, and its rows.
type OfPoint = (&'static str, fn() -> Vec<String>, fn(&Tables<'_>, &Keyed<'_>) -> Vec<Vec<String>>);

const TABLES: [OfPoint; 5] = [
    ("workloads.csv", workload_columns, |tables, keyed| tables.workloads(keyed)),
    ("workload_runs.csv", run_columns, |tables, keyed| tables.runs(keyed)),
    ("resources.csv", resource_columns, |_, keyed| resource_rows(keyed.digest)),
    ("windows.csv", window_columns, |_, keyed| window_rows(keyed.digest)),
    ("batches.csv", batch_columns, |_, keyed| batch_rows(keyed.digest)),
];
/// Those that every run has; the one behind them is there if it has rows.
const ALWAYS: usize = 4;

/// The tables of workloads, open.
pub(crate) struct Tables<'a> {
    folder: PathBuf,
    experiment: &'a Experiment,
    plan: &'a Plan,
    names: Vec<&'a str>,
    files: Vec<Option<csv::Writer<File>>>,
}

impl<'a> Tables<'a> {
    /// Those of a run in `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn open(
        folder: &Path,
        experiment: &'a Experiment,
        plan: &'a Plan,
    ) -> Result<Tables<'a>, Failure> {
        let names = experiment.load.as_ref().map_or(Vec::new(), |load| load.workloads());
        let files = TABLES.iter().map(|_| None).collect();
        let mut tables = Tables { folder: folder.to_owned(), experiment, plan, names, files };
        (0..ALWAYS).try_for_each(|at| tables.append(at, Vec::new()))?;
        Ok(tables)
    }

    /// Writes the rows of a point behind those of the points before it.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn write(&mut self, keyed: &Keyed<'_>) -> Result<(), Failure> {
        for (at, (_, _, rows)) in TABLES.iter().enumerate() {
            let rows = rows(self, keyed);
            if !rows.is_empty() {
                let with_key = |row: Vec<String>| [keyed.cells.clone(), row].concat();
                self.append(at, rows.into_iter().map(with_key).collect())?;
            }
        }
        Ok(())
    }

    /// Closes the files.
    ///
    /// # Errors
    /// If any of it could not be written.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        for (at, (name, ..)) in TABLES.iter().enumerate() {
            let path = self.folder.join(name);
            let flushed = self.files[at].as_mut().map_or(Ok(()), csv::Writer::flush);
            flushed.map_err(|error| Failure::run(format!("writing {}", path.display()), error))?;
        }
        Ok(())
    }

    fn append(&mut self, at: usize, rows: Vec<Vec<String>>) -> Result<(), Failure> {
        let (name, columns, _) = TABLES[at];
        let path = self.folder.join(name);
        let failed = |error: csv::Error| Failure::run(format!("writing {}", path.display()), error);
        if self.files[at].is_none() {
            let mut file = csv::Writer::from_path(&path).map_err(failed)?;
            file.write_record([keys(self.experiment), columns()].concat()).map_err(failed)?;
            self.files[at] = Some(file);
        }
        let file = self.files[at].as_mut().expect("it was opened");
        rows.iter().try_for_each(|row| file.write_record(row)).map_err(failed)
    }

    fn workloads(&self, keyed: &Keyed<'_>) -> Vec<Vec<String>> {
        let of = |(which, digest): (usize, &WorkloadDigest)| {
            let bytes = bytes(self.plan, keyed.point, which);
            [vec![self.names[which].to_owned()], workload_row(digest, bytes)].concat()
        };
        keyed.digest.workloads.iter().enumerate().map(of).collect()
    }

    fn runs(&self, keyed: &Keyed<'_>) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (which, digest) in keyed.digest.workloads.iter().enumerate() {
            for (number, run) in keyed.digest.replications.iter().zip(&digest.runs) {
                let key = vec![self.names[which].to_owned(), number.to_string()];
                rows.push([key, run_row(run)].concat());
            }
        }
        rows
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn with_interval(name: &str) -> [String; 3] {
    match name.strip_suffix("_mean") {
        Some(stem) => [name.to_owned(), format!("{stem}_low"), format!("{stem}_high")],
        None => [name.to_owned(), format!("{name}_low"), format!("{name}_high")],
    }
}

fn workload_columns() -> Vec<String> {
    let mut columns =
        owned(&["workload", "replications", "arrived", "completed", "late", "retried", "left_out"]);
    columns.push("counted".into());
    columns.push("settled".into());
    for name in ["offered_hz_mean", "carried_hz_mean", "in_flight_mean"] {
        columns.extend(with_interval(name));
    }
    columns.extend(owned(&["in_flight_most", "offered_bit_s", "carried_bit_s"]));
    columns.extend(FIGURES.iter().flat_map(|name| with_interval(name)));
    columns.extend(FIGURES.iter().flat_map(|name| Predicted::columns(name)));
    columns.extend(Predicted::columns("carried_hz"));
    columns.push("probability_kept_up_ratio".into());
    columns
}

/// Payload of a run of a workload that is a transfer, in the mean \[B\].
fn bytes(plan: &Plan, point: usize, which: usize) -> Option<f64> {
    let point = plan.point(point);
    let scenario = point.scenario.as_ref()?;
    match &scenario.workloads[which].work {
        Work::Transfer { transfer, size } => {
            Some(transfer.message.as_f64() * size.as_ref().map_or(1.0, sim::Dist::mean))
        }
        Work::Steps(_) => None,
    }
}

fn workload_row(digest: &WorkloadDigest, bytes: Option<f64>) -> Vec<String> {
    let counted = |run: &WorkloadReport| run.completion.map_or(0, |completion| completion.count);
    let mut row = vec![
        digest.runs.len().to_string(),
        digest.sum(|run| run.arrived).to_string(),
        digest.sum(|run| run.completed).to_string(),
        digest.sum(|run| run.late).to_string(),
        digest.sum(|run| run.retried).to_string(),
        digest.sum(|run| run.left_out).to_string(),
        digest.sum(counted).to_string(),
        digest.settled.to_string(),
    ];
    for estimate in [digest.offered_hz, digest.carried_hz, digest.in_flight] {
        row.extend(cells(Some(estimate)));
    }
    row.push(digest.most.to_string());
    for rate in [digest.offered_hz, digest.carried_hz] {
        row.push(bytes.map_or(String::new(), |bytes| (rate.mean * bytes * 8.0).to_string()));
    }
    for at in 0..FIGURES.len() {
        row.extend(cells(digest.completion_s.map(|figures| figures[at])));
    }
    let sure = digest.sure.as_ref();
    for at in 0..FIGURES.len() {
        row.extend(Predicted::cells(sure.and_then(|s| s.completion_s).map(|all| all[at])));
    }
    row.extend(Predicted::cells(sure.and_then(|sure| sure.carried_hz)));
    row.push(optional(sure.map(|sure| sure.keeps_up)));
    row
}

fn run_columns() -> Vec<String> {
    let mut columns = owned(&[
        "workload",
        "replication",
        "arrived",
        "completed",
        "late",
        "retried",
        "left_out",
        "counted",
        "settled",
        "span_s",
        "offered_hz",
        "carried_hz",
        "in_flight_mean",
        "in_flight_most",
    ]);
    columns.extend(FIGURES.iter().flat_map(|name| with_interval(name)));
    columns.extend(owned(&["completion_s_min", "completion_s_max"]));
    columns
}

fn run_row(run: &WorkloadReport) -> Vec<String> {
    let mut row = vec![
        run.arrived.to_string(),
        run.completed.to_string(),
        run.late.to_string(),
        run.retried.to_string(),
        run.left_out.to_string(),
        run.completion.map_or(0, |completion| completion.count).to_string(),
        run.settled.to_string(),
        run.span_s.to_string(),
        run.offered_hz.to_string(),
        run.carried_hz.to_string(),
        run.in_flight_mean.to_string(),
        run.in_flight_most.to_string(),
    ];
    let all = run.completion.as_ref().map(figures);
    for at in 0..FIGURES.len() {
        let one = all.map(|all| all[at]);
        let value = one.map(|one| Estimate { mean: one.value, low: one.low, high: one.high });
        row.extend(cells(value));
    }
    let extreme = |of: fn(&Completion) -> f64| optional(run.completion.as_ref().map(of));
    row.extend([extreme(|c| c.min_s), extreme(|c| c.max_s)]);
    row
}

fn resource_columns() -> Vec<String> {
    let mut columns = owned(&["order", "resource", "kind", "capacity", "capacity_unit"]);
    columns.extend(with_interval("busy_ratio_mean"));
    columns.extend(with_interval("waiting_mean"));
    columns
}

/// What a resource is, and in which unit its capacity is given.
fn kind(unit: Option<LinkUnit>) -> [&'static str; 2] {
    match unit {
        None => ["pool", "slots"],
        Some(LinkUnit::Bytes) => ["link", "B/s"],
        Some(LinkUnit::Cores) => ["core", "s/s"],
        Some(LinkUnit::Parts) => ["link", "parts/s"],
    }
}

fn resource_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(order, resource): (usize, &super::digest::ResourceDigest)| {
        let [kind, unit] = kind(resource.unit);
        let mut row = vec![order.to_string(), resource.name.clone(), kind.into()];
        row.extend([resource.capacity.to_string(), unit.into()]);
        row.extend(cells(Some(resource.busy)));
        row.extend(cells(Some(resource.waiting)));
        row
    };
    digest.resources.iter().enumerate().map(row).collect()
}

fn window_columns() -> Vec<String> {
    owned(&["order", "resource", "kind", "begin_s", "end_s", "busy_ratio", "waiting_mean"])
}

fn window_rows(digest: &Digest) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (order, resource) in digest.resources.iter().enumerate() {
        for window in &resource.windows {
            let mut row = vec![order.to_string(), resource.name.clone()];
            row.push(kind(resource.unit)[0].into());
            row.extend([window.begin, window.end].map(|time| time.as_seconds().to_string()));
            row.extend([window.busy, window.waiting].map(|value| value.to_string()));
            rows.push(row);
        }
    }
    rows
}

fn batch_columns() -> Vec<String> {
    let mut columns = owned(&["order", "batch", "size", "batches", "members"]);
    let means = ["members_per_batch_mean", "wait_s_mean", "service_s_mean", "busy_ratio_mean"];
    columns.extend(means.iter().flat_map(|name| with_interval(name)));
    columns
}

fn batch_rows(digest: &Digest) -> Vec<Vec<String>> {
    let row = |(order, batch): (usize, &super::digest::BatchDigest)| {
        let counts = [u64::from(batch.size), batch.batches, batch.members];
        let mut row = vec![order.to_string(), batch.name.clone()];
        row.extend(counts.map(|count| count.to_string()));
        let means = [batch.members_mean, batch.wait_s, batch.service_s, batch.busy];
        row.extend(means.into_iter().flat_map(|mean| cells(Some(mean))));
        row
    };
    digest.batches.iter().enumerate().map(row).collect()
}

fn optional(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn cells(value: Option<Estimate>) -> [String; 3] {
    let part = |of: fn(Estimate) -> Option<f64>| optional(value.and_then(of));
    [part(|e| Some(e.mean)), part(|e| e.low), part(|e| e.high)]
}
