//! Tables of measurements: CSV text with a header, every value kept with its place in the file.
//!
//! Everything that can be wrong with a file from outside is found here or in the typed rows of
//! [`crate::family`]: size, encoding, emptiness, ragged rows, numbers that are no numbers.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::profile::csv_error;

/// A larger table is taken for a mistake: the largest published one has 50 kB.
pub(crate) const SIZE_MAX: u64 = 16 << 20;

/// A table of measurements.
#[derive(Clone, Debug)]
pub struct DataFile {
    source: Arc<Source>,
    header: csv::StringRecord,
    records: Vec<csv::StringRecord>,
}

impl DataFile {
    /// Reads a table from a file.
    ///
    /// # Errors
    /// If it is no regular file, cannot be read, is larger than 16 MiB, or is no CSV table in
    /// UTF-8.
    pub fn read(path: &Path) -> Result<DataFile, InputError> {
        let name = path.display().to_string();
        let failed = |e: std::io::Error| InputError::new(&name, format!("cannot be read: {e}"));
        // Opening a pipe would wait for its writer.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(InputError::new(&name, "is not a regular file"));
        }
        let mut bytes = Vec::new();
        let mut file = File::open(path).map_err(failed)?.take(SIZE_MAX + 1);
        file.read_to_end(&mut bytes).map_err(failed)?;
        DataFile::from_bytes(name, &bytes)
    }

    /// Reads a table from bytes; `name` is shown in messages.
    ///
    /// # Errors
    /// As [`DataFile::read`].
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Result<DataFile, InputError> {
        let name = name.into();
        if bytes.len() as u64 > SIZE_MAX {
            return Err(InputError::new(name, "is too large for a table of measurements")
                .help("at most 16 MiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| not_text(&name, bytes, e))?;
        let source = Source::new(name, text);
        let mut reader = csv::Reader::from_reader(source.text.as_bytes());
        let header = reader.headers().map_err(|e| csv_error(&source, &e))?.clone();
        let records: Result<Vec<_>, _> = reader.records().collect();
        let records = records.map_err(|e| csv_error(&source, &e))?;
        let what = match (header.iter().all(str::is_empty), records.is_empty()) {
            (true, _) => "the file is empty",
            (false, true) => "the table has a header but no rows",
            (false, false) => return Ok(DataFile { source, header, records }),
        };
        Err(InputError::new("table", what)
            .help("a header and at least one row, as in calibration/published/")
            .at(&source, 0..0))
    }

    /// The text it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The names of the columns, in file order.
    pub fn columns(&self) -> impl Iterator<Item = &str> + Clone {
        self.header.iter()
    }

    /// The rows, in file order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (1..).zip(&self.records).map(|(number, record)| Row { file: self, number, record })
    }
}

/// A row and its place.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    file: &'a DataFile,
    /// Its number, counted from one without the header.
    pub number: usize,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The line of the file on which it begins, counted from one.
    pub fn line(&self) -> usize {
        self.record.position().map_or(1, |position| position.line() as usize)
    }

    /// The name of the file.
    pub fn file_name(&self) -> &'a str {
        &self.file.source.name
    }

    /// The table that it is a row of.
    pub fn file(&self) -> &'a DataFile {
        self.file
    }

    /// Whether two rows say the same, whatever file they are in and in whatever order of columns.
    pub fn says_the_same(&self, other: &Row<'_>) -> bool {
        self.file.columns().all(|column| self.cell(column) == other.cell(column))
    }

    /// The text of a column, trimmed; empty text is `None`.
    pub fn cell(&self, column: &str) -> Option<&'a str> {
        let at = self.file.columns().position(|name| name == column)?;
        self.record.get(at).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The text of a column.
    ///
    /// # Errors
    /// If it is empty.
    pub fn text(&self, column: &str) -> Result<&'a str, InputError> {
        self.cell(column).ok_or_else(|| self.fault(column, "is empty"))
    }

    /// A measured number.
    ///
    /// # Errors
    /// If it is empty or not a finite number above zero.
    pub fn positive(&self, column: &str) -> Result<f64, InputError> {
        let text = self.text(column)?;
        let value: Option<f64> = text.parse().ok();
        value.filter(|v| v.is_finite() && *v > 0.0).ok_or_else(|| {
            let problem = format!("`{text}` is not a finite number above zero");
            self.fault(column, problem)
        })
    }

    /// A whole number of at most `max`.
    ///
    /// # Errors
    /// If it is empty, not a whole number, zero, or above `max`.
    pub fn count(&self, column: &str, max: u64) -> Result<u64, InputError> {
        let text = self.text(column)?;
        let value: Option<u64> = text.parse().ok();
        value.filter(|v| (1..=max).contains(v)).ok_or_else(|| {
            self.fault(column, format!("`{text}` is not a whole number"))
                .help(format!("1 to {max}"))
        })
    }

    /// How many digits a column prints after the point.
    pub fn decimals(&self, column: &str) -> usize {
        let text = self.cell(column).unwrap_or_default();
        text.split_once('.').map_or(0, |(_, digits)| digits.len())
    }

    /// An error about a column of this row.
    pub fn fault(&self, column: &str, problem: impl Into<String>) -> InputError {
        let line = self.file.source.span_of_line(self.line());
        InputError::new(column, problem).at(&self.file.source, line)
    }
}

/// Bytes that are not UTF-8: shows the file up to the line at fault.
fn not_text(name: &str, bytes: &[u8], error: std::str::Utf8Error) -> InputError {
    let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
    let line = valid.matches('\n').count() + 1;
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
    let problem = format!("line {line} is not UTF-8 text (byte 0x{byte:02x})");
    InputError::new("table", problem)
        .help("a CSV table in UTF-8")
        .at(&Source::new(name, valid), valid.len()..valid.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_place() {
        let file = DataFile::from_bytes("x.csv", b"a,b\n1, 2.50 \n,NaN\n").unwrap();
        let rows: Vec<Row<'_>> = file.rows().collect();
        assert_eq!(rows[0].positive("b").unwrap(), 2.5);
        assert_eq!(rows[0].decimals("b"), 2);
        let told = |result: Result<f64, InputError>| result.unwrap_err().to_string();
        assert_eq!(told(rows[1].positive("a")), "x.csv:3: a: is empty");
        let problem = "x.csv:3: b: `NaN` is not a finite number above zero";
        assert_eq!(told(rows[1].positive("b")), problem);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let cases: [(&[u8], &str); 5] = [
            (b"", "x.csv:1: table: the file is empty"),
            (b"a,b\n", "x.csv:1: table: the table has a header but no rows"),
            (b"a,b\n1\n", "x.csv:2: "),
            (b"a,b\n1,\xff\n", "x.csv:2: table: line 2 is not UTF-8 text (byte 0xff)"),
            (b"a,b\n1,2\n3,4,5\n", "x.csv:3: "),
        ];
        for (bytes, expected) in cases {
            let told = DataFile::from_bytes("x.csv", bytes).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
        let large = vec![b'x'; SIZE_MAX as usize + 1];
        let told = DataFile::from_bytes("x.csv", &large).unwrap_err().to_string();
        assert!(told.starts_with("x.csv: is too large"), "{told}");
    }
}
