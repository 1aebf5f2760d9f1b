//! The table of nccl-tests (`all_reduce_perf` and its sisters): one row per message size.
//!
//! Rows stand between lines of NCCL's own log; a row is a line that begins with a whole number.
//! The header above them names the columns, whose number differs between versions.

use std::sync::Arc;

use models::input::{InputError, Source};

use super::fault;

const HELP: &str = "the text that a program of nccl-tests prints, unchanged";

/// A message size of a collective.
#[derive(Clone, Debug, PartialEq)]
pub struct Collective {
    /// The program, where the text says it: `all_reduce_perf`.
    pub test: Option<String>,
    /// Bytes of the message.
    pub bytes: u64,
    /// Type of the elements: `float`.
    pub element: String,
    /// Out of place, where it was run.
    pub out_of_place: Option<Timing>,
    /// In place, where it was run.
    pub in_place: Option<Timing>,
}

/// What one size took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Time of one operation \[us\].
    pub time_us: f64,
    /// Bytes ÷ time \[GB/s\].
    pub algorithm_gb_s: f64,
    /// The same times what the operation moves over each link \[GB/s\].
    pub bus_gb_s: f64,
    /// Elements that came out wrong, where it was checked.
    pub wrong: Option<u64>,
}

/// Whether a text has this table's header.
pub(super) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| columns(line).is_some())
}

/// The columns that a header names.
fn columns(line: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = line.trim().strip_prefix('#')?.split_whitespace().collect();
    (names.first() == Some(&"size") && names.contains(&"algbw")).then_some(names)
}

/// Reads the table.
pub(super) fn read(source: &Arc<Source>) -> Result<Vec<Collective>, InputError> {
    let mut header: Option<Vec<&str>> = None;
    let mut rows = Vec::new();
    let mut unnamed = 0;
    for (at, line) in source.text.lines().enumerate() {
        if let Some(columns) = columns(line) {
            header = Some(columns);
        } else if let Some((_, test)) = line.split_once("Collective test concluded:") {
            // The name comes last.
            let rows: &mut [Collective] = &mut rows[unnamed..];
            rows.iter_mut().for_each(|row| row.test = Some(test.trim().to_owned()));
            unnamed = unnamed.max(rows.len() + unnamed);
        } else if let Some(header) = &header {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first().is_some_and(|word| word.parse::<u64>().is_ok()) {
                rows.push(row(source, at + 1, header, &words)?);
            }
        }
    }
    match rows.is_empty() {
        true => Err(fault(source, 1, "size", "there is no row below the header".into(), HELP)),
        false => Ok(rows),
    }
}

fn row(
    source: &Arc<Source>,
    line: usize,
    header: &[&str],
    words: &[&str],
) -> Result<Collective, InputError> {
    if words.len() != header.len() {
        let problem = format!("has {} columns, and the header {}", words.len(), header.len());
        return Err(fault(source, line, "row", problem, HELP));
    }
    // Some columns come twice: out of place first, then in place.
    let word = |name: &str, turn: usize| -> Option<&str> {
        let mut places = header.iter().zip(words).filter(|(column, _)| **column == name);
        places.nth(turn).map(|(_, word)| *word)
    };
    let wrong = |field: &str, word: &str, wanted: &str| {
        fault(source, line, field, format!("`{word}` is no {wanted}"), HELP)
    };
    let amount = |field: &str, turn: usize| -> Result<Option<f64>, InputError> {
        match word(field, turn) {
            None | Some("N/A") => Ok(None),
            Some(text) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
                _ => Err(wrong(field, text, "number of zero or more")),
            },
        }
    };
    let timing = |turn: usize| -> Result<Option<Timing>, InputError> {
        let (time, algorithm, bus) =
            (amount("time", turn)?, amount("algbw", turn)?, amount("busbw", turn)?);
        let (Some(time_us), Some(algorithm_gb_s), Some(bus_gb_s)) = (time, algorithm, bus) else {
            return Ok(None);
        };
        let wrong = match word("#wrong", turn) {
            None | Some("N/A") => None,
            Some(text) => Some(text.parse().map_err(|_| wrong("#wrong", text, "whole number"))?),
        };
        Ok(Some(Timing { time_us, algorithm_gb_s, bus_gb_s, wrong }))
    };
    let bytes = word("size", 0).and_then(|word| word.parse().ok());
    Ok(Collective {
        test: None,
        bytes: bytes.ok_or_else(|| wrong("size", words[0], "whole number"))?,
        element: word("type", 0).unwrap_or("").to_owned(),
        out_of_place: timing(0)?,
        in_place: timing(1)?,
    })
}

impl Collective {
    /// Test, from, to, quantity, value and unit of every figure.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let mut rows = Vec::new();
        for (place, timing) in [("out", self.out_of_place), ("in", self.in_place)] {
            let Some(timing) = timing else { continue };
            for (quantity, value, unit) in [
                ("time", timing.time_us, "us"),
                ("algorithm_bandwidth", timing.algorithm_gb_s, "GB/s"),
                ("bus_bandwidth", timing.bus_gb_s, "GB/s"),
            ] {
                let test = self.test.clone().unwrap_or_else(|| "collective".into());
                let size = format!("{} B", self.bytes);
                let quantity = format!("{quantity}_{place}_of_place");
                let quantity = quantity.replace("in_of_place", "in_place");
                rows.push([test, size, String::new(), quantity, value.to_string(), unit.into()]);
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form that nccl-tests 2.13 prints, within NCCL's log.
    const TEXT: &str = include_str!("../../../tests/import/all_reduce_perf.txt");

    #[test]
    fn rows_are_read_from_between_the_log() {
        let rows = read(&Source::new("nccl.txt", TEXT)).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].bytes, rows[0].element.as_str()), (134_217_728, "float"));
        assert_eq!(rows[1].test.as_deref(), Some("all_reduce_perf"));
        let (out, inside) = (rows[0].out_of_place.unwrap(), rows[1].in_place.unwrap());
        assert_eq!((out.time_us, out.bus_gb_s, out.wrong), (857.6, 156.51, Some(0)));
        assert_eq!((inside.algorithm_gb_s, inside.wrong), (186.17, None));
        assert_eq!(rows[0].rows()[3][3], "time_in_place");
    }

    #[test]
    fn what_is_malformed_is_named_with_its_line() {
        let cases = [
            ("857.6", "slow", "nccl.txt:10: time: `slow` is no number of zero or more"),
            ("185.74  185.74", "185.74  -1", "nccl.txt:12: busbw: `-1` is no number"),
            ("163.76      0", "163.76      x", "nccl.txt:10: #wrong: `x` is no whole number"),
            ("163.76      0", "163.76", "nccl.txt:10: row: has 12 columns, and the header 13"),
        ];
        for (right, wrong, expected) in cases {
            let text = TEXT.replacen(right, wrong, 1);
            let told = read(&Source::new("nccl.txt", text)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let none: String = TEXT.lines().take(9).map(|line| format!("{line}\n")).collect();
        let told = read(&Source::new("nccl.txt", none)).unwrap_err().to_string();
        assert!(told.starts_with("nccl.txt:1: size: there is no row"), "{told}");
    }
}
