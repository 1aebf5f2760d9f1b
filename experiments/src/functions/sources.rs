//! Where calls come from, and when.

use models::function::Call;
use models::input::InputError;
use sim::{Dist, Seed, Time};

use super::cost::{Reader, text, time};
use super::raw::RawSource;
use crate::experiment::{Problem, Scalar};

/// More calls of a source are refused: each takes some memory as long as the run lasts.
const CALLS_MAX: f64 = 2e6;
const COUNT_MAX: u32 = 2_000_000;

/// When a source calls.
#[derive(Clone, Debug, PartialEq)]
enum When {
    /// Independently of each other, so many a second on average [1/s].
    Poisson(f64),
    /// One every so often.
    Every(Time),
    /// At these instants.
    Times(Vec<Time>),
}

/// A source of calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrivals {
    function: u32,
    when: When,
    from: Time,
    until: Time,
    count: u64,
}

impl Arrivals {
    /// The calls of a source, which has this number.
    pub(crate) fn calls(&self, number: usize, seed: Seed) -> Vec<Call> {
        let mut stream = seed.stream(&format!("function/source/{number}"));
        let mut now = self.from;
        let mut times: Vec<Time> = Vec::new();
        match &self.when {
            When::Times(own) => times.extend(own.iter().take(self.count as usize)),
            When::Every(every) => {
                while now < self.until && (times.len() as u64) < self.count {
                    times.push(now);
                    now += *every;
                }
            }
            When::Poisson(rate) => {
                let gaps = Dist::Exponential { mean: 1.0 / rate };
                while (times.len() as u64) < self.count {
                    now += Time::from_seconds(gaps.sample(&mut stream));
                    if now >= self.until {
                        break;
                    }
                    times.push(now);
                }
            }
        }
        let call = |arrives| Call { arrives, function: self.function, load: None, work: None };
        times.into_iter().map(call).collect()
    }
}

/// Reads a source; `until` is when the run ends.
pub(super) fn arrivals(
    raw: &RawSource,
    reader: Reader<'_>,
    (function, until): (u32, Time),
) -> Result<Arrivals, InputError> {
    let field = |key: &str| format!("source.{}.{key}", raw.function.get_ref());
    let given = [raw.rate.is_some(), raw.every.is_some(), raw.times.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err(reader
            .fault(&raw.function, field("rate"), "it is not said when calls come, or in two ways")
            .help("one of rate = \"2 /s\", every = \"5 s\" and times = [\"0 s\", \"7 s\"]"));
    }
    let from = reader.time(&raw.from, &field("from"))?.unwrap_or(Time::ZERO);
    let own_until = reader.time(&raw.until, &field("until"))?;
    let count = reader.count(&raw.count, &field("count"), COUNT_MAX)?;
    let until = own_until.unwrap_or(Time::MAX).min(until);
    let when = match (&raw.rate, &raw.every, &raw.times) {
        (Some(_), ..) => {
            When::Poisson(reader.with(&raw.rate, &field("rate"), rate)?.expect("it is given"))
        }
        (_, Some(every), _) => {
            let own = reader.time(&raw.every, &field("every"))?.expect("it is given");
            if own == Time::ZERO {
                return Err(reader.fault(every, field("every"), "is zero").help("above zero"));
            }
            When::Every(own)
        }
        (.., times) => {
            let times = times.as_ref().expect("one of three is given");
            let mut read = Vec::new();
            for value in times.get_ref() {
                let at = Some(value.clone());
                let own = reader.time(&at, &field("times"))?.expect("it is given");
                if read.last().is_some_and(|last| *last > own) {
                    return Err(reader
                        .fault(value, field("times"), "is before the time in front of it")
                        .help("times that ascend"));
                }
                read.push(own);
            }
            if read.is_empty() {
                return Err(reader.fault(times, field("times"), "is empty").help("one or more"));
            }
            When::Times(read)
        }
    };
    let expected = match &when {
        When::Times(_) => 0.0,
        When::Every(every) => until.saturating_sub(from).as_seconds() / every.as_seconds(),
        When::Poisson(rate) => until.saturating_sub(from).as_seconds() * rate,
    };
    let endless = until == Time::MAX && count.is_none() && !matches!(when, When::Times(_));
    if endless || expected.min(f64::from(count.unwrap_or(u32::MAX))) > CALLS_MAX {
        let problem =
            if endless { "never ends".into() } else { format!("makes {expected:.1e} calls") };
        return Err(reader
            .fault(&raw.function, field("until"), problem)
            .help(format!("`until` or `count`, so that there are at most {CALLS_MAX:.0e}")));
    }
    let count = count.map_or(u64::MAX, u64::from);
    Ok(Arrivals { function, when, from, until, count })
}

/// A rate [1/s].
fn rate(value: &Scalar) -> Result<f64, Problem> {
    let own = text(value)?;
    let help = "a number above zero with its unit in quotes: \"2 /s\"; units: /s, /min, /h";
    let read = own.split_once('/').and_then(|(number, unit)| {
        let span = time(&format!("1 {}", unit.trim())).ok()?.as_seconds();
        let number: f64 = number.trim().parse().ok()?;
        Some(number / span).filter(|rate| rate.is_finite() && *rate > 0.0 && *rate <= 1e6)
    });
    read.ok_or_else(|| Problem::new(format!("`{own}` is not a possible rate"), help))
}
