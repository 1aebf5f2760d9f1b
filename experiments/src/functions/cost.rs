//! Values of a file of functions: times, amounts, and what stages cost.

use std::sync::Arc;

use models::function::Duration;
use models::input::{InputError, Source};
use models::quantity::{parse_bytes, parse_time};
use serde_spanned::Spanned;
use sim::{Bytes, Time};

use super::raw::Value;
use crate::experiment::{Problem, Scalar, Unit, dist};

/// The longest keep-alive, limit or run: 200 days, of the clock's 213.
const DAYS_MAX: f64 = 200.0;

/// What reads values, and knows where they stand.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<Source>,
}

/// Bytes that move: how many, and the pod at the far end, if one is named.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) bytes: Bytes,
    pub(super) far: Option<String>,
}

/// What a stage costs, before a number stands for what moves.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    Time(Duration),
    Moves(Moved),
}

impl Reader<'_> {
    /// The error about a field of a table: `function.sdxl.limit`.
    pub(super) fn fault<T>(
        &self,
        value: &Spanned<T>,
        field: impl Into<String>,
        problem: impl Into<String>,
    ) -> InputError {
        InputError::new(field, problem).at(self.source, value.span())
    }

    pub(super) fn with<T>(
        &self,
        value: &Value,
        field: &str,
        read: impl FnOnce(&Scalar) -> Result<T, Problem>,
    ) -> Result<Option<T>, InputError> {
        let Some(value) = value else { return Ok(None) };
        let at = |problem: Problem| problem.at(field, self.source, value.span());
        read(value.get_ref()).map(Some).map_err(at)
    }

    /// A whole number.
    pub(super) fn count(
        &self,
        value: &Value,
        field: &str,
        most: u32,
    ) -> Result<Option<u32>, InputError> {
        self.with(value, field, |value| match value {
            Scalar::Integer(number) if (1..=i64::from(most)).contains(number) => Ok(*number as u32),
            _ => Err(Problem::new(
                format!("`{value}` is not possible"),
                format!("an integer from 1 to {most}, without quotes"),
            )),
        })
    }

    /// A number above zero.
    pub(super) fn above_zero(
        &self,
        value: &Value,
        field: &str,
        most: f64,
    ) -> Result<Option<f64>, InputError> {
        self.with(value, field, |value| {
            let number = match value {
                Scalar::Integer(number) => Some(*number as f64),
                Scalar::Float(number) => Some(*number),
                Scalar::Text(_) | Scalar::Boolean(_) => None,
            };
            number.filter(|number| *number > 0.0 && *number <= most).ok_or_else(|| {
                let help = format!("a number above zero, at most {most}, without quotes");
                Problem::new(format!("`{value}` is not possible"), help)
            })
        })
    }

    pub(super) fn bytes(&self, value: &Value, field: &str) -> Result<Option<Bytes>, InputError> {
        self.with(value, field, |value| Ok(parse_bytes(text(value)?)?))
    }

    pub(super) fn time(&self, value: &Value, field: &str) -> Result<Option<Time>, InputError> {
        self.with(value, field, |value| time(text(value)?))
    }

    /// A time that is drawn.
    pub(super) fn duration(
        &self,
        value: &Value,
        field: &str,
    ) -> Result<Option<Duration>, InputError> {
        self.with(value, field, |value| Ok(Duration::Dist(dist(value, Unit::Time)?)))
    }

    /// A time that is drawn, or bytes that move: `"8 GiB from registry"`.
    pub(super) fn told(&self, value: &Value, field: &str) -> Result<Option<Told>, InputError> {
        self.with(value, field, |value| {
            let Scalar::Text(own) = value else {
                return Ok(Told::Time(Duration::Dist(dist(value, Unit::Time)?)));
            };
            let cut = [" from ", " to "].into_iter().find_map(|word| own.split_once(word));
            if let Some((bytes, far)) = cut {
                let far = Some(far.trim().to_owned());
                return Ok(Told::Moves(Moved { bytes: parse_bytes(bytes)?, far }));
            }
            match parse_bytes(own) {
                Ok(bytes) => Ok(Told::Moves(Moved { bytes, far: None })),
                Err(_) => {
                    let time = dist(value, Unit::Time).map_err(|problem| Problem {
                        help: format!("{}; or what moves: \"2 GiB from store\"", problem.help),
                        ..problem
                    })?;
                    Ok(Told::Time(Duration::Dist(time)))
                }
            }
        })
    }
}

pub(super) fn text(value: &Scalar) -> Result<&str, Problem> {
    match value {
        Scalar::Text(text) => Ok(text),
        _ => Err(Problem::new(
            format!("{} stands where a quantity is due", value.kind()),
            "a number and its unit in quotes: \"10 s\", \"7 GiB\"",
        )),
    }
}

/// A time, which may be in minutes, hours or days besides.
pub(crate) fn time(text: &str) -> Result<Time, Problem> {
    const LONG: [(&str, f64); 3] = [("min", 60.0), ("h", 3_600.0), ("d", 86_400.0)];
    for (unit, seconds) in LONG {
        let number = text.trim().strip_suffix(unit).map(str::trim);
        if let Some(number) = number.and_then(|number| number.parse::<f64>().ok()) {
            let possible = (0.0..=DAYS_MAX * 86_400.0).contains(&(number * seconds));
            return match possible {
                true => Ok(Time::from_seconds(number * seconds)),
                false => Err(Problem::new(
                    format!("`{text}` is not a possible time"),
                    format!("zero or more, at most {DAYS_MAX} d"),
                )),
            };
        }
    }
    parse_time(text)
        .map_err(|error| Problem::new(error.problem, format!("{}, min, h, d", error.help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_cost_times_or_move_bytes() {
        let source = Source::new("f.toml", "");
        let reader = Reader { source: &source };
        let told =
            |text: &str| reader.told(&Some(Spanned::new(0..0, Scalar::Text(text.into()))), "image");
        let moved = |bytes, far: Option<&str>| {
            Told::Moves(Moved { bytes: Bytes::gib(bytes), far: far.map(str::to_owned) })
        };
        assert_eq!(told("8 GiB from registry").unwrap(), Some(moved(8, Some("registry"))));
        assert_eq!(told("1 GiB to client").unwrap(), Some(moved(1, Some("client"))));
        assert_eq!(told("2 GiB").unwrap(), Some(moved(2, None)));
        let Some(Told::Time(duration)) = told("exponential(2 s)").unwrap() else { panic!("time") };
        assert_eq!(duration.least(), 0.0);
        let error = told("2 parsecs").unwrap_err().to_string();
        assert!(error.contains("or what moves"), "{error}");
        assert_eq!(time("2 min").unwrap(), Time::from_ms(120_000));
        assert_eq!(time("1.5 h").unwrap(), Time::from_ms(5_400_000));
        assert!(time("300 d").is_err() && time("5").is_err());
    }
}
