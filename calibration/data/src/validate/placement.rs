//! How full policies make a cluster.

use models::input::InputError;

use super::Verdict;
use super::points::Placed;
use super::report::{Comparison, Report, Use};
use crate::family::Family;
use crate::file::{DataFile, Row};
use crate::placement::{CHOSEN_ON, Figure, Predictions};

/// Adds every row of a table of placements to a report.
///
/// # Errors
/// If a row is malformed, or what it is predicted from is missing.
pub(super) fn judge(file: &DataFile, report: &mut Report) -> Result<(), InputError> {
    let predictions = Predictions::of(file)?;
    for row in file.rows() {
        let figure = predictions.figure(&row)?;
        let [workload, policy, percent] =
            ["workload", "policy", "arrived_percent"].map(|column| row.cell(column).unwrap_or(""));
        let decimals = row.decimals("allocated_percent_mean").max(3);
        let measured = row.positive("allocated_percent_mean")?;
        let compared =
            Comparison::new("allocated", "percent", measured, figure.allocated, decimals)
                .with_interval(figure.interval);
        report.placements.push(Placed {
            workload: workload.to_owned(),
            policy: policy.to_owned(),
            arrived_percent: percent.to_owned(),
            allocated: (compared.measured, compared.predicted),
            fragmented: fragmented(&row, &figure)?,
        });
        let label = format!("{workload} {policy} {percent}");
        let outcome = Ok(vec![compared]);
        let seen = CHOSEN_ON.contains(&workload);
        let used = if seen { Use::Calibration } else { Use::Holdout };
        report.add(&row, Verdict { family: Family::Placement, label, outcome }, used);
    }
    Ok(())
}

/// What is fragmented, measured and predicted, if the table has it.
fn fragmented(row: &Row<'_>, figure: &Figure) -> Result<Option<(f64, f64)>, InputError> {
    const COLUMN: &str = "fragmented_percent_mean";
    let Some(text) = row.cell(COLUMN) else { return Ok(None) };
    let value: Option<f64> = text.parse().ok();
    let percent = value.filter(|value| (0.0..=100.0).contains(value)).ok_or_else(|| {
        row.fault(COLUMN, format!("`{text}` is no percentage")).help("0 to 100, or nothing")
    })?;
    Ok(Some((percent, figure.fragmented)))
}
