//! What reports say of a verdict: errors beside the measurement's own spread, in words and tables.

use super::document::{Cell, Column, Table, numbers, words as column};
use crate::plot::measured::{self, Measured, Row};
use crate::plot::words;
use crate::verdict::Summary;

/// A figure's errors in a sentence.
pub fn sentence(summary: &Summary, rounds: usize) -> String {
    let mut name = measured::name(&summary.figure);
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!(
        "{name}: {}, median error {}, 90th percentile {}, worst {}, beside {}.",
        words::count(summary.count, "value"),
        words::error(summary.median_error_ratio),
        words::error(summary.p90_error_ratio),
        words::error(summary.worst_error_ratio),
        match rounds {
            0 | 1 => "a spread that one round cannot tell".to_owned(),
            _ => format!(
                "the measurement's own spread of {} in the median",
                words::error(summary.median_spread_ratio)
            ),
        }
    )
}

/// The errors of every figure.
pub fn summaries(summaries: &[Summary], rounds: usize) -> Table {
    let repeated = |text: String| Cell::number(if rounds > 1 { text } else { "–".into() });
    let row = |summary: &Summary| {
        vec![
            Cell::text(measured::name(&summary.figure)),
            Cell::number(summary.count.to_string()),
            Cell::number(words::error(summary.median_error_ratio)),
            Cell::number(words::error(summary.p90_error_ratio)),
            Cell::number(words::error(summary.worst_error_ratio)),
            repeated(words::error(summary.median_spread_ratio)),
            repeated(words::percent(summary.inside_ratio)),
        ]
    };
    let columns = vec![
        column("figure"),
        numbers("values"),
        numbers("median error"),
        numbers("90th percentile"),
        numbers("worst"),
        numbers("median spread"),
        numbers("inside the spread"),
    ];
    let caption = "Absolute relative error, |predicted − median| ÷ median, beside the \
                   measurement's own spread, interquartile range ÷ median";
    Table::plain(caption, columns, summaries.iter().map(row).collect())
}

/// The columns that follow after what a row is about.
pub fn columns() -> Vec<Column> {
    vec![
        numbers("rounds"),
        numbers("measured"),
        numbers("quartiles"),
        numbers("spread"),
        numbers("predicted"),
        numbers("error"),
        column("against the spread"),
    ]
}

/// The cells of these columns.
pub fn cells(measured: &Measured, row: &Row) -> Vec<Cell> {
    let unit = measured.unit(&row.point.figure);
    let (point, spread) = (&row.point, row.point.measured);
    let value = |value: f64| words::figure(value / unit.scale);
    let ends = format!("{} to {}", value(spread.low), value(spread.high));
    let once = spread.rounds < 2;
    let judged = match (once, point.inside) {
        (true, _) => Cell::text("one round: no spread").class("bound"),
        (_, true) => Cell::text("inside").class("good"),
        (_, false) => Cell::text("outside"),
    };
    vec![
        Cell::number(spread.rounds.to_string()),
        Cell::number(format!("{} {}", value(spread.median), unit.name)),
        Cell::number(if once { "–".into() } else { ends }),
        Cell::number(measured::spread_told(&spread)),
        Cell::number(format!("{} {}", value(point.predicted), unit.name)),
        Cell::number(words::gain(point.error())),
        judged,
    ]
}
