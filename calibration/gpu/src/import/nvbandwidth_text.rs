//! What `nvbandwidth` prints without `-j`: per test case a description, the numbers of the columns,
//! and a row for each device.

use std::sync::Arc;

use models::input::{InputError, Source};

use super::fault;
use super::nvbandwidth::{Copies, Matrix, Value, copies};

const HELP: &str = "the output of `nvbandwidth`, unchanged; `nvbandwidth -j` is better still";

/// Reads the text, without styles.
pub(super) fn read(source: &Arc<Source>, text: &str) -> Result<Copies, InputError> {
    let mut version = None;
    let mut tests: Vec<Matrix> = Vec::new();
    let mut reading = Reading::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(told) = line.strip_prefix("nvbandwidth Version:") {
            version = Some(told.trim().to_owned());
        } else if let Some(name) = line.strip_prefix("Running ") {
            tests.extend(reading.end());
            reading.name = Some(name.trim_end_matches('.').to_owned());
        } else if line.starts_with("SUM ") || line.is_empty() {
            // A table ends with an empty line or its sum.
            if !reading.rows.is_empty() {
                tests.extend(reading.end());
            }
        } else if line.starts_with("ASSERT ") || line.contains("Error") {
            // What failed has no figures, and what comes behind it is no row.
            reading = Reading::default();
        } else if reading.name.is_some() {
            reading.take(source, at + 1, line)?;
        }
    }
    tests.extend(reading.end());
    copies(source, version, tests)
}

/// A test case that is being read.
#[derive(Default)]
struct Reading {
    name: Option<String>,
    description: String,
    /// How many columns its header names.
    columns: Option<usize>,
    rows: Vec<Vec<Value>>,
}

impl Reading {
    /// What was read of it, if it had any figures.
    fn end(&mut self) -> Option<Matrix> {
        let Reading { name, description, rows, .. } = std::mem::take(self);
        name.filter(|_| !rows.is_empty()).map(|name| Matrix::passed(&name, &description, rows))
    }

    fn take(&mut self, source: &Arc<Source>, line: usize, text: &str) -> Result<(), InputError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some(columns) = self.columns else {
            let numbered = |(at, word): (usize, &&str)| word.parse() == Ok(at);
            match words.iter().enumerate().all(numbered) {
                true => self.columns = Some(words.len()),
                false => text.clone_into(&mut self.description),
            }
            return Ok(());
        };
        if words[0].parse::<usize>().is_err() {
            return Ok(());
        }
        let wrong = |problem: String| fault(source, line, "bandwidth_matrix", problem, HELP);
        if words.len() != columns + 1 {
            let found = words.len() - 1;
            return Err(wrong(format!("has {found} figures below {columns} columns")));
        }
        let value = |word: &&str| match *word {
            "N/A" => Ok(Value(None)),
            word => match word.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(Value(Some(value))),
                _ => Err(wrong(format!("`{word}` is no number of zero or more"))),
            },
        };
        self.rows.push(words[1..].iter().map(value).collect::<Result<_, _>>()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "nvbandwidth Version: v0.6\n\nDevice 0: NVIDIA A100 (00000000:01:00)\n\n\
        Running host_to_device_memcpy_ce.\n\
        memcpy CE CPU(row) -> GPU(column) bandwidth (GB/s)\n           0         1\n\
        \u{20}0     24.60     24.70\n\nSUM host_to_device_memcpy_ce 49.30\n\n\
        Running device_to_device_memcpy_read_ce.\n\
        memcpy CE GPU(row) -> GPU(column) bandwidth (GB/s)\n           0         1\n\
        \u{20}0       N/A    250.10\n 1    249.90       N/A\n\n\
        SUM device_to_device_memcpy_read_ce 500.00\n\nWaived:\n";

    fn read_text(text: &str) -> Result<Copies, InputError> {
        read(&Source::new("bw.txt", text), text)
    }

    #[test]
    fn tables_are_read() {
        let copies = read_text(TEXT).unwrap();
        assert_eq!(copies.version.as_deref(), Some("v0.6"));
        assert_eq!(copies.tests.len(), 2);
        assert_eq!(copies.value("host_to_device_memcpy_ce", 1), Some(24.7));
        assert_eq!(copies.value("device_to_device_memcpy_read_ce", 1), Some(250.1));
        assert_eq!(copies.rows().count(), 4);
    }

    #[test]
    fn what_is_malformed_is_named_with_its_line() {
        let cases = [
            ("24.60     24.70", "24.60", "bw.txt:8: bandwidth_matrix: has 1 figures below 2"),
            ("24.70", "fast", "bw.txt:8: bandwidth_matrix: `fast` is no number"),
            ("249.90", "-1", "bw.txt:16: bandwidth_matrix: `-1` is no number"),
        ];
        for (right, wrong, expected) in cases {
            let told = read_text(&TEXT.replacen(right, wrong, 1)).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{wrong} gave {told}");
        }
        let failed = "nvbandwidth Version: v0.7\nRunning x.\n Invalid value\nASSERT in 1 2\n0 1\n";
        assert_eq!(read_text(failed).unwrap_err().problem, "no test case has passed");
    }
}
