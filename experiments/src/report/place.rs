//! The report of placements: what each scheduler comes to, and the figures.

use std::path::Path;

use super::document::{Cell, Page, Section, Table as Sheet, numbers, words as column};
use super::pick;
use crate::plot::table::{Row, Table};
use crate::plot::{Figure, PlotError, words};

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
            tables: vec![schedulers(&summary)?],
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

fn schedulers(summary: &Table) -> Result<Sheet, PlotError> {
    let bound = |name: &str| name.ends_with("_low") || name.ends_with("_high");
    let figures: Vec<&String> =
        summary.columns().iter().skip(1).filter(|name| !bound(name)).collect();
    let row = |row: Row<'_>| -> Result<Vec<Cell>, PlotError> {
        let mut cells = vec![Cell::text(row.text("scheduler")?)];
        for name in &figures {
            let number = |column: &str| Ok::<_, PlotError>(words::number(row.number(column)?));
            let (low, high) = (number(&format!("{name}_low"))?, number(&format!("{name}_high"))?);
            let mean = number(name)?;
            let same = low == mean && high == mean;
            let told = if same { mean } else { format!("{mean} ({low} to {high})") };
            cells.push(Cell::number(told));
        }
        Ok(cells)
    };
    let rows = summary.rows().map(row).collect::<Result<Vec<_>, PlotError>>()?;
    let heads = figures.iter().map(|name| numbers(&heading(name)));
    let columns = [column("scheduler")].into_iter().chain(heads).collect();
    Ok(Sheet::plain("Each scheduler in the end", columns, rows))
}

/// A column as people read it: `allocated [%]`.
fn heading(name: &str) -> String {
    let plain = |name: &str| name.replace('_', " ");
    match (name.strip_suffix("_percent"), name.strip_prefix("wait_s_")) {
        (Some(what), _) => format!("{} [%]", plain(what)),
        (_, Some(which)) => format!("{} wait [s]", plain(which)),
        _ => plain(name),
    }
}
