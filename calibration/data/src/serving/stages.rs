//! How long stages of serving take: quantiles, `stage,rows,mean_ms,q01_ms … q99_ms`.

use models::function::Quantiles;
use models::input::{InputError, suggest};

use super::amount;
use crate::file::{DataFile, Row};
use crate::placement::require;
use crate::published;

/// The columns of quantiles, and what part of all lies below each.
const COLUMNS: [(&str, f64); 9] = [
    ("q01_ms", 0.01),
    ("q05_ms", 0.05),
    ("q10_ms", 0.10),
    ("q25_ms", 0.25),
    ("q50_ms", 0.50),
    ("q75_ms", 0.75),
    ("q90_ms", 0.90),
    ("q95_ms", 0.95),
    ("q99_ms", 0.99),
];
/// The table that ships.
const SHIPPED: &str = "serving/gpu_serving_stage_times.csv";

/// Stages with their quantiles \[s\].
#[derive(Clone, Debug, PartialEq)]
pub struct Stages {
    known: Vec<(String, Quantiles)>,
    name: String,
}

impl Stages {
    /// The names of the stages.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.known.iter().map(|(name, _)| name.as_str())
    }

    /// The quantiles of a stage \[s\].
    ///
    /// # Errors
    /// If there is no such stage.
    pub fn get(&self, stage: &str) -> Result<&Quantiles, InputError> {
        let found = self.known.iter().find(|(name, _)| name == stage);
        found.map(|(_, quantiles)| quantiles).ok_or_else(|| {
            InputError::new(&self.name, format!("has no stage `{stage}`"))
                .help(suggest(stage, self.names()))
        })
    }
}

/// Reads a table of stages.
///
/// # Errors
/// If a column is missing, a number is none, quantiles descend, or a stage appears twice.
pub fn stages(file: &DataFile) -> Result<Stages, InputError> {
    let columns: Vec<&str> =
        ["stage"].into_iter().chain(COLUMNS.iter().map(|(name, _)| *name)).collect();
    require(file, &columns)?;
    let mut known: Vec<(String, Quantiles)> = Vec::new();
    for row in file.rows() {
        let name = row.text("stage")?;
        if known.iter().any(|(other, _)| other == name) {
            return Err(row.fault("stage", format!("`{name}` appears twice")).help("each once"));
        }
        known.push((name.to_owned(), quantiles(&row)?));
    }
    Ok(Stages { known, name: file.source().name.clone() })
}

/// The table that ships.
///
/// # Errors
/// If it is malformed, which tests rule out.
pub fn shipped_stages() -> Result<Stages, InputError> {
    stages(&published::table(SHIPPED)?)
}

fn quantiles(row: &Row<'_>) -> Result<Quantiles, InputError> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (column, part) in COLUMNS {
        let seconds = amount(row, column, "time")? / 1000.0;
        if let Some((_, before)) = points.last().filter(|(_, before)| *before > seconds) {
            let problem = format!("{} ms is less than the quantile before it", 1000.0 * seconds);
            return Err(row.fault(column, problem).help(format!("{} or more", 1000.0 * before)));
        }
        points.push((part, seconds));
    }
    Ok(Quantiles::new(points).expect("both ascend"))
}
