//! The numbers of the LogGOPS model as text: `L=2500 ns, o=1500 ns, G=6 ns/B, S=64 KiB`.

use models::input::InputError;
use models::quantity::{QuantityError, parse_bytes, parse_time};
use models::replay::LogGops;
use sim::Time;

const HELP: &str = "L, o and g as times, G and O as times per byte, S as an amount: \
                    'L=2500 ns, o=1500 ns, g=1000 ns, G=6 ns/B, O=0 ns/B, S=65535 B'";

/// Reads numbers with commas between them; those that are not given are LogGOPSim's.
pub(super) fn parse(text: &str) -> Result<LogGops, InputError> {
    let mut numbers = LogGops::default();
    let mut seen: Vec<&str> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let wrong = |problem: String| InputError::new("--loggops", problem).help(HELP);
        let Some((name, value)) = part.split_once('=') else {
            return Err(wrong(format!("`{part}` has no `=`")));
        };
        let (name, value) = (name.trim(), value.trim());
        if seen.contains(&name) {
            return Err(wrong(format!("`{name}` is given twice")));
        }
        seen.push(name);
        let misread = |error: QuantityError| wrong(format!("{name}: {}", error.problem));
        let per_byte = || match value.strip_suffix("/B") {
            // A picosecond is coarse for a byte: what a million take is read.
            Some(time) => thousandfold(time)
                .and_then(|time| parse_time(&time).ok())
                .map(|time| time.as_seconds() / 1e3)
                .ok_or_else(|| wrong(format!("{name}: `{value}` is no time per byte"))),
            None => Err(wrong(format!("{name}: `{value}` is no time per byte"))),
        };
        match name {
            "L" => numbers.latency = parse_time(value).map_err(misread)?,
            "o" => numbers.overhead = parse_time(value).map_err(misread)?,
            "g" => numbers.gap = parse_time(value).map_err(misread)?,
            "G" => numbers.gap_per_byte = per_byte()?,
            "O" => numbers.overhead_per_byte = per_byte()?,
            "S" => numbers.eager = parse_bytes(value).map_err(misread)?,
            _ => return Err(wrong(format!("`{name}` is no number of the model"))),
        }
    }
    Ok(numbers)
}

/// `0.04 ns` as `40 ns`.
fn thousandfold(time: &str) -> Option<String> {
    let (value, unit) = time.trim().split_once(' ')?;
    Some(format!("{} {unit}", value.parse::<f64>().ok()? * 1e3))
}

/// The numbers in words.
pub(super) fn told(numbers: &LogGops) -> String {
    let ns = |time: Time| time.as_ps() as f64 / 1e3;
    format!(
        "L={} ns, o={} ns, g={} ns, G={} ns/B, O={} ns/B, S={} B",
        ns(numbers.latency),
        ns(numbers.overhead),
        ns(numbers.gap),
        rounded(numbers.gap_per_byte),
        rounded(numbers.overhead_per_byte),
        numbers.eager.get(),
    )
}

/// Seconds as nanoseconds, to a millionth of one.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e15).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_told_alike() {
        let numbers = parse("").unwrap();
        assert_eq!(numbers, LogGops::default());
        let text = "L=5000 ns, o=200 ns, g=5 ns, G=0.04 ns/B, O=0.0005 ns/B, S=262144 B";
        assert_eq!(told(&parse(text).unwrap()), text);
        assert_eq!(parse("S=256 KiB").unwrap().eager.get(), 262_144);
    }

    #[test]
    fn what_is_no_number_of_the_model_is_refused() {
        for (text, says) in [
            ("L", "`L` has no `=`"),
            ("l=1 ns", "`l` is no number of the model"),
            ("L=1 ns, L=2 ns", "`L` is given twice"),
            ("L=1", "L: "),
            ("G=6 ns", "G: `6 ns` is no time per byte"),
            ("G=-6 ns/B", "G: `-6 ns/B` is no time per byte"),
            ("S=1 ns", "S: "),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.problem.starts_with(says), "{text}: {told}");
        }
    }
}
