//! The run's CSV files, read by column name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::PlotError;
use crate::row::{self, Fault};

/// A CSV file in memory: rows of text under named columns.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    columns: Vec<String>,
    rows: Vec<csv::StringRecord>,
    index: BTreeMap<String, usize>,
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'t> {
    table: &'t Table,
    at: usize,
}

impl Table {
    /// Reads `name` in `dir`.
    ///
    /// # Errors
    /// If the file cannot be read or is not CSV.
    pub fn read(dir: &Path, name: &str) -> Result<Table, PlotError> {
        let path = dir.join(name);
        let text = fs::read_to_string(&path).map_err(|error| PlotError::file(&path, &error))?;
        Table::parse(&path, &text)
    }

    /// Reads `name` in `dir`, or `None` where there is no such file.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_if_there(dir: &Path, name: &str) -> Result<Option<Table>, PlotError> {
        if dir.join(name).exists() { Table::read(dir, name).map(Some) } else { Ok(None) }
    }

    fn parse(path: &Path, text: &str) -> Result<Table, PlotError> {
        let broken = |error: csv::Error| PlotError::file(path, &error);
        // A profile says its format in a comment.
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        let columns: Vec<String> =
            reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
        let rows = reader.records().collect::<Result<_, csv::Error>>().map_err(broken)?;
        let index = columns.iter().cloned().enumerate().map(|(at, name)| (name, at)).collect();
        Ok(Table { path: path.to_owned(), columns, rows, index })
    }

    /// The names of the columns in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|at| Row { table: self, at })
    }

    /// The place of a column among the others.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.index.get(column).copied()
    }

    /// The columns that stand between two others.
    pub fn between(&self, after: &str, before: &str) -> &[String] {
        let place = |name: &str| self.columns.iter().position(|column| column == name);
        match (place(after), place(before)) {
            (Some(from), Some(to)) if from < to => &self.columns[from + 1..to],
            _ => &[],
        }
    }
}

impl<'t> Row<'t> {
    /// Whether its table has a column.
    pub fn has(&self, column: &str) -> bool {
        self.table.index.contains_key(column)
    }

    /// The row as the type that it was written from.
    ///
    /// # Errors
    /// If a column is missing, or a cell holds something else.
    pub(crate) fn read<R: DeserializeOwned>(&self) -> Result<R, PlotError> {
        let find = |name: &str| self.table.index.get(name).map(|at| self.at(*at));
        let path = self.table.path.clone();
        row::read(&find).map_err(|fault| match fault {
            Fault::Column(column) => PlotError::Column { path, column },
            Fault::Value { column, text } => {
                PlotError::Value { path, line: self.at + 2, column, text }
            }
            Fault::Other(problem) => PlotError::file(&path, &problem),
        })
    }

    /// The text in a column.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn text(&self, column: &str) -> Result<&'t str, PlotError> {
        match self.table.index.get(column) {
            Some(&at) => Ok(&self.table.rows[self.at][at]),
            None => Err(PlotError::Column { path: self.table.path.clone(), column: column.into() }),
        }
    }

    /// The text in the column at a place.
    pub fn at(&self, place: usize) -> &'t str {
        &self.table.rows[self.at][place]
    }

    /// The number in a column, or `None` where it is empty.
    ///
    /// # Errors
    /// If there is no such column, or it holds something else.
    pub fn maybe(&self, column: &str) -> Result<Option<f64>, PlotError> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(PlotError::Value {
                path: self.table.path.clone(),
                line: self.at + 2,
                column: column.into(),
                text: text.into(),
            }),
        }
    }

    /// The number in a column.
    ///
    /// # Errors
    /// If there is no such column, or it holds no number.
    pub fn number(&self, column: &str) -> Result<f64, PlotError> {
        self.maybe(column)?.ok_or_else(|| PlotError::Value {
            path: self.table.path.clone(),
            line: self.at + 2,
            column: column.into(),
            text: String::new(),
        })
    }
}
