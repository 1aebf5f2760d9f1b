//! `podpath validate --field`: what people reported beside what is predicted for it.

use std::path::Path;

use models::input::InputError;
use rayon::prelude::*;
use serde_json::json;

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::field::summary::{self, Case, OfKind, Summary};
use crate::field::{Figure, files};
use crate::output::Staging;
use crate::overview::percent;
use crate::plot::words;
use crate::record::write_table;

/// Draws of a scenario.
const DRAWS: u32 = 40;
/// The columns of `field.csv`.
const COLUMNS: [&str; 21] = [
    "case",
    "experiment",
    "group",
    "kind",
    "text",
    "topology",
    "unit",
    "percentile",
    "reported_low",
    "reported_high",
    "predicted",
    "predicted_low",
    "predicted_median",
    "predicted_high",
    "inside",
    "factor",
    "width",
    "cause",
    "most_taken_by",
    "cause_named",
    "source",
];

/// Predicts the figures of every case: those in `folder`, or the shipped ones.
pub(super) fn run(
    folder: Option<&Path>,
    (out, rows): (&Path, usize),
    console: &Console,
) -> Result<(), Failure> {
    let cases = match folder {
        Some(folder) => files::of_folder(folder)?,
        None => files::shipped()?,
    };
    let points: u64 = cases.experiments.iter().map(|task| task.plan.len() as u64).sum();
    let runs: u64 = cases.scenes.iter().map(|scene| scene.runs(DRAWS)).sum();
    let bar = console.progress(points + runs, "cases");
    let each = cases.experiments.par_iter().map(|task| task.figures(true, &|| bar.inc(1)));
    let each: Result<Vec<Vec<Figure>>, Failure> = each.collect();
    let scenes = cases.scenes.par_iter().map(|scene| scene.figures(DRAWS, &|| bar.inc(1)));
    let scenes: Result<Vec<Vec<Figure>>, InputError> = scenes.collect();
    bar.finish_and_clear();
    let mut figures = each?.concat();
    figures.extend(scenes?.concat());
    let staging = Staging::new(out)?;
    write_table(&staging.path().join("field.csv"), table(&figures).into_iter())?;
    staging.commit(false)?;
    let (cases, groups) = (summary::cases(&figures), summary::groups(&figures));
    let kinds = summary::kinds(&figures);
    print_figures(&figures, rows, console)?;
    print_cases(&cases, console)?;
    print_kinds(&kinds, console)?;
    print_groups(&groups, console)?;
    console.print(&format!("\nresults in {}\n", out.display()))?;
    console.print_json(&json!({
        "figures": figures, "cases": cases, "kinds": kinds, "groups": groups,
    }))
}

fn table(figures: &[Figure]) -> Vec<Vec<String>> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let maybe = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let yes = |value: Option<bool>| value.map_or(String::new(), |value| value.to_string());
    let row = |one: &Figure| {
        vec![
            one.case.clone(),
            one.experiment.clone(),
            one.group.name().to_owned(),
            one.kind.clone(),
            one.text.clone(),
            text(&one.topology),
            one.unit.name().to_owned(),
            maybe(one.percentile),
            one.reported_low.to_string(),
            one.reported_high.to_string(),
            one.predicted.to_string(),
            maybe(one.predicted_low),
            maybe(one.predicted_median),
            maybe(one.predicted_high),
            yes(one.inside),
            one.factor.to_string(),
            maybe(one.width),
            text(&one.cause),
            text(&one.most_taken_by),
            yes(one.cause_named),
            one.source.clone(),
        ]
    };
    let header = COLUMNS.map(str::to_owned).to_vec();
    std::iter::once(header).chain(figures.iter().map(row)).collect()
}

/// A range in a unit that suits its figure.
fn range(of: &Figure, low: f64, high: f64) -> String {
    let (name, scale) = of.unit.scale(high, of.in_bytes);
    let [low, high] = [low, high].map(|end| words::number(end / scale));
    if low == high { format!("{low} {name}") } else { format!("{low}–{high} {name}") }
}

fn factor(factor: f64) -> String {
    format!("{factor:.2} ×")
}

fn maybe(value: Option<f64>, say: impl Fn(f64) -> String) -> String {
    value.map_or(String::new(), say)
}

fn print_figures(figures: &[Figure], most: usize, console: &Console) -> Result<(), Failure> {
    if most == 0 {
        return Ok(());
    }
    let mut sheet =
        Sheet::new(&["case", "what", "reported", "predicted", "90 %", "in it", "factor"]);
    for one in figures.iter().take(most) {
        let inside = one.inside.map_or("", |inside| if inside { "yes" } else { "no" });
        let sure = one.predicted_low.zip(one.predicted_high);
        sheet.add_row([
            one.case.as_str().into(),
            one.text.as_str().into(),
            number(range(one, one.reported_low, one.reported_high)),
            number(range(one, one.predicted, one.predicted)),
            number(sure.map_or(String::new(), |(low, high)| range(one, low, high))),
            inside.into(),
            number(factor(one.factor)),
        ]);
    }
    console.print_table(sheet)?;
    match figures.len().saturating_sub(most) {
        0 => Ok(()),
        left_out => console.print(&format!("{left_out} more rows in the file\n")),
    }
}

fn print_cases(cases: &[Case], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["case", "group", "figures", "median factor", "in 90 %", "width"]);
    for case in cases {
        sheet.add_row([
            case.case.as_str().into(),
            case.group.name().into(),
            number(case.own.figures),
            number(factor(case.own.median_factor)),
            number(maybe(case.own.covered, percent)),
            number(maybe(case.own.median_width, factor)),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)
}

fn print_kinds(kinds: &[OfKind], console: &Console) -> Result<(), Failure> {
    let mut sheet =
        Sheet::new(&["kind", "group", "figures", "cases", "median factor", "in 90 %", "width"]);
    for kind in kinds {
        let name = if kind.kind.is_empty() { "no kind given" } else { &kind.kind };
        sheet.add_row([
            name.into(),
            kind.group.name().into(),
            number(kind.own.figures),
            number(kind.cases),
            number(factor(kind.own.median_factor)),
            number(maybe(kind.own.covered, percent)),
            number(maybe(kind.own.median_width, factor)),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)
}

fn print_groups(groups: &[Summary], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&[
        "group",
        "cases",
        "figures",
        "median of case factors",
        "in 90 %, mean over cases",
        "width",
        "interval score",
    ]);
    for group in groups {
        let covered = group.covered.map_or(String::new(), |covered| {
            let [mean, low, high] = [covered.mean, covered.low, covered.high].map(words::percent);
            format!("{mean} ({low} to {high})")
        });
        sheet.add_row([
            group.group.name().into(),
            number(group.cases),
            number(group.figures),
            number(factor(group.median_case_factor)),
            number(covered),
            number(maybe(group.median_width, factor)),
            number(maybe(group.mean_interval_score, |score| format!("{score:.2}"))),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)
}
