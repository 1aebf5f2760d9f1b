//! Traces of work that was recorded or scheduled elsewhere, read into operations that any cluster
//! can replay.
//!
//! | format | files | what is in it |
//! | --- | --- | --- |
//! | GOAL, text or binary | one | what each rank computes, sends and receives |
//! | Kineto (PyTorch profiler), JSON | one a rank | what a process asked of its GPU, and when |
//! | Chakra, protobuf or JSON | one a rank | the graph of what a rank does |
//!
//! Which format a file is in shows in its content; any of them may be packed with gzip. What had
//! to be inferred is said ([`Imported::notes`]); what is malformed is an [`InputError`] with file
//! and line, byte, event or node, and field.

mod chakra;
mod file;
mod goal;
mod kineto;
mod matching;
mod notes;
mod order;
mod part;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::{RANKS_MAX, Traced};
use sim::Time;

use part::{Part, Which};

pub use file::UNPACKED_MAX;

/// What an error of a trace may still be helped by.
const HELP: &str = "a GOAL schedule, as text or binary, a trace of the PyTorch profiler, or a \
                    Chakra execution trace, as protobuf or JSON";

/// What is asked of a reader where a trace leaves something open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether collectives of a Chakra trace take their recorded time.
    pub recorded: bool,
    /// What a node of a Chakra trace takes whose duration is missing or zero.
    pub missing: Option<Time>,
}

/// A trace that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The format, as people call it.
    pub format: &'static str,
    /// What it says.
    pub traced: Traced,
    /// What was inferred, left out or kept as it was recorded, in sentences.
    pub notes: Vec<String>,
    /// How long it took where it was recorded, if it was: the longest of all ranks.
    pub recorded: Option<Time>,
    /// Where each operation stands in its file.
    places: Vec<Place>,
    /// The files: one of all ranks, or one of each.
    sources: Vec<Arc<Source>>,
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
    /// The number of an object in a sequence, counted from zero.
    Object(u64),
    /// The id of a node.
    Node(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(number) => write!(out, "line {number}"),
            Place::Byte(number) => write!(out, "byte {number}"),
            Place::Event(number) => write!(out, "event {number}"),
            Place::Object(number) => write!(out, "object {number}"),
            Place::Node(id) => write!(out, "node {id}"),
        }
    }
}

impl Imported {
    /// An error about an operation of the trace, pointing at it.
    pub fn fault(&self, operation: usize, error: InputError) -> InputError {
        let rank = self.traced.operations.get(operation).map_or(0, |operation| operation.rank);
        let source = self.sources.get(rank as usize).unwrap_or(&self.sources[0]);
        match self.places.get(operation) {
            Some(&place) => at(source, place, error),
            None => error,
        }
    }
}

/// An error that points at a place of a file.
fn at(source: &Arc<Source>, place: Place, error: InputError) -> InputError {
    if let Place::Line(line) = place {
        let span = source.span_of_line(line.max(1) as usize);
        return error.at(source, span);
    }
    let field = format!("{place}: {}", error.field);
    InputError { field, source: Some(Arc::clone(source)), ..error }
}

/// What is wrong with a JSON text, at its line. The text may be of many megabytes: what is shown of
/// it is that line.
fn json_fault(name: &str, text: &str, field: &str, error: &serde_json::Error) -> InputError {
    let line = error.line().max(1);
    let told = error.to_string();
    let problem = told.split(" at line ").next().unwrap_or(&told).to_owned();
    let error = InputError::new(field, problem).help("the whole file, as it was written");
    at(&shown(name, text, line), Place::Line(line as u32), error)
}

/// A line of a text, alone.
fn shown(name: &str, text: &str, line: usize) -> Arc<Source> {
    let clip: String = text.lines().nth(line - 1).unwrap_or("").chars().take(120).collect();
    Source::new(name, "\n".repeat(line - 1) + &clip)
}

/// Reads a trace from its files; `field` says what named them.
///
/// # Errors
/// If a file cannot be read, is larger than [`UNPACKED_MAX`] when unpacked, is in no known format,
/// or malformed; if files are not of one trace; if something is asked that has no effect.
pub fn open(paths: &[PathBuf], field: &str, asked: &Reading) -> Result<Imported, InputError> {
    if paths.is_empty() || paths.len() > RANKS_MAX as usize {
        let problem = format!("there are {} files", paths.len());
        return Err(InputError::new(field, problem).help(format!("1 to {RANKS_MAX}")));
    }
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let ranks = paths.len() as u32;
    let mut parts = Vec::new();
    let (order, said) = order::by_name(&names);
    for (rank, &at) in order.iter().enumerate() {
        let content = file::content(&paths[at], field)?;
        let which = Which { rank: rank as u32, ranks };
        parts.push(read(&names[at], &content, which, asked)?);
    }
    part::joined(parts, said, asked)
}

/// Reads a file from its unpacked content, under the name that messages show.
fn read(name: &str, content: &[u8], which: Which, asked: &Reading) -> Result<Part, InputError> {
    if goal::binary::looks_like(content) {
        return goal::binary::read(name, content);
    }
    if chakra::binary::looks_like(content) {
        return chakra::binary(name, content, which, asked);
    }
    let text = file::text(name, content)?;
    if goal::text::looks_like(&text.text) {
        return goal::text::read(&text);
    }
    if kineto::looks_like(&text.text) {
        return kineto::read(name, &text.text);
    }
    if chakra::json::looks_like(&text.text) {
        return chakra::json(&text, which, asked);
    }
    let error = InputError::new("file", "is no trace in a known format").help(HELP);
    Err(at(&text, Place::Line(1), error))
}
