//! The report of placements: what each scheduler comes to, and the figures.

use std::path::Path;

use super::document::{Page, Section};
use super::estimates::sheet;
use super::pick;
use crate::plot::table::Table;
use crate::plot::{Figure, PlotError};

/// The whole report; `about` says what was placed, `answer` what came of it.
pub fn page(
    dir: &Path,
    about: &str,
    answer: &[String],
    figures: &[Figure],
) -> Result<Page, PlotError> {
    let summary = Table::read(dir, "summary.csv")?;
    let all: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    let sections = vec![
        Section {
            id: "schedulers",
            title: "What each scheduler comes to",
            paragraphs: vec![
                "Means over seeds; in brackets the 90 % interval of the mean, by Student's t."
                    .into(),
            ],
            tables: vec![sheet(&summary, usize::MAX, "Each scheduler in the end")?],
            ..Section::default()
        },
        Section {
            id: "figures",
            title: "On the way there",
            figures: pick(figures, &all),
            ..Section::default()
        },
    ];
    Ok(Page {
        title: "Pods on nodes".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        about: about.into(),
        warning: None,
        answer: answer.to_vec(),
        sections,
    })
}
