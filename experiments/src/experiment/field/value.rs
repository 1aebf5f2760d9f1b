//! Values as they stand in a file: words, counts, sizes, times and rates.

use models::input::suggest;
use models::quantity::{parse_bytes, parse_time};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use sim::{Bytes, Time};

use super::super::problem::Problem;
use super::super::scalar::Scalar;

/// The longest part of a host's name (RFC 1035, section 2.3.4) \[B\].
const LABEL_MAX: usize = 63;
/// The fastest arrivals that are taken for a rate \[1/s\].
const RATE_MAX_HZ: f64 = 1e9;

/// A value that files name by one of the words `known`.
pub(crate) fn one_of<T: DeserializeOwned>(value: &Scalar, known: &[&str]) -> Result<T, Problem> {
    let found = match value {
        Scalar::Text(text) => known.iter().find(|name| *name == text),
        _ => None,
    };
    let read = found.and_then(|name| {
        let word: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        T::deserialize(word).ok()
    });
    read.ok_or_else(|| {
        let help = suggest(&value.to_string(), known.iter().copied());
        Problem::new(format!("`{value}` is not possible"), help)
    })
}

/// A name of something: text that is not empty.
pub(super) fn word(value: &Scalar) -> Result<&str, Problem> {
    match value {
        Scalar::Text(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Problem::new(format!("`{value}` is not a name"), "a name in quotes")),
    }
}

pub(super) fn table_name(value: &Scalar) -> Result<String, Problem> {
    match word(value)? {
        name if name.contains('.') => {
            Err(Problem::new("has a dot", "a name without dots, for use in sweeps"))
        }
        name => Ok(name.to_owned()),
    }
}

pub(super) fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=LABEL_MAX).contains(&text.len()) && text.chars().all(plain)
}

/// A whole number within limits.
pub(crate) fn count(value: &Scalar, from: i64, to: i64) -> Result<i64, Problem> {
    match value {
        Scalar::Integer(number) if (from..=to).contains(number) => Ok(*number),
        _ => Err(out_of_range(value, from, to)),
    }
}

pub(super) fn out_of_range(value: &Scalar, from: i64, to: i64) -> Problem {
    let help = format!("an integer from {from} to {to}, without quotes");
    Problem::new(format!("`{value}` is not possible"), help)
}

pub(super) fn real(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Integer(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Text(_) | Scalar::Boolean(_) => None,
    }
}

/// An amount of data.
pub(crate) fn amount(value: &Scalar) -> Result<Bytes, Problem> {
    let Scalar::Text(text) = value else {
        let problem = format!("{} stands where a size is due", value.kind());
        return Err(Problem::new(problem, format!("text with a unit: \"{value} B\" or \"4 KiB\"")));
    };
    Ok(parse_bytes(text)?)
}

pub(super) fn time(value: &Scalar) -> Result<Time, Problem> {
    match value {
        Scalar::Text(text) => Ok(parse_time(text)?),
        _ => {
            let problem = format!("{} stands where a time is due", value.kind());
            Err(Problem::new(problem, "a number and its unit in quotes: \"10 ms\""))
        }
    }
}

pub(super) fn arrivals(value: &Scalar) -> Result<f64, Problem> {
    let help = "a number above zero with its unit in quotes: \"100 /s\"; units: /s, /min, /h";
    let Scalar::Text(text) = value else {
        let problem = format!("{} stands where a rate is due", value.kind());
        return Err(Problem::new(problem, help));
    };
    let Some((number, unit)) = text.split_once('/') else {
        return Err(Problem::new(format!("`{text}` has no unit"), help));
    };
    let seconds = match unit.trim() {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        unit => return Err(Problem::new(format!("unknown unit `/{unit}`"), help)),
    };
    let number = number.trim().parse().ok().map(|number: f64| number / seconds);
    match number.filter(|rate| rate.is_finite() && *rate > 0.0 && *rate <= RATE_MAX_HZ) {
        Some(rate) => Ok(rate),
        None => Err(Problem::new(format!("`{text}` is not a possible rate"), help)),
    }
}
