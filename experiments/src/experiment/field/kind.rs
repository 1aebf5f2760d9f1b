//! Kinds of values: what may stand behind a field, and how it is read.

use models::quantity::{parse_rate, parse_time};
use models::workload::WarmUp;
use serde::de::DeserializeOwned;
use sim::{Bytes, Dist, Rate, Time};

use super::super::drawn::{Unit, dist};
use super::super::problem::Problem;
use super::super::scalar::Scalar;
use super::value::word;
use super::value::{
    amount, arrivals, count, is_label, one_of, out_of_range, real, table_name, time,
};

/// The longest name of a host (RFC 1035, section 2.3.4) \[B\].
const HOST_MAX: usize = 253;
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
    /// An amount of data a second, above zero.
    Bandwidth,
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

/// The name of a table, which other tables and sweeps call it by.
pub(crate) const fn name(is: Is) -> Kind<String> {
    Kind::new(is, |_, value| table_name(value))
}

/// A name that is defined elsewhere.
pub(crate) const fn text(is: Is) -> Kind<String> {
    Kind::new(is, |_, value| word(value).map(str::to_owned))
}

/// A name in the topology, or the one word that stands for none.
pub(crate) const fn text_or(none: &'static [&'static str; 1]) -> Kind<Option<String>> {
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

/// An amount of data above zero, or the one word that stands for none.
pub(crate) const fn size_or(none: &'static [&'static str; 1]) -> Kind<Option<Bytes>> {
    Kind::new(Is::Size, |within, value| match (value, amount(value)) {
        (Scalar::Text(text), _) if within.words.contains(&text.as_str()) => Ok(None),
        (_, Ok(Bytes::ZERO)) => Err(Problem::new("is zero", "at least \"1 B\"")),
        (_, bytes) => bytes.map(Some),
    })
    .words(none)
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

/// An amount of data a second, above zero.
pub(crate) const fn bandwidth() -> Kind<Rate> {
    Kind::new(Is::Bandwidth, |_, value| {
        let Scalar::Text(text) = value else {
            let problem = format!("{} stands where a rate is due", value.kind());
            return Err(Problem::new(problem, "a rate with its unit: \"300 Mbit/s\""));
        };
        match parse_rate(text)? {
            rate if rate.as_bytes_per_s() > 0.0 => Ok(rate),
            _ => Err(Problem::new("is zero", "a rate above zero: \"300 Mbit/s\"")),
        }
    })
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

/// One of a few words, of which the first stands for none.
pub(crate) const fn words_or<T: DeserializeOwned>(
    known: &'static [&'static str],
) -> Kind<Option<T>> {
    let read: fn(&Within, &Scalar) -> Result<Option<T>, Problem> = |within, value| match value {
        Scalar::Text(text) if text == within.words[0] => Ok(None),
        _ => one_of(value, within.words).map(Some),
    };
    Kind::new(Is::OneOf, read).words(known)
}

/// One of a few words.
pub(crate) const fn words<T: DeserializeOwned>(known: &'static [&'static str]) -> Kind<T> {
    let read: fn(&Within, &Scalar) -> Result<T, Problem> =
        |within, value| one_of(value, within.words);
    Kind::new(Is::OneOf, read).words(known)
}
