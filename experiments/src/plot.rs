//! Figures: drawn from the CSV files of a run, as SVG and PNG, with the fonts of this crate.
//!
//! A figure is a pure function from rows to a [`picture::Picture`]; `paint` puts a picture on any
//! back end of plotters. The same rows give the same bytes.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

mod busbw;
pub mod calibrate_net;
pub mod calibration;
pub mod comparison;
pub mod costs;
pub mod curves;
pub mod dots;
#[cfg(test)]
pub(crate) mod fixture;
pub mod frame;
pub mod functions;
pub mod graph;
pub mod ink;
pub mod judging;
pub mod key;
pub mod levels;
pub mod life;
pub mod lines;
pub mod manifest;
pub mod measured;
pub mod overlap;
pub mod paint;
pub mod picture;
pub mod placement;
pub mod raster;
pub mod reported;
pub mod run;
pub mod scale;
pub mod scatter;
pub mod scenario;
pub mod series;
pub mod shown;
pub mod sizes;
mod stages;
pub mod steps;
pub mod table;
pub mod topologies;
pub mod unknowns;
pub mod validation;
pub mod waterfall;
pub mod words;

use manifest::Manifest;
use measured::Measured;
use picture::Picture;
use run::Run;
use table::Table;
use validation::Validation;

/// A figure that was drawn and written.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its files are `plots/NAME.svg` and, where it was asked for, `plots/NAME.png`.
    pub name: String,
    /// What it shows, as a heading.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// What one would say of it to somebody who cannot see it.
    pub alternative: String,
    /// Its height on a screen \[px\].
    pub height: f64,
    /// The SVG document.
    pub svg: String,
}

/// Why figures or report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// A file could not be read, parsed or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// A CSV file lacks a column.
    #[error("{}: there is no column `{column}`", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column that is missing.
        column: String,
    },
    /// A field of a CSV file is not a number.
    #[error("{}:{line}: {column}: `{text}` is not a finite number", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// The column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A picture could not be drawn.
    #[error("a figure could not be drawn: {0}")]
    Drawing(String),
}

impl PlotError {
    /// An error about a whole file.
    pub fn file(path: &Path, problem: &dyn fmt::Display) -> PlotError {
        PlotError::File { path: path.to_owned(), problem: problem.to_string() }
    }

    /// An error of the drawing library.
    pub fn drawing(problem: impl fmt::Display) -> PlotError {
        PlotError::Drawing(problem.to_string())
    }
}

/// A picture with its words, before it is written.
struct Draft {
    name: &'static str,
    title: String,
    caption: String,
    alternative: String,
    picture: Picture,
}

/// Draws every figure that the run in `dir` has data for, and writes them to `plots/`.
///
/// # Errors
/// If a CSV file or the manifest is missing or broken, or a figure cannot be written.
pub fn all(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    of_run(dir, &Run::read(dir)?, &Manifest::read(dir)?, true, &|| false)
}

/// Draws every figure that a run has data for, and writes them to `plots/` in `dir`; as PNG too if
/// `png` says so. Those that have not been drawn when `stop` becomes true are left out.
///
/// # Errors
/// If a figure cannot be written.
pub fn of_run(
    dir: &Path,
    run: &Run,
    manifest: &Manifest,
    png: bool,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Figure>, PlotError> {
    let mut drafts = drafts(run, manifest, stop);
    drafts.extend(busbw::draft(dir)?);
    write_until(dir, drafts, png, stop)
}

/// Draws the figures of a validation, and writes them to `plots/`.
///
/// # Errors
/// If validate.csv is missing or broken, or a figure cannot be written.
pub fn validation(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    let validation = Validation::read(dir)?;
    if validation.families.is_empty() {
        return Ok(Vec::new());
    }
    let rows: usize = validation.families.iter().map(validation::Family::rows).sum();
    let draft = Draft {
        name: "predicted-vs-measured",
        title: "Predicted against measured".into(),
        caption: "Every published row that can be predicted. Nothing is fitted here: filled marks \
                  are rows that no parameter was fitted to, hollow marks are calibration rows."
            .into(),
        alternative: format!("Scatter of predictions against {rows} measured rows, by family."),
        picture: scatter::draw(&validation.families),
    };
    write(dir, vec![draft])
}

/// Draws the figures of a calibration of this host's network, and writes them to `plots/`.
///
/// # Errors
/// If the profile or residuals.csv is missing or broken, or a figure cannot be written.
pub fn calibrate_net(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, calibrate_net::drafts(&costs::read(dir)?, &Measured::residuals(dir)?))
}

/// Draws the figures of a comparison, and writes them to `plots/`.
///
/// # Errors
/// If compare.csv is missing or broken, or a figure cannot be written.
pub fn compare(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, comparison::drafts(&Measured::comparison(dir)?))
}

/// Draws the figures of placements, and writes them to `plots/`.
///
/// # Errors
/// If the table of placements is missing or broken, or a figure cannot be written.
pub fn placement(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, placement::drafts(dir)?)
}

/// Draws the figures of functions on pods, and writes them to `plots/`.
///
/// # Errors
/// If a table is broken, or a figure cannot be written.
pub fn functions(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, functions::drafts(dir)?)
}

/// Draws the figures of a scenario, and writes them to `plots/`.
///
/// # Errors
/// If a table is broken, or a figure cannot be written.
pub fn scenario(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, scenario::drafts(dir)?)
}

/// Draws the figures of a judged GPU, and writes them to `plots/`.
///
/// # Errors
/// If compare.csv or summary.csv is missing or broken, or a figure cannot be written.
pub fn judging(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, judging::drafts(dir)?)
}

/// Draws the figures of a GPU's calibration, and writes them to `plots/`.
///
/// # Errors
/// If points.csv is missing or broken, or a figure cannot be written.
pub fn calibration(dir: &Path) -> Result<Vec<Figure>, PlotError> {
    write(dir, calibration::drafts(&Table::read(dir, "points.csv")?)?)
}

/// A figure: its name, its title, its caption, and what draws it from a run that has what it shows.
type OfRun = (&'static str, &'static str, &'static str, fn(&Run) -> Option<Picture>);

/// Figures of some experiments only.
const SHOWN_IF_THERE: [OfRun; 4] = [
    (
        "request-steps",
        "Where a request's time goes",
        "Each bar is one request: name, connection, request, GPU and reply, one after the other.",
        steps::draw,
    ),
    (
        "goodput-by-size",
        "Goodput against message size",
        "Small messages are ruled by latencies, large ones by the slowest stage; the names stand \
         where their lines end.",
        sizes::draw,
    ),
    (
        "kernel-levels",
        "Where the levels of a kernel part",
        "Each line is one GPU and one size of block, of kernels that only read or that compute as \
         well: how much it matters which warp stands in which line.",
        levels::draw,
    ),
    (
        "serial-vs-overlapped",
        "Serial against overlapped",
        "What cutting a message into chunks, so that device copies and network run at the same \
         time, returns at each size.",
        overlap::draw,
    ),
];

fn drafts(run: &Run, manifest: &Manifest, stop: &dyn Fn() -> bool) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if run.results.is_empty() {
        return drafts;
    }
    let topologies = run.topologies().join(", ");
    let mut add = |name, title: &str, caption: &str, picture: Option<Picture>| {
        let Some(picture) = picture else { return };
        let alternative = format!("{title}, for the topologies {topologies}. {caption}");
        let (title, caption) = (title.to_owned(), caption.to_owned());
        drafts.push(Draft { name, title, caption, alternative, picture });
    };
    add(
        "goodput-by-topology",
        "Goodput by topology against the line rate",
        "The payload rate that arrives, as a part of what the slowest link of the way could carry. \
         The numbers stand in the table of goodput.",
        Some(topologies::draw(run)),
    );
    if stop() {
        return drafts;
    }
    let plan = series::plan(run);
    let captions = [
        "Read from top to bottom: the line rate, less what each hop takes when it is added to the \
         ones above it, leaves the goodput. The drops sum to the whole.",
        "The same for the last of the run's settings that passes host memory.",
    ];
    let names = ["loss-by-hop", "loss-by-hop-last"];
    for ((series, name), caption) in plan.ends().into_iter().zip(names).zip(captions) {
        let title = format!("Where the line rate goes, hop by hop{}", series.suffix());
        add(name, &title, caption, Some(waterfall::draw(run, &plan, series)));
    }
    add(
        "time-by-hop",
        "Where each microsecond goes",
        "Each bar is the life of one message by hops; its parts sum to the time at which its last \
         byte arrives.",
        life::draw(run, &plan),
    );
    for (name, title, caption, draw) in SHOWN_IF_THERE {
        if !stop() {
            add(name, title, caption, draw(run));
        }
    }
    add(
        "reported-vs-predicted",
        "Reported figures beside the predictions",
        "What users measured, and the range that the run predicts over the settings that match.",
        reported::draw(&manifest.reported()),
    );
    add(
        "unknowns",
        "Which unknown matters most",
        "Each assumption of the experiment takes its values in turn.",
        unknowns::draw(manifest),
    );
    drafts
}

fn write(dir: &Path, drafts: Vec<Draft>) -> Result<Vec<Figure>, PlotError> {
    write_until(dir, drafts, true, &|| false)
}

fn write_until(
    dir: &Path,
    drafts: Vec<Draft>,
    png: bool,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Figure>, PlotError> {
    let folder = dir.join("plots");
    fs::create_dir_all(&folder).map_err(|error| PlotError::file(&folder, &error))?;
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| PlotError::file(&path, &error))
    };
    let figures: Result<Vec<Option<Figure>>, PlotError> = drafts
        .into_par_iter()
        .map(|draft| {
            if stop() {
                return Ok(None);
            }
            let Draft { name, title, caption, alternative, picture } = draft;
            let svg = paint::svg(&picture, &title, &alternative)?;
            put(&format!("{name}.svg"), svg.as_bytes())?;
            if png && !stop() {
                put(&format!("{name}.png"), &paint::png(&picture)?)?;
            }
            let (name, height) = (name.to_owned(), picture.height);
            Ok(Some(Figure { name, title, caption, alternative, height, svg }))
        })
        .collect();
    Ok(figures?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests;
