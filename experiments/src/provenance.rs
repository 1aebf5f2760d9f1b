//! Which profiles a topology stands on: for the manifest's hashes and the table of parameters.

use std::collections::BTreeSet;
use std::path::Path;

use models::library::Kind;
use serde::{Deserialize, Serialize};

use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::record::write_rows;

/// `parameters.csv`: one row per line of a profile.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ParameterRow {
    pub(crate) kind: String,
    pub(crate) profile: String,
    pub(crate) parameter: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) how: String,
    pub(crate) source: String,
}

impl ParameterRow {
    /// The table's file.
    pub(crate) const FILE: &str = "parameters.csv";
}

/// Every library entry that some cluster of the plan was made from.
pub(crate) fn used(plan: &Plan) -> BTreeSet<(Kind, String)> {
    plan.worlds.iter().flat_map(|world| world.cluster.used.iter().cloned()).collect()
}

/// Writes `parameters.csv`: every line of every profile that is used, as its file gives it.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(folder: &Path, experiment: &Experiment, plan: &Plan) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (kind, name) in used(plan).iter().filter(|(kind, _)| kind.is_profile()) {
        for row in experiment.library.profile(*kind, name)?.rows() {
            rows.push(ParameterRow {
                kind: kind.folder().into(),
                profile: name.clone(),
                parameter: row.parameter.clone(),
                value: row.value,
                unit: row.unit.clone(),
                low: row.low,
                high: row.high,
                how: row.how.word().into(),
                source: row.source.clone(),
            });
        }
    }
    write_rows(&folder.join(ParameterRow::FILE), &rows)
}
