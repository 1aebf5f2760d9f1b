//! Tables that are written while points are still being computed: their rows in the order of the
//! plan, whoever finishes first.
//!
//! The rows of a point become text in the thread that computed it, and are gone once they are in
//! their files, so memory does not grow with hops and changes, and an interrupted run has little
//! left to write.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{OfDigest, TABLES, keys, together};
use crate::digest::Digest;
use crate::experiment::Plan;
use crate::failure::Failure;

/// The tables that every run has, of [`TABLES`]; those behind them are there if they have rows.
const ALWAYS: usize = 5;
/// Those of a measurement: all but what only a model can fill.
const OF_MEASUREMENTS: usize = 2;

/// The rows of one point, in each table.
pub(crate) type Rows = Vec<Vec<u8>>;

/// The tables of a run, open.
pub(crate) struct Tables<'a> {
    folder: PathBuf,
    plan: &'a Plan,
    of: &'static [OfDigest],
    open: Mutex<Open>,
}

/// What is open, and how far it is.
struct Open {
    files: Vec<Option<BufWriter<File>>>,
    /// The point whose rows come next, and those of later ones.
    next: usize,
    waiting: BTreeMap<usize, Rows>,
    failed: Option<Failure>,
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
        of: &'static [OfDigest],
        always: usize,
    ) -> Result<Tables<'a>, Failure> {
        let files = (0..=of.len()).map(|_| None).collect();
        let open = Open { files, next: 0, waiting: BTreeMap::new(), failed: None };
        let tables = Tables { folder: folder.to_owned(), plan, of, open: Mutex::new(open) };
        {
            let mut open = tables.lock();
            (0..always).try_for_each(|at| tables.write(&mut open, at, &[]))?;
        }
        Ok(tables)
    }

    /// The rows of a point, whose transfers have `cells` as their keys.
    pub(crate) fn rows(&self, point: usize, cells: &[Vec<String>], digests: &[Digest]) -> Rows {
        let mut rows: Rows = Vec::with_capacity(self.of.len() + 1);
        for (_, _, of) in self.of {
            let mut text = Vec::new();
            for (cells, digest) in cells.iter().zip(digests) {
                add(&mut text, cells, of(digest));
            }
            rows.push(text);
        }
        let mut text = Vec::new();
        if digests.len() > 1 && self.of.len() > OF_MEASUREMENTS {
            add(&mut text, &[], vec![together::row(self.plan, point, &cells[0], digests)]);
        }
        rows.push(text);
        rows
    }

    /// Takes the rows of a point, to be written when those before it are.
    pub(crate) fn put(&self, point: usize, rows: Rows) {
        let mut open = self.lock();
        open.waiting.insert(point, rows);
        loop {
            let next = open.next;
            let Some(rows) = open.waiting.remove(&next) else { return };
            open.next += 1;
            self.write_point(&mut open, &rows);
        }
    }

    /// Writes what still waits for a point that will not come, and closes the files.
    ///
    /// # Errors
    /// If any of it could not be written.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let mut open = self.lock();
        for rows in std::mem::take(&mut open.waiting).into_values() {
            self.write_point(&mut open, &rows);
        }
        for at in 0..open.files.len() {
            if let Some(file) = &mut open.files[at] {
                file.flush().map_err(|error| self.failed(at, error))?;
            }
        }
        open.failed.take().map_or(Ok(()), Err)
    }

    fn write_point(&self, open: &mut Open, rows: &Rows) {
        for (at, text) in rows.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            if let Err(failure) = self.write(open, at, text) {
                open.failed.get_or_insert(failure);
            }
        }
    }

    /// Appends to a table; its header comes with its first rows.
    fn write(&self, open: &mut Open, at: usize, text: &[u8]) -> Result<(), Failure> {
        let failed = |error| self.failed(at, error);
        if open.files[at].is_none() {
            let file = File::create(self.folder.join(self.name(at))).map_err(failed)?;
            let mut file = BufWriter::new(file);
            let mut header = Vec::new();
            add(&mut header, &[], vec![self.header(at)]);
            file.write_all(&header).map_err(failed)?;
            open.files[at] = Some(file);
        }
        let file = open.files[at].as_mut().expect("it was opened");
        file.write_all(text).map_err(failed)
    }

    fn name(&self, at: usize) -> &'static str {
        self.of.get(at).map_or(together::FILE, |(name, ..)| name)
    }

    fn header(&self, at: usize) -> Vec<String> {
        match self.of.get(at) {
            Some((_, columns, _)) => {
                let columns = columns.iter().map(|name| (*name).to_owned());
                keys(self.plan).into_iter().chain(columns).collect()
            }
            None => together::header(self.plan),
        }
    }

    fn failed(&self, at: usize, error: io::Error) -> Failure {
        Failure::run(format!("writing {}", self.folder.join(self.name(at)).display()), error)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().expect("nobody panics while a table is written")
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
}
