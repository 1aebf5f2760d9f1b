//! Values of a scenario: amounts that may say how sure they are, counts, words, distributions.

use std::sync::Arc;

use models::function::Duration;
use models::input::{InputError, Source, suggest};
use models::quantity::{parse_bytes, parse_rate};
use models::uncertainty::{Draw, Spread};
use serde_spanned::Spanned;
use sim::Dist;

use crate::experiment::{Problem, Scalar, Unit, dist};

/// A value with its place in the file.
pub(super) type Value = Option<Spanned<Scalar>>;

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// Seconds.
    Time,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    Rate,
    /// So many a second.
    Frequency,
    /// Operations a second.
    Flops,
    /// A number above zero.
    Number,
    /// From zero to one.
    Part,
}

/// The longest time that a value may have [s]: what a day and more takes is no step and no start.
const SECONDS_MAX: f64 = 200.0 * 86_400.0;
const TIMES: [(&str, f64); 9] = [
    ("min", 60.0),
    ("fs", 1e-15),
    ("ps", 1e-12),
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
];

const FREQUENCIES: [(&str, f64); 3] = [("/min", 1.0 / 60.0), ("/h", 1.0 / 3600.0), ("/s", 1.0)];
const BYTES: [(&str, f64); 9] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("B", 1.0),
];
const FLOPS: [(&str, f64); 3] = [("Gflop/s", 1e9), ("Tflop/s", 1e12), ("Pflop/s", 1e15)];

/// Reads values of one text, as a draw has them.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) draw: Option<Draw>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Arc<Source>, draw: Option<Draw>) -> Reader<'a> {
        Reader { source, draw }
    }

    pub(super) fn fault<T>(
        &self,
        value: &Spanned<T>,
        field: impl Into<String>,
        problem: impl Into<String>,
    ) -> InputError {
        InputError::new(field, problem).at(self.source, value.span())
    }

    fn with<T>(
        &self,
        value: &Value,
        field: &str,
        read: impl FnOnce(&Scalar) -> Result<T, Problem>,
    ) -> Result<Option<T>, InputError> {
        let Some(value) = value else { return Ok(None) };
        let at = |problem: Problem| problem.at(field, self.source, value.span());
        read(value.get_ref()).map(Some).map_err(at)
    }

    /// An amount; where it says how sure it is, the one of the draw.
    pub(super) fn amount(
        &self,
        value: &Value,
        field: &str,
        of: Amount,
    ) -> Result<Option<f64>, InputError> {
        self.with(value, field, |value| {
            let spread = spread(value, of)?;
            Ok(match self.draw {
                Some(draw) if !spread.is_exact() => {
                    spread.at(draw.normal(draw.key("scenario").of(field)))
                }
                _ => spread.value,
            })
        })
    }

    /// A time that is drawn for each of several, or an amount.
    pub(super) fn duration(
        &self,
        value: &Value,
        field: &str,
        factor: f64,
    ) -> Result<Option<Duration>, InputError> {
        let is_drawn = value.as_ref().is_some_and(|value| match value.get_ref() {
            Scalar::Text(text) => text.starts_with(|first: char| first.is_ascii_alphabetic()),
            _ => false,
        });
        if is_drawn {
            let drawn = self.with(value, field, |value| dist(value, Unit::Time))?;
            return Ok(drawn.map(|dist| Duration::Dist(dist.slower(factor))));
        }
        let own = self.amount(value, field, Amount::Time)?;
        Ok(own.map(|own| match own * factor {
            0.0 => Duration::Nothing,
            value => Duration::Dist(Dist::Constant { value }),
        }))
    }

    /// A number that is drawn, such as of tokens.
    pub(super) fn tokens(&self, value: &Value, field: &str) -> Result<Option<Dist>, InputError> {
        self.with(value, field, |value| dist(value, Unit::Number))
    }

    /// A whole number from `least` to `most`.
    pub(super) fn count(
        &self,
        value: &Value,
        field: &str,
        (least, most): (u32, u32),
    ) -> Result<Option<u32>, InputError> {
        self.with(value, field, |value| match value {
            Scalar::Integer(own) if (i64::from(least)..=i64::from(most)).contains(own) => {
                Ok(*own as u32)
            }
            _ => Err(Problem::new(
                format!("`{value}` is not possible"),
                format!("an integer from {least} to {most}, without quotes"),
            )),
        })
    }

    pub(super) fn yes(&self, value: &Value, field: &str) -> Result<Option<bool>, InputError> {
        self.with(value, field, |value| match value {
            Scalar::Boolean(yes) => Ok(*yes),
            _ => Err(Problem::new(
                format!("`{value}` is not possible"),
                "true or false, without quotes",
            )),
        })
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(
        &self,
        value: &Value,
        field: &str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, InputError> {
        self.with(value, field, |value| {
            let text = value.to_string();
            let found = words.iter().find(|(word, _)| *word == text).map(|(_, own)| *own);
            found.ok_or_else(|| {
                let names = words.iter().map(|(word, _)| *word);
                Problem::new(format!("`{text}` is not known"), suggest(&text, names))
            })
        })
    }

    /// A value that has to be there.
    pub(super) fn needs<T, W>(
        &self,
        value: Option<T>,
        place: &Spanned<W>,
        field: String,
        help: &str,
    ) -> Result<T, InputError> {
        value.ok_or_else(|| self.fault(place, field, "is missing").help(help))
    }

    /// Refuses a value that nothing reads.
    pub(super) fn unread(
        &self,
        value: &Value,
        field: String,
        why: &str,
        help: &str,
    ) -> Result<(), InputError> {
        match value {
            None => Ok(()),
            Some(value) => {
                Err(self.fault(value, field, format!("has no effect: {why}")).help(help))
            }
        }
    }
}

/// An amount with the ends of its 90 % interval: `2 us (1 us to 10 us)`.
fn spread(value: &Scalar, of: Amount) -> Result<Spread, Problem> {
    let text = value.to_string();
    let Some((middle, rest)) = text.split_once('(') else {
        let value = amount(value, &text, of)?;
        return Ok(Spread { value, low: value, high: value });
    };
    let help = || format!("`{} ({} to {})`", example(of).0, example(of).1, example(of).2);
    let ends = rest.trim().strip_suffix(')').and_then(|rest| rest.split_once(" to "));
    let Some((low, high)) = ends else {
        return Err(Problem::new(format!("`{text}` is no value with its interval"), help()));
    };
    let own = |text: &str| amount(&Scalar::Text(text.trim().into()), text.trim(), of);
    let spread = Spread { value: own(middle)?, low: own(low)?, high: own(high)? };
    match spread.low <= spread.value && spread.value <= spread.high && spread.low > 0.0 {
        true => Ok(spread),
        false => Err(Problem::new(
            format!("`{text}`: the value has to lie in its interval, and that above zero"),
            help(),
        )),
    }
}

const fn example(of: Amount) -> (&'static str, &'static str, &'static str) {
    match of {
        Amount::Time => ("2 us", "1 us", "10 us"),
        Amount::Bytes => ("2 GiB", "1 GiB", "3 GiB"),
        Amount::Rate => ("20 GB/s", "15 GB/s", "24 GB/s"),
        Amount::Frequency => ("2 /s", "1 /s", "3 /s"),
        Amount::Flops => ("989 Tflop/s", "800 Tflop/s", "1 Pflop/s"),
        Amount::Number | Amount::Part => ("0.4", "0.2", "0.6"),
    }
}

fn amount(value: &Scalar, text: &str, of: Amount) -> Result<f64, Problem> {
    let is_text = matches!(value, Scalar::Text(_));
    match of {
        Amount::Time if is_text => seconds(text),
        // Bytes of a model or a table are seldom whole: 131.4 GiB.
        Amount::Bytes if is_text && parse_bytes(text).is_err() => scaled(text, &BYTES),
        Amount::Bytes if is_text => Ok(parse_bytes(text)?.as_f64()),
        Amount::Rate if is_text => Ok(parse_rate(text)?.as_bytes_per_s()),
        Amount::Frequency if is_text => scaled(text, &FREQUENCIES),
        Amount::Flops if is_text => scaled(text, &FLOPS),
        Amount::Time | Amount::Bytes | Amount::Rate | Amount::Frequency | Amount::Flops => {
            Err(Problem::new(
                format!("{} stands where a quantity is due", value.kind()),
                format!("a number and its unit in quotes: \"{}\"", example(of).0),
            ))
        }
        Amount::Number | Amount::Part => {
            let most = if of == Amount::Part { 1.0 } else { 1e18 };
            let number = text.trim().parse::<f64>().ok().filter(|own| (0.0..=most).contains(own));
            number.ok_or_else(|| {
                let help = match of {
                    Amount::Part => "a number from 0 to 1",
                    _ => "a number of zero or more",
                };
                Problem::new(format!("`{text}` is not possible"), help)
            })
        }
    }
}

/// A number above zero with one of some units.
fn scaled(text: &str, units: &[(&str, f64)]) -> Result<f64, Problem> {
    let text = text.trim();
    let own = units.iter().find_map(|(unit, scale)| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        Some(number * scale)
    });
    own.filter(|own| own.is_finite() && *own > 0.0).ok_or_else(|| {
        let names: Vec<&str> = units.iter().map(|(unit, _)| *unit).collect();
        let help = format!("a number above zero and a unit: {}", names.join(", "));
        Problem::new(format!("`{text}` is not possible"), help)
    })
}

/// A time [s]; beside the units of experiments it may be in minutes, hours, days or femtoseconds.
fn seconds(text: &str) -> Result<f64, Problem> {
    let text = text.trim();
    let help = "a number and a unit: fs, ps, ns, us, ms, s, min, h, d";
    let unit = text.trim_start_matches(|own: char| !own.is_ascii_alphabetic() || own == 'e');
    let found = TIMES.iter().find(|(name, _)| *name == unit);
    let number = text.strip_suffix(unit).and_then(|own| own.trim().parse::<f64>().ok());
    match (found, number) {
        (Some((_, scale)), Some(number)) if (0.0..=SECONDS_MAX).contains(&(number * scale)) => {
            Ok(number * scale)
        }
        (Some(_), Some(_)) => Err(Problem::new(
            format!("`{text}` is not a possible time"),
            "zero or more, at most 200 d",
        )),
        _ => Err(Problem::new(format!("`{text}` is no time"), help)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, of: Amount) -> Result<Spread, Problem> {
        spread(&Scalar::Text(text.into()), of)
    }

    #[test]
    fn amounts_say_how_sure_they_are() {
        let own = read("2.6 us (1 us to 10 us)", Amount::Time).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12 * b;
        assert!(near(own.value, 2.6e-6) && near(own.low, 1e-6) && near(own.high, 1e-5));
        assert!(near(read("0.2 fs", Amount::Time).unwrap().value, 0.2e-15));
        assert_eq!(read("1e-3 s", Amount::Time).unwrap().value, 1e-3);
        assert_eq!(read("4 min", Amount::Time).unwrap().value, 240.0);
        assert_eq!(read("8 Gbit/s", Amount::Rate).unwrap().value, 1e9);
        assert_eq!(read("0.4 (0.2 to 0.6)", Amount::Part).unwrap().high, 0.6);
        for (text, of, says) in [
            ("2 us (3 us to 4 us)", Amount::Time, "lie in its interval"),
            ("2 us (1 us)", Amount::Time, "no value with its interval"),
            ("2 parsecs", Amount::Time, "is no time"),
            ("-1 s", Amount::Time, "not a possible time"),
            ("1.5", Amount::Part, "not possible"),
        ] {
            let problem = read(text, of).unwrap_err().problem;
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }
}
