//! `podpath validate`: what the shipped profiles predict, next to what was measured.

mod field;
mod row;

use std::path::PathBuf;

use calibration_data::family::Family;
use calibration_data::file::DataFile;
use calibration_data::published::published;
use calibration_data::validate::{
    Comparison, Points, Report, Summary, Told, Use, validate, validate_profile,
};
use clap::Args;
use models::input::InputError;
use models::library::Kind;

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::file;
use crate::output::Staging;
use crate::overview::percent;
use crate::record::write_rows;
use crate::{plot, report};

pub(crate) use row::ValidateRow;

const EXAMPLES: &str = "\
Examples:
  podpath validate                                 every published row that ships
  podpath validate --against mine.csv              any file with the columns of one of them
  podpath validate --against a.csv --against b.csv --json
  podpath validate --against nccl_tests.csv.gz     runs of nccl-tests, packed or not
  podpath validate --against openb_reference.csv   placements; nodes and pods lie beside it
  podpath validate --against gpu_requests.csv.gz   served requests: quantiles of days
  podpath validate --rows 0                        the summary alone
  podpath validate --profile my-gpu.csv --against gpu.csv
                                                   rows about a GPU by a profile of your own
  podpath validate --field                         what people reported, in the cases that ship
  podpath validate --field my-cases                in experiments of your own with [[reported]]

A file is recognised by its header. Nothing is ever fitted here: rows that a shipped profile was
fitted to are counted as calibration, all others as holdout. DIR receives validate.csv, a scatter
plot in plots/ and report.html.

With --field, every [[reported]] figure stands beside what `podpath run` predicts for it, and DIR
receives field.csv. Factor: the ratio of the nearer ends of what is reported and what is predicted
with nothing drawn, 1 where they meet. In 90 %: the part of figures that the 90 % interval meets. A
case is a file, or a folder with several.";

/// Predict published or measured rows from the shipped profiles, and show the errors
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A table to compare with, instead of the published ones that ship
    #[arg(long, value_name = "FILE.csv")]
    against: Vec<PathBuf>,
    /// A GPU profile that predicts the rows about GPUs, instead of those that ship
    #[arg(long, value_name = "PROFILE.csv")]
    profile: Option<PathBuf>,
    /// Cases from the field instead of tables: those that ship, or the experiments in a folder
    #[arg(long, value_name = "CASES", num_args = 0..=1)]
    #[arg(conflicts_with_all = ["against", "profile"])]
    field: Option<Option<PathBuf>>,
    /// The folder for validate.csv, the plot and the report
    #[arg(long, value_name = "DIR", default_value = "results/validate")]
    out: PathBuf,
    /// The most rows to print; the file has all
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    rows: usize,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(folder) = &arguments.field {
        return field::run(folder.as_deref(), (&arguments.out, arguments.rows), console);
    }
    // What cannot be written is known before anything is predicted.
    let staging = Staging::new(&arguments.out)?;
    let files = match arguments.against.is_empty() {
        true => published()?,
        false => {
            let files = arguments.against.iter().map(|path| file::table(path, "--against"));
            files.collect::<Result<Vec<DataFile>, InputError>>()?
        }
    };
    let report = match &arguments.profile {
        None => validate(&files)?,
        Some(path) => {
            let source = file::read_text(path, "--profile")?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            validate_profile(
                &files,
                &calibration_data::shipped().parsed(Kind::Gpu, &name, &source)?,
            )?
        }
    };
    write(staging, &report)?;
    print_rows(&report, arguments.rows, console)?;
    print_skipped(&report, console)?;
    print_summary(&report, console)?;
    console.print(&format!("\nresults in {}\n", arguments.out.display()))?;
    let json = serde_json::to_value(&report).map_err(|e| Failure::run("writing JSON", e))?;
    console.print_json(&json)
}

fn write(staging: Staging, judged: &Report) -> Result<(), Failure> {
    let stage = staging.path();
    write_rows(&stage.join(ValidateRow::FILE), &rows(judged))?;
    let figures = plot::validation(stage).map_err(|e| Failure::run("drawing the scatter", e))?;
    report::validation(stage, &figures).map_err(|e| Failure::run("writing the report", e))?;
    staging.commit(false)
}

/// `validate.csv`: a row per compared figure, then a row per skipped row.
fn rows(report: &Report) -> Vec<ValidateRow> {
    let judged = report.judged.iter().flat_map(|judged| {
        judged.comparisons.iter().map(|comparison| ValidateRow {
            family: judged.family.name().into(),
            file: judged.file.clone(),
            row: judged.row,
            label: labelled(&judged.label, &judged.comparisons, comparison),
            measured: Some(comparison.measured),
            predicted: Some(comparison.predicted),
            unit: comparison.unit.into(),
            rel_error: Some(comparison.relative_error()),
            used: used(judged.used).into(),
            skipped_why: String::new(),
            predicted_low: comparison.interval.map(|(low, _)| low),
            predicted_high: comparison.interval.map(|(_, high)| high),
        })
    });
    let skipped = report.skipped.iter().map(|skipped| ValidateRow {
        family: skipped.family.name().into(),
        file: skipped.file.clone(),
        row: skipped.row,
        label: skipped.label.clone(),
        skipped_why: skipped.why.clone(),
        ..ValidateRow::default()
    });
    judged.chain(skipped).collect()
}

/// The short name of a figure: that of its row, and which figure where the row has several.
fn labelled(label: &str, all: &[Comparison], comparison: &Comparison) -> String {
    if all.len() == 1 { label.to_owned() } else { format!("{label} {}", comparison.quantity) }
}

const fn used(used: Use) -> &'static str {
    match used {
        Use::Calibration => "calibration",
        Use::Holdout => "holdout",
    }
}

fn print_rows(report: &Report, most: usize, console: &Console) -> Result<(), Failure> {
    if most == 0 || report.judged.is_empty() {
        return Ok(());
    }
    let mut sheet =
        Sheet::new(&["family", "row", "what", "measured", "predicted", "unit", "error", "used"]);
    for judged in report.judged.iter().take(most) {
        for comparison in &judged.comparisons {
            let label = labelled(&judged.label, &judged.comparisons, comparison);
            let (scale, unit) = scaled(comparison.unit);
            sheet.add_row([
                judged.family.name().into(),
                number(judged.row),
                label.into(),
                number(shown(comparison.measured / scale)),
                number(shown(comparison.predicted / scale)),
                unit.into(),
                number(format!("{:+.1} %", 100.0 * comparison.relative_error())),
                used(judged.used).into(),
            ]);
        }
    }
    console.print_table(sheet)?;
    let left_out = report.judged.len().saturating_sub(most);
    if left_out > 0 {
        console.print(&format!("{left_out} more rows in the file\n"))
    } else {
        Ok(())
    }
}

/// Files give network rates in bit/s; people read them in Gbit/s.
fn scaled(unit: &str) -> (f64, &str) {
    match unit {
        "bit/s" => (1e9, "Gbit/s"),
        unit => (1.0, unit),
    }
}

fn shown(value: f64) -> String {
    if value >= 1.0 { format!("{value:.2}") } else { format!("{value:.4}") }
}

/// Skipped rows, gathered by reason: aloud, but not four hundred times.
fn print_skipped(report: &Report, console: &Console) -> Result<(), Failure> {
    let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
    for skipped in &report.skipped {
        let (family, why) = (skipped.family.name(), skipped.why.as_str());
        match reasons.iter_mut().find(|(f, w, _)| *f == family && *w == why) {
            Some((.., count)) => *count += 1,
            None => reasons.push((family, why, 1)),
        }
    }
    for (family, why, count) in reasons {
        console.print(&format!("skipped {count} rows of {family}: {why}\n"))?;
    }
    Ok(())
}

fn print_summary(report: &Report, console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&[
        "family",
        "used",
        "rows",
        "predicted",
        "median",
        "90th percentile",
        "worst",
        "in 90 %",
        "width",
        "worst row",
    ]);
    for family in Family::ALL {
        let parts = [Use::Calibration, Use::Holdout]
            .map(|part| (used(part), report.family(family, Some(part))));
        let several = parts.iter().filter(|(_, summary)| summary.is_some()).count() > 1;
        let all = report.family(family, None);
        let only = parts.iter().find(|(_, s)| s.is_some()).map_or("", |(name, _)| *name);
        add_summary(&mut sheet, if several { "all" } else { only }, all);
        if several {
            parts.into_iter().for_each(|(name, summary)| add_summary(&mut sheet, name, summary));
        }
    }
    console.print("\n")?;
    console.print_table(sheet)?;
    if let Some(points) = Points::of(&report.placements) {
        console.print(&in_points(&points))?;
    }
    report.served.iter().try_for_each(|told| console.print(&of_days(told)))
}

/// How well days are predicted that nothing was fitted to, against what was promised.
fn of_days(told: &Told) -> String {
    let mut text = String::new();
    for period in told.held_back() {
        let (from, to) = period.days;
        let own = period.quantiles.iter().map(|own| {
            let error = own.relative_error();
            let met = if error.abs() <= own.goal { "met" } else { "missed" };
            let (part, error, goal) = (100.0 * own.part, 100.0 * error, 100.0 * own.goal);
            format!("p{part:.0} {error:+.1} % (goal {goal:.0} %: {met})")
        });
        text += &format!(
            "\nserving: days {from} to {to}, {} requests: {}; {} of them cold, as predicted\n",
            period.requests,
            own.collect::<Vec<_>>().join(", "),
            percent(period.cold),
        );
    }
    text
}

/// How well placements are predicted, in points of percent.
fn in_points(points: &Points) -> String {
    let fragmented = points.mean_abs_fragmented_points.map_or(String::new(), |mean| {
        format!("; what is fragmented is off by {mean:.2} points in the mean")
    });
    format!(
        "\nplacement: {:.3} points off in the mean, at worst {:.3} ({}); {} of {} pairs of \
         policies that differ by more than half a point are ranked right{fragmented}\n",
        points.mean_abs_points,
        points.worst_abs_points,
        points.worst_row,
        points.pairs_ranked_right,
        points.pairs,
    )
}

/// How wide an interval is, as a factor.
fn width(factor: f64) -> String {
    format!("{factor:.2} ×")
}

fn add_summary(sheet: &mut Sheet, used: &str, summary: Option<Summary>) {
    let Some(summary) = summary else { return };
    let error = |of: fn(&calibration_data::validate::Errors) -> f64| {
        number(summary.errors.as_ref().map_or(String::new(), |errors| percent(of(errors))))
    };
    let worst = summary.errors.as_ref().map(|errors| &errors.worst_row);
    sheet.add_row([
        summary.family.name().into(),
        used.into(),
        number(summary.rows),
        number(summary.predicted),
        error(|e| e.median),
        error(|e| e.p90),
        error(|e| e.worst),
        number(summary.coverage.map_or(String::new(), |own| percent(own.coverage_90))),
        number(summary.coverage.map_or(String::new(), |own| width(own.median_width))),
        worst.map_or(String::new(), |row| format!("{} (row {})", row.label, row.row)).into(),
    ]);
}
