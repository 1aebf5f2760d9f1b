//! The results of a sweep over transfers.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::Job;
use super::finish::{seal, tell_rest, widening, write_provenance};
use super::told::{Rows, Told};
use crate::console::Console;
use crate::digest::Digest;
use crate::failure::Failure;
use crate::figures::Figures;
use crate::interval::{KEPT_POINTS_MAX, causes, compared};
use crate::journal::Finished;
use crate::output::Staging;
use crate::plot::manifest::Manifest;
use crate::plot::run::Run;
use crate::plot::shown::{ROWS_MAX, Shown, Spot};
use crate::sweep::Results;
use crate::{effect, interrupt, manifest, overview, plot, record, report};

/// Of more results than this, an interrupted run leaves tables and no report: that would take
/// longer than somebody waits who has asked it to stop.
const REPORTED_MAX: usize = 1_000;
/// With more points than this, figures are PNG files only if that is asked for.
const PNG_POINTS_MAX: usize = 1_000;

/// Writes the results, puts them in place, and says what they are.
pub(super) fn finish<'a>(
    out: &Path,
    staging: Staging,
    finished: Finished,
    job: Job<'a>,
    console: &Console,
) -> Result<Option<Told<'a>>, Failure> {
    let Job { experiment, plan, .. } = job;
    let results = Results { experiment, plan, finished };
    let stage = staging.path();
    let shown = Part::of(&staging, &results)?;
    let holds = |point| shown.shown.holds(point);
    let part = shown.folder.as_deref().map(|folder| (folder, &holds as &dyn Fn(usize) -> bool));
    let figures = results.write(stage, part)?;
    let mut manifest = manifest_of(&results, &figures)?;
    let transfers = experiment.transfers.len();
    let digest = |row: usize| Ok(results.digests(row / transfers)?.swap_remove(row % transfers));
    let notes = effect::all(experiment, plan, &figures, &digest)?;
    // Pictures take their place in memory.
    drop(figures);
    write_provenance(stage, experiment, plan, &manifest)?;
    if job.options.intervals && plan.len() <= KEPT_POINTS_MAX {
        let all = results.some(|_| true)?;
        let keyed = record::keyed(experiment, plan, all.iter().map(|(at, of)| (*at, of)));
        compared::write(stage, experiment, plan, &keyed)?;
    }
    let wide = widening(stage, experiment, plan, job.options.intervals)?;
    let png = job.png || plan.len() <= PNG_POINTS_MAX;
    draw(stage, &mut manifest, (&results, shown), png)?;
    seal(stage, &mut manifest, job)?;
    staging.commit(manifest["complete"] == false)?;
    let widest = causes::sentence(experiment, plan, &wide);
    tell(out, &manifest, (&results, widest), console)?;
    for note in notes {
        console.note(&format!("note: {note}"));
    }
    let rows = Rows::Transfers(results);
    Ok(console.json.then(|| Told { out: out.to_owned(), manifest, rows }))
}

/// The manifest of what is finished.
fn manifest_of(results: &Results<'_>, figures: &Figures) -> Result<Value, Failure> {
    let (experiment, plan) = (results.experiment, results.plan);
    let is_reported = |number: usize| {
        let reported = &experiment.reported;
        !reported.is_empty() && {
            let point = plan.point(number);
            reported.iter().any(|reported| experiment.matches(reported, &point))
        }
    };
    let reported = results.some(is_reported)?;
    let keyed = record::keyed(experiment, plan, reported.iter().map(|(at, of)| (*at, of)));
    let done = (results.finished.len(), figures);
    Ok(manifest::manifest(experiment, plan, done, &keyed)?)
}

/// What figures and report show: all points, or those whose rows are in a folder of their own.
struct Part {
    shown: Shown,
    folder: Option<PathBuf>,
}

impl Part {
    fn of(staging: &Staging, results: &Results<'_>) -> Result<Part, Failure> {
        let (points, rows) = (results.finished.len(), results.rows());
        if rows <= ROWS_MAX {
            return Ok(Part { shown: Shown::all(points), folder: None });
        }
        let spot = |at: usize| {
            let number = results.finished.number(at);
            let point = results.plan.point(number);
            let largest = point.transfers.iter().map(|transfer| transfer.message.get()).max();
            Spot { number, topology: point.topology, message_b: largest.unwrap_or(0) }
        };
        let spots: Vec<Spot> = (0..points).into_par_iter().map(spot).collect();
        let shown = Shown::among(&spots, rows);
        if shown.is_all() {
            return Ok(Part { shown, folder: None });
        }
        let folder = staging.beside("shown");
        let made = std::fs::remove_dir_all(&folder);
        let made = made.or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        made.and_then(|()| std::fs::create_dir(&folder))
            .map_err(|error| Failure::run(format!("writing {}", folder.display()), error))?;
        Ok(Part { shown, folder: Some(folder) })
    }
}

/// Draws the figures and writes the report. What is left out because the user does not wait for it
/// makes the run incomplete, as its manifest then says.
fn draw(
    stage: &Path,
    manifest: &mut Value,
    (results, part): (&Results<'_>, Part),
    png: bool,
) -> Result<(), Failure> {
    let drawing = |error| Failure::run("drawing the figures", error);
    let waits = || !interrupt::asked() || results.rows() <= REPORTED_MAX;
    if waits() {
        let folder = part.folder.as_deref().unwrap_or(stage);
        let run = Run::read_shown(folder, Some(part.shown)).map_err(drawing)?;
        let mut read = Manifest::read(stage).map_err(drawing)?;
        let figures = plot::of_run(stage, &run, &read, png, &interrupt::asked).map_err(drawing)?;
        if interrupt::asked() {
            read.whole["complete"] = false.into();
        }
        if waits() {
            report::of_transfers(stage, &run, &read, &figures)
                .map_err(|error| Failure::run("writing the report", error))?;
        }
    }
    if let Some(folder) = part.folder {
        // What stays of it goes with everything that is beside the results.
        let _ = std::fs::remove_dir_all(folder);
    }
    if interrupt::asked() {
        manifest["complete"] = false.into();
    }
    Ok(())
}

/// Prints the table and where the rest is.
fn tell(
    out: &Path,
    manifest: &Value,
    (results, widest): (&Results<'_>, Option<String>),
    console: &Console,
) -> Result<(), Failure> {
    if console.json || console.quiet {
        return Ok(());
    }
    let (experiment, plan) = (results.experiment, results.plan);
    let all = results.finished.numbers();
    let all = all.flat_map(|number| (0..experiment.transfers.len()).map(move |of| (number, of)));
    let chosen = overview::chosen(experiment, plan, all.collect());
    let left_out = results.rows() - chosen.len();
    let digests: Vec<Digest> = chosen
        .iter()
        .map(|(number, transfer)| Ok(results.of_point(*number)?.swap_remove(*transfer)))
        .collect::<Result<_, Failure>>()?;
    let keyed: Vec<record::Keyed<'_>> = chosen
        .iter()
        .zip(&digests)
        .map(|((point, transfer), digest)| record::Keyed {
            point: *point,
            transfer: *transfer,
            cells: record::key_cells(experiment, plan, *point, *transfer),
            digest,
        })
        .collect();
    console.print_table(overview::overview(plan, &keyed))?;
    if left_out > 0 {
        console
            .print(&format!("{left_out} more rows in {}\n", out.join("summary.csv").display()))?;
    }
    let more = [overview::collectives(plan, &keyed), overview::patterns(plan, &keyed)];
    for table in more.into_iter().flatten() {
        console.print("\n")?;
        console.print_table(table)?;
    }
    if let Some(widest) = widest {
        console.print(&format!("{widest}\n"))?;
    }
    let reported = Manifest::of(manifest.clone()).reported();
    if let Some(table) = overview::reported::table(&reported) {
        console.print("\n")?;
        console.print_table(table)?;
    }
    tell_rest(out, manifest, console)
}
