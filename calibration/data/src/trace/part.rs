//! What one file of a trace says, and all of them together.

use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::{OPERATIONS_MAX, Operation, Traced};
use sim::Time;

use super::matching::{Message, matched};
use super::notes::Notes;
use super::{Imported, Place, Reading, at, order};

/// Which of how many ranks a file is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which {
    pub(super) rank: u32,
    pub(super) ranks: u32,
}

/// What a file says.
pub(super) struct Part {
    pub(super) format: &'static str,
    pub(super) source: Arc<Source>,
    /// How many ranks are in it, if it is of all; else it is of one.
    pub(super) all_ranks: Option<u32>,
    /// The rank that it says that it is of, where it says so.
    pub(super) says: Option<u32>,
    /// Receives do not know yet what they receive.
    pub(super) operations: Vec<Operation>,
    pub(super) places: Vec<Place>,
    /// For each operation, the end of a message that it is.
    pub(super) messages: Vec<Option<Message>>,
    pub(super) notes: Notes,
    pub(super) recorded: Option<Time>,
    /// Whether what was asked for missing durations was of use.
    pub(super) lacked: bool,
}

impl Part {
    /// Nothing yet.
    pub(super) fn new(format: &'static str, source: Arc<Source>) -> Part {
        Part {
            format,
            source,
            all_ranks: None,
            says: None,
            operations: Vec::new(),
            places: Vec::new(),
            messages: Vec::new(),
            notes: Notes::default(),
            recorded: None,
            lacked: false,
        }
    }

    /// Adds an operation.
    pub(super) fn push(&mut self, operation: Operation, place: Place, message: Option<Message>) {
        self.operations.push(operation);
        self.places.push(place);
        self.messages.push(message);
    }

    /// An error about all of it.
    fn fault(&self, field: &str, problem: String, help: &str) -> InputError {
        at(&self.source, Place::Line(1), InputError::new(field, problem).help(help))
    }
}

/// The trace of all files, in the order of their ranks; `said`: where that order comes from.
pub(super) fn joined(
    mut parts: Vec<Part>,
    said: Option<&str>,
    asked: &Reading,
) -> Result<Imported, InputError> {
    check(&parts, asked)?;
    let mut notes = Notes::default();
    let stated = parts.iter().map(|part| part.says.map(|rank| rank as usize));
    let stated = stated.collect::<Option<Vec<usize>>>().and_then(|all| order::placed(&all));
    if let (Some(order), Some(_)) = (stated, said) {
        let mut slots: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
        parts = order.into_iter().map(|at| slots[at].take().expect("each once")).collect();
        notes.say("Ranks are numbered as the files say.");
    } else {
        said.into_iter().for_each(|said| notes.say(said));
    }
    let format = parts[0].format;
    if parts.len() > 1 && format == super::kineto::FORMAT {
        notes.say("Each rank begins at the first event of its file, and waits for no other rank.");
    }
    let ranks = parts[0].all_ranks.unwrap_or(parts.len() as u32);
    let (mut operations, mut places, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sources, mut recorded) = (Vec::new(), None);
    for (rank, part) in parts.into_iter().enumerate() {
        let before = operations.len() as u32;
        operations.extend(part.operations.into_iter().map(|mut operation| {
            operation.needs.iter_mut().for_each(|need| need.operation += before);
            let rank = part.all_ranks.map_or(rank as u32, |_| operation.rank);
            Operation { rank, ..operation }
        }));
        if operations.len() > OPERATIONS_MAX {
            let problem = format!("there are more than {OPERATIONS_MAX} operations");
            let error = InputError::new("operations", problem).help("a shorter trace");
            return Err(at(&part.source, Place::Line(1), error));
        }
        places.extend(part.places);
        messages.extend(part.messages);
        sources.push(part.source);
        notes.add(part.notes);
        recorded = recorded.max(part.recorded);
    }
    let traced = Traced { ranks, operations };
    let mut all = Imported { format, traced, notes: Vec::new(), recorded, places, sources };
    let sends = matched(&all, &messages, &mut notes)?;
    for (operation, send) in all.traced.operations.iter_mut().zip(sends) {
        operation.does.receives(send);
    }
    all.notes = notes.sentences();
    Ok(all)
}

/// Whether files are of one trace, and what is asked has an effect.
fn check(parts: &[Part], asked: &Reading) -> Result<(), InputError> {
    let first = &parts[0];
    if let Some(other) = parts.iter().find(|part| part.format != first.format) {
        let problem = format!("is a {}, and others are a {}", other.format, first.format);
        return Err(other.fault("file", problem, "files of one format"));
    }
    if let (Some(_), [_, second, ..]) = (first.all_ranks, parts) {
        let problem = "a schedule has all its ranks in one file".to_owned();
        return Err(second.fault("file", problem, "one file"));
    }
    let refused = |option: &str, problem: String| {
        Err(InputError::new(option, problem).help("a replay without it"))
    };
    let is_chakra = first.format == super::chakra::FORMAT;
    if asked.recorded && !is_chakra {
        return refused("--recorded", format!("has no effect on a {}", first.format));
    }
    if asked.missing.is_some() && !parts.iter().any(|part| part.lacked) {
        return refused("--missing-duration", "has no effect: no duration is missing".into());
    }
    Ok(())
}
