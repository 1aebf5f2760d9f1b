//! Figures and report of a calibration, drawn from the files that it left.

use std::path::Path;

use crate::failure::Failure;
use crate::plot::{self, Figure};
use crate::report;

/// Draws the calibration in `folder`, which was made on `machine`, into plots/ and report.html.
///
/// # Errors
/// If the profile or residuals.csv is missing or broken, or something cannot be written.
pub fn write(folder: &Path, machine: &str) -> Result<Vec<Figure>, Failure> {
    let drawing = |error| Failure::run("drawing the calibration", error);
    let figures = plot::calibrate_net(folder).map_err(drawing)?;
    report::calibrate_net(folder, machine, &figures).map_err(drawing)?;
    Ok(figures)
}
