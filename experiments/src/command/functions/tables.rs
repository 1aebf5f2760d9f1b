//! What `podpath functions` prints and writes.

use std::path::Path;

use models::function::{End, Story};
use serde_json::{Map, Value, json};
use sim::Time;

use super::super::place::tables::{Estimate, Table, estimate};
use super::digest::{FIGURES, OCCUPIED};
use crate::console::{Sheet, number};
use crate::failure::Failure;
use crate::record::write_table;

/// More calls than this are not written one by one.
const CALLS_MAX: usize = 200_000;

/// What came of runs.
pub(super) struct Outcome {
    /// What was run.
    pub(super) about: String,
    /// What came of it, in a sentence.
    pub(super) answer: String,
    /// What rows are told apart by: `pool`, `keep_alive`, `faster`; or `function`.
    pub(super) keys: Vec<&'static str>,
    /// The rows with their figures: those of calls, then those of GPUs if there are any.
    pub(super) rows: Vec<(Vec<String>, Vec<Estimate>)>,
    /// The same by function, and what else is written.
    pub(super) tables: Vec<Table>,
    /// What else is told.
    pub(super) more: Map<String, Value>,
    /// Tables that are printed besides.
    pub(super) sheets: Vec<(Vec<&'static str>, Vec<Vec<String>>)>,
}

/// The estimates of figures over seeds.
pub(super) fn estimates(seeds: &[Vec<f64>]) -> Vec<Estimate> {
    let many = seeds.first().map_or(0, Vec::len);
    (0..many).map(|at| estimate(seeds.iter().map(|figures| figures[at]))).collect()
}

/// The keys of figures.
pub(super) fn keys(with_gpus: bool) -> Vec<&'static str> {
    let gpus = OCCUPIED.iter().filter(|_| with_gpus);
    FIGURES.iter().chain(gpus).map(|(key, _)| *key).collect()
}

impl Outcome {
    /// A row for each variant or function.
    pub(super) fn sheet(&self) -> Sheet {
        let shown: Vec<(usize, &str, &str)> = FIGURES
            .iter()
            .chain(&OCCUPIED)
            .enumerate()
            .filter_map(|(at, (key, heading))| Some((at, *key, (*heading)?)))
            .filter(|(at, ..)| self.rows.iter().all(|(_, row)| *at < row.len()))
            .collect();
        let header: Vec<&str> =
            self.keys.iter().copied().chain(shown.iter().map(|(.., heading)| *heading)).collect();
        let mut sheet = Sheet::new(&header);
        for (cells, row) in &self.rows {
            let figures = shown.iter().map(|(at, key, _)| {
                let mean = row[*at].mean;
                number(match () {
                    () if key.ends_with("_percent") => format!("{mean:.2} %"),
                    () if key.ends_with("_s") => format!("{mean:.2} s"),
                    () => format!("{mean:.0}"),
                })
            });
            sheet.add_row(cells.iter().map(|cell| cell.as_str().into()).chain(figures));
        }
        sheet
    }

    pub(super) fn more_sheets(&self) -> impl Iterator<Item = Sheet> {
        self.sheets.iter().map(|(header, rows)| {
            let mut sheet = Sheet::new(header);
            rows.iter().for_each(|row| sheet.add_row(row.iter().map(String::as_str)));
            sheet
        })
    }

    /// Writes all tables, and `summary.csv` with what is printed.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let with_gpus = self.rows.iter().all(|(_, row)| row.len() > FIGURES.len());
        let mut summary = Table::of("summary.csv", &self.keys, &keys(with_gpus));
        for (cells, row) in &self.rows {
            summary.add(cells.iter().cloned(), row);
        }
        for table in self.tables.iter().chain([&summary]) {
            let rows = std::iter::once(&table.header).chain(&table.rows).cloned();
            write_table(&folder.join(table.name), rows)?;
        }
        Ok(())
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> Value {
        let row = |(cells, figures): &(Vec<String>, Vec<Estimate>)| {
            let mut own = Map::new();
            for (key, cell) in self.keys.iter().zip(cells) {
                own.insert((*key).into(), json!(cell));
            }
            for (key, figure) in keys(true).into_iter().zip(figures) {
                own.insert(key.into(), json!(figure.mean));
                own.insert(format!("{key}_low"), json!(figure.low));
                own.insert(format!("{key}_high"), json!(figure.high));
            }
            Value::Object(own)
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        let mut told = Map::new();
        let key = if self.keys == ["function"] { "functions" } else { "variants" };
        told.insert("answer".into(), json!(self.answer));
        told.insert(key.into(), rows.into());
        told.extend(self.more.clone());
        Value::Object(told)
    }
}

/// `calls.csv`: what became of each call.
pub(super) fn calls(stories: &[Story], names: &[&str]) -> Table {
    let header = [
        "call",
        "function",
        "root",
        "arrived_s",
        "queued_s",
        "begun_s",
        "loaded_s",
        "worked_s",
        "ended_s",
        "cold",
        "end",
    ];
    let mut table = Table::new("calls.csv", &header);
    let seconds = |time: Time| match time {
        Time::MAX => String::new(),
        time => ((time.as_seconds() * 1e6).round() / 1e6).to_string(),
    };
    for (number, story) in stories.iter().enumerate().take(CALLS_MAX) {
        let end = match story.end {
            End::Answered => "answered",
            End::OverTime => "over time",
            End::OutOfMemory => "out of memory",
            End::Waiting => "waiting",
        };
        let mut cells = vec![
            number.to_string(),
            names[story.function as usize].to_owned(),
            story.root.to_string(),
        ];
        let times =
            [story.arrived, story.queued, story.begun, story.loaded, story.worked, story.ended];
        cells.extend(times.map(seconds));
        cells.extend([if story.cold { "yes" } else { "no" }.to_owned(), end.to_owned()]);
        table.rows.push(cells);
    }
    table
}
