//! The report of a scenario: what came of each variant, what would win it back, and the figures.

use std::path::Path;

use super::document::{Page, Section};
use super::estimates::sheet;
use super::pick;
use crate::plot::table::Table;
use crate::plot::{Figure, PlotError};

/// So many rows of tables besides are shown; the files have all.
const SHOWN: usize = 60;

/// The whole report; `about` says what was run, `answer` what came of it.
pub fn page(
    dir: &Path,
    about: &str,
    answer: &[String],
    figures: &[Figure],
) -> Result<Page, PlotError> {
    let all: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    let mut sections = vec![Section {
        id: "figures",
        title: "Where the time goes",
        figures: pick(figures, &all),
        ..Section::default()
    }];
    let tables = [
        ("summary.csv", "summary", "What comes of it", SUMMARY),
        ("gains.csv", "gains", "What would win it back", GAINS),
        ("reported.csv", "reported", "What people reported", REPORTED),
        ("spoiled.csv", "spoiled", "Who spoils whom, and where", SPOILED),
    ];
    for (file, id, title, about) in tables {
        let Some(table) = Table::read_if_there(dir, file)? else { continue };
        if table.rows().len() == 0 {
            continue;
        }
        sections.push(Section {
            id,
            title,
            paragraphs: vec![about.into()],
            tables: vec![sheet(&table, SHOWN, title)?],
            ..Section::default()
        });
    }
    Ok(Page {
        title: "A scenario".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        about: about.into(),
        warning: None,
        answer: answer.to_vec(),
        sections,
    })
}

const SUMMARY: &str = "With nothing drawn; in brackets the 90 % interval over draws of all that is \
                       uncertain.";
const GAINS: &str = "The mean time to first token, or the step, that is left if one thing alone is \
                     changed; nothing drawn.";
const REPORTED: &str = "The factor is the ratio of the nearer ends of what is reported and what is \
                        predicted with nothing drawn.";
const SPOILED: &str = "The time in a run that a movement would not have needed alone, booked to \
                       those that used the link which held it back.";
