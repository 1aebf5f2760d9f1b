//! The tables of a run of workloads: one tidy CSV file per kind of row, units in the column names.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Digest;
use super::rows::{
    BatchRow, OfPoint, OfWorkloads, ResourceRow, WindowRow, WorkloadRow, WorkloadRunRow,
};
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::row;

/// The key columns of every table; then come those of the sweep.
const KEYS: [&str; 3] = ["experiment", "point", "topology"];

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

/// A table: its file, its columns behind the keys, and the cells of a point's rows.
struct Table {
    file: &'static str,
    columns: fn() -> Vec<String>,
    cells: fn(&OfPoint<'_>) -> Vec<Vec<String>>,
}

impl Table {
    const fn of<R: OfWorkloads>() -> Table {
        let cells = |point: &OfPoint<'_>| R::rows(point).iter().map(row::cells).collect();
        Table { file: R::FILE, columns: row::columns::<R>, cells }
    }
}

const TABLES: [Table; 5] = [
    Table::of::<WorkloadRow>(),
    Table::of::<WorkloadRunRow>(),
    Table::of::<ResourceRow>(),
    Table::of::<WindowRow>(),
    Table::of::<BatchRow>(),
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
        let point = OfPoint {
            names: &self.names,
            point: self.plan.point(keyed.point),
            digest: keyed.digest,
        };
        let rows = TABLES.map(|table| (table.cells)(&point));
        for (at, rows) in rows.into_iter().enumerate() {
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
        for (at, table) in TABLES.iter().enumerate() {
            let path = self.folder.join(table.file);
            let flushed = self.files[at].as_mut().map_or(Ok(()), csv::Writer::flush);
            flushed.map_err(|error| Failure::run(format!("writing {}", path.display()), error))?;
        }
        Ok(())
    }

    fn append(&mut self, at: usize, rows: Vec<Vec<String>>) -> Result<(), Failure> {
        let Table { file, columns, .. } = TABLES[at];
        let path = self.folder.join(file);
        let failed = |error: csv::Error| Failure::run(format!("writing {}", path.display()), error);
        if self.files[at].is_none() {
            let mut file = csv::Writer::from_path(&path).map_err(failed)?;
            file.write_record([keys(self.experiment), columns()].concat()).map_err(failed)?;
            self.files[at] = Some(file);
        }
        let file = self.files[at].as_mut().expect("it was opened");
        rows.iter().try_for_each(|row| file.write_record(row)).map_err(failed)
    }
}
