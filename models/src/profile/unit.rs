//! The units that a profile may use, and what each measures.

use std::fmt;

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

impl Dimension {
    /// The largest value that is still taken for one and not for a slip, in the base unit, and how
    /// that is told.
    pub const fn largest(self) -> (f64, &'static str) {
        match self {
            Dimension::Rate => (1e18, "1e18 B/s"),
            Dimension::Time => (86_400.0, "one day"),
            Dimension::TimePerByte => (1.0, "1 s/B"),
            Dimension::Bytes => ((1u64 << 50) as f64, "1 PiB"),
            Dimension::Count => (u32::MAX as f64, "2^32 − 1"),
            Dimension::Frequency => (1e12, "1000 GHz"),
            Dimension::Flops => (1e21, "1e9 Tflop/s"),
            Dimension::Ratio => (1e6, "1e6"),
        }
    }

    /// The units of this dimension, as a profile spells them.
    pub fn units(self) -> Vec<&'static str> {
        UNITS.iter().filter(|unit| unit.1 == self).map(|unit| unit.0).collect()
    }
}

/// In words: `a time per byte`.
impl fmt::Display for Dimension {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Dimension::Rate => "a bandwidth",
            Dimension::Time => "a time",
            Dimension::TimePerByte => "a time per byte",
            Dimension::Bytes => "an amount of data",
            Dimension::Count => "a count",
            Dimension::Frequency => "a frequency",
            Dimension::Flops => "a rate of floating-point operations",
            Dimension::Ratio => "a ratio",
        })
    }
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

/// Looks a unit up by name.
pub fn unit(name: &str) -> Option<&'static (&'static str, Dimension, f64)> {
    UNITS.iter().find(|(known, ..)| *known == name)
}
