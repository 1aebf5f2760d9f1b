//! Which profiles a topology stands on: for the manifest's hashes and the table of parameters.

use std::collections::BTreeSet;
use std::path::Path;

use models::library::Kind;

use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::record::write_table;

/// Every library entry that some cluster of the plan was made from.
pub(crate) fn used(plan: &Plan) -> BTreeSet<(Kind, String)> {
    plan.worlds.iter().flat_map(|world| world.cluster.used.iter().cloned()).collect()
}

/// Writes `parameters.csv`: every line of every profile that is used, as its file gives it.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(folder: &Path, experiment: &Experiment, plan: &Plan) -> Result<(), Failure> {
    let header = ["kind", "profile", "parameter", "value", "unit", "low", "high", "how", "source"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for (kind, name) in used(plan).iter().filter(|(kind, _)| kind.is_profile()) {
        for row in experiment.library.profile(*kind, name)?.rows() {
            let bound = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            rows.push(vec![
                kind.folder().into(),
                name.clone(),
                row.parameter.clone(),
                row.value.to_string(),
                row.unit.clone(),
                bound(row.low),
                bound(row.high),
                format!("{:?}", row.how).to_lowercase(),
                row.source.clone(),
            ]);
        }
    }
    write_table(&folder.join("parameters.csv"), rows.into_iter())
}
