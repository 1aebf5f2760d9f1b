//! What a reported figure counts.

use crate::plot::words;

/// What a reported figure counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A bandwidth \[bit/s\], which reports give in bytes too and which stands beside the goodput.
    #[default]
    Bandwidth,
    /// A time \[s\], which stands beside the completion.
    Time,
    /// Transfers one after the other per second \[1/s\]: 1 ÷ the completion.
    Frequency,
    /// A number without a unit, or a percentage, of a scenario.
    Number,
}

impl Unit {
    /// Those that experiments report, in the order of panels.
    pub(crate) const ALL: [Unit; 3] = [Unit::Bandwidth, Unit::Time, Unit::Frequency];

    /// Its name in the manifest.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Bandwidth => "bit/s",
            Unit::Time => "s",
            Unit::Frequency => "1/s",
            Unit::Number => "1",
        }
    }

    /// What it is, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Unit::Bandwidth => "a bandwidth",
            Unit::Time => "a time",
            Unit::Frequency => "a number per second",
            Unit::Number => "a number",
        }
    }

    /// The unit in which `value` reads well, and its size; of a bandwidth, in bytes or bits.
    pub(crate) fn scale(self, value: f64, in_bytes: bool) -> (&'static str, f64) {
        match self {
            Unit::Bandwidth if in_bytes => words::byte_unit(value),
            Unit::Bandwidth => words::bit_unit(value),
            Unit::Time => words::time_unit(value),
            Unit::Frequency => words::frequency_unit(value),
            Unit::Number => ("", 1.0),
        }
    }
}
