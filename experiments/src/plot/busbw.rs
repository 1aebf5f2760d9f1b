//! Bus bandwidth of collectives against size, with its interval and what the line would carry.

use std::path::Path;

use super::lines::{self, Axis, Line, Words};
use super::run::distinct;
use super::table::{Row, Table};
use super::{Draft, PlotError, words};
use crate::record::CollectiveRow;

/// More lines than this are not told apart.
const LINES_MAX: usize = 12;
/// More lines than this hide each other's intervals.
const INTERVALS_MAX: usize = 4;
const TITLE: &str = "Bus bandwidth against size";
const CAPTION: &str = "What nccl-tests calls busbw. Bands hold 90 % of draws of what is unknown; \
                       dotted lines are what the slowest line would carry.";

/// The figure of a run in `dir` that has collectives of several sizes.
///
/// # Errors
/// If their table is broken.
pub(super) fn draft(dir: &Path) -> Result<Option<Draft>, PlotError> {
    let Some(table) = Table::read_if_there(dir, "collectives.csv")? else { return Ok(None) };
    let added = table.between("fidelity", "collective").to_vec();
    let said = |row: &Row<'_>| -> Result<Vec<String>, PlotError> {
        let columns = ["topology", "transfer", "collective"].into_iter();
        let columns = columns.chain(added.iter().map(String::as_str));
        columns.map(|column| Ok(row.text(column)?.to_owned())).collect()
    };
    let rows: Vec<(Vec<String>, Row<'_>)> =
        table.rows().map(|row| Ok((said(&row)?, row))).collect::<Result<_, PlotError>>()?;
    let keys = distinct(rows.iter().map(|(key, _)| key.clone()));
    let differs = |at: usize| keys.iter().any(|key| key[at] != keys[0][at]);
    let told: Vec<usize> = (0..3 + added.len()).filter(|at| differs(*at)).collect();
    let mut lines = Vec::new();
    for key in &keys {
        let own = rows.iter().filter(|(of, _)| of == key).map(|(_, row)| row);
        let mut line = read(own)?;
        let parts = told.iter().map(|at| key[*at].replace('_', "-"));
        line.name = parts.collect::<Vec<_>>().join(", ");
        lines.push(line);
    }
    lines.retain(|line| line.points.len() > 1);
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Ok(None);
    }
    if lines.len() > INTERVALS_MAX {
        lines.iter_mut().for_each(|line| line.within.clear());
    }
    let said = Words {
        title: TITLE,
        note: CAPTION,
        across: "size of the collective",
        ticks: words::size,
        wide: Axis::Log,
        unit: "GB/s",
        high: Axis::FromZero,
    };
    let draft = |picture| Draft {
        name: "busbw-by-size",
        title: TITLE.into(),
        caption: CAPTION.into(),
        alternative: format!("{TITLE}, a line for each topology. {CAPTION}"),
        picture,
    };
    Ok(lines::draw(&lines, said).map(draft))
}

/// A reading: size \[B\], bus bandwidth \[GB/s\] and the ends of its interval.
struct Reading {
    size: f64,
    gb_s: f64,
    within: Option<(f64, f64)>,
}

/// The line of rows that differ in size alone.
fn read<'r, 't: 'r>(rows: impl Iterator<Item = &'r Row<'t>>) -> Result<Line, PlotError> {
    let mut readings = Vec::new();
    let mut ideal = None;
    for row in rows {
        let row: CollectiveRow = row.read()?;
        let within = row.busbw_predicted_low_gb_s.zip(row.busbw_predicted_high_gb_s);
        readings.push(Reading { size: row.size_b as f64, gb_s: row.busbw_gb_s, within });
        ideal = Some(row.ideal_busbw_gb_s).filter(|gb_s| *gb_s > 0.0);
    }
    readings.sort_by(|a, b| a.size.total_cmp(&b.size));
    let within: Option<Vec<(f64, f64)>> = readings.iter().map(|reading| reading.within).collect();
    Ok(Line {
        name: String::new(),
        points: readings.iter().map(|reading| (reading.size, reading.gb_s)).collect(),
        within: within.unwrap_or_default(),
        ideal,
    })
}
