//! A span of time as a user writes it: `4min`, `90 s`.

/// The units, and what they are in seconds.
const UNITS: [(&str, f64); 3] = [("s", 1.0), ("min", 60.0), ("h", 3600.0)];

/// Reads a span \[s\].
///
/// # Errors
/// If it is no number above zero with a unit.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let wrong = || "a number above zero with `s`, `min` or `h`, such as `4min`".to_owned();
    let begin = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(begin);
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?;
    let seconds = number * factor;
    if seconds > 0.0 && seconds.is_finite() { Ok(seconds) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit_and_are_above_zero() {
        for (text, is) in [("4min", 240.0), ("90 s", 90.0), ("0.5h", 1800.0), (" 2 min ", 120.0)] {
            assert_eq!(seconds(text), Ok(is), "{text}");
        }
        for text in ["", "4", "min", "-1s", "0s", "4 parsecs", "1e400s", "4ms", "nan s", "infs"] {
            assert!(seconds(text).unwrap_err().contains("such as `4min`"), "{text}");
        }
    }
}
