//! The traces of Azure Functions as they are published.
//!
//! 2019 (M. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020): how often each function was
//! invoked in each minute of a day, with quantiles of the average durations in a file of its own.
//! 2021 (Y. Zhang et al., "Faster and Cheaper Serverless Computing on Harvested Resources", SOSP
//! 2021): when each invocation ended, and how long it took.

use std::collections::HashMap;

use models::function::Quantiles;
use models::input::InputError;
use sim::Seed;

use super::{SPAN_MAX_S, Trace, amount};
use crate::file::{DataFile, Row};
use crate::placement::require;

/// The minutes of a day.
const MINUTES: usize = 1440;
/// More calls are refused: each takes some memory for as long as the run lasts.
const CALLS_MAX: u64 = 5_000_000;
/// The quantiles of durations \[ms\].
const DURATIONS: [(&str, f64); 7] = [
    ("percentile_Average_0", 0.0),
    ("percentile_Average_1", 0.01),
    ("percentile_Average_25", 0.25),
    ("percentile_Average_50", 0.5),
    ("percentile_Average_75", 0.75),
    ("percentile_Average_99", 0.99),
    ("percentile_Average_100", 1.0),
];

/// Reads `app,func,end_timestamp,duration`. Calls begin when they ended less their duration.
///
/// # Errors
/// If a column is missing, a number is none, or the calls span more than 200 days.
pub fn azure_2021(file: &DataFile) -> Result<Trace, InputError> {
    require(file, &["app", "func", "end_timestamp", "duration"])?;
    let mut numbers: HashMap<(&str, &str), u32> = HashMap::new();
    let mut trace = Trace::default();
    for row in file.rows() {
        let key = (row.text("app")?, row.text("func")?);
        let next = numbers.len() as u32;
        let function = *numbers.entry(key).or_insert_with(|| {
            trace.functions.push(format!("{}/{}", key.0, key.1));
            next
        });
        let (end, lasts) =
            (amount(&row, "end_timestamp", "time")?, amount(&row, "duration", "time")?);
        if end > SPAN_MAX_S {
            return Err(row
                .fault("end_timestamp", format!("{end} s is more than 200 days"))
                .help("seconds since the trace began"));
        }
        trace.calls.push(((end - lasts).max(0.0), function, lasts));
    }
    trace.calls.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(trace)
}

/// Reads `HashOwner,HashApp,HashFunction,Trigger,1 … 1440`, with the durations of another file:
/// `HashOwner,HashApp,HashFunction,Average,…,percentile_Average_0 … 100` \[ms\]. Calls of a minute
/// come at instants that `seed` draws.
///
/// # Errors
/// If a column is missing, a number is none, a function has no duration, or there are too many
/// calls.
pub fn azure_2019(file: &DataFile, durations: &DataFile, seed: Seed) -> Result<Trace, InputError> {
    let minutes: Vec<String> = (1..=MINUTES).map(|minute| minute.to_string()).collect();
    let columns = ["HashOwner", "HashApp", "HashFunction"];
    let all: Vec<&str> = columns.into_iter().chain(minutes.iter().map(String::as_str)).collect();
    require(file, &all)?;
    let known = durations_of(durations)?;
    let mut trace = Trace::default();
    for row in file.rows() {
        let key = key(&row)?;
        let Some(lasts) = known.get(&key) else {
            let problem = format!("`{}` has no row in {}", key.2, durations.source().name);
            return Err(row.fault("HashFunction", problem).help("the durations of the same day"));
        };
        let function = trace.functions.len() as u32;
        let name = format!("{}/{}", key.1, key.2);
        let (at, long) = (seed.of(&format!("{name}/at")), seed.of(&format!("{name}/lasts")));
        trace.functions.push(name);
        let mut number = 0;
        for (minute, column) in minutes.iter().enumerate() {
            for _ in 0..count(&row, column)? {
                let begins = 60.0 * (minute as f64 + at.unit(number));
                trace.calls.push((begins, function, lasts.at(long.unit(number))));
                number += 1;
            }
        }
        if trace.calls.len() as u64 > CALLS_MAX {
            return Err(row
                .fault("HashFunction", format!("more than {CALLS_MAX} calls up to this row"))
                .help("a part of the file"));
        }
    }
    trace.calls.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(trace)
}

fn key<'a>(row: &Row<'a>) -> Result<(&'a str, &'a str, &'a str), InputError> {
    Ok((row.text("HashOwner")?, row.text("HashApp")?, row.text("HashFunction")?))
}

/// How often a function is called in a minute.
fn count(row: &Row<'_>, column: &str) -> Result<u64, InputError> {
    let text = row.text(column)?;
    let value: Option<u64> = text.parse().ok();
    value.filter(|value| *value <= CALLS_MAX).ok_or_else(|| {
        row.fault(column, format!("`{text}` is no number of calls"))
            .help(format!("0 to {CALLS_MAX}"))
    })
}

type Durations<'a> = HashMap<(&'a str, &'a str, &'a str), Quantiles>;

fn durations_of(file: &DataFile) -> Result<Durations<'_>, InputError> {
    let columns = ["HashOwner", "HashApp", "HashFunction"];
    let all: Vec<&str> =
        columns.into_iter().chain(DURATIONS.iter().map(|(name, _)| *name)).collect();
    require(file, &all)?;
    let mut known = HashMap::new();
    for row in file.rows() {
        let mut points = Vec::new();
        for (column, part) in DURATIONS {
            points.push((part, amount(&row, column, "time")? / 1000.0));
        }
        let quantiles = Quantiles::new(points).ok_or_else(|| {
            row.fault("percentile_Average_1", "the percentiles of this row descend")
                .help("values that ascend from percentile_Average_0 to 100")
        })?;
        known.insert(key(&row)?, quantiles);
    }
    Ok(known)
}
