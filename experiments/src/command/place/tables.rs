//! What `podpath place` prints and writes.

use std::path::Path;

use serde_json::{Map, Value, json};
use sim::stats::Interval;

use super::Scene;
use crate::console::{Sheet, number};
use crate::failure::Failure;
use crate::plot::words;
use crate::record::write_table;

/// A mean over seeds with its 90 % interval; of one seed the interval is that value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::command) struct Estimate {
    pub(in crate::command) mean: f64,
    pub(in crate::command) low: f64,
    pub(in crate::command) high: f64,
}

/// The mean of values of seeds, none of which can be negative, rounded so that no digit is printed
/// that says nothing.
pub(in crate::command) fn estimate(values: impl Iterator<Item = f64>) -> Estimate {
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let half = Interval::of(&values, 0.9).map_or(0.0, |interval| interval.half_width);
    let ends = [mean, (mean - half).max(0.0), mean + half];
    let [mean, low, high] = ends.map(|value| (value * 1e4).round() / 1e4);
    Estimate { mean, low, high }
}

/// The same of percentages of a whole.
pub(super) fn percentage(values: impl Iterator<Item = f64>) -> Estimate {
    let estimate = estimate(values);
    Estimate { high: estimate.high.min(100.0), ..estimate }
}

/// A table that is written.
pub(in crate::command) struct Table {
    pub(in crate::command) name: &'static str,
    pub(in crate::command) header: Vec<String>,
    pub(in crate::command) rows: Vec<Vec<String>>,
}

impl Table {
    pub(in crate::command) fn new(name: &'static str, header: &[&str]) -> Table {
        let header = header.iter().map(|column| (*column).to_owned()).collect();
        Table { name, header, rows: Vec::new() }
    }

    /// A table of some columns, and of estimates with their intervals.
    pub(in crate::command) fn of(
        name: &'static str,
        columns: &[&str],
        estimates: &[&str],
    ) -> Table {
        let mut table = Table::new(name, columns);
        let ends = |key: &&str| ["", "_low", "_high"].map(|end| format!("{key}{end}"));
        table.header.extend(estimates.iter().flat_map(ends));
        table
    }

    /// Adds a row of some cells and of estimates.
    pub(in crate::command) fn add(
        &mut self,
        cells: impl IntoIterator<Item = String>,
        of: &[Estimate],
    ) {
        let figures = of.iter().flat_map(|one| [one.mean, one.low, one.high]);
        let figures = figures.map(|figure| figure.to_string());
        self.rows.push(cells.into_iter().chain(figures).collect());
    }
}

/// What came of a placement.
pub(super) struct Outcome {
    /// The figures of a scheduler: keys, and headings of columns.
    figures: Vec<(&'static str, &'static str)>,
    rows: Vec<(String, Vec<Estimate>)>,
    /// The schedulers as JSON.
    pub(super) schedulers: Vec<Value>,
    pub(super) tables: Vec<Table>,
}

impl Outcome {
    pub(super) fn new(figures: &[(&'static str, &'static str)]) -> Outcome {
        let (rows, schedulers, tables) = Default::default();
        Outcome { figures: figures.to_vec(), rows, schedulers, tables }
    }

    /// Adds a scheduler with its figures, and what JSON says of it besides.
    pub(super) fn add(&mut self, name: &str, figures: &[Estimate], more: Value) {
        let mut object = Map::new();
        object.insert("scheduler".into(), json!(name));
        for ((key, _), figure) in self.figures.iter().zip(figures) {
            object.insert((*key).into(), json!(figure.mean));
            object.insert(format!("{key}_low"), json!(figure.low));
            object.insert(format!("{key}_high"), json!(figure.high));
        }
        if let Value::Object(more) = more {
            object.extend(more);
        }
        self.schedulers.push(Value::Object(object));
        self.rows.push((name.to_owned(), figures.to_vec()));
    }

    fn of(&self, row: &[Estimate], wanted: &str) -> Option<Estimate> {
        let at = self.figures.iter().position(|(key, _)| *key == wanted)?;
        row.get(at).copied()
    }
}

/// What was placed.
pub(super) fn about(scene: &Scene<'_>, arrivals: &str) -> String {
    format!(
        "{} with {} GPUs, {} in the trace, arrivals: {arrivals}, {}",
        words::count(scene.fleet.nodes().len(), "node"),
        scene.fleet.gpu_milli() / 1000,
        words::count(scene.trace.count(), "pod"),
        words::count(scene.seeds as usize, "seed"),
    )
}

/// Who allocates most of the GPU, in a sentence.
pub(super) fn answer(outcome: &Outcome) -> String {
    let allocated = |row: &[Estimate]| outcome.of(row, "allocated_percent").expect("all have it");
    let mut rows: Vec<_> = outcome.rows.iter().map(|(name, row)| (name, allocated(row))).collect();
    rows.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
    let (first, most) = rows[0];
    let (last, least) = rows[rows.len() - 1];
    let mean = most.mean;
    match rows.len() {
        1 => format!("{first} allocates {mean:.2} % of the GPU."),
        _ if most.low > least.high => format!(
            "{first} allocates {mean:.2} % of the GPU, {:.2} points more than {last}.",
            mean - least.mean
        ),
        _ => format!("{first} and {last} allocate the same within what the seeds tell."),
    }
}

/// A row for each scheduler.
pub(super) fn sheet(outcome: &Outcome) -> Sheet {
    let heads = outcome.figures.iter().map(|(_, heading)| *heading);
    let header: Vec<&str> = ["scheduler"].into_iter().chain(heads).collect();
    let mut sheet = Sheet::new(&header);
    for (name, row) in &outcome.rows {
        let cells = outcome.figures.iter().zip(row).map(|((key, _), one)| {
            number(match () {
                () if key.ends_with("percent") => {
                    format!("{:.2} % ({:.2} to {:.2})", one.mean, one.low, one.high)
                }
                () if key.starts_with("wait_s") => format!("{:.0} s", one.mean),
                () => format!("{:.0}", one.mean),
            })
        });
        sheet.add_row([name.as_str().into()].into_iter().chain(cells));
    }
    sheet
}

/// Writes all tables, and `summary.csv` with what is printed.
pub(super) fn write(folder: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let keys: Vec<&str> = outcome.figures.iter().map(|(key, _)| *key).collect();
    let mut summary = Table::of("summary.csv", &["scheduler"], &keys);
    outcome.rows.iter().for_each(|(name, row)| summary.add([name.clone()], row));
    for table in outcome.tables.iter().chain([&summary]) {
        let rows = std::iter::once(&table.header).chain(&table.rows).cloned();
        write_table(&folder.join(table.name), rows)?;
    }
    Ok(())
}
