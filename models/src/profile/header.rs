//! The header of a profile's table, and what is wrong with a row before it is one.

use std::sync::Arc;

use crate::input::{InputError, Source, suggest};

const COLUMNS: [&str; 7] = ["parameter", "value", "unit", "low", "high", "how", "source"];

pub(super) fn check(source: &Arc<Source>, headers: &csv::StringRecord) -> Result<(), InputError> {
    let line = headers.position().map_or(1, |position| position.line() as usize);
    let fault = |field: &str, problem: &str, help: String| {
        Err(InputError::new(field, problem).help(help).at(source, source.span_of_line(line)))
    };
    for column in COLUMNS {
        if !headers.iter().any(|header| header == column) {
            let help = format!("the header of a profile is {}", COLUMNS.join(","));
            return fault(column, "this column is missing", help);
        }
    }
    match headers.iter().find(|header| !COLUMNS.contains(header)) {
        Some(stranger) => fault(stranger, "unknown column", suggest(stranger, COLUMNS)),
        None => Ok(()),
    }
}

/// Turns a CSV error into one that points at its line.
pub fn csv_error(source: &Arc<Source>, error: &csv::Error) -> InputError {
    let line = error.position().map_or(1, |p| p.line().max(1) as usize);
    let (field, problem) = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().map_or("row".into(), |at| format!("column {}", at + 1));
            (column, err.kind().to_string())
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            ("row".into(), format!("has {len} fields where the header has {expected_len}"))
        }
        _ => ("row".into(), error.to_string()),
    };
    InputError::new(field, problem)
        .help("compare the line with the header")
        .at(source, source.span_of_line(line))
}
