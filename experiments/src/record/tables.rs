//! The tables of a run, written point by point: rows become text in the thread that computed them,
//! and are gone once they are in their files, so memory does not grow with hops and changes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rows::{CollectiveRow, PatternRow, Table, TogetherRow};
use super::{TABLES, keys};
use crate::digest::Digest;
use crate::experiment::Plan;
use crate::failure::Failure;
use crate::row;

/// The tables that every run has, of [`TABLES`]; those behind them are there if they have rows.
const ALWAYS: usize = 5;
/// Those of a measurement: all but what only a model can fill.
const OF_MEASUREMENTS: usize = 2;
/// The tables behind those, whose keys are their own: of points, collectives and patterns.
const OTHERS: usize = 3;

/// The rows of one point, in each table.
pub(crate) type Rows = Vec<Vec<u8>>;

/// The rows of a point, whose transfers have `cells` as their keys.
pub(crate) fn rows(plan: &Plan, point: usize, cells: &[Vec<String>], digests: &[Digest]) -> Rows {
    let mut rows: Rows = Vec::with_capacity(TABLES.len() + OTHERS);
    for table in TABLES {
        let mut text = Vec::new();
        for (cells, digest) in cells.iter().zip(digests) {
            add(&mut text, cells, (table.rows)(digest));
        }
        rows.push(text);
    }
    let mut text = Vec::new();
    if digests.len() > 1 {
        let columns = row::columns::<TogetherRow>();
        let key = own(plan, &TogetherRow::KEYS, &columns, &cells[0]);
        let row = TogetherRow::of(plan, point, digests);
        add(&mut text, &key, vec![row::cells(&row)]);
    }
    rows.push(text);
    let collectives = CollectiveRow::of(plan, point, digests);
    rows.push(of_some(plan, &CollectiveRow::KEYS, cells, &collectives));
    rows.push(of_some(plan, &PatternRow::KEYS, cells, &PatternRow::of(plan, point, digests)));
    rows
}

/// The rows that some transfers of a point have in a table with keys of its own.
fn of_some<R: Serialize + Default>(
    plan: &Plan,
    keys: &[&str],
    cells: &[Vec<String>],
    rows: &[(usize, R)],
) -> Vec<u8> {
    let mut text = Vec::new();
    // Most points have none, and are many.
    if rows.is_empty() {
        return text;
    }
    let columns = row::columns::<R>();
    for (at, row) in rows {
        let key = own(plan, keys, &columns, &cells[*at]);
        add(&mut text, &key, vec![row::cells(row)]);
    }
    text
}

/// Which key columns of a run a table has: its `keys`, and what is varied unless it has a column
/// of that name.
fn is_key(plan: &Plan, keys: &[&str], columns: &[String], name: &str) -> bool {
    let varied = plan.columns.iter().any(|own| own == name);
    keys.contains(&name) || (varied && !columns.iter().any(|own| own == name))
}

/// Those of all `cells` that are the key of a row there.
fn own(plan: &Plan, of: &[&str], columns: &[String], cells: &[String]) -> Vec<String> {
    let names = keys(plan).into_iter().zip(cells);
    let own = names.filter(|(name, _)| is_key(plan, of, columns, name));
    own.map(|(_, cell)| cell.clone()).collect()
}

/// The rows of a measured transfer, which has `cells` as its key.
pub(crate) fn measured_rows(cells: &[String], digest: &Digest) -> Rows {
    let of = |table: &Table| {
        let mut text = Vec::new();
        add(&mut text, cells, (table.rows)(digest));
        text
    };
    TABLES[..OF_MEASUREMENTS].iter().map(of).collect()
}

/// Rows as one text, each table's behind its length.
pub(crate) fn joined(rows: &Rows) -> Vec<u8> {
    let mut all = Vec::with_capacity(rows.iter().map(|text| text.len() + 4).sum());
    for text in rows {
        let length = u32::try_from(text.len()).expect("the rows of a point are less than 4 GiB");
        all.extend(length.to_le_bytes());
        all.extend(text);
    }
    all
}

/// The opposite; none if it is no such text.
pub(crate) fn split(mut all: &[u8]) -> Option<Rows> {
    let mut rows = Vec::new();
    while let Some((length, rest)) = all.split_first_chunk::<4>() {
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        rows.push(text.to_vec());
        all = rest;
    }
    all.is_empty().then_some(rows)
}

/// The tables of a run, open.
pub(crate) struct Tables<'a> {
    folder: PathBuf,
    plan: &'a Plan,
    of: &'static [Table],
    files: Vec<Option<BufWriter<File>>>,
}

impl<'a> Tables<'a> {
    /// Those of a run in `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn of_run(folder: &Path, plan: &'a Plan) -> Result<Tables<'a>, Failure> {
        Tables::open(folder, plan, &TABLES, ALWAYS)
    }

    /// Those of a measurement.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn of_measurement(folder: &Path, plan: &'a Plan) -> Result<Tables<'a>, Failure> {
        Tables::open(folder, plan, &TABLES[..OF_MEASUREMENTS], OF_MEASUREMENTS)
    }

    fn open(
        folder: &Path,
        plan: &'a Plan,
        of: &'static [Table],
        always: usize,
    ) -> Result<Tables<'a>, Failure> {
        let files = (0..of.len() + OTHERS).map(|_| None).collect();
        let mut tables = Tables { folder: folder.to_owned(), plan, of, files };
        (0..always).try_for_each(|at| tables.write_one(at, &[]))?;
        Ok(tables)
    }

    /// Writes the rows of a point behind those of the points before it.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn write(&mut self, rows: &Rows) -> Result<(), Failure> {
        let mut rows = rows.iter().enumerate().filter(|(_, text)| !text.is_empty());
        rows.try_for_each(|(at, text)| self.write_one(at, text))
    }

    /// Closes the files.
    ///
    /// # Errors
    /// If any of it could not be written.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        for at in 0..self.files.len() {
            if let Some(file) = &mut self.files[at] {
                file.flush().map_err(|error| self.failed(at, error))?;
            }
        }
        Ok(())
    }

    /// Appends to a table; its header comes with its first rows.
    fn write_one(&mut self, at: usize, text: &[u8]) -> Result<(), Failure> {
        if self.files[at].is_none() {
            let mut header = Vec::new();
            add(&mut header, &[], vec![self.header(at)]);
            let file = File::create(self.folder.join(self.name(at)));
            let file = file.and_then(|file| {
                let mut file = BufWriter::with_capacity(1 << 16, file);
                file.write_all(&header)?;
                Ok(file)
            });
            self.files[at] = Some(file.map_err(|error| self.failed(at, error))?);
        }
        let file = self.files[at].as_mut().expect("it was opened");
        file.write_all(text).map_err(|error| self.failed(at, error))
    }

    fn name(&self, at: usize) -> &'static str {
        match self.of.get(at) {
            Some(table) => table.file,
            None if at == self.of.len() => TogetherRow::FILE,
            None if at == self.of.len() + 1 => CollectiveRow::FILE,
            None => PatternRow::FILE,
        }
    }

    fn header(&self, at: usize) -> Vec<String> {
        let keys = keys(self.plan).into_iter();
        let (of, columns): (&[&str], Vec<String>) = match self.of.get(at) {
            Some(table) => return keys.chain((table.columns)()).collect(),
            None if at == self.of.len() => (&TogetherRow::KEYS, row::columns::<TogetherRow>()),
            None if at == self.of.len() + 1 => {
                (&CollectiveRow::KEYS, row::columns::<CollectiveRow>())
            }
            None => (&PatternRow::KEYS, row::columns::<PatternRow>()),
        };
        let own = keys.filter(|name| is_key(self.plan, of, &columns, name));
        own.chain(columns.iter().cloned()).collect()
    }

    fn failed(&self, at: usize, error: io::Error) -> Failure {
        Failure::run(format!("writing {}", self.folder.join(self.name(at)).display()), error)
    }
}

/// Appends rows that all begin with `key`.
fn add(text: &mut Vec<u8>, key: &[String], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    // The key is put into quotes once, and copied.
    let mut key = if key.is_empty() { Vec::new() } else { record(key) };
    if let Some(end) = key.last_mut() {
        *end = b',';
    }
    for row in rows {
        text.extend_from_slice(&key);
        text.extend_from_slice(&record(&row));
    }
}

/// One line of CSV.
fn record(cells: &[String]) -> Vec<u8> {
    let long: usize = cells.iter().map(|cell| cell.len() + 3).sum();
    let mut writer = csv::WriterBuilder::new().buffer_capacity(long + 2).from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes every line");
    writer.into_inner().expect("memory takes every line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_quoted_as_in_a_whole_line() {
        let key = ["a, b", "", "say \"c\""].map(str::to_owned);
        let rows = [["1", "d\ne"], ["", ""]].map(|row| row.map(str::to_owned).to_vec());
        let mut text = Vec::new();
        add(&mut text, &key, rows.to_vec());
        let mut whole = csv::Writer::from_writer(Vec::new());
        rows.iter().for_each(|row| whole.write_record(key.iter().chain(row)).unwrap());
        assert_eq!(text, whole.into_inner().unwrap());
    }

    #[test]
    fn rows_that_are_joined_are_split_again() {
        let rows: Rows = vec![b"one,two\n".to_vec(), Vec::new(), b"three\n".to_vec()];
        let all = joined(&rows);
        assert_eq!(split(&all), Some(rows));
        assert_eq!(split(&all[..all.len() - 1]), None);
    }
}
