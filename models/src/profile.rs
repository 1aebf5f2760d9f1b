//! A profile: one line per calibrated number, with its unit, spread and source.
//!
//! ```csv
//! parameter,value,unit,low,high,how,source
//! hbm_bandwidth,1555,GB/s,,,datasheet,NVIDIA A100 40GB PCIe product brief
//! ```
//!
//! `low` and `high` bound a 95 % interval where one is known. `how` is one of [`How`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate, Time};

use crate::input::{InputError, Source, suggest};

/// How a number was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Measured by a probe of this project.
    Measured,
    /// Fitted by `podpath calibrate fit` from rows named in the source column.
    Fitted,
    /// Published by somebody else.
    Published,
    /// Given by the vendor or a standard.
    Datasheet,
    /// Not known; a stated assumption that studies should sweep.
    Assumed,
}

/// One line of a profile, in the unit its file uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The name: `hbm_bandwidth`, `vxlan.rx_per_skb`.
    pub parameter: String,
    /// The value in `unit`.
    pub value: f64,
    /// The unit as text: see [`UNITS`].
    pub unit: String,
    /// Lower end of the 95 % interval in `unit`.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval in `unit`.
    pub high: Option<f64>,
    /// How the value was obtained.
    pub how: How,
    /// Where it is from: document, data file and rows, or the reason for the assumption.
    pub source: String,
}

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Bytes per second.
    Rate,
    /// Seconds.
    Time,
    /// Seconds per byte.
    TimePerByte,
    /// Bytes.
    Bytes,
    /// A whole number of things.
    Count,
    /// Cycles per second.
    Frequency,
    /// Floating-point operations per second.
    Flops,
    /// A pure number.
    Ratio,
}

/// Every unit a profile may use: name, dimension, factor to the base unit of that dimension
/// (B/s, s, s/B, B, 1, Hz, flop/s, 1).
pub const UNITS: &[(&str, Dimension, f64)] = &[
    ("B/s", Dimension::Rate, 1.0),
    ("MB/s", Dimension::Rate, 1e6),
    ("GB/s", Dimension::Rate, 1e9),
    ("Gbit/s", Dimension::Rate, 1e9 / 8.0),
    ("Mbit/s", Dimension::Rate, 1e6 / 8.0),
    ("s", Dimension::Time, 1.0),
    ("ms", Dimension::Time, 1e-3),
    ("us", Dimension::Time, 1e-6),
    ("ns", Dimension::Time, 1e-9),
    ("ps", Dimension::Time, 1e-12),
    ("s/B", Dimension::TimePerByte, 1.0),
    ("ns/B", Dimension::TimePerByte, 1e-9),
    ("ps/B", Dimension::TimePerByte, 1e-12),
    ("B", Dimension::Bytes, 1.0),
    ("KiB", Dimension::Bytes, 1024.0),
    ("MiB", Dimension::Bytes, 1_048_576.0),
    ("GiB", Dimension::Bytes, 1_073_741_824.0),
    ("count", Dimension::Count, 1.0),
    ("MHz", Dimension::Frequency, 1e6),
    ("GHz", Dimension::Frequency, 1e9),
    ("Tflop/s", Dimension::Flops, 1e12),
    ("ratio", Dimension::Ratio, 1.0),
];

/// A table of parameters by name, with typed getters.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name of the profile: the file name without its ending.
    pub name: String,
    source: Arc<Source>,
    rows: Vec<Parameter>,
    lines: Vec<usize>,
    index: BTreeMap<String, usize>,
}

impl Profile {
    /// Reads a profile from CSV text.
    ///
    /// # Errors
    /// A missing or unknown column, an unknown unit, a value that is not finite or is negative, an
    /// interval that does not hold the value, an empty source, or a parameter given twice.
    pub fn parse(name: &str, source: &Arc<Source>) -> Result<Profile, InputError> {
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.text.as_bytes());
        let headers = reader.headers().map_err(|e| csv_error(source, &e))?.clone();
        check_header(source, &headers)?;
        let mut profile = Profile {
            name: name.to_owned(),
            source: Arc::clone(source),
            rows: Vec::new(),
            lines: Vec::new(),
            index: BTreeMap::new(),
        };
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| csv_error(source, &e))? {
            let line = record.position().map_or(1, |p| p.line() as usize);
            let row: Parameter =
                record.deserialize(Some(&headers)).map_err(|e| csv_error(source, &e))?;
            profile.push(row, line)?;
        }
        if profile.rows.is_empty() {
            return Err(InputError::new(name, "the profile has no parameters")
                .help("one line per parameter: parameter,value,unit,low,high,how,source")
                .at(source, 0..source.text.len().min(1)));
        }
        Ok(profile)
    }

    fn push(&mut self, row: Parameter, line: usize) -> Result<(), InputError> {
        let fail = |field: &str, problem: String, help: &str| {
            let field = format!("{}.{field}", row.parameter);
            let span = self.source.span_of_line(line);
            Err(InputError::new(field, problem).help(help).at(&self.source, span))
        };
        if !row.value.is_finite() || row.value < 0.0 {
            return fail("value", format!("{} is not possible", row.value), "a finite number ≥ 0");
        }
        if unit(&row.unit).is_none() {
            let names: Vec<&str> = UNITS.iter().map(|u| u.0).collect();
            let help = format!("one of: {}", names.join(", "));
            return fail("unit", format!("unknown unit `{}`", row.unit), &help);
        }
        let low = row.low.unwrap_or(row.value);
        let high = row.high.unwrap_or(row.value);
        if !(low <= row.value && row.value <= high && high.is_finite()) {
            let problem = format!("{low} to {high} does not hold the value {}", row.value);
            return fail("low", problem, "low ≤ value ≤ high, all finite");
        }
        if row.source.trim().is_empty() {
            return fail("source", "is empty".into(), "every number says where it is from");
        }
        if self.index.contains_key(&row.parameter) {
            return fail("parameter", "is given twice".into(), "keep one of the two lines");
        }
        self.index.insert(row.parameter.clone(), self.rows.len());
        self.rows.push(row);
        self.lines.push(line);
        Ok(())
    }

    /// All lines in file order.
    pub fn rows(&self) -> &[Parameter] {
        &self.rows
    }

    /// The text it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether a parameter is given.
    pub fn has(&self, parameter: &str) -> bool {
        self.index.contains_key(parameter)
    }

    /// A copy with `parameter` set to `value` in base units (B/s, s, s/B, …): for sweeps, fits and
    /// counterfactuals, which ask "what if" without writing a file.
    ///
    /// # Errors
    /// If the profile has no such parameter.
    pub fn with(&self, parameter: &str, value: f64) -> Result<Profile, InputError> {
        let row = self.find(parameter)?;
        let factor = unit(&row.unit).map_or(1.0, |u| u.2);
        let mut copy = self.clone();
        let row = &mut copy.rows[self.index[parameter]];
        row.value = value / factor;
        (row.low, row.high) = (None, None);
        Ok(copy)
    }

    /// A copy with further lines behind its own; a parameter that it has keeps its line.
    pub(crate) fn completed(&self, lines: Vec<Parameter>) -> Profile {
        let mut copy = self.clone();
        for row in lines.into_iter().filter(|row| !self.has(&row.parameter)) {
            copy.index.insert(row.parameter.clone(), copy.rows.len());
            copy.rows.push(row);
            copy.lines.push(1);
        }
        copy
    }

    /// A bandwidth, above zero.
    ///
    /// # Errors
    /// As every getter: the parameter is missing, has another dimension, or is out of range.
    pub fn rate(&self, parameter: &str) -> Result<Rate, InputError> {
        let value = self.base(parameter, Dimension::Rate)?;
        Rate::try_bytes_per_s(value)
            .ok_or_else(|| self.fault(parameter, "must be above zero", "a bandwidth above zero"))
    }

    /// A span of time.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn time(&self, parameter: &str) -> Result<Time, InputError> {
        self.base(parameter, Dimension::Time).map(Time::from_seconds)
    }

    /// A span of time in seconds, unrounded: costs are summed before they are rounded.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn seconds(&self, parameter: &str) -> Result<f64, InputError> {
        self.base(parameter, Dimension::Time)
    }

    /// A cost in seconds per byte [s/B].
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn seconds_per_byte(&self, parameter: &str) -> Result<f64, InputError> {
        self.base(parameter, Dimension::TimePerByte)
    }

    /// An amount of data; a whole number of bytes.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn bytes(&self, parameter: &str) -> Result<Bytes, InputError> {
        let value = self.base(parameter, Dimension::Bytes)?;
        if value.fract() != 0.0 || value > 1e18 {
            return Err(self.fault(parameter, "is not a whole number of bytes", "a whole number"));
        }
        Ok(Bytes::new(value as u64))
    }

    /// A whole number of things.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn count(&self, parameter: &str) -> Result<u32, InputError> {
        let value = self.base(parameter, Dimension::Count)?;
        if value.fract() != 0.0 || value > f64::from(u32::MAX) {
            return Err(self.fault(parameter, "is not a count", "a whole number below 2^32"));
        }
        Ok(value as u32)
    }

    /// A pure number.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn ratio(&self, parameter: &str) -> Result<f64, InputError> {
        self.base(parameter, Dimension::Ratio)
    }

    /// A value of any dimension in its base unit.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn base(&self, parameter: &str, wanted: Dimension) -> Result<f64, InputError> {
        let row = self.find(parameter)?;
        match unit(&row.unit) {
            Some((_, dimension, factor)) if *dimension == wanted => Ok(row.value * factor),
            _ => {
                let names: Vec<&str> =
                    UNITS.iter().filter(|u| u.1 == wanted).map(|u| u.0).collect();
                let problem = format!("has the unit `{}`", row.unit);
                Err(self.fault(parameter, &problem, &format!("one of: {}", names.join(", "))))
            }
        }
    }

    fn find(&self, parameter: &str) -> Result<&Parameter, InputError> {
        let Some(&at) = self.index.get(parameter) else {
            let known: Vec<&str> = self.index.keys().map(String::as_str).collect();
            return Err(InputError::new(parameter, "is missing from this profile")
                .help(suggest(parameter, known))
                .at(&self.source, 0..0));
        };
        Ok(&self.rows[at])
    }

    pub(crate) fn fault(&self, parameter: &str, problem: &str, help: &str) -> InputError {
        let span = self.source.span_of_line(self.lines[self.index[parameter]]);
        InputError::new(parameter, problem).help(help).at(&self.source, span)
    }
}

/// Looks a unit up by name.
pub fn unit(name: &str) -> Option<&'static (&'static str, Dimension, f64)> {
    UNITS.iter().find(|(known, ..)| *known == name)
}

const COLUMNS: [&str; 7] = ["parameter", "value", "unit", "low", "high", "how", "source"];

fn check_header(source: &Arc<Source>, headers: &csv::StringRecord) -> Result<(), InputError> {
    let fault = |field: &str, problem: &str, help: String| {
        Err(InputError::new(field, problem).help(help).at(source, source.span_of_line(1)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "parameter,value,unit,low,high,how,source\n";

    fn parse(body: &str) -> Result<Profile, InputError> {
        Profile::parse("t", &Source::new("t.csv", format!("{HEADER}{body}")))
    }

    #[test]
    fn getters_check_the_dimension() {
        let profile = parse("bw,12,GB/s,11,13,datasheet,x\nn,3,count,,,assumed,x\n").unwrap();
        assert_eq!(profile.rate("bw").unwrap(), Rate::gbyte_s(12.0));
        assert_eq!(profile.count("n").unwrap(), 3);
        let error = profile.time("bw").unwrap_err();
        assert_eq!(
            error.to_string(),
            "t.csv:2: bw: has the unit `GB/s` (one of: s, ms, us, ns, ps)"
        );
        assert_eq!(profile.rate("bww").unwrap_err().help.unwrap(), "did you mean `bw`?");
    }

    #[test]
    fn bad_lines_are_named() {
        let cases = [
            ("a,-1,ns,,,assumed,x\n", "t.csv:2: a.value: -1 is not possible"),
            ("a,NaN,ns,,,assumed,x\n", "t.csv:2: a.value: NaN is not possible"),
            ("a,1,parsec,,,assumed,x\n", "t.csv:2: a.unit: unknown unit `parsec`"),
            ("a,1,ns,2,3,assumed,x\n", "t.csv:2: a.low: 2 to 3 does not hold the value 1"),
            ("a,1,ns,,,assumed,\n", "t.csv:2: a.source: is empty"),
            ("a,1,ns,,,guess,x\n", "t.csv:2: row: unknown variant `guess`"),
            ("a,1,ns,,,assumed,x\na,1,ns,,,assumed,x\n", "t.csv:3: a.parameter: is given twice"),
            ("a,1,ns\n", "t.csv:2: row: has 3 fields where the header has 7"),
            ("", "t.csv:1: t: the profile has no parameters"),
        ];
        for (body, expected) in cases {
            let message = parse(body).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{body:?} gave {message}");
        }
    }
}
