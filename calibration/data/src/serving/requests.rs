//! Served requests: `arrival_s,kind,status,execution_s,images,steps,model,loras`.

use std::collections::HashMap;

use models::input::{InputError, suggest};

use super::{DAY_S, SPAN_MAX_S, amount};
use crate::file::{DataFile, Row};
use crate::placement::require;
use crate::published;

/// The columns that judging needs.
pub(crate) const COLUMNS: [&str; 7] =
    ["arrival_s", "status", "execution_s", "images", "steps", "model", "loras"];

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With its images.
    Succeeded,
    /// Without.
    Failed,
    /// It was still being worked on when the trace was taken.
    Processing,
}

/// The words for them, and for those that never ran.
const STATUSES: [(&str, Option<Status>); 4] = [
    ("succeed", Some(Status::Succeeded)),
    ("failed", Some(Status::Failed)),
    ("processing", Some(Status::Processing)),
    ("pending", None),
];
/// More of any is taken for a mistake.
const IMAGES_MAX: f64 = 1000.0;
const STEPS_MAX: f64 = 10_000.0;
const ADAPTERS_MAX: f64 = 100.0;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// When it arrived, from the first on \[s\].
    pub arrives: f64,
    /// How it ended.
    pub status: Status,
    /// What the user saw, waits and loads included \[s\]; none if the table does not say.
    pub execution: Option<f64>,
    /// Steps of all its images together.
    pub steps: f64,
    /// The base model, by its number.
    pub model: u32,
    /// How many adapters it needs.
    pub adapters: u32,
}

impl Request {
    /// The day on which it arrived, counted from one.
    pub fn day(&self) -> u32 {
        (self.arrives / DAY_S) as u32 + 1
    }
}

/// The requests of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    /// Names of base models.
    pub models: Vec<String>,
    /// The requests, in the order of their arrival.
    pub requests: Vec<Request>,
    /// How many rows are requests that never ran, and are left out.
    pub pending: usize,
}

impl Requests {
    /// Those of the days `from` to `to`, counted from one, with every model that there is.
    pub fn of_days(&self, from: u32, to: u32) -> Requests {
        let own = |request: &&Request| (from..=to).contains(&request.day());
        let requests = self.requests.iter().filter(own).copied().collect();
        Requests { models: self.models.clone(), requests, pending: 0 }
    }

    /// The last day with a request.
    pub fn days(&self) -> u32 {
        self.requests.last().map_or(0, Request::day)
    }
}

/// Reads requests. Those that are pending never ran: they are counted and left out.
///
/// # Errors
/// If a column is missing, a number is none or impossible, a status is unknown, or the rows are not
/// in the order of arrival.
pub fn requests(file: &DataFile) -> Result<Requests, InputError> {
    require(file, &["arrival_s", "images", "steps", "model", "loras"])?;
    let has = |column: &str| file.columns().any(|own| own == column);
    let (status, measured) = (has("status"), has("execution_s"));
    let mut read = Requests::default();
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut last = f64::NEG_INFINITY;
    let mut first = None;
    for row in file.rows() {
        let at = arrival(&row, last)?;
        last = at;
        let begin = *first.get_or_insert(at);
        if at - begin > SPAN_MAX_S {
            let problem = format!("{at} s is more than 200 days after the first");
            return Err(row.fault("arrival_s", problem).help("a shorter part of the trace"));
        }
        let status = if status { status_of(&row)? } else { Some(Status::Succeeded) };
        let Some(status) = status else {
            read.pending += 1;
            continue;
        };
        let model = row.text("model")?;
        let next = numbers.len() as u32;
        let model = *numbers.entry(model).or_insert_with(|| {
            read.models.push(model.to_owned());
            next
        });
        let seconds = || amount(&row, "execution_s", "time");
        read.requests.push(Request {
            arrives: at - begin,
            status,
            execution: measured.then(seconds).transpose()?,
            steps: whole(&row, "images", 1.0, IMAGES_MAX)? * whole(&row, "steps", 1.0, STEPS_MAX)?,
            model,
            adapters: whole(&row, "loras", 0.0, ADAPTERS_MAX)? as u32,
        });
    }
    if read.requests.is_empty() {
        return Err(InputError::new("status", "every request is pending, so none ever ran")
            .help("at least one that succeeded or failed")
            .at(file.source(), file.source().span_of_line(1)));
    }
    Ok(read)
}

/// The requests that ship.
///
/// # Errors
/// If they are malformed, which tests rule out.
pub fn shipped_requests() -> Result<DataFile, InputError> {
    published::table(published::SERVING)
}

fn arrival(row: &Row<'_>, last: f64) -> Result<f64, InputError> {
    let at = amount(row, "arrival_s", "time")?;
    if at < last {
        let problem = format!("{at} s is before the row above, {last} s");
        return Err(row
            .fault("arrival_s", problem)
            .help("rows in the order of arrival; sort the table first"));
    }
    Ok(at)
}

fn status_of(row: &Row<'_>) -> Result<Option<Status>, InputError> {
    let text = row.text("status")?;
    let found = STATUSES.iter().find(|(word, _)| *word == text);
    found.map(|(_, status)| *status).ok_or_else(|| {
        let known = STATUSES.iter().map(|(word, _)| *word);
        row.fault("status", format!("`{text}` is no status")).help(suggest(text, known))
    })
}

/// A whole number, which may be printed with a point.
fn whole(row: &Row<'_>, column: &str, least: f64, most: f64) -> Result<f64, InputError> {
    let text = row.text(column)?;
    let value: Option<f64> = text.parse().ok();
    let possible = |value: &f64| value.fract() == 0.0 && (least..=most).contains(value);
    value.filter(possible).ok_or_else(|| {
        row.fault(column, format!("`{text}` is no number of {column}"))
            .help(format!("{least} to {most}"))
    })
}
