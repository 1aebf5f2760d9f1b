//! What somebody can report of a transfer: a bandwidth, a time, or how often it is done.

use models::quantity::{parse_rate, parse_time};

use super::problem::Problem;
use crate::unit::Unit;

/// What would be valid.
const VALID: &str = "a bandwidth (`9.4 Gbit/s`, `12 GB/s`), a time (`76.9 us`, `1.2 ms`) or how \
                     often it is done in a second (`24900 /s`, `24.9 k/s`)";

/// Reads a figure: its unit, and its value in bit/s, s or 1/s.
///
/// # Errors
/// If it is none of them, or not above zero.
pub(super) fn parse(text: &str) -> Result<(Unit, f64), Problem> {
    if let Some((number, scale)) = frequency(text) {
        let value = number.parse::<f64>().ok().map(|number| number * scale);
        return match value.filter(|value| (f64::MIN_POSITIVE..=1e15).contains(value)) {
            Some(value) => Ok((Unit::Frequency, value)),
            None => {
                let problem = format!("`{text}` is not a possible number per second");
                Err(Problem::new(problem, "above zero and at most 1e15 /s"))
            }
        };
    }
    let time = match parse_time(text) {
        Ok(time) => {
            // By division, so that a figure stays the number that was written.
            let seconds = time.as_ps() as f64 / 1e12;
            return match seconds > 0.0 {
                true => Ok((Unit::Time, seconds)),
                false => Err(Problem::new(format!("`{text}` is no time at all"), "above zero")),
            };
        }
        Err(error) => error,
    };
    match parse_rate(text) {
        Ok(rate) => Ok((Unit::Bandwidth, rate.as_bytes_per_s() * 8.0)),
        // Each reader says what it cannot do with the unit, or with a number that has one.
        Err(rate) if rate.problem.starts_with("unknown unit") => {
            Err(match time.problem.starts_with("unknown unit") {
                true => Problem::new(rate.problem, VALID),
                false => time.into(),
            })
        }
        Err(rate) if rate.problem.contains("not a possible") => Err(rate.into()),
        Err(rate) => Err(Problem::new(rate.problem, VALID)),
    }
}

/// The number in front of `/s`, `k/s` or `M/s`, and the size of that unit; `1/s` is `/s`.
fn frequency(text: &str) -> Option<(&str, f64)> {
    let front = text.trim().strip_suffix("/s")?;
    let (number, scale) = match (front.strip_suffix('k'), front.strip_suffix('M')) {
        (Some(number), _) => (number, 1e3),
        (_, Some(number)) => (number, 1e6),
        _ => (front.strip_suffix(" 1").unwrap_or(front), 1.0),
    };
    let number = number.trim();
    number.ends_with(|c: char| c.is_ascii_digit() || c == '.').then_some((number, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_report() {
        let cases = [
            ("9.4 Gbit/s", Unit::Bandwidth, 9.4e9),
            ("12 GB/s", Unit::Bandwidth, 96e9),
            ("76.9 us", Unit::Time, 76.9e-6),
            ("1.2ms", Unit::Time, 1.2e-3),
            ("24900 /s", Unit::Frequency, 24_900.0),
            ("24900/s", Unit::Frequency, 24_900.0),
            ("11/s", Unit::Frequency, 11.0),
            ("11 1/s", Unit::Frequency, 11.0),
            ("24.9 k/s", Unit::Frequency, 24_900.0),
            ("24.9k/s", Unit::Frequency, 24_900.0),
            ("1e3 /s", Unit::Frequency, 1_000.0),
        ];
        for (text, unit, value) in cases {
            let (found, number) = parse(text).unwrap();
            assert_eq!(found, unit, "{text}");
            assert!((number / value - 1.0).abs() < 1e-9, "{text}: {number}");
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        let cases = [
            ("9.4", "`9.4` has no unit"),
            ("9.4 gbps", "unknown unit `gbps`"),
            ("0 us", "`0 us` is no time at all"),
            ("-1 us", "`-1 us` is not a possible time"),
            ("-1 Gbit/s", "`-1 Gbit/s` is not a possible bandwidth"),
            ("0 /s", "`0 /s` is not a possible number per second"),
            ("x9 /s", "`x9 /s` is not a possible number per second"),
            ("many /s", "`many /s` has no finite number in front"),
            ("", "`` has no finite number in front"),
        ];
        for (text, problem) in cases {
            assert_eq!(parse(text).unwrap_err().problem, problem, "{text}");
        }
    }
}
