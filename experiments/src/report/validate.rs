//! The report of a validation: errors per family, the worst rows, and what was skipped.

use super::document::{Cell, Folded, Group, Page, Section, Table, numbers, words as column};
use super::pick;
use crate::plot::Figure;
use crate::plot::run::distinct;
use crate::plot::validation::{Check, Family, Skipped, Validation};
use crate::plot::words;

/// Skipped rows named before the rest is only counted.
const FEW: usize = 6;
/// Errors below this are not worth a line among the worst: one in two thousand.
const SMALL: f64 = 5e-4;
/// Rows of each family listed as its worst.
const WORST: usize = 5;

/// The whole report.
pub fn page(validation: &Validation, figures: &[Figure]) -> Page {
    let mut sections = vec![Section {
        id: "families",
        title: "Errors by family",
        figures: pick(figures, &["predicted-vs-measured"]),
        tables: vec![summary(&validation.families)],
        ..Section::default()
    }];
    sections.push(Section {
        id: "worst",
        title: "The rows that are farthest off",
        paragraphs: vec![format!(
            "Only rows whose error is above {}; a family without any is left out.",
            words::error(SMALL)
        )],
        tables: vec![rows("The worst rows of each family", validation, |family| {
            let worst = family.worst(WORST).into_iter();
            worst.filter(|check| check.error.abs() > SMALL).collect()
        })],
        folded: vec![Folded {
            summary: "Every row".into(),
            table: Some(rows("Every row", validation, |family| family.checks.iter().collect())),
            text: None,
        }],
        ..Section::default()
    });
    if !validation.skipped.is_empty() {
        sections.push(skipped(validation));
    }
    Page {
        title: "Predicted against measured".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        about: "Published measurements, each predicted from the shipped profiles. Nothing is \
                fitted here; rows that parameters were once fitted to are counted apart."
            .into(),
        warning: None,
        answer: answer(validation),
        sections,
    }
}

fn answer(validation: &Validation) -> Vec<String> {
    let sentence = |family: &Family| {
        let held = family.checks.iter().filter(|check| check.held_out).count();
        let held = match held {
            0 => "none held out".into(),
            all if all == family.checks.len() => "all held out".into(),
            some => format!("{some} held out"),
        };
        format!(
            "{}: {}, {held}; median error {}, 90th percentile {}, worst {}.",
            family.name,
            family.counted(),
            words::error(family.median_error()),
            words::error(family.quantile(0.9)),
            words::error(family.worst_error())
        )
    };
    let mut sentences: Vec<String> = validation.families.iter().map(sentence).collect();
    if !validation.skipped.is_empty() {
        let many = words::count(validation.skipped.len(), "row");
        sentences.push(format!("{many} could not be predicted; the last section says why."));
    }
    if sentences.is_empty() {
        sentences.push("There is no row to compare.".into());
    }
    sentences
}

fn summary(families: &[Family]) -> Table {
    let group = |family: &Family| {
        let kept = |held_out: bool| Family {
            checks: family.checks.iter().filter(|c| c.held_out == held_out).cloned().collect(),
            ..family.clone()
        };
        let kinds =
            [("all", family.clone()), ("held out", kept(true)), ("calibration", kept(false))];
        // All of one kind need no total.
        let kinds = kinds.iter().filter(|(_, some)| !some.checks.is_empty());
        let mixed = kinds.clone().count() == 3;
        let rows = kinds.filter(|(name, _)| mixed || *name != "all").map(|(name, some)| {
            vec![
                Cell::text(*name),
                Cell::number(some.rows().to_string()),
                Cell::number(words::error(some.median_error())),
                Cell::number(words::error(some.quantile(0.9))),
                Cell::number(words::error(some.worst_error())),
            ]
        });
        Group { name: family.name.clone(), rows: rows.collect() }
    };
    Table {
        caption: "Absolute relative error, |predicted − measured| ÷ measured".into(),
        columns: vec![
            column("family"),
            column("rows"),
            numbers("count"),
            numbers("median"),
            numbers("90th percentile"),
            numbers("worst"),
        ],
        groups: families.iter().map(group).collect(),
        shaded: false,
    }
}

fn rows<'v>(
    caption: &str,
    validation: &'v Validation,
    pick: impl Fn(&'v Family) -> Vec<&'v Check>,
) -> Table {
    let row = |check: &&Check| {
        vec![
            Cell::text(check.label.clone()),
            Cell::text(format!("{}, row {}", check.file, check.row)),
            Cell::number(format!("{} {}", words::number(check.measured), check.unit)),
            Cell::number(format!("{} {}", words::number(check.predicted), check.unit)),
            Cell::number(words::gain(check.error)),
            Cell::text(if check.held_out { "held out" } else { "calibration" }),
        ]
    };
    let group = |family: &'v Family| Group {
        name: family.name.clone(),
        rows: pick(family).iter().map(row).collect(),
    };
    let groups = validation.families.iter().map(group);
    Table {
        caption: caption.into(),
        columns: vec![
            column("family"),
            column("what"),
            column("where"),
            numbers("measured"),
            numbers("predicted"),
            numbers("error"),
            column("row is"),
        ],
        groups: groups.filter(|group| !group.rows.is_empty()).collect(),
        shaded: false,
    }
}

fn skipped(validation: &Validation) -> Section {
    let of = |one: &Skipped| (one.file.clone(), one.why.clone());
    let row = |(file, why): (String, String)| {
        let own = validation.skipped.iter().filter(|one| one.file == file && one.why == why);
        let rows: Vec<&str> = own.map(|one| one.row.as_str()).collect();
        let named = match rows.len() {
            few if few <= FEW => rows.join(", "),
            _ => format!("{} … {}", rows[..FEW].join(", "), rows[rows.len() - 1]),
        };
        let count = Cell::number(rows.len().to_string());
        vec![Cell::text(file), count, Cell::text(named), Cell::text(why)]
    };
    let columns = vec![column("file"), numbers("count"), column("rows"), column("why")];
    let rows = distinct(validation.skipped.iter().map(of)).into_iter().map(row).collect();
    Section {
        id: "skipped",
        title: "Rows that could not be predicted",
        tables: vec![Table::plain("Skipped rows by file and reason", columns, rows)],
        ..Section::default()
    }
}
