//! The tables of a run: one tidy CSV file per kind of row, units in the column names.
//!
//! Every table begins with the same key columns, which name a point and transfer completely, so
//! that a reader never has to join two files.

#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod tables;

use std::path::Path;

use rows::Table;
use serde::Serialize;

use crate::digest::Digest;
use crate::experiment::{Experiment, Field, Plan};
use crate::failure::Failure;
use crate::row::{cells, columns};

#[cfg(feature = "parquet")]
pub(crate) use parquet::write_parquet;
pub(crate) use rows::{
    Bus, CollectiveRow, LifeRow, ReturnedRow, RunRow, StepRow, SummaryRow, TakenRow, TogetherRow,
    WHOLE,
};
pub(crate) use tables::{Tables, joined, measured_rows, rows, split};

/// The key columns in front of those of the fields of a transfer.
const BEFORE: [&str; 4] = ["experiment", "point", "topology", "transfer"];

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

const TABLES: [Table; 6] = [
    Table::of::<RunRow>(),
    Table::of::<SummaryRow>(),
    Table::of::<TakenRow>(),
    Table::of::<ReturnedRow>(),
    Table::of::<LifeRow>(),
    Table::of::<StepRow>(),
];

/// Writes one CSV file of rows that have no other key.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_rows<R: Serialize + Default>(path: &Path, rows: &[R]) -> Result<(), Failure> {
    write_table(path, std::iter::once(columns::<R>()).chain(rows.iter().map(cells)))
}

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
