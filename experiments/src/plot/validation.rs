//! What `podpath validate` left in its folder, as figures and report read it.

use std::path::Path;

use super::PlotError;
use super::run::distinct;
use super::table::Table;
use super::words;
use crate::command::ValidateRow;
use crate::verdict::quantile;

/// A published row beside its prediction.
#[derive(Clone, Debug)]
pub struct Check {
    /// Which family it belongs to: `cni_tcp`.
    pub family: String,
    /// The file it stands in.
    pub file: String,
    /// Its row there, counted from one below the header.
    pub row: String,
    /// A short name.
    pub label: String,
    /// What was measured, in the family's unit.
    pub measured: f64,
    /// The quartiles of repeated measurements, where there are some, in the same unit.
    pub quartiles: Option<(f64, f64)>,
    /// What was predicted, in the same unit.
    pub predicted: f64,
    /// Their unit.
    pub unit: String,
    /// (predicted − measured) ÷ measured.
    pub error: f64,
    /// Whether no parameter was fitted to it.
    pub held_out: bool,
}

/// A published row that could not be predicted.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The file it stands in.
    pub file: String,
    /// Its row there.
    pub row: String,
    /// A short name.
    pub label: String,
    /// Why it was skipped.
    pub why: String,
}

/// The checks of one family.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// The unit of its values, empty if they differ.
    pub unit: String,
    /// Its rows in file order.
    pub checks: Vec<Check>,
}

/// All rows of a validation.
#[derive(Clone, Debug)]
pub struct Validation {
    /// The families in file order; those without a prediction are left out.
    pub families: Vec<Family>,
    /// What was skipped.
    pub skipped: Vec<Skipped>,
}

impl Validation {
    /// Reads validate.csv in `dir`.
    ///
    /// # Errors
    /// If it is missing or is not what `podpath validate` writes.
    pub fn read(dir: &Path) -> Result<Validation, PlotError> {
        let table = Table::read(dir, "validate.csv")?;
        let (mut checks, mut skipped) = (Vec::new(), Vec::new());
        for row in table.rows() {
            let row: ValidateRow = row.read()?;
            match (row.measured, row.predicted, row.rel_error) {
                (Some(measured), Some(predicted), Some(error)) => {
                    checks.push(check(row, measured, predicted, error));
                }
                _ => skipped.push(Skipped {
                    file: row.file,
                    row: row.row.to_string(),
                    label: row.label,
                    why: row.skipped_why,
                }),
            }
        }
        let family = |name: String| {
            let checks: Vec<Check> = checks.iter().filter(|c| c.family == name).cloned().collect();
            let units = distinct(checks.iter().map(|check| check.unit.clone()));
            let unit = if units.len() == 1 { units[0].clone() } else { String::new() };
            Family { name, unit, checks }
        };
        let names = distinct(checks.iter().map(|check| check.family.clone()));
        Ok(Validation { families: names.into_iter().map(family).collect(), skipped })
    }
}

fn check(row: ValidateRow, measured: f64, predicted: f64, error: f64) -> Check {
    // Rates of networks and memories read well in billions.
    let (unit, scale) = match row.unit.as_str() {
        "bit/s" => ("Gbit/s", 1e9),
        "B/s" => ("GB/s", 1e9),
        other => (other, 1.0),
    };
    Check {
        measured: measured / scale,
        quartiles: None,
        predicted: predicted / scale,
        unit: unit.into(),
        error,
        held_out: row.used != "calibration",
        family: row.family,
        file: row.file,
        row: row.row.to_string(),
        label: row.label,
    }
}

impl Family {
    /// How many rows of published files it stands for; a row may hold several values.
    pub fn rows(&self) -> usize {
        distinct(self.checks.iter().map(|check| (&check.file, &check.row))).len()
    }

    /// `58 rows`, or `714 rows (2142 values)` where rows hold several values.
    pub fn counted(&self) -> String {
        let (rows, values) = (words::count(self.rows(), "row"), self.checks.len());
        if self.rows() == values { rows } else { format!("{rows} ({values} values)") }
    }

    /// The median of the absolute relative errors.
    pub fn median_error(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The greatest absolute relative error.
    pub fn worst_error(&self) -> f64 {
        self.quantile(1.0)
    }

    /// A quantile of the absolute relative errors, between neighbours by straight line.
    pub fn quantile(&self, part: f64) -> f64 {
        quantile(self.checks.iter().map(|check| check.error.abs()), part)
    }

    /// The `count` rows that are farthest off, the worst first.
    pub fn worst(&self, count: usize) -> Vec<&Check> {
        let mut rows: Vec<&Check> = self.checks.iter().collect();
        rows.sort_by(|a, b| b.error.abs().total_cmp(&a.error.abs()));
        rows.truncate(count);
        rows
    }
}
