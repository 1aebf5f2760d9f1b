//! Where every number comes from: the parameters of the profiles that the run used.

use std::path::Path;

use super::document::{Cell, Folded, Group, Section, Table, numbers, words as column};
use crate::plot::PlotError;
use crate::plot::manifest::Manifest;
use crate::plot::run::distinct;
use crate::plot::table;
use crate::plot::words;
use crate::provenance::ParameterRow;

/// The section on parameters: what is assumed in sight, all of them behind a line.
///
/// # Errors
/// If parameters.csv is there but broken.
pub fn parameters(dir: &Path, manifest: &Manifest) -> Result<Section, PlotError> {
    let mut section =
        Section { id: "parameters", title: "Where the numbers come from", ..Section::default() };
    let Some(table) = table::Table::read_if_there(dir, "parameters.csv")? else {
        section.paragraphs.push("The run lists no parameters.".into());
        return Ok(section);
    };
    let rows: Vec<Parameter> =
        table.rows().map(|row| Ok(Parameter::of(row.read()?))).collect::<Result<_, PlotError>>()?;
    let profiles = manifest.whole["profiles"].as_array().map_or(0, Vec::len);
    section.paragraphs.push(format!(
        "{} stand in the profiles that this run used ({} read). What was measured or published \
         rests on its source; what was assumed stands here in full, the rest behind the lines \
         below.",
        words::count(rows.len(), "number"),
        words::count(profiles, "data file")
    ));
    section.tables.push(counts(&rows));
    let of = |how: &str| -> Vec<&Parameter> { rows.iter().filter(|row| row.how == how).collect() };
    let assumed = of("assumed");
    if !assumed.is_empty() {
        section.tables.push(listed("Assumed numbers", &assumed));
    }
    for (what, caption, own) in [
        ("fitted number", "Fitted numbers", of("fitted")),
        ("number", "All numbers with their sources", rows.iter().collect()),
    ] {
        if !own.is_empty() {
            section.folded.push(Folded {
                summary: format!("All {}", words::count(own.len(), what)),
                table: Some(listed(caption, &own)),
                text: None,
            });
        }
    }
    Ok(section)
}

/// A row of parameters.csv.
struct Parameter {
    profile: String,
    name: String,
    value: String,
    interval: String,
    how: String,
    source: String,
}

impl Parameter {
    fn of(row: ParameterRow) -> Parameter {
        let text = |value: f64| words::number(value);
        let interval = match (row.low, row.high) {
            (Some(low), Some(high)) => format!("{} to {}", text(low), text(high)),
            _ => String::new(),
        };
        Parameter {
            profile: format!("{}/{}", row.kind, row.profile),
            name: row.parameter,
            value: match row.unit.as_str() {
                "count" | "ratio" => exact(row.value),
                unit => format!("{} {unit}", exact(row.value)),
            },
            interval,
            how: row.how,
            source: row.source,
        }
    }
}

/// A whole number as it is, others with three digits.
fn exact(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value}")
    } else {
        words::number(value)
    }
}

/// How many numbers of each profile were obtained in which way.
fn counts(rows: &[Parameter]) -> Table {
    let ways = ["measured", "published", "datasheet", "fitted", "assumed"];
    let group = |profile: String| {
        let count = |how: &str| {
            let own = rows.iter().filter(|row| row.profile == profile && row.how == how);
            match own.count() {
                0 => Cell::number("–"),
                some => Cell::number(some.to_string()),
            }
        };
        Group { rows: vec![ways.map(count).to_vec()], name: profile }
    };
    let mut columns = vec![column("profile")];
    columns.extend(ways.map(numbers));
    Table {
        caption: "Numbers by profile and by how they were obtained".into(),
        columns,
        groups: distinct(rows.iter().map(|row| row.profile.clone()))
            .into_iter()
            .map(group)
            .collect(),
        shaded: false,
    }
}

fn listed(caption: &str, rows: &[&Parameter]) -> Table {
    let group = |profile: String| {
        let own = rows.iter().filter(|row| row.profile == profile);
        let cells = |row: &&Parameter| {
            vec![
                Cell::text(row.name.clone()),
                Cell::number(row.value.clone()),
                Cell::number(row.interval.clone()),
                Cell::text(row.how.clone()),
                Cell::link(row.source.clone(), &row.source),
            ]
        };
        Group { rows: own.map(cells).collect(), name: profile }
    };
    Table {
        caption: caption.into(),
        columns: vec![
            column("profile"),
            column("parameter"),
            numbers("value"),
            numbers("95 % interval"),
            column("how"),
            column("source"),
        ],
        groups: distinct(rows.iter().map(|row| row.profile.clone()))
            .into_iter()
            .map(group)
            .collect(),
        shaded: false,
    }
}
