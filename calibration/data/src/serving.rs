//! Traces of functions and of GPU serving: who called what when, and what the user saw.
//!
//! ```text
//!  gpu_requests.csv ─► Requests ─► fit (days 1 to 7) ─► Fitted ─┐
//!  stage times ──────────────────────┘                          ├► replay ─► latencies
//!  Azure Functions 2019, 2021 ─► Trace (work is in the trace) ──┘
//! ```
//!
//! What no file tells of the served requests is fitted on the first seven days alone
//! (`calibration_fit::serving`): the inference time, how many instances there are, and how long
//! they are kept. All later days judge it.

mod azure;
mod fitted;
mod period;
mod replay;
mod requests;
mod stages;

pub use azure::{azure_2019, azure_2021};
pub use fitted::{Fitted, shipped};
pub use period::{Period, QUANTILES, Quantile, Served, judged};
pub use replay::{Pool, Replayed, replay, scene};
pub(crate) use requests::COLUMNS;
pub use requests::{Request, Requests, Status, requests, shipped_requests};
pub use stages::{Stages, shipped_stages, stages};

use models::input::InputError;

use crate::file::DataFile;

/// A kind of trace, by its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Served requests, as `gpu_requests.csv`.
    Requests,
    /// Azure Functions 2019: invocations per minute of a day.
    Azure2019,
    /// Azure Functions 2021: an invocation a row.
    Azure2021,
}

/// The columns by which each kind is known.
const KINDS: [(Kind, &[&str]); 3] = [
    (Kind::Requests, &["arrival_s", "images", "steps", "model", "loras"]),
    (Kind::Azure2019, &["HashApp", "HashFunction", "Trigger", "1", "1440"]),
    (Kind::Azure2021, &["app", "func", "end_timestamp", "duration"]),
];

/// Recognises a trace by its columns.
///
/// # Errors
/// If the columns are those of no known trace; the message says what each kind has.
pub fn recognise(file: &DataFile) -> Result<Kind, InputError> {
    let has = |columns: &[&str]| columns.iter().all(|own| file.columns().any(|c| c == *own));
    let found = KINDS.iter().find(|(_, columns)| has(columns));
    found.map(|(kind, _)| *kind).ok_or_else(|| {
        InputError::new("header", "is not that of any known trace of functions")
            .help(
                "arrival_s,kind,status,execution_s,images,steps,model,loras; \
                 app,func,end_timestamp,duration; or \
                 HashOwner,HashApp,HashFunction,Trigger,1 … 1440",
            )
            .at(file.source(), file.source().span_of_line(1))
    })
}

/// Calls of functions whose work is in the trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Names of functions.
    pub functions: Vec<String>,
    /// Calls in the order of their arrival: when \[s\], which function, and its work \[s\].
    pub calls: Vec<(f64, u32, f64)>,
}

/// The longest trace \[s\]: the simulator counts picoseconds, which last for 213 days.
pub(crate) const SPAN_MAX_S: f64 = 200.0 * 86_400.0;
/// The days that are fitted to; later ones judge.
pub const FIT_DAYS: u32 = 7;
/// The seconds of a day.
pub const DAY_S: f64 = 86_400.0;

/// A number that is zero or more.
fn amount(row: &crate::file::Row<'_>, column: &str, what: &str) -> Result<f64, InputError> {
    let text = row.text(column)?;
    let value: Option<f64> = text.parse().ok();
    value.filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(|| {
        row.fault(column, format!("`{text}` is no {what}")).help("a number, zero or more")
    })
}
