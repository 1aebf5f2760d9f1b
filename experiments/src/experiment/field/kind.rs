//! Kinds of values: what may stand behind a field, and how it is read.

use models::input::suggest;
use models::quantity::{parse_bytes, parse_time};
use models::workload::WarmUp;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use sim::{Bytes, Dist, Time};

use super::super::drawn::{Unit, dist};
use super::super::problem::Problem;
use super::super::scalar::Scalar;

/// The longest name of a host, and the longest part of it (RFC 1035, section 2.3.4) \[B\].
const HOST_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// The fastest arrivals that are taken for a rate \[1/s\].
const RATE_MAX_HZ: f64 = 1e9;
/// Above this a limit is only there against slips, and not worth a word.
pub(super) const TOLD_MAX: f64 = 1e15;
/// What a warm-up is called that is to be found.
const AUTO: &str = "auto";

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    /// The name of the table, which may be left out.
    Name,
    /// The name of the table, which may not.
    NameNeeded,
    /// The name of another table or file.
    Reference,
    /// Names of other tables.
    References,
    /// A name in the topology or on its nodes.
    Word,
    /// An amount of data above zero.
    Size,
    /// An amount of data.
    Amount,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// A part of a whole, above zero.
    Part,
    /// A time.
    Time,
    /// A time above zero.
    TimeAboveZero,
    /// A time, or `auto`.
    WarmUp,
    /// Whole seconds.
    Seconds,
    /// So many a second, minute or hour.
    Rate,
    /// A time or a distribution of times.
    Times,
    /// A number or a distribution of numbers.
    Numbers,
    /// One of a few words.
    OneOf,
}

impl Is {
    /// Whether it is an amount of data.
    pub(crate) fn is_amount(self) -> bool {
        matches!(self, Is::Size | Is::Amount)
    }

    /// Whether it is a word and no quantity.
    #[cfg(test)]
    pub(crate) fn is_of_words(self) -> bool {
        matches!(self, Is::Word | Is::OneOf)
    }

    /// The ending of a column that names the unit, and a value in that unit; none where the value
    /// is a word, a pure number or drawn.
    pub(crate) fn measured(self, value: &Scalar) -> Option<(&'static str, f64)> {
        match self {
            Is::Size | Is::Amount => Some(("b", amount(value).ok()?.as_f64())),
            Is::Rate => Some(("hz", arrivals(value).ok()?)),
            Is::Time | Is::TimeAboveZero | Is::WarmUp => {
                Some(("s", time(value).ok()?.as_seconds()))
            }
            Is::Times => match dist(value, Unit::Time).ok()? {
                Dist::Constant { value } => Some(("s", value)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The limits of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Within {
    /// The least number.
    pub(crate) from: f64,
    /// The greatest number.
    pub(crate) to: f64,
    /// The words that it may be; or the one word that says that there is none.
    pub(crate) words: &'static [&'static str],
    /// Whether it is about chunks, which only overlapped transfers have.
    pub(crate) of_chunks: bool,
}

/// A kind of value with its limits, read as a `T`.
pub(crate) struct Kind<T> {
    pub(crate) is: Is,
    pub(crate) within: Within,
    read: fn(&Within, &Scalar) -> Result<T, Problem>,
}

impl<T> Kind<T> {
    const fn new(is: Is, read: fn(&Within, &Scalar) -> Result<T, Problem>) -> Kind<T> {
        Kind { is, within: Within { from: 0.0, to: 0.0, words: &[], of_chunks: false }, read }
    }

    const fn within(mut self, from: f64, to: f64) -> Kind<T> {
        self.within.from = from;
        self.within.to = to;
        self
    }

    const fn words(mut self, words: &'static [&'static str]) -> Kind<T> {
        self.within.words = words;
        self
    }

    /// The same of chunks.
    pub(crate) const fn of_chunks(mut self) -> Kind<T> {
        self.within.of_chunks = true;
        self
    }

    /// The value that stands in a file.
    pub(crate) fn read(&self, value: &Scalar) -> Result<T, Problem> {
        (self.read)(&self.within, value)
    }

    /// The default of a field.
    pub(crate) fn default(&self, text: &str) -> T {
        let value = self.read(&Scalar::from_argument(text));
        value.unwrap_or_else(|p| panic!("the default `{text}`: {}", p.problem))
    }
}

/// The name of a table.
pub(crate) const fn name() -> Kind<String> {
    Kind::new(Is::Name, |_, value| table_name(value))
}

/// The name of a table that must have one.
pub(crate) const fn name_needed() -> Kind<String> {
    Kind::new(Is::NameNeeded, |_, value| table_name(value))
}

/// The name of another table or file.
pub(crate) const fn reference() -> Kind<String> {
    Kind::new(Is::Reference, |_, value| word(value).map(str::to_owned))
}

/// Names of other tables; a list, which the reader of tables keeps apart.
pub(crate) const fn references() -> Kind<String> {
    Kind::new(Is::References, |_, value| word(value).map(str::to_owned))
}

/// A name in the topology.
pub(crate) const fn place() -> Kind<String> {
    Kind::new(Is::Word, |_, value| word(value).map(str::to_owned))
}

/// A name in the topology, or the one word that stands for none.
pub(crate) const fn place_or(none: &'static [&'static str; 1]) -> Kind<Option<String>> {
    Kind::new(Is::Word, |within, value| {
        let name = word(value)?;
        Ok((!within.words.contains(&name)).then(|| name.to_owned()))
    })
    .words(none)
}

/// The name of a host: labels with dots between, and perhaps one behind.
pub(crate) const fn host() -> Kind<String> {
    Kind::new(Is::Word, |_, value| {
        let name = word(value)?;
        let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
        match name.len() <= HOST_MAX && labels.all(is_label) {
            true => Ok(name.to_owned()),
            false => {
                let help = "letters, digits and `-` between dots, as in `infer.shop`";
                Err(Problem::new(format!("`{value}` is no name of a host"), help))
            }
        }
    })
}

/// A Kubernetes namespace: one label.
pub(crate) const fn namespace() -> Kind<String> {
    Kind::new(Is::Word, |_, value| match word(value)? {
        name if is_label(name) => Ok(name.to_owned()),
        _ => Err(Problem::new(format!("`{value}` is no namespace"), "letters, digits and `-`")),
    })
}

/// An amount of data above zero.
pub(crate) const fn size() -> Kind<Bytes> {
    Kind::new(Is::Size, |_, value| match amount(value)? {
        Bytes::ZERO => Err(Problem::new("is zero", "at least \"1 B\"")),
        bytes => Ok(bytes),
    })
}

/// An amount of data.
pub(crate) const fn bytes() -> Kind<Bytes> {
    Kind::new(Is::Amount, |_, value| amount(value))
}

/// A whole number.
pub(crate) const fn whole<T: TryFrom<i64>>(from: i64, to: i64) -> Kind<T> {
    let read: fn(&Within, &Scalar) -> Result<T, Problem> = |within, value| {
        let (from, to) = (within.from as i64, within.to as i64);
        let number = count(value, from, to)?;
        T::try_from(number).map_err(|_| out_of_range(value, from, to))
    };
    Kind::new(Is::Count, read).within(from as f64, to as f64)
}

/// A number from zero.
pub(crate) const fn number(to: f64) -> Kind<f64> {
    Kind::new(Is::Number, |within, value| {
        let help = match within.to {
            to if to > TOLD_MAX => "a number, zero or more".to_owned(),
            to => format!("a number from 0 to {to}"),
        };
        real(value)
            .filter(|number| (0.0..=within.to).contains(number))
            .ok_or_else(|| Problem::new(format!("`{value}` is not possible"), help))
    })
    .within(0.0, to)
}

/// A part of a whole.
pub(crate) const fn part(most: f64) -> Kind<f64> {
    Kind::new(Is::Part, |within, value| {
        let most = within.to;
        real(value).filter(|number| *number > 0.0 && *number <= most).ok_or_else(|| {
            let help = format!("a number above 0 and at most {most}");
            Problem::new(format!("`{value}` is not possible"), help)
        })
    })
    .within(0.0, most)
}

/// A time.
pub(crate) const fn span() -> Kind<Time> {
    Kind::new(Is::Time, |_, value| time(value))
}

/// A time above zero.
pub(crate) const fn span_above_zero() -> Kind<Time> {
    Kind::new(Is::TimeAboveZero, |_, value| match time(value)? {
        Time::ZERO => Err(Problem::new("is zero", "a time above zero: \"10 ms\"")),
        time => Ok(time),
    })
}

/// What is left out at the beginning.
pub(crate) const fn warm_up() -> Kind<WarmUp> {
    Kind::new(Is::WarmUp, |_, value| match value {
        Scalar::Text(text) if text == AUTO => Ok(WarmUp::Found),
        _ => time(value).map(WarmUp::Until),
    })
}

/// Whole seconds, as `resolv.conf` has them.
pub(crate) const fn seconds(to: u32) -> Kind<u32> {
    Kind::new(Is::Seconds, |within, value| {
        let Scalar::Text(text) = value else {
            let problem = format!("{} stands where a time is due", value.kind());
            return Err(Problem::new(problem, "whole seconds with their unit: \"5 s\""));
        };
        let seconds = parse_time(text)?.as_seconds();
        match seconds.fract() == 0.0 && (within.from..=within.to).contains(&seconds) {
            true => Ok(seconds as u32),
            false => {
                let help = format!("1 to {} whole seconds", within.to);
                Err(Problem::new(format!("`{value}` is not possible"), help))
            }
        }
    })
    .within(1.0, to as f64)
}

/// Arrivals a second.
pub(crate) const fn rate() -> Kind<f64> {
    Kind::new(Is::Rate, |_, value| arrivals(value))
}

/// A time or a distribution of times.
pub(crate) const fn times() -> Kind<Dist> {
    Kind::new(Is::Times, |_, value| dist(value, Unit::Time))
}

/// A number or a distribution of numbers.
pub(crate) const fn numbers() -> Kind<Dist> {
    Kind::new(Is::Numbers, |_, value| dist(value, Unit::Number))
}

/// One of a few words.
pub(crate) const fn words<T: DeserializeOwned>(known: &'static [&'static str]) -> Kind<T> {
    let read: fn(&Within, &Scalar) -> Result<T, Problem> =
        |within, value| one_of(value, within.words);
    Kind::new(Is::OneOf, read).words(known)
}

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
fn word(value: &Scalar) -> Result<&str, Problem> {
    match value {
        Scalar::Text(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Problem::new(format!("`{value}` is not a name"), "a name in quotes")),
    }
}

fn table_name(value: &Scalar) -> Result<String, Problem> {
    match word(value)? {
        name if name.contains('.') => {
            Err(Problem::new("has a dot", "a name without dots, for use in sweeps"))
        }
        name => Ok(name.to_owned()),
    }
}

fn is_label(text: &str) -> bool {
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

fn out_of_range(value: &Scalar, from: i64, to: i64) -> Problem {
    let help = format!("an integer from {from} to {to}, without quotes");
    Problem::new(format!("`{value}` is not possible"), help)
}

fn real(value: &Scalar) -> Option<f64> {
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

fn time(value: &Scalar) -> Result<Time, Problem> {
    match value {
        Scalar::Text(text) => Ok(parse_time(text)?),
        _ => {
            let problem = format!("{} stands where a time is due", value.kind());
            Err(Problem::new(problem, "a number and its unit in quotes: \"10 ms\""))
        }
    }
}

fn arrivals(value: &Scalar) -> Result<f64, Problem> {
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
