//! Arrivals from a file: a CSV with a column `time_s` of ascending instants in seconds.

use std::sync::Arc;

use models::input::{InputError, Source};
use sim::Time;

use crate::near::Near;

/// The only column that is read.
const COLUMN: &str = "time_s";
/// The longest trace: 100 days \[s\].
const SECONDS_MAX: f64 = 8_640_000.0;

/// Reads the trace in the file `name`.
pub(super) fn read(name: &str, near: Near<'_>) -> Result<Arc<[Time]>, InputError> {
    parsed(&near.text(name, "trace")?)
}

fn parsed(source: &Arc<Source>) -> Result<Arc<[Time]>, InputError> {
    let wrong = |line: usize, field: &str, problem: String, help: &str| {
        Err(InputError::new(field, problem).help(help).at(source, source.span_of_line(line)))
    };
    let mut lines = source.text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let header: Vec<&str> = lines.next().map_or("", |(_, line)| line).split(',').collect();
    let Some(column) = header.iter().position(|name| name.trim() == COLUMN) else {
        let problem = format!("has no column `{COLUMN}`");
        return wrong(1, "header", problem, "time_s: instants in seconds, ascending");
    };
    let mut times: Vec<Time> = Vec::new();
    for (number, line) in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != header.len() {
            let problem =
                format!("has {} fields where the header has {}", cells.len(), header.len());
            return wrong(number, "row", problem, "as many fields as the header names");
        }
        let text = cells[column].trim();
        let seconds = text.parse().ok().filter(|s: &f64| (0.0..=SECONDS_MAX).contains(s));
        let Some(seconds) = seconds else {
            let problem = format!("`{text}` is not a possible instant");
            return wrong(number, COLUMN, problem, "seconds, zero or more, at most 8640000");
        };
        let time = Time::from_seconds(seconds);
        if times.last().is_some_and(|last| *last > time) {
            let problem = format!("`{text}` comes before the line above it");
            return wrong(number, COLUMN, problem, "instants that ascend: sort the file by time");
        }
        times.push(time);
    }
    if times.is_empty() {
        return wrong(1, "table", "has a header but no rows".into(), "an arrival in each row");
    }
    if !source.text.ends_with('\n') {
        let last = source.text.lines().count();
        let problem = "ends without a line break, so it may have been cut".into();
        return wrong(last, "row", problem, "a whole file; a line break behind its last row");
    }
    Ok(times.into())
}
