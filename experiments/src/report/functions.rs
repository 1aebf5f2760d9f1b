//! The report of functions on pods: what calls of each come to, and the figures.

use std::path::Path;

use super::document::{Page, Section};
use super::estimates::sheet;
use super::pick;
use crate::plot::table::Table;
use crate::plot::{Figure, PlotError};

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
