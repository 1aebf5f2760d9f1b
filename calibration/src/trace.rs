//! Traces of work that was recorded or scheduled elsewhere, read into operations that any cluster
//! can replay.
//!
//! | format | what is in it |
//! | --- | --- |
//! | GOAL, text or binary | what each rank computes, sends and receives |
//! | Kineto (PyTorch profiler), JSON | what a process asked of its GPU, and when it was done |
//!
//! Which format a file is in shows in its content; any of them may be packed with gzip. What had
//! to be inferred is said ([`Imported::notes`]); what is malformed is an [`InputError`] with file
//! and line, or byte, and field.

mod file;
mod goal;
mod kineto;

use std::path::Path;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::Traced;
use sim::Time;

pub use file::UNPACKED_MAX;

/// What an error of a trace may still be helped by.
const HELP: &str = "a GOAL schedule, as text or binary, or a trace of the PyTorch profiler";

/// A trace that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The format, as people call it.
    pub format: &'static str,
    /// What it says.
    pub traced: Traced,
    /// What was inferred, left out or kept as it was recorded, in sentences.
    pub notes: Vec<String>,
    /// How long it took where it was recorded, if it was.
    pub recorded: Option<Time>,
    /// Where each operation stands in the file.
    places: Vec<Place>,
    source: Arc<Source>,
}

/// A place in a trace's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A line of a text, counted from one.
    Line(u32),
    /// An offset in a binary file.
    Byte(u64),
    /// The number of an event in a list, counted from zero.
    Event(u64),
}

impl Imported {
    /// An error about an operation of the trace, pointing at it.
    pub fn fault(&self, operation: usize, error: InputError) -> InputError {
        match self.places.get(operation) {
            Some(&place) => at(&self.source, place, error),
            None => error,
        }
    }
}

/// An error that points at a place of a file.
fn at(source: &Arc<Source>, place: Place, error: InputError) -> InputError {
    match place {
        Place::Line(line) => {
            let span = source.span_of_line(line.max(1) as usize);
            error.at(source, span)
        }
        Place::Byte(byte) => named(source, &format!("byte {byte}"), error),
        Place::Event(event) => named(source, &format!("event {event}"), error),
    }
}

/// An error at a place of a file that is no line.
fn named(source: &Arc<Source>, place: &str, error: InputError) -> InputError {
    let field = format!("{place}: {}", error.field);
    InputError { field, source: Some(Arc::clone(source)), ..error }
}

/// Reads a trace from a file; `field` says what named it.
///
/// # Errors
/// If the file cannot be read, is larger than [`UNPACKED_MAX`] when unpacked, is in no known
/// format, or malformed.
pub fn open(path: &Path, field: &str) -> Result<Imported, InputError> {
    read(&path.display().to_string(), &file::content(path, field)?)
}

/// Reads a trace from its unpacked content, under the name that messages show.
///
/// # Errors
/// If it is in no known format, or malformed.
pub fn read(name: &str, content: &[u8]) -> Result<Imported, InputError> {
    if goal::binary::looks_like(content) {
        return goal::binary::read(name, content);
    }
    let text = file::text(name, content)?;
    if goal::text::looks_like(&text.text) {
        return goal::text::read(&text);
    }
    if kineto::looks_like(&text.text) {
        return kineto::read(name, &text.text);
    }
    let error = InputError::new("file", "is no trace in a known format").help(HELP);
    Err(at(&text, Place::Line(1), error))
}
