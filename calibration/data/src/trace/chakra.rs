//! Execution traces of Chakra (MLCommons): the graph of what one rank does, a file a rank.
//!
//! | node | becomes |
//! | --- | --- |
//! | computation | its recorded time, on its thread or stream |
//! | load or store of memory | its recorded time |
//! | send, receive | a message, priced anew; matched by sender, receiver and tag |
//! | collective | its recorded time where that is asked for, else it is refused |
//! | metadata | nothing: who needs it needs what it needs |
//!
//! S. Sridharan et al., *Chakra: advancing performance benchmarking and co-design using
//! standardized execution traces*, 2023. Times are whole microseconds.

pub(super) mod binary;
pub(super) mod json;
mod node;
mod order;
mod rank;
mod wire;

use std::sync::Arc;

use models::input::{InputError, Source};

use super::Reading;
use super::part::{Part, Which};
use rank::read_rank;

/// The format, as people call it.
pub(super) const FORMAT: &str = "Chakra execution trace";
/// The version of the format that is read: its messages are laid out as they are since May 2024.
const VERSION: &str = "0.0.4";

/// Reads the protobuf form.
pub(super) fn binary(
    name: &str,
    content: &[u8],
    which: Which,
    asked: &Reading,
) -> Result<Part, InputError> {
    let source = Source::new(name, "");
    let nodes = binary::read(content, &source)?;
    read_rank(nodes, source, which, asked)
}

/// Reads a JSON form.
pub(super) fn json(
    source: &Arc<Source>,
    which: Which,
    asked: &Reading,
) -> Result<Part, InputError> {
    let named = Source::new(source.name.clone(), "");
    let nodes = json::read(&source.text, &named)?;
    read_rank(nodes, named, which, asked)
}

/// Refuses another version of the format; PyTorch's converter says none.
fn check_version(version: &str) -> Result<(), InputError> {
    match version {
        "" | VERSION => Ok(()),
        other => {
            let problem = format!("`{other}` is another version of the format");
            Err(InputError::new("version", problem).help(VERSION))
        }
    }
}
