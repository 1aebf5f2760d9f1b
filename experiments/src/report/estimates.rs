//! A table of names and of means with their intervals, from a file that has `NAME`, `NAME_low` and
//! `NAME_high` for each mean.

use super::document::{Cell, Table as Sheet, numbers, words as column};
use crate::plot::PlotError;
use crate::plot::table::{Row, Table};
use crate::plot::words;

/// The first `most` rows of a file.
pub(super) fn sheet(table: &Table, most: usize, title: &'static str) -> Result<Sheet, PlotError> {
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

/// A column as people read it: `allocated [%]`.
fn heading(name: &str) -> String {
    let plain = |name: &str| name.replace('_', " ");
    match (name.strip_suffix("_percent"), name.strip_prefix("wait_s_"), name.strip_suffix("_s")) {
        (Some(what), ..) => format!("{} [%]", plain(what)),
        (_, Some(which), _) => format!("{} wait [s]", plain(which)),
        (.., Some(what)) => format!("{} [s]", plain(what)),
        _ => plain(name),
    }
}
