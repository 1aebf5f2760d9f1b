//! The report of a judged GPU: both predictions by kind and half, then every case.

use std::path::Path;

use super::document::{
    Cell, Folded, Group, Page, Section, Table as Sheet, numbers, words as column,
};
use super::pick;
use crate::plot::judging::{PREDICTIONS, kinds};
use crate::plot::table::{Row, Table};
use crate::plot::{Figure, PlotError, words};

/// The whole report; `told` says what was compared with what.
pub fn page(
    dir: &Path,
    told: &[String],
    simulated: bool,
    figures: &[Figure],
) -> Result<Page, PlotError> {
    let summary = Table::read(dir, "summary.csv")?;
    let judged = vec![
        Section {
            id: "kinds",
            title: "Errors by kind",
            paragraphs: vec![
                "The model may be mended by looking at the half `fit-may-look`, by kind and never \
                 by case; the half `kept-out` says how good it is. A hash of the names decides."
                    .into(),
            ],
            figures: pick(figures, &["error-by-kind"]),
            tables: vec![errors(&summary)?],
            ..Section::default()
        },
        Section {
            id: "scatter",
            title: "Predicted against measured",
            figures: pick(figures, &["predicted-vs-measured"]),
            folded: vec![Folded {
                summary: "Every case".into(),
                table: Some(cases(&Table::read(dir, "compare.csv")?)?),
                text: None,
            }],
            ..Section::default()
        },
        unjudged(&Table::read(dir, "unjudged.csv")?)?,
    ];
    let sections = if summary.rows().len() == 0 { Vec::new() } else { judged };
    Ok(Page {
        title: "A GPU and what was predicted of it".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        about: "The judging set: fixed cases that no fit sees, each measured and predicted.".into(),
        warning: simulated.then(|| {
            "No GPU was measured: this device is simulated, its parameters made up.".into()
        }),
        answer: told.iter().cloned().chain(sentences(&summary)?).collect(),
        sections,
    })
}

/// What each prediction comes to, a sentence each.
fn sentences(summary: &Table) -> Result<Vec<String>, PlotError> {
    let mut sentences = Vec::new();
    for (of, _, called) in PREDICTIONS {
        for line in summary.rows() {
            let all = line.text("kind")? == "all" && line.text("half")? == "kept-out";
            if line.text("of")? != of || !all {
                continue;
            }
            sentences.push(format!(
                "Of what is kept out, {called}: median error {}, 90th percentile {}; {} of the \
                 measured medians lie in the predicted interval of 90 %.",
                words::error(line.number("median_error_ratio")?),
                words::error(line.number("p90_error_ratio")?),
                words::percent(line.number("coverage_ratio")?)
            ));
        }
    }
    if sentences.is_empty() {
        sentences.push(
            "There is no prediction to judge: name a GPU profile with --profile, or a GPU whose \
             predictions were frozen with --frozen."
                .into(),
        );
    }
    Ok(sentences)
}

fn errors(summary: &Table) -> Result<Sheet, PlotError> {
    let mut groups = Vec::new();
    for kind in kinds(summary)? {
        let own = |line: &Row<'_>| line.text("kind").is_ok_and(|own| own == kind);
        let rows = summary.rows().filter(own).map(|line| {
            Ok(vec![
                Cell::text(line.text("of")?),
                Cell::text(line.text("half")?),
                Cell::number(line.text("cases")?),
                Cell::number(words::error(line.number("median_error_ratio")?)),
                Cell::number(words::error(line.number("p90_error_ratio")?)),
                Cell::number(words::error(line.number("worst_error_ratio")?)),
                Cell::number(words::percent(line.number("coverage_ratio")?)),
            ])
        });
        let rows = rows.collect::<Result<Vec<_>, PlotError>>()?;
        groups.push(Group { name: kind, rows });
    }
    Ok(Sheet {
        caption: "Absolute relative error, |predicted − measured| ÷ measured".into(),
        columns: vec![
            column("kind"),
            column("prediction"),
            column("half"),
            numbers("cases"),
            numbers("median"),
            numbers("90th percentile"),
            numbers("worst"),
            numbers("coverage"),
        ],
        groups,
        shaded: false,
    })
}

fn cases(table: &Table) -> Result<Sheet, PlotError> {
    let mut groups = Vec::new();
    for kind in kinds(table)? {
        let own = |line: &Row<'_>| line.text("kind").is_ok_and(|own| own == kind);
        let rows = table.rows().filter(own).map(|line| {
            let time = |column: &str| -> Result<Cell, PlotError> {
                Ok(Cell::number(line.maybe(column)?.map_or(String::new(), words::time)))
            };
            let error = |column: &str| -> Result<Cell, PlotError> {
                Ok(Cell::number(line.maybe(column)?.map_or(String::new(), words::gain)))
            };
            Ok(vec![
                Cell::text(line.text("case")?),
                Cell::text(line.text("half")?),
                time("measured")?,
                time("frozen")?,
                error("frozen_error")?,
                time("predicted")?,
                error("predicted_error")?,
            ])
        });
        let rows = rows.collect::<Result<Vec<_>, PlotError>>()?;
        groups.push(Group { name: kind, rows });
    }
    Ok(Sheet {
        caption: "Every case".into(),
        columns: vec![
            column("kind"),
            column("case"),
            column("half"),
            numbers("measured"),
            numbers("frozen"),
            numbers("error"),
            numbers("with the profile"),
            numbers("error"),
        ],
        groups,
        shaded: false,
    })
}

fn unjudged(table: &Table) -> Result<Section, PlotError> {
    let rows = table
        .rows()
        .map(|line| Ok(vec![Cell::text(line.text("case")?), Cell::text(line.text("why")?)]));
    let rows = rows.collect::<Result<Vec<_>, PlotError>>()?;
    if rows.is_empty() {
        return Ok(Section {
            id: "unjudged",
            title: "What could not be judged",
            paragraphs: vec!["Every case was measured and predicted.".into()],
            ..Section::default()
        });
    }
    Ok(Section {
        id: "unjudged",
        title: "What could not be judged",
        tables: vec![Sheet::plain(
            "Cases without a verdict",
            vec![column("case"), column("why")],
            rows,
        )],
        ..Section::default()
    })
}
