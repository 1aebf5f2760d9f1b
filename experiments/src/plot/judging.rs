//! The figures of a judged GPU: predicted against measured, and the error of each kind.

use std::path::Path;

use super::dots::{self, Group, Panel, Row};
use super::frame::Sample;
use super::picture::Picture;
use super::run::distinct;
use super::table::Table;
use super::validation::{Check, Family};
use super::{Draft, PlotError, ink, scatter, words};

/// A prediction in the tables, and what it is called.
pub const PREDICTIONS: [(&str, &str, &str); 2] =
    [("frozen", "frozen", "frozen"), ("profile", "predicted", "with the profile")];

/// Every figure that the tables in `dir` have data for.
pub(super) fn drafts(dir: &Path) -> Result<Vec<Draft>, PlotError> {
    let families = families(dir)?;
    let mut drafts = Vec::new();
    if !families.is_empty() {
        drafts.push(Draft {
            name: "predicted-vs-measured",
            title: "Predicted against measured".into(),
            caption: "Every case that was measured and predicted, by prediction and half. No fit \
                      sees any of them."
                .into(),
            alternative: format!("Scatter of predictions in {} panels.", families.len()),
            picture: scatter::draw(&families),
        });
    }
    if let Some(picture) = by_kind(dir)? {
        drafts.push(Draft {
            name: "error-by-kind",
            title: "Error by kind".into(),
            caption: "The half that is kept out: a mark is the median of the absolute errors of a \
                      kind, its whisker reaches to the 90th percentile."
                .into(),
            alternative: "Median and 90th percentile of the errors of each kind of case.".into(),
            picture,
        });
    }
    Ok(drafts)
}

/// The cases as families for the scatter: one per prediction and half.
fn families(dir: &Path) -> Result<Vec<Family>, PlotError> {
    let table = Table::read(dir, "compare.csv")?;
    let mut families = Vec::new();
    for (_, column, called) in PREDICTIONS {
        for half in ["kept-out", "fit-may-look"] {
            let mut checks = Vec::new();
            for (at, line) in table.rows().enumerate() {
                let predicted = line.maybe(column)?;
                let Some(predicted) =
                    predicted.filter(|_| line.text("half").is_ok_and(|h| h == half))
                else {
                    continue;
                };
                let value = |column| Ok::<f64, PlotError>(line.number(column)? * 1e6);
                checks.push(Check {
                    family: called.into(),
                    file: "compare.csv".into(),
                    row: (at + 1).to_string(),
                    label: line.text("case")?.into(),
                    measured: value("measured")?,
                    quartiles: Some((value("low_quartile")?, value("high_quartile")?)),
                    predicted: predicted * 1e6,
                    unit: "µs".into(),
                    error: line.number(&format!("{column}_error"))?,
                    held_out: true,
                });
            }
            let name = format!("{called}, {half}");
            if !checks.is_empty() {
                families.push(Family { name, unit: "µs".into(), checks });
            }
        }
    }
    Ok(families)
}

/// A panel per prediction, a row per kind.
fn by_kind(dir: &Path) -> Result<Option<Picture>, PlotError> {
    let table = Table::read(dir, "summary.csv")?;
    let mut panels = Vec::new();
    for (of, _, called) in PREDICTIONS {
        let mut rows = Vec::new();
        for line in table.rows() {
            let own = line.text("of")? == of && line.text("half")? == "kept-out";
            if !own {
                continue;
            }
            let percent = |column| Ok::<f64, PlotError>(100.0 * line.number(column)?);
            let (median, p90) = (percent("median_error_ratio")?, percent("p90_error_ratio")?);
            rows.push(Row {
                name: line.text("kind")?.into(),
                interval: Some((median, p90.max(median), ink::BLUE)),
                marks: vec![(Sample::Disc(ink::BLUE), median)],
                notes: vec![
                    line.text("cases")?.into(),
                    words::error(median / 100.0),
                    words::error(p90 / 100.0),
                    words::percent(line.number("coverage_ratio")?),
                ],
            });
        }
        if !rows.is_empty() {
            panels.push(Panel {
                heading: format!("{called}: absolute relative error [%]"),
                unit: "%".into(),
                signed: false,
                columns: vec!["cases", "median", "p90", "coverage"],
                groups: vec![Group { name: String::new(), rows }],
            });
        }
    }
    let legend = [(Sample::Disc(ink::BLUE), "median, whisker to the 90th percentile".to_owned())];
    let note = "Coverage: the part of the measured medians that lie in the predicted interval of \
                90 %. Kinds of few cases say little.";
    let draw = || dots::draw("Error by kind", note, &legend, &panels);
    Ok((!panels.is_empty()).then(draw))
}

/// The kinds that a table has, in its order.
pub fn kinds(table: &Table) -> Result<Vec<String>, PlotError> {
    let kinds: Result<Vec<String>, PlotError> =
        table.rows().map(|line| Ok(line.text("kind")?.to_owned())).collect();
    Ok(distinct(kinds?.into_iter()))
}
