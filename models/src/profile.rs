//! A profile: one line per calibrated number, with its unit, spread and source.
//!
//! ```csv
//! parameter,value,unit,low,high,how,source
//! hbm_bandwidth,1555,GB/s,,,datasheet,NVIDIA A100 40GB PCIe product brief
//! ```
//!
//! A comment `# format = 1` in front of the header says which [`format`](crate::format) it is; a
//! comment `# like = NAME` that it has the lines of that profile too, but for those of its own.
//!
//! `low` and `high` bound a 95 % interval where one is known. `how` is one of [`How`]. Which lines
//! there are, and what holds where one is absent, is in the [`schema`].

mod derived;
mod header;
mod how;
mod reads;
pub mod schema;
mod unit;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate, Time};

use crate::input::{InputError, Source, suggest};
use crate::library::Kind;
use crate::quantity::RATE_MIN;
use reads::Reads;
use schema::Need;

pub use header::csv_error;
pub use how::How;
pub use unit::{Dimension, UNITS, unit};

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

/// A table of parameters by name, with typed getters.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name of the profile: the file name without its ending.
    pub name: String,
    kind: Kind,
    source: Arc<Source>,
    rows: Vec<Parameter>,
    lines: Vec<usize>,
    /// How many lines are its own, where the others are those of a profile that it is like.
    own: Option<usize>,
    index: BTreeMap<String, usize>,
    reads: Reads,
}

impl Profile {
    /// Reads a profile of a kind from CSV text. Whether its lines are those of the kind is
    /// [`schema::check`]'s to say, which has to know the hops there are.
    ///
    /// # Errors
    /// A missing or unknown column, an unknown unit, a value that is not finite, negative or beyond
    /// [`Dimension::largest`], an interval that does not hold the value, an empty source, or a
    /// parameter given twice.
    pub fn parse(kind: Kind, name: &str, source: &Arc<Source>) -> Result<Profile, InputError> {
        crate::format::check_csv(source)?;
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.text.as_bytes());
        let headers = reader.headers().map_err(|e| csv_error(source, &e))?.clone();
        header::check(source, &headers)?;
        let mut profile = Profile {
            name: name.to_owned(),
            kind,
            source: Arc::clone(source),
            rows: Vec::new(),
            lines: Vec::new(),
            own: None,
            index: BTreeMap::new(),
            reads: Reads::default(),
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
        let Some((_, dimension, factor)) = unit(&row.unit) else {
            let names: Vec<&str> = UNITS.iter().map(|u| u.0).collect();
            let help = format!("one of: {}", names.join(", "));
            return fail("unit", format!("unknown unit `{}`", row.unit), &help);
        };
        let (largest, told) = dimension.largest();
        for (field, value) in [("value", Some(row.value)), ("high", row.high)] {
            if let Some(value) = value.filter(|value| value * factor > largest) {
                let problem = format!("{value:e} {} is not possible", row.unit);
                return fail(field, problem, &format!("at most {told}"));
            }
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
        self.add(row, line);
        Ok(())
    }

    fn add(&mut self, row: Parameter, line: usize) {
        self.index.insert(row.parameter.clone(), self.rows.len());
        self.rows.push(row);
        self.lines.push(line);
        self.reads.push();
    }

    /// What it is a profile of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// All lines in file order.
    pub fn rows(&self) -> &[Parameter] {
        &self.rows
    }

    /// The lines that it does not have from a profile that it is like.
    pub fn own_rows(&self) -> &[Parameter] {
        &self.rows[..self.own.unwrap_or(self.rows.len())]
    }

    /// The text it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether a parameter is given.
    pub fn has(&self, parameter: &str) -> bool {
        self.index.contains_key(parameter)
    }

    /// The parameters that some model has read.
    pub fn read(&self) -> impl Iterator<Item = &str> {
        let read = self.rows.iter().enumerate().filter(|(at, _)| self.reads.holds(*at));
        read.map(|(_, row)| row.parameter.as_str())
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
        // What is set is known.
        (row.low, row.high) = (Some(row.value), Some(row.value));
        Ok(copy)
    }

    /// A bandwidth of at least 1 bit/s.
    ///
    /// # Errors
    /// As every getter: the parameter is missing, has another dimension, or is out of range.
    pub fn rate(&self, parameter: &str) -> Result<Rate, InputError> {
        let value = self.base(parameter, Dimension::Rate)?;
        Rate::try_bytes_per_s(value)
            .filter(|_| value >= RATE_MIN)
            .ok_or_else(|| self.fault(parameter, "is no bandwidth", "at least 1 bit/s"))
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

    /// The size of a buffer: at least one byte.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn buffer(&self, parameter: &str) -> Result<Bytes, InputError> {
        match self.bytes(parameter)? {
            Bytes::ZERO => Err(self.fault(parameter, "is empty", "at least one byte")),
            bytes => Ok(bytes),
        }
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

    /// What `get` reads of a line; none where the profile has no such line.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn optional<T>(
        &self,
        parameter: &str,
        get: impl FnOnce(&Profile, &str) -> Result<T, InputError>,
    ) -> Result<Option<T>, InputError> {
        self.has(parameter).then(|| get(self, parameter)).transpose()
    }

    /// A value of any dimension in its base unit: that of the line, or where there is none, the
    /// [`schema`]'s default.
    ///
    /// # Errors
    /// See [`Profile::rate`].
    pub fn base(&self, parameter: &str, wanted: Dimension) -> Result<f64, InputError> {
        let Some(&at) = self.index.get(parameter) else {
            return match schema::line(self.kind, parameter).map(|line| line.need) {
                Some(Need::Default(value, _)) => Ok(value),
                _ => Err(self.missing(parameter)),
            };
        };
        self.reads.mark(at);
        let row = &self.rows[at];
        match unit(&row.unit) {
            Some((_, dimension, factor)) if *dimension == wanted => Ok(row.value * factor),
            _ => {
                let problem = format!("expected {wanted}, found `{}`", row.unit);
                let help = format!("one of: {}", wanted.units().join(", "));
                Err(self.fault(parameter, &problem, &help))
            }
        }
    }

    fn find(&self, parameter: &str) -> Result<&Parameter, InputError> {
        let at = self.index.get(parameter).ok_or_else(|| self.missing(parameter))?;
        Ok(&self.rows[*at])
    }

    /// The error about a line that is not there.
    pub(crate) fn missing(&self, parameter: &str) -> InputError {
        let known: Vec<&str> = self.index.keys().map(String::as_str).collect();
        let help = match schema::line(self.kind, parameter) {
            Some(line) => format!("add the line `{}`: {}", line.example(parameter), line.about),
            None => suggest(parameter, known),
        };
        InputError::new(parameter, "is missing from this profile").help(help).at(&self.source, 0..0)
    }

    pub(crate) fn fault(&self, parameter: &str, problem: &str, help: &str) -> InputError {
        let span = self.source.span_of_line(self.lines[self.index[parameter]]);
        InputError::new(parameter, problem).help(help).at(&self.source, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "parameter,value,unit,low,high,how,source\n";

    fn parse(body: &str) -> Result<Profile, InputError> {
        Profile::parse(Kind::Host, "t", &Source::new("t.csv", format!("{HEADER}{body}")))
    }

    #[test]
    fn getters_check_the_dimension() {
        let profile = parse("bw,12,GB/s,11,13,datasheet,x\nn,3,count,,,assumed,x\n").unwrap();
        assert_eq!(profile.rate("bw").unwrap(), Rate::gbyte_s(12.0));
        assert_eq!(profile.count("n").unwrap(), 3);
        let error = profile.time("bw").unwrap_err();
        assert_eq!(
            error.to_string(),
            "t.csv:2: bw: expected a time, found `GB/s` (one of: s, ms, us, ns, ps)"
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
