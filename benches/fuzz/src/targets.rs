//! The targets, by what they read.

pub(crate) mod cluster;
pub(crate) mod experiment;
pub(crate) mod imports;
pub(crate) mod journal;
pub(crate) mod library;
pub(crate) mod over_time;
pub(crate) mod small;
pub(crate) mod tables;
pub(crate) mod traces;

use std::sync::Arc;

use models::input::Source;

/// An input as a text, as if its file had it.
fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// An input as a text with a name.
fn source(name: &str, input: &[u8]) -> Arc<Source> {
    Source::new(name, text(input))
}

/// A number that follows from an input, for choices that are not part of it.
fn choice(input: &[u8], of: usize) -> usize {
    let hash = blake3::hash(input);
    usize::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) % of
}

/// The texts as inputs.
fn inputs(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Parts of a table with so many rows each, which are quick to try: from its beginning, its middle
/// and its end.
fn parts(table: &str, rows: usize) -> Vec<Vec<u8>> {
    let mut lines = table.lines();
    let header = lines.next().unwrap_or_default();
    let body: Vec<&str> = lines.collect();
    let last = body.len().saturating_sub(rows);
    let part = |from: usize| {
        let own = body[from..].iter().take(rows);
        let all: Vec<&str> = std::iter::once(header).chain(own.copied()).collect();
        (all.join("\n") + "\n").into_bytes()
    };
    let mut found: Vec<Vec<u8>> = [0, last / 2, last].map(part).to_vec();
    found.dedup();
    found
}
