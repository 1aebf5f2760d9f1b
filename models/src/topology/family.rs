//! Families: what one counted table makes, and how its members are called.
//!
//! A member's name is that of its family, then its node's number where it is in a node of a family,
//! then its own number within the node where there are several: `node-17`, `gpu-17-3`. Numbers
//! begin at 0 and have no padding.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_spanned::Spanned;

use super::Placed;
use crate::input::InputError;

/// More things than this in one topology is taken for a mistake.
pub(super) const MEMBERS_MAX: usize = 1_000_000;

/// What one table makes by `count`, or by being in something of which there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, with which the names of its members begin.
    pub name: String,
    /// What its members are: `nodes`, `GPUs`.
    pub what: &'static str,
    /// The family of nodes that its members are in, if they are in one.
    pub(super) home: Option<String>,
    /// How many nodes that family has.
    pub(super) over: Option<usize>,
    /// How many members there are in each, if that is counted.
    pub(super) each: Option<usize>,
}

impl Family {
    /// How many members it has.
    #[expect(clippy::len_without_is_empty, reason = "no family is empty")]
    pub fn len(&self) -> usize {
        self.over.unwrap_or(1) * self.width()
    }

    /// How many members there are in a node.
    pub(super) fn width(&self) -> usize {
        self.each.unwrap_or(1)
    }

    /// The name of member `number` of node `row`.
    pub(super) fn member(&self, row: usize, number: usize) -> String {
        let name = &self.name;
        match (self.over, self.each) {
            (Some(_), Some(_)) => format!("{name}-{row}-{number}"),
            (Some(_), None) => format!("{name}-{row}"),
            (None, _) => format!("{name}-{number}"),
        }
    }

    /// The name of a member, counted through all nodes.
    pub fn at(&self, number: usize) -> String {
        self.member(number / self.width(), number % self.width())
    }

    /// The number of the member called `name`, counted through all nodes.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let rest = name.strip_prefix(self.name.as_str())?.strip_prefix('-')?;
        let numbers: Vec<usize> = rest.split('-').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let number = match (self.over, self.each, &numbers[..]) {
            (Some(_), Some(each), [row, number]) if *number < each => row * each + number,
            (Some(_), None, [number]) | (None, Some(_), [number]) => *number,
            _ => return None,
        };
        (number < self.len() && self.at(number) == name).then_some(number)
    }

    /// How many it is and how they are called: "`pod` is 8 pods, `pod-0` to `pod-7`".
    pub fn described(&self) -> String {
        let Family { name, what, .. } = self;
        match self.len() {
            1 => format!("`{name}` is counted: its one member is `{}`", self.at(0)),
            many => {
                format!("`{name}` is {many} {what}, `{}` to `{}`", self.at(0), self.at(many - 1))
            }
        }
    }
}

/// All families of a topology, and the names of what is not counted.
#[derive(Debug, Default)]
pub(super) struct Families {
    pub(super) all: BTreeMap<String, Family>,
    pub(super) single: BTreeSet<String>,
    /// How many tables there are after counting.
    made: usize,
}

impl Families {
    /// The family called `name` whose members are `what`.
    pub(super) fn find(&self, name: &str, what: &str) -> Option<&Family> {
        self.all.get(name).filter(|family| family.what == what)
    }

    /// Takes note of tables that are about to be made at a place of a file.
    pub(super) fn make<T>(
        &mut self,
        many: usize,
        at: &Placed<T>,
        field: &str,
        span: &Range<usize>,
    ) -> Result<(), InputError> {
        self.made = self.made.saturating_add(many);
        match self.made > MEMBERS_MAX {
            false => Ok(()),
            true => {
                let problem = format!("makes {many} things, {} in all", self.made);
                Err(at
                    .fault_at(span.clone(), field, problem)
                    .help("at most a million in a topology"))
            }
        }
    }

    /// Takes note of a name, of a family or of a single thing.
    pub(super) fn claim<T>(
        &mut self,
        at: &Placed<T>,
        name: &Spanned<String>,
        is_family: bool,
    ) -> Result<(), InputError> {
        let text = name.get_ref();
        if self.all.contains_key(text) || (is_family && self.single.contains(text)) {
            return Err(at
                .fault(name, "name", format!("`{text}` is the name of something else already"))
                .help("names are unique in a topology, whatever they name"));
        }
        if !is_family {
            self.single.insert(text.clone());
        }
        Ok(())
    }

    /// Refuses a name that is one too far: of a family, but of none of its members.
    pub(super) fn check<T>(
        &self,
        at: &Placed<T>,
        field: &str,
        name: &Spanned<String>,
    ) -> Result<(), InputError> {
        let text = name.get_ref().as_str();
        if self.all.is_empty() || self.single.contains(text) || self.all.contains_key(text) {
            return Ok(());
        }
        let numbered = |stem: &str| {
            text[stem.len()..].split('-').skip(1).all(|part| part.parse::<usize>().is_ok())
        };
        let stems = text.rmatch_indices('-').take(2).map(|(dash, _)| &text[..dash]);
        let stems: Vec<&Family> =
            stems.filter(|stem| numbered(stem)).filter_map(|stem| self.all.get(stem)).collect();
        match stems.first() {
            Some(family) if stems.iter().all(|known| known.position(text).is_none()) => {
                let problem = format!("there is no `{text}`");
                Err(at.fault(name, field, problem).help(family.described()))
            }
            _ => Ok(()),
        }
    }
}

impl<T> Placed<T> {
    /// How many things a table makes by its own `count`.
    pub(super) fn copies(&self, count: &Option<Spanned<u32>>) -> Result<usize, InputError> {
        match count {
            None => Ok(1),
            Some(count) if *count.get_ref() > 0 => Ok(*count.get_ref() as usize),
            Some(count) => Err(self
                .fault(count, "count", "0 is not possible".into())
                .help("1 to a million, or leave the table out")),
        }
    }
}

/// Another name in the place of `name`.
pub(super) fn renamed(name: &Spanned<String>, to: String) -> Spanned<String> {
    Spanned::new(name.span(), to)
}
