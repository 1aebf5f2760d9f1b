//! The report: one HTML file with tables and figures, no scripts, nothing fetched, fit for print.
//!
//! Everything in it is read from the files of a run; words and numbers are put together here,
//! their markup in `templates/`. Whatever a template prints is escaped, so a name from a user's
//! file stays text.

use std::fs;
use std::path::Path;

use minijinja::Environment;
use minijinja::value::Serde;

use crate::plot::manifest::Manifest;
use crate::plot::measured::Measured;
use crate::plot::paint::escape;
use crate::plot::run::Run;
use crate::plot::validation::Validation;
use crate::plot::{Figure, PlotError, series, words};

pub mod answer;
pub mod asked;
pub mod calibrate_net;
pub mod calibration;
pub mod compare;
pub mod document;
mod estimates;
pub mod functions;
pub mod judging;
pub mod life;
pub mod loss;
pub mod place;
pub mod provenance;
pub mod request;
pub mod results;
pub mod scenario;
pub mod together;
pub mod validate;
pub mod verdict;
pub mod workload;

use document::Page;

/// Writes `report.html` for the run in `dir`, with the figures that were drawn from it.
///
/// # Errors
/// If a file of the run is missing or broken, or the report cannot be written.
pub fn write(dir: &Path, figures: &[Figure]) -> Result<(), PlotError> {
    of_transfers(dir, &Run::read(dir)?, &Manifest::read(dir)?, figures)
}

/// The same of a run that has been read.
///
/// # Errors
/// If parameters.csv is broken, or the report cannot be written.
pub fn of_transfers(
    dir: &Path,
    run: &Run,
    manifest: &Manifest,
    figures: &[Figure],
) -> Result<(), PlotError> {
    let plan = series::plan(run);
    let mut sections = Vec::new();
    sections.extend(asked::reported(manifest, figures));
    sections.extend(request::steps(run, figures));
    sections.push(results::goodput(run, &plan, figures));
    sections.extend(together::section(run));
    sections.push(loss::returned(run, &plan));
    sections.extend(life::section(run, &plan, figures));
    sections.push(loss::taken(run, &plan, figures));
    sections.extend(asked::assumptions(manifest, figures));
    sections.push(provenance::parameters(dir, manifest)?);
    sections.push(asked::manifest(manifest));
    let answer = answer::sentences(run, &plan, manifest);
    save(dir, &of_run(manifest, answer, sections))
}

/// Writes `report.html` for the workloads that ran in `dir`.
///
/// # Errors
/// If a file of the run is missing or broken, or the report cannot be written.
pub fn workloads(dir: &Path) -> Result<(), PlotError> {
    let manifest = Manifest::read(dir)?;
    let mut sections = workload::sections(dir)?;
    sections.push(provenance::parameters(dir, &manifest)?);
    sections.push(asked::manifest(&manifest));
    let answer = workload::answer(dir)?;
    save(dir, &of_run(&manifest, answer, sections))
}

/// Writes `report.html` for the validation in `dir`.
///
/// # Errors
/// If validate.csv is missing or broken, or the report cannot be written.
pub fn validation(dir: &Path, figures: &[Figure]) -> Result<(), PlotError> {
    save(dir, &validate::page(&Validation::read(dir)?, figures))
}

/// Writes `report.html` for the calibration of `machine` in `dir`.
///
/// # Errors
/// If a file of the calibration is missing or broken, or the report cannot be written.
pub fn calibrate_net(dir: &Path, machine: &str, figures: &[Figure]) -> Result<(), PlotError> {
    save(dir, &calibrate_net::page(dir, machine, figures)?)
}

/// Writes `report.html` for the comparison in `dir`, measured on `machine`.
///
/// # Errors
/// If compare.csv is missing or broken, or the report cannot be written.
pub fn comparison(dir: &Path, machine: &str, figures: &[Figure]) -> Result<(), PlotError> {
    save(dir, &compare::page(&Measured::comparison(dir)?, machine, figures))
}

/// Writes `report.html` for the judged GPU in `dir`; `told` says what was compared with what.
///
/// # Errors
/// If a table is missing or broken, or the report cannot be written.
pub fn judging(
    dir: &Path,
    told: &[String],
    simulated: bool,
    figures: &[Figure],
) -> Result<(), PlotError> {
    save(dir, &judging::page(dir, told, simulated, figures)?)
}

/// Writes `report.html` for the placements in `dir`; `about` says what was placed, `answer` what
/// came of it.
///
/// # Errors
/// If summary.csv is missing or broken, or the report cannot be written.
pub fn placement(
    dir: &Path,
    about: &str,
    answer: &[String],
    figures: &[Figure],
) -> Result<(), PlotError> {
    save(dir, &place::page(dir, about, answer, figures)?)
}

/// Writes `report.html` for the functions in `dir`; `about` says what was run, `answer` what came
/// of it.
///
/// # Errors
/// If a table is missing or broken, or the report cannot be written.
pub fn functions(
    dir: &Path,
    about: &str,
    answer: &[String],
    figures: &[Figure],
) -> Result<(), PlotError> {
    save(dir, &functions::page(dir, about, answer, figures)?)
}

/// Writes `report.html` for the scenario in `dir`; `about` says what was run, `answer` what came of
/// it.
///
/// # Errors
/// If a table is missing or broken, or the report cannot be written.
pub fn scenario(
    dir: &Path,
    about: &str,
    answer: &[String],
    figures: &[Figure],
) -> Result<(), PlotError> {
    save(dir, &scenario::page(dir, about, answer, figures)?)
}

/// Writes `report.html` for the calibration of a GPU in `dir`.
///
/// # Errors
/// If findings.csv or points.csv is missing or broken, or the report cannot be written.
pub fn calibration(dir: &Path, figures: &[Figure]) -> Result<(), PlotError> {
    save(dir, &calibration::page(dir, figures)?)
}

/// The page of a run, whatever it ran.
fn of_run(manifest: &Manifest, answer: Vec<String>, sections: Vec<document::Section>) -> Page {
    Page {
        title: title(manifest),
        version: manifest.whole["podpath"].as_str().unwrap_or("").into(),
        about: manifest.said("about").into(),
        warning: asked::warning(manifest),
        answer,
        sections,
    }
}

fn title(manifest: &Manifest) -> String {
    match manifest.said("name") {
        "" => "Run".into(),
        name => name.into(),
    }
}

fn save(dir: &Path, page: &Page) -> Result<(), PlotError> {
    let path = dir.join("report.html");
    let html = render(page).map_err(|error| PlotError::file(&path, &error))?;
    fs::write(&path, html).map_err(|error| PlotError::file(&path, &error))
}

fn render(page: &Page) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment.add_filter("unbroken", |text: &str| words::unbroken(text));
    environment.add_template("report.html", include_str!("../templates/report.html"))?;
    environment.add_template("parts.html", include_str!("../templates/parts.html"))?;
    environment.add_template("style.css", include_str!("../templates/style.css"))?;
    environment.get_template("report.html")?.render(Serde(page))
}

/// The sections' figures by their names, those that were drawn.
fn pick(figures: &[Figure], names: &[&str]) -> Vec<document::Drawing> {
    let named = |name: &&str| figures.iter().find(|figure| figure.name == **name);
    names.iter().filter_map(named).map(document::Drawing::of).collect()
}

#[cfg(test)]
mod tests;
