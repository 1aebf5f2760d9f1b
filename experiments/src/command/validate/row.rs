//! A row of what `podpath validate` writes.

use serde::{Deserialize, Serialize};

/// `validate.csv`: one row per value that was judged, and per row that was skipped.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ValidateRow {
    pub(crate) family: String,
    pub(crate) file: String,
    pub(crate) row: usize,
    pub(crate) label: String,
    pub(crate) measured: Option<f64>,
    pub(crate) predicted: Option<f64>,
    pub(crate) unit: String,
    pub(crate) rel_error: Option<f64>,
    pub(crate) used: String,
    pub(crate) skipped_why: String,
    pub(crate) predicted_low: Option<f64>,
    pub(crate) predicted_high: Option<f64>,
}

impl ValidateRow {
    /// The table's file.
    pub(crate) const FILE: &str = "validate.csv";
}
