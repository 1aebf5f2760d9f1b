//! The result of a validation: every row, and the errors of each family.

use serde::{Serialize, Serializer};

use super::Verdict;
use super::points::{Placed, Points};
use super::serving::Told;
use crate::coverage::{Coverage, Covered};
use crate::family::Family;
use crate::file::Row;
use crate::quantile::{ninety, of_sorted};

/// Whether a shipped profile has seen a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// A profile was fitted to it: its error says how well the model can describe it.
    Calibration,
    /// No profile was: its error says how well the model predicts.
    Holdout,
}

/// A measured value beside its prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What was measured: `goodput`, `write`.
    pub quantity: &'static str,
    /// The unit of both values.
    pub unit: &'static str,
    /// The published value.
    pub measured: f64,
    /// The prediction, in the digits that the published value has.
    pub predicted: f64,
    /// Where 90 % of draws of what is unknown put it, in the same digits: low and high end; none
    /// where nothing is unknown.
    pub interval: Option<(f64, f64)>,
    #[serde(skip)]
    decimals: usize,
}

impl Comparison {
    /// Compares a prediction with a value that is printed with so many decimals.
    pub fn new(
        quantity: &'static str,
        unit: &'static str,
        measured: f64,
        predicted: f64,
        decimals: usize,
    ) -> Comparison {
        let printed = format!("{predicted:.decimals$}");
        let predicted = printed.parse().expect("a number was printed");
        Comparison { quantity, unit, measured, predicted, interval: None, decimals }
    }

    /// The same with what each of several draws predicts.
    pub fn with_draws(self, draws: &[f64]) -> Comparison {
        self.with_interval(ninety(draws))
    }

    /// The same with the ends of an interval.
    pub fn with_interval(self, (low, high): (f64, f64)) -> Comparison {
        let printed = |end: f64| {
            let decimals = self.decimals;
            format!("{end:.decimals$}").parse().expect("a number was printed")
        };
        Comparison { interval: Some((printed(low), printed(high))), ..self }
    }

    /// (predicted − measured) ÷ measured.
    pub fn relative_error(&self) -> f64 {
        (self.predicted - self.measured) / self.measured
    }
}

/// A row that was predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its family.
    pub family: Family,
    /// The file it stands in.
    pub file: String,
    /// Its number in that file, counted from one without the header.
    pub row: usize,
    /// A short name: `calico-vpp dtm`.
    pub label: String,
    /// Whether a profile was fitted to it.
    pub used: Use,
    /// Every compared figure of the row; at least one.
    pub comparisons: Vec<Comparison>,
}

impl Judged {
    /// The figure with the largest absolute error, which is the row's error.
    pub fn worst(&self) -> &Comparison {
        let error = |c: &Comparison| c.relative_error().abs();
        let worst = self.comparisons.iter().max_by(|a, b| error(a).total_cmp(&error(b)));
        worst.expect("a judged row has a comparison")
    }
}

/// A row that was not predicted, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped {
    /// Its family.
    pub family: Family,
    /// The file it stands in.
    pub file: String,
    /// Its number in that file, counted from one without the header.
    pub row: usize,
    /// A short name.
    pub label: String,
    /// Why it was not predicted, as a clause.
    pub why: String,
}

/// Every row of a validation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Rows that were predicted, in the order of files and rows.
    pub judged: Vec<Judged>,
    /// Rows that were not.
    pub skipped: Vec<Skipped>,
    /// Those of the judged rows that are about placements.
    pub placements: Vec<Placed>,
    /// Traces of served requests.
    pub served: Vec<Told>,
}

impl Report {
    pub(super) fn add(&mut self, row: &Row<'_>, verdict: Verdict, used: Use) {
        let Verdict { family, label, outcome } = verdict;
        let (file, row) = (row.file_name().to_owned(), row.number);
        match outcome {
            Ok(comparisons) => {
                self.judged.push(Judged { family, file, row, label, used, comparisons });
            }
            Err(why) => self.skipped.push(Skipped { family, file, row, label, why }),
        }
    }

    /// The errors of each family that has rows, over all its rows.
    pub fn families(&self) -> Vec<Summary> {
        Family::ALL.into_iter().filter_map(|family| self.family(family, None)).collect()
    }

    /// The errors of one family over the rows of one use, or of both; `None` if it has no rows.
    pub fn family(&self, family: Family, used: Option<Use>) -> Option<Summary> {
        let of_use = |row: &&Judged| row.family == family && used.is_none_or(|u| row.used == u);
        let judged: Vec<&Judged> = self.judged.iter().filter(of_use).collect();
        let skipped = match used {
            None => self.skipped.iter().filter(|row| row.family == family).count(),
            Some(_) => 0,
        };
        let rows = judged.len() + skipped;
        (rows > 0).then(|| Summary {
            family,
            rows,
            predicted: judged.len(),
            errors: Errors::of(&judged),
            coverage: coverage(&judged),
        })
    }
}

/// How far predictions are off: quantiles of the absolute relative error over rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// Half of the rows are nearer.
    pub median: f64,
    /// Nine of ten rows are nearer.
    pub p90: f64,
    /// No row is farther.
    pub worst: f64,
    /// The row that is farthest.
    pub worst_row: Judged,
}

impl Errors {
    fn of(judged: &[&Judged]) -> Option<Errors> {
        let error = |row: &Judged| row.worst().relative_error().abs();
        let mut errors: Vec<f64> = judged.iter().map(|row| error(row)).collect();
        errors.sort_by(f64::total_cmp);
        let worst_row = judged.iter().max_by(|a, b| error(a).total_cmp(&error(b)))?;
        Some(Errors {
            median: of_sorted(&errors, 0.5),
            p90: of_sorted(&errors, 0.9),
            worst: *errors.last()?,
            worst_row: (*worst_row).clone(),
        })
    }
}

/// How good the intervals of figures are; those of one set-up or GPU err together.
fn coverage(judged: &[&Judged]) -> Option<Coverage> {
    let figures = judged.iter().flat_map(|row| {
        let cluster = row.label.split(' ').next().unwrap_or("");
        row.comparisons.iter().filter_map(move |figure| {
            let (low, high) = figure.interval.filter(|(low, _)| *low > 0.0)?;
            Some(Covered { cluster, measured: figure.measured, low, high })
        })
    });
    Coverage::of(&figures.collect::<Vec<_>>())
}

/// A family's line of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The family.
    pub family: Family,
    /// Its rows.
    pub rows: usize,
    /// How many of them were predicted.
    pub predicted: usize,
    /// Their errors, if there were any.
    pub errors: Option<Errors>,
    /// How good their intervals are, if they have any; clusters are set-ups and GPUs.
    pub coverage: Option<Coverage>,
}

/// The worst row as JSON.
#[derive(Serialize)]
struct WorstRow<'a> {
    file: &'a str,
    row: usize,
    label: &'a str,
    used: Use,
    quantity: &'a str,
    unit: &'a str,
    measured: f64,
    predicted: f64,
    rel_error: f64,
}

impl<'a> From<&'a Judged> for WorstRow<'a> {
    fn from(row: &'a Judged) -> WorstRow<'a> {
        let worst = row.worst();
        WorstRow {
            file: &row.file,
            row: row.row,
            label: &row.label,
            used: row.used,
            quantity: worst.quantity,
            unit: worst.unit,
            measured: worst.measured,
            predicted: worst.predicted,
            rel_error: worst.relative_error(),
        }
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            family: Family,
            rows: usize,
            predicted: usize,
            median_abs_rel_error: Option<f64>,
            p90_abs_rel_error: Option<f64>,
            worst_abs_rel_error: Option<f64>,
            worst_row: Option<WorstRow<'a>>,
            coverage_90: Option<f64>,
            coverage_90_low: Option<f64>,
            coverage_90_high: Option<f64>,
            median_width: Option<f64>,
            mean_interval_score: Option<f64>,
        }
        let errors = self.errors.as_ref();
        Line {
            family: self.family,
            rows: self.rows,
            predicted: self.predicted,
            median_abs_rel_error: errors.map(|e| e.median),
            p90_abs_rel_error: errors.map(|e| e.p90),
            worst_abs_rel_error: errors.map(|e| e.worst),
            worst_row: errors.map(|e| (&e.worst_row).into()),
            coverage_90: self.coverage.map(|own| own.coverage_90),
            coverage_90_low: self.coverage.map(|own| own.coverage_90_low),
            coverage_90_high: self.coverage.map(|own| own.coverage_90_high),
            median_width: self.coverage.map(|own| own.median_width),
            mean_interval_score: self.coverage.map(|own| own.mean_interval_score),
        }
        .serialize(to)
    }
}

/// `{"families": […], "rows_skipped": [{"row": n, "why": "…"}]}`, `"placement"` if there are
/// placements, and `"serving"` if there are served requests.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line {
            row: usize,
            why: String,
        }
        #[derive(Serialize)]
        struct Whole {
            families: Vec<Summary>,
            rows_skipped: Vec<Line>,
            #[serde(skip_serializing_if = "Option::is_none")]
            placement: Option<Points>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            serving: Vec<Told>,
        }
        let line = |row: &Skipped| {
            let why = format!("{}, {} {}: {}", row.file, row.family.name(), row.label, row.why);
            Line { row: row.row, why }
        };
        let rows_skipped = self.skipped.iter().map(line).collect();
        let placement = Points::of(&self.placements);
        let serving = self.served.clone();
        Whole { families: self.families(), rows_skipped, placement, serving }.serialize(to)
    }
}

#[cfg(test)]
mod tests;
