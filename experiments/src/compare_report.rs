//! Figures, report and verdict of a comparison, drawn from the compare.csv that it left.

use std::path::Path;

use crate::failure::Failure;
use crate::plot::measured::Measured;
use crate::plot::{self, Figure};
use crate::report;
use crate::verdict::Verdict;

/// Draws the comparison in `folder`, measured on `machine`, into plots/ and report.html.
///
/// # Errors
/// If compare.csv is missing or broken, or something cannot be written.
pub fn write(folder: &Path, machine: &str) -> Result<Vec<Figure>, Failure> {
    let drawing = |error| Failure::run("drawing the comparison", error);
    let figures = plot::compare(folder).map_err(drawing)?;
    report::comparison(folder, machine, &figures).map_err(drawing)?;
    Ok(figures)
}

/// The verdict on the comparison in `folder` as data, and as sentences for people.
///
/// # Errors
/// If compare.csv is missing or broken.
pub fn verdict(folder: &Path) -> Result<(Verdict, Vec<String>), Failure> {
    let read = Measured::comparison(folder);
    let measured = read.map_err(|error| Failure::run("reading the comparison", error))?;
    let verdict = measured.verdict();
    let sentences = report::compare::sentences(&verdict, measured.rounds());
    Ok((verdict, sentences))
}
