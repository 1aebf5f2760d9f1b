//! `compare.csv` behind its keys: one row per figure of every transfer that was measured.

use serde::{Deserialize, Serialize};

/// A figure, measured and predicted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FigureRow {
    pub(crate) figure: String,
    pub(crate) rounds: usize,
    pub(crate) measured_median: Option<f64>,
    pub(crate) measured_low_quartile: Option<f64>,
    pub(crate) measured_high_quartile: Option<f64>,
    pub(crate) predicted: Option<f64>,
}

/// A figure, and what a comparison says of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CompareRow {
    #[serde(rename = "")]
    pub(crate) of: FigureRow,
    pub(crate) relative_error: Option<f64>,
    pub(crate) inside_spread: Option<bool>,
    pub(crate) method: String,
    pub(crate) predicted_low: Option<f64>,
    pub(crate) predicted_high: Option<f64>,
}

impl CompareRow {
    /// The table's file.
    pub(crate) const FILE: &str = "compare.csv";
    /// How many columns a table had before predictions had intervals.
    pub(super) const WITHOUT_INTERVAL: usize = 9;
}
