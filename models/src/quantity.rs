//! Numbers with units as people write them: `40 Gbit/s`, `1 MiB`, `5 us`, `0.35 ns/B`.
//!
//! A unit is never optional where a dimension exists. Decimal and binary prefixes are different
//! units (`MB` is 10^6, `MiB` is 2^20), and so are bits and bytes.

use sim::{Bytes, Rate, Time};

/// A quantity that could not be read; its text says what would be valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QuantityError {
    /// What is wrong, as a clause.
    pub problem: String,
    /// What would be valid, as a clause.
    pub help: String,
}

const RATE_UNITS: &[(&str, f64)] = &[
    ("bit/s", 1.0 / 8.0),
    ("kbit/s", 1e3 / 8.0),
    ("Mbit/s", 1e6 / 8.0),
    ("Gbit/s", 1e9 / 8.0),
    ("Tbit/s", 1e12 / 8.0),
    ("B/s", 1.0),
    ("kB/s", 1e3),
    ("MB/s", 1e6),
    ("GB/s", 1e9),
    ("TB/s", 1e12),
    ("KiB/s", 1024.0),
    ("MiB/s", 1_048_576.0),
    ("GiB/s", 1_073_741_824.0),
];

const BYTE_UNITS: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", BYTES_MAX),
];

const TIME_UNITS: &[(&str, f64)] =
    &[("ps", 1e-12), ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];

/// The largest amount that one transfer or buffer may have: 1 PiB.
const BYTES_MAX: f64 = (1u64 << 50) as f64;
/// The slowest link that is still taken for one: 1 bit/s.
pub(crate) const RATE_MIN: f64 = 1.0 / 8.0;
/// The fastest link that is still taken for a number and not for a slip: 1 EB/s.
const RATE_MAX: f64 = 1e18;
/// The longest span: one day.
const SECONDS_MAX: f64 = 86_400.0;

/// Reads a bandwidth such as `40 Gbit/s` or `12.3 GB/s`.
///
/// # Errors
/// If there is no number or no unit of a rate, or the value is not from 1 bit/s to 1 EB/s.
pub fn parse_rate(text: &str) -> Result<Rate, QuantityError> {
    let value = scaled(text, RATE_UNITS, "a bandwidth such as `40 Gbit/s`")?;
    let possible = (RATE_MIN..=RATE_MAX).contains(&value);
    Rate::try_bytes_per_s(value).filter(|_| possible).ok_or_else(|| QuantityError {
        problem: format!("`{text}` is not a possible bandwidth"),
        help: "from 1 bit/s to 1e18 B/s".into(),
    })
}

/// Reads an amount of data such as `64 KiB` or `1500 B`; a whole number of bytes, zero allowed.
///
/// # Errors
/// If there is no number or no unit of an amount, or it is negative, fractional or above 1 PiB.
pub fn parse_bytes(text: &str) -> Result<Bytes, QuantityError> {
    let value = scaled(text, BYTE_UNITS, "an amount such as `64 KiB`")?;
    if (0.0..=BYTES_MAX).contains(&value) && value.fract() == 0.0 {
        return Ok(Bytes::new(value as u64));
    }
    Err(QuantityError {
        problem: format!("`{text}` is not a possible amount of data"),
        help: "a whole number of bytes, zero or more, at most 1 PiB".into(),
    })
}

/// Reads a span of time such as `5 us`; zero allowed.
///
/// # Errors
/// If there is no number or no unit of time, or it is negative or above one day.
pub fn parse_time(text: &str) -> Result<Time, QuantityError> {
    let value = scaled(text, TIME_UNITS, "a time such as `5 us`")?;
    if (0.0..=SECONDS_MAX).contains(&value) {
        return Ok(Time::from_seconds(value));
    }
    Err(QuantityError {
        problem: format!("`{text}` is not a possible time"),
        help: "zero or more, at most one day".into(),
    })
}

/// What to know of a network's rate that is told in bytes, as a clause: networks are mostly told in
/// bits, and one for the other is off by eight. None for a rate in bits, or none at all.
pub fn told_in_bytes(text: &str) -> Option<String> {
    let rate = parse_rate(text).ok()?;
    let (number, unit) = split(text);
    let prefix = unit.strip_suffix("B/s")?;
    let eighth =
        match RATE_UNITS.iter().any(|(known, _)| known.strip_suffix("bit/s") == Some(prefix)) {
            true => format!("; `{number} {prefix}bit/s` is an eighth of it"),
            false => String::new(),
        };
    Some(format!("`{}` is {rate}: a byte has 8 bits{eighth}", text.trim()))
}

/// Splits `text` into number and unit and multiplies them.
fn scaled(text: &str, units: &[(&str, f64)], example: &str) -> Result<f64, QuantityError> {
    let names = || units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let help = || format!("{example}; units: {}", names());
    let text = text.trim();
    let (number, unit) = split(text);
    let value: f64 = number.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| {
        QuantityError { problem: format!("`{text}` has no finite number in front"), help: help() }
    })?;
    if unit.is_empty() {
        return Err(QuantityError { problem: format!("`{text}` has no unit"), help: help() });
    }
    match units.iter().find(|(name, _)| *name == unit) {
        // Multiplying 0.1 by a power of ten is off by an ulp; amounts must stay whole.
        Some((_, factor)) => Ok(round_near_whole(value * factor)),
        None => Err(QuantityError { problem: format!("unknown unit `{unit}`"), help: help() }),
    }
}

/// The number and the unit of `text`.
fn split(text: &str) -> (&str, &str) {
    let unit = |&(at, c): &(usize, char)| c.is_alphabetic() && !is_exponent(text, at) || c == '/';
    let cut = text.char_indices().find(unit).map_or(text.len(), |(at, _)| at);
    (text[..cut].trim(), text[cut..].trim())
}

/// Whether the letter at `at` is the `e` of `1e9`.
fn is_exponent(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes[at], b'e' | b'E')
        && at > 0
        && (bytes[at - 1].is_ascii_digit() || bytes[at - 1] == b'.')
        && bytes.get(at + 1).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'))
}

fn round_near_whole(value: f64) -> f64 {
    let whole = value.round();
    if whole != 0.0 && ((value - whole) / whole).abs() < 1e-12 { whole } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse_rate("40 Gbit/s").unwrap(), Rate::gbit_s(40.0));
        assert_eq!(parse_rate("1e9B/s").unwrap(), Rate::gbyte_s(1.0));
        assert_eq!(parse_bytes("1.5 KiB").unwrap(), Bytes::new(1536));
        assert_eq!(parse_bytes("0.1 MB").unwrap(), Bytes::new(100_000));
        assert_eq!(parse_bytes("1 PiB").unwrap(), Bytes::gib(1 << 20));
        assert_eq!(parse_time("2.5us").unwrap(), Time::from_ns(2_500));
    }

    #[test]
    fn a_network_in_bytes_is_told_with_the_factor() {
        let cases = [
            (
                "40 GB/s",
                Some(
                    "`40 GB/s` is 320.0 Gbit/s: a byte has 8 bits; `40 Gbit/s` is an eighth of it",
                ),
            ),
            (
                " 1500MB/s ",
                Some(
                    "`1500MB/s` is 12.00 Gbit/s: a byte has 8 bits; `1500 Mbit/s` is an eighth of \
                     it",
                ),
            ),
            ("1 GiB/s", Some("`1 GiB/s` is 8.59 Gbit/s: a byte has 8 bits")),
            ("40 Gbit/s", None),
            ("40 gbps", None),
        ];
        for (text, told) in cases {
            assert_eq!(told_in_bytes(text).as_deref(), told, "{text}");
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        let cases = [
            ("40", "`40` has no unit"),
            ("-1 Gbit/s", "`-1 Gbit/s` is not a possible bandwidth"),
            ("1e-300 Mbit/s", "`1e-300 Mbit/s` is not a possible bandwidth"),
            ("NaN Gbit/s", "`NaN Gbit/s` has no finite number in front"),
            ("1e999 B/s", "`1e999 B/s` has no finite number in front"),
            ("40 gbps", "unknown unit `gbps`"),
            ("", "`` has no finite number in front"),
        ];
        for (text, problem) in cases {
            assert_eq!(parse_rate(text).unwrap_err().problem, problem, "{text}");
        }
        assert!(parse_bytes("0.5 B").is_err());
        assert!(parse_bytes("1e30 B").is_err());
        assert!(parse_time("-1 us").is_err());
    }
}
