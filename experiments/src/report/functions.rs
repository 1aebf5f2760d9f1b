//! The report of functions on pods: what calls of each come to, and the figures.

use std::path::Path;

use super::document::{Cell, Page, Section, Table as Sheet, numbers, words as column};
use super::pick;
use crate::plot::table::{Row, Table};
use crate::plot::{Figure, PlotError, words};

/// So many of who spoils whom are shown; the file has all.
const SHOWN: usize = 20;

/// The whole report; `about` says what was run, `answer` what came of it.
pub fn page(
    dir: &Path,
    about: &str,
    answer: &[String],
    figures: &[Figure],
) -> Result<Page, PlotError> {
    let all: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    let mut sections = vec![Section {
        id: "calls",
        title: "What calls come to",
        paragraphs: vec![
            "Means over seeds; in brackets the 90 % interval of the mean, by Student's t. A call \
             is cold if it waited for the start of its instance."
                .into(),
        ],
        tables: vec![sheet(&Table::read(dir, "summary.csv")?, usize::MAX, "In the end")?],
        ..Section::default()
    }];
    let spoiled = Table::read_if_there(dir, "spoiled.csv")?;
    if let Some(spoiled) = spoiled.filter(|table| table.rows().len() > 0) {
        sections.push(Section {
            id: "spoiled",
            title: "Who spoils whom, and where",
            paragraphs: vec![
                "The time in a run that a movement would not have needed alone, booked to those \
                 that used the link which held it back, in proportion to what they took of it."
                    .into(),
            ],
            tables: vec![sheet(&spoiled, SHOWN, "Most first")?],
            ..Section::default()
        });
    }
    sections.push(Section {
        id: "figures",
        title: "On the way there",
        figures: pick(figures, &all),
        ..Section::default()
    });
    Ok(Page {
        title: "Functions on pods".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        about: about.into(),
        warning: None,
        answer: answer.to_vec(),
        sections,
    })
}

/// A table of names and estimates with their intervals.
fn sheet(table: &Table, most: usize, title: &'static str) -> Result<Sheet, PlotError> {
    let bound = |name: &str| name.ends_with("_low") || name.ends_with("_high");
    let is_estimate = |name: &str| table.columns().iter().any(|own| *own == format!("{name}_low"));
    let names: Vec<&String> = table.columns().iter().filter(|name| !bound(name)).collect();
    let row = |row: Row<'_>| -> Result<Vec<Cell>, PlotError> {
        let cell = |name: &&String| -> Result<Cell, PlotError> {
            if !is_estimate(name) {
                return Ok(Cell::text(row.text(name)?));
            }
            let number = |column: &str| Ok::<_, PlotError>(words::number(row.number(column)?));
            let mean = number(name)?;
            let (low, high) = (number(&format!("{name}_low"))?, number(&format!("{name}_high"))?);
            let same = low == mean && high == mean;
            Ok(Cell::number(if same { mean } else { format!("{mean} ({low} to {high})") }))
        };
        names.iter().map(cell).collect()
    };
    let rows = table.rows().take(most).map(row).collect::<Result<Vec<_>, PlotError>>()?;
    let heads = names.iter().map(|name| match is_estimate(name) {
        true => numbers(&heading(name)),
        false => column(&name.replace('_', " ")),
    });
    Ok(Sheet::plain(title, heads.collect(), rows))
}

/// A column as people read it: `cold [%]`.
fn heading(name: &str) -> String {
    let plain = |name: &str| name.replace('_', " ");
    match (name.strip_suffix("_percent"), name.strip_suffix("_s")) {
        (Some(what), _) => format!("{} [%]", plain(what)),
        (_, Some(what)) => format!("{} [s]", plain(what)),
        _ => plain(name),
    }
}
