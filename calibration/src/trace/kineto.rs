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
use models::replay::Traced;
use sim::Time;

use super::{Imported, Place, at};
use event::Document;
use timeline::Timeline;

/// Whether a text is such a trace: the list of events is its mark.
pub(super) fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"traceEvents\"")
}

/// Reads a trace.
pub(super) fn read(name: &str, text: &str) -> Result<Imported, InputError> {
    // The text may be of many megabytes: what is shown of it is one line.
    let shown = |line: u32| {
        let line_text = text.lines().nth(line.max(1) as usize - 1).unwrap_or("");
        let clip: String = line_text.chars().take(120).collect();
        Source::new(name, "\n".repeat(line.max(1) as usize - 1) + &clip)
    };
    let document: Document<'_> = serde_json::from_str(text).map_err(|error| {
        let line = error.line().max(1) as u32;
        let told = error.to_string();
        let problem = told.split(" at line ").next().unwrap_or(&told).to_owned();
        let error = InputError::new("traceEvents", problem)
            .help("the file as the PyTorch profiler wrote it, whole");
        at(&shown(line), Place::Line(line), error)
    })?;
    let whole = |error: InputError| at(&shown(1), Place::Line(1), error);
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
    Ok(Imported {
        format: "PyTorch profiler trace (Kineto)",
        traced: Traced { ranks: 1, operations },
        notes,
        recorded: Some(recorded),
        places: places.into_iter().map(Place::Event).collect(),
        source: Source::new(name, ""),
    })
}

/// Microseconds, as the profiler writes them, since the first event.
fn since(first_us: f64, us: f64) -> Time {
    Time::from_seconds(((us - first_us) * 1e-6).max(0.0))
}
