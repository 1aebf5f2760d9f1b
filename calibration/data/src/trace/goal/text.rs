//! The text form of GOAL, as LogGOPSim's `txt2bin` takes it.
//!
//! ```text
//! num_ranks 2
//! rank 0 {
//! l1: calc 1000 cpu 0            // nanoseconds
//! l2: send 8b to 1 tag 5 cpu 0 nic 0
//! l2 requires l1
//! }
//! rank 1 { … l4 irequires l3 … }
//! ```
//!
//! `requires`: begins when the other has ended; `irequires`: when it has begun.

use std::collections::HashMap;
use std::iter::Peekable;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::{Moment, Need, OPERATIONS_MAX, Port, RANKS_MAX};

use super::super::part::Part;
use super::super::{Place, at};
use super::{Goal, Message, Read, part};

/// Whether a text begins as a schedule does.
pub(in super::super) fn looks_like(text: &str) -> bool {
    let word =
        Lines::new(text).find_map(|(_, line)| line.split_whitespace().next().map(str::to_owned));
    word.is_some_and(|word| word == "num_ranks" || word == "rank")
}

/// Reads a schedule.
pub(in super::super) fn read(source: &Arc<Source>) -> Result<Part, InputError> {
    let mut reader = Reader { ranks: None, open: None, blocks: HashMap::new(), read: Vec::new() };
    let mut last = 1;
    for (line, text) in Lines::new(&source.text) {
        last = line;
        let read = reader.line(line, &text);
        read.map_err(|(line, error)| at(source, Place::Line(line), error))?;
    }
    let end = |error: InputError| at(source, Place::Line(last), error);
    if let Some(block) = &reader.open {
        let problem = format!("the block of rank {} is not closed", block.rank);
        return Err(end(wrong("rank", problem, "the whole file; a block ends with `}`")));
    }
    let ranks = reader.ranks.ok_or_else(|| end(wrong("num_ranks", "is missing".into(), RANKS)))?;
    if let Some(rank) = (0..ranks).find(|rank| !reader.blocks.contains_key(rank)) {
        let problem = format!("rank {rank} of {ranks} has no block");
        return Err(end(wrong("rank", problem, "one block for each rank, from 0 on")));
    }
    Ok(part(source, "GOAL", ranks, reader.read))
}

const RANKS: &str = "`num_ranks N` before the first rank, 1 to 65536";
const LINE: &str = "`calc NS [cpu C]`, `send Nb to RANK [tag T] [cpu C] [nic N]`, `recv Nb from \
                    RANK …`, `A requires B` or `A irequires B`";

fn wrong(field: &str, problem: String, help: &str) -> InputError {
    InputError::new(field, problem).help(help)
}

/// What has been read so far.
struct Reader {
    ranks: Option<u32>,
    open: Option<Block>,
    /// The line of each rank's block.
    blocks: HashMap<u32, u32>,
    read: Vec<Read>,
}

/// The block of a rank.
struct Block {
    rank: u32,
    /// Operations by label.
    labels: HashMap<String, u32>,
    /// Who needs whom, with the line.
    needs: Vec<(String, Moment, String, u32)>,
}

/// The words of a line that are left.
type Words<'a> = Peekable<std::vec::IntoIter<&'a str>>;

impl Reader {
    /// An error comes with its line: a label may be unknown on a line before.
    fn line(&mut self, line: u32, text: &str) -> Result<(), (u32, InputError)> {
        let spaced = text.replace(':', " : ").replace('{', " { ").replace('}', " } ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut words = words.into_iter().peekable();
        while words.peek().is_some() {
            let here = |error| (line, error);
            match self.open.is_some() {
                true if words.next_if_eq(&"}").is_some() => self.close()?,
                true => self.inside(line, &mut words).map_err(here)?,
                false => self.outside(line, &mut words).map_err(here)?,
            }
        }
        Ok(())
    }

    /// Between blocks.
    fn outside(&mut self, line: u32, words: &mut Words<'_>) -> Result<(), InputError> {
        match words.next() {
            Some("num_ranks") => {
                let ranks: u32 = number("num_ranks", words.next(), u64::from(RANKS_MAX))? as u32;
                if ranks == 0 || self.ranks.is_some() {
                    let problem = if ranks == 0 { "is zero" } else { "is given twice" };
                    return Err(wrong("num_ranks", problem.into(), RANKS));
                }
                self.ranks = Some(ranks);
                Ok(())
            }
            Some("rank") => {
                let Some(ranks) = self.ranks else {
                    return Err(wrong("num_ranks", "is missing".into(), RANKS));
                };
                let rank = number("rank", words.next(), u64::from(RANKS_MAX))? as u32;
                if rank >= ranks {
                    let problem = format!("rank {rank} is not there");
                    return Err(wrong("rank", problem, &format!("0 to {}", ranks - 1)));
                }
                if let Some(before) = self.blocks.insert(rank, line) {
                    let problem = format!("rank {rank} has a block at line {before} already");
                    return Err(wrong("rank", problem, "one block for each rank"));
                }
                match words.next() {
                    Some("{") => {
                        let (labels, needs) = (HashMap::new(), Vec::new());
                        self.open = Some(Block { rank, labels, needs });
                        Ok(())
                    }
                    word => Err(unexpected("rank", word, "`{`")),
                }
            }
            word => Err(unexpected("line", word, "`num_ranks N` or `rank N {`")),
        }
    }

    /// In the block of a rank.
    fn inside(&mut self, line: u32, words: &mut Words<'_>) -> Result<(), InputError> {
        let first = words.next().expect("there is a word");
        let (label, word) = match words.peek().copied() {
            Some(":") => {
                words.next();
                (Some(first), words.next())
            }
            Some(relation @ ("requires" | "irequires")) => {
                words.next();
                let moment = match relation {
                    "requires" => Moment::Ended,
                    _ => Moment::Begun,
                };
                let Some(other) = words.next().filter(|word| is_label(word)) else {
                    return Err(unexpected(relation, None, "the label of an operation"));
                };
                let block = self.open.as_mut().expect("a block is open");
                block.needs.push((first.into(), moment, other.into(), line));
                return Ok(());
            }
            _ => (None, Some(first)),
        };
        let ranks = self.ranks.expect("there are ranks");
        let goal = goal(word, words, ranks)?;
        let block = self.open.as_mut().expect("a block is open");
        let operation = self.read.len();
        if operation == OPERATIONS_MAX {
            let problem = format!("there are more than {OPERATIONS_MAX} operations");
            return Err(wrong("operations", problem, "a shorter schedule"));
        }
        if let Some(label) = label {
            if !is_label(label) {
                return Err(unexpected("label", Some(label), "a letter, and letters and digits"));
            }
            if block.labels.insert(label.into(), operation as u32).is_some() {
                let problem = format!("`{label}` is given twice");
                return Err(wrong("label", problem, "each label once in a rank"));
            }
        }
        let (rank, needs) = (block.rank, Vec::new());
        self.read.push(Read { rank, goal, needs, place: Place::Line(line) });
        Ok(())
    }

    /// The end of a block: all its labels are known.
    fn close(&mut self) -> Result<(), (u32, InputError)> {
        let block = self.open.take().expect("a block is open");
        for (label, moment, other, line) in &block.needs {
            let known = |label: &String| {
                block.labels.get(label).copied().ok_or_else(|| {
                    let problem = format!("`{label}` is no operation of this rank");
                    (*line, wrong("requires", problem, "labels of the same rank"))
                })
            };
            let (operation, of) = (known(label)?, known(other)?);
            self.read[operation as usize].needs.push(Need { operation: of, moment: *moment });
        }
        Ok(())
    }
}

/// An operation, from its first word on.
fn goal(word: Option<&str>, words: &mut Words<'_>, ranks: u32) -> Result<Goal, InputError> {
    match word {
        Some("calc") => {
            let ns = number("calc", words.next(), u64::MAX)?;
            let port = options(words, None)?;
            Ok(Goal::Calc { ns, cpu: port.cpu })
        }
        Some(name @ ("send" | "recv")) => {
            let bytes = words.next().unwrap_or("");
            let (bytes, split) = match bytes.strip_suffix('b') {
                Some(bytes) => (bytes, false),
                None => (bytes, true),
            };
            let bytes = number("bytes", Some(bytes), u64::MAX)?;
            if split && words.next() != Some("b") {
                return Err(wrong("bytes", "has no unit".into(), "a number and `b`: `8b`"));
            }
            let relation = if name == "send" { "to" } else { "from" };
            match words.next() {
                Some(word) if word == relation => {}
                word => return Err(unexpected(name, word, &format!("`{relation}`"))),
            }
            let peer = match words.next() {
                Some("-1") => return Err(wildcard(relation)),
                word => number(relation, word, u64::from(u32::MAX))? as u32,
            };
            if peer >= ranks {
                let problem = format!("rank {peer} is not there");
                return Err(wrong(relation, problem, &format!("0 to {}", ranks - 1)));
            }
            let mut tag = 0;
            let port = options(words, Some(&mut tag))?;
            let message = Message { bytes, peer, tag, port };
            Ok(if name == "send" { Goal::Send(message) } else { Goal::Receive(message) })
        }
        word => Err(unexpected("operation", word, LINE)),
    }
}

/// `tag`, `cpu` and `nic`, each at most once; only messages have a tag and a card.
fn options(words: &mut Words<'_>, mut tag: Option<&mut u32>) -> Result<Port, InputError> {
    let (mut port, mut seen) = (Port::default(), Vec::new());
    while let Some(name @ ("tag" | "cpu" | "nic")) = words.peek().copied() {
        words.next();
        if seen.contains(&name) {
            return Err(wrong(name, "is given twice".into(), "each once"));
        }
        seen.push(name);
        let word = words.next();
        match (name, &mut tag) {
            ("cpu", _) => port.cpu = number("cpu", word, 255)? as u8,
            ("nic", Some(_)) => port.nic = number("nic", word, 255)? as u8,
            ("tag", Some(_)) if word == Some("-1") => return Err(wildcard("tag")),
            ("tag", Some(tag)) => **tag = number("tag", word, u64::from(u32::MAX))? as u32,
            _ => return Err(wrong(name, "stands behind `calc`".into(), "`calc NS [cpu C]`")),
        }
    }
    Ok(port)
}

/// Which message a wildcard takes is decided while a program runs, and would depend on the cluster.
fn wildcard(field: &str) -> InputError {
    let help = "the rank and tag that the receive took where the trace was recorded";
    wrong(field, "-1 stands for any, which is not replayed".into(), help)
}

fn unexpected(field: &str, found: Option<&str>, expected: &str) -> InputError {
    let found = found.map_or("the end of the line".into(), |word| format!("`{word}`"));
    wrong(field, format!("found {found}"), &format!("expected {expected}"))
}

fn number(field: &str, word: Option<&str>, most: u64) -> Result<u64, InputError> {
    let digits = word.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let value = digits.and_then(|digits| digits.parse::<u64>().ok());
    match (word, value) {
        (_, Some(value)) if value <= most => Ok(value),
        (Some(word), _) if !word.is_empty() => {
            let problem = format!("`{word}` is no possible number");
            Err(wrong(field, problem, &format!("a whole number of at most {most}")))
        }
        _ => Err(unexpected(field, None, "a number")),
    }
}

fn is_label(word: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(letters)
}

/// The lines of a text without comments, with their numbers. A comment `/* … */` may be longer than
/// a line.
struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    commented: bool,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Lines<'a> {
        Lines { lines: text.lines().enumerate(), commented: false }
    }
}

impl Iterator for Lines<'_> {
    type Item = (u32, String);

    fn next(&mut self) -> Option<(u32, String)> {
        let (at, mut line) = self.lines.next()?;
        let mut text = String::new();
        loop {
            if self.commented {
                let Some((_, rest)) = line.split_once("*/") else { break };
                self.commented = false;
                line = rest;
            }
            match line.find("//").into_iter().chain(line.find("/*")).min() {
                None => {
                    text += line;
                    break;
                }
                Some(at) => {
                    text += &line[..at];
                    text.push(' ');
                    if line[at..].starts_with("//") {
                        break;
                    }
                    self.commented = true;
                    line = &line[at + 2..];
                }
            }
        }
        Some((at as u32 + 1, text))
    }
}
