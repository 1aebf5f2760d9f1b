//! What the options ask, as text.

use std::path::Path;

use calibration_data::file::DataFile;
use calibration_data::serving::shipped_requests;
use models::function::{Duration, Keep};
use models::input::{InputError, nearest};
use sim::Time;

use super::Arguments;
use crate::experiment::{Problem, Scalar, Unit, dist};
use crate::{file, functions};

/// The name of the requests that ship.
const REQUESTS: &str = "genai";
/// More GPUs are taken for a mistake.
const POOL_MAX: u32 = 100_000;

/// The pools, keep-alives and factors that are run with each other.
pub(super) struct Variants {
    pub(super) pools: Vec<u32>,
    pub(super) keeps: Vec<(String, Keep)>,
    pub(super) faster: Vec<f64>,
}

/// The trace in a file, or the one that ships.
pub(super) fn trace(name: &str) -> Result<DataFile, InputError> {
    let path = Path::new(name);
    if path.exists() {
        return file::table(path, "INPUT");
    }
    if name == REQUESTS {
        return shipped_requests();
    }
    let (_, meant) = functions::shipped(name);
    match meant.or_else(|| nearest(name, [REQUESTS])) {
        Some(meant) => {
            let problem = format!("there is no file `{name}`, and nothing that ships is called so");
            Err(InputError::new("INPUT", problem).help(format!("did you mean `{meant}`?")))
        }
        None => file::table(path, "INPUT"),
    }
}

/// What is varied; where an option is not given the defaults count.
pub(super) fn variants(
    arguments: &Arguments,
    pool: u32,
    keep: Keep,
) -> Result<Variants, InputError> {
    let pools = match &arguments.pool {
        None => vec![pool],
        Some(text) => list("--pool", text, |one| {
            let count: Option<u32> = one.parse().ok();
            count.filter(|count| (1..=POOL_MAX).contains(count)).ok_or_else(|| {
                Problem::new(
                    format!("`{one}` is no number of GPUs"),
                    format!("whole numbers from 1 to {POOL_MAX}, with commas between them"),
                )
            })
        })?,
    };
    let keeps = match &arguments.keep_alive {
        None => vec![(kept(keep), keep)],
        Some(text) => list("--keep-alive", text, |one| {
            functions::keep_of(one).map(|keep| (one.to_owned(), keep))
        })?,
    };
    let faster = match &arguments.faster {
        None => vec![1.0],
        Some(text) => list("--faster", text, |one| {
            let factor: Option<f64> = one.parse().ok();
            factor.filter(|f| f.is_finite() && (0.001..=1e6).contains(f)).ok_or_else(|| {
                Problem::new(format!("`{one}` is no factor"), "numbers above zero, such as 1,10")
            })
        })?,
    };
    Ok(Variants { pools, keeps, faster })
}

/// A keep-alive as people write it.
fn kept(keep: Keep) -> String {
    match keep {
        Keep::For(time) => time.to_string(),
        Keep::Forever => "forever".into(),
        Keep::Histogram => "histogram".into(),
    }
}

fn list<T>(
    option: &str,
    text: &str,
    read: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, InputError> {
    let one = |one: &str| {
        read(one.trim()).map_err(|own| InputError::new(option, own.problem).help(own.help))
    };
    text.split(',').map(one).collect()
}

/// The days to report: the first and the last, counted from one.
pub(super) fn days(arguments: &Arguments, last: u32) -> Result<(u32, u32), InputError> {
    let Some(text) = &arguments.days else { return Ok((1, last)) };
    let read = text.split_once('-').and_then(|(from, to)| {
        Some((from.trim().parse::<u32>().ok()?, to.trim().parse::<u32>().ok()?))
    });
    read.filter(|(from, to)| 1 <= *from && from <= to && *from <= last).ok_or_else(|| {
        InputError::new("--days", format!("`{text}` are no days of the trace"))
            .help(format!("FROM-TO within 1-{last}"))
    })
}

/// The time limit of a call.
pub(super) fn limit(arguments: &Arguments) -> Result<Option<Time>, InputError> {
    let Some(text) = &arguments.limit else { return Ok(None) };
    let own = functions::time(text)
        .map_err(|own| InputError::new("--limit", own.problem).help(own.help))?;
    match own {
        Time::ZERO => Err(InputError::new("--limit", "is zero").help("above zero")),
        _ => Ok(Some(own)),
    }
}

/// How long a start takes; traces of Azure do not say.
pub(super) fn cold_start(arguments: &Arguments) -> Result<Duration, InputError> {
    let Some(text) = &arguments.cold_start else {
        return Err(InputError::new("--cold-start", "is missing: this trace does not say it")
            .help("a time or a distribution: --cold-start 'lognormal(2 s, 0.5)'"));
    };
    let own = dist(&Scalar::Text(text.clone()), Unit::Time);
    own.map(Duration::Dist)
        .map_err(|own| InputError::new("--cold-start", own.problem).help(own.help))
}
