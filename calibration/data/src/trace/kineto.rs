//! Traces of the PyTorch profiler (Kineto, `schemaVersion` 1): what a process asked of its GPU, and
//! when the GPU did it.
//!
//! ```text
//!  host thread   call ─ gap ─ call ─ gap ─ synchronise ────────┐ waits
//!                  └ launch delay ┐           ▲                │
//!  stream 7                       kernel ─ kernel ─ copy       │
//!  stream 20                              collective (event) ──┘
//! ```
//!
//! Kernels and collectives keep their recorded time. Copies between host and device are priced
//! anew. What a call of the host takes, the host between two calls, and the delay between a call
//! and what it launched, are recorded and kept: with copies as fast as they were, a replay takes as
//! long as the recording.

mod event;
mod timeline;

use models::input::{InputError, Source};
use sim::Time;

use super::part::Part;
use super::{Place, at, json_fault, shown};
use event::Document;
use timeline::Timeline;

/// The format, as people call it.
pub(super) const FORMAT: &str = "PyTorch profiler trace (Kineto)";

/// Whether a text is such a trace: the list of events is its mark.
pub(super) fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"traceEvents\"")
}

/// Reads a trace.
pub(super) fn read(name: &str, text: &str) -> Result<Part, InputError> {
    let document: Document<'_> = serde_json::from_str(text)
        .map_err(|error| json_fault(name, text, "traceEvents", &error))?;
    let whole = |error: InputError| at(&shown(name, text, 1), Place::Line(1), error);
    match document.schema {
        Some(1) => {}
        Some(version) => {
            let error = InputError::new("schemaVersion", format!("is {version}"))
                .help("1, which the profiler has written since 2021");
            return Err(whole(error));
        }
        None => {
            let error = InputError::new("schemaVersion", "is missing").help("1");
            return Err(whole(error));
        }
    }
    let timeline = Timeline::of(document.events).map_err(whole)?;
    let (operations, places, notes, recorded) = timeline.operations().map_err(whole)?;
    let mut part = Part::new(FORMAT, Source::new(name, ""));
    part.says = document.distributed.and_then(|info| info.rank);
    part.messages = vec![None; operations.len()];
    part.operations = operations;
    part.places = places.into_iter().map(Place::Event).collect();
    (part.notes, part.recorded) = (notes, Some(recorded));
    Ok(part)
}

/// Microseconds, as the profiler writes them, since the first event.
fn since(first_us: f64, us: f64) -> Time {
    Time::from_seconds(((us - first_us) * 1e-6).max(0.0))
}
