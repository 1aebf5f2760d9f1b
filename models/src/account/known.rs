//! What is known of counterfactuals from draws before: they depend on where streams fall, and not
//! on the seed that put them there.

use std::collections::HashMap;

use sim::Rate;

use crate::cluster::Word;
use crate::price::Change;
use crate::transfer::Transfer;

/// What is to be known of a transfer as it is.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Its goodput.
    pub(super) now: Rate,
    /// Whether a window holds it back anywhere.
    pub(super) windowed: bool,
    /// The kind of the hop that is its line.
    pub(super) line: Option<Word>,
}

/// Answers by where all streams fall, and by which transfer is asked about.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The numbers of placements that are too long to stand in every key.
    places: HashMap<Vec<u32>, u32>,
    answers: HashMap<Vec<u32>, Vec<Answers>>,
}

/// What is known of one transfer in one placement.
#[derive(Debug, Default)]
struct Answers {
    facts: Option<Facts>,
    /// None is reached by what is impossible.
    goodputs: Vec<(Transfer, Change, Option<Rate>)>,
}

impl Known {
    /// Whether anything is known.
    pub(super) fn knows_something(&self) -> bool {
        !self.answers.is_empty()
    }

    /// A short name of a placement.
    pub(super) fn number(&mut self, place: Vec<u32>) -> u32 {
        let next = self.places.len() as u32;
        *self.places.entry(place).or_insert(next)
    }

    pub(super) fn facts(&self, key: &[u32], which: usize) -> Option<Facts> {
        self.answers.get(key)?.get(which)?.facts.clone()
    }

    pub(super) fn note_facts(&mut self, key: &[u32], which: usize, facts: Facts) {
        self.of(key, which).facts = Some(facts);
    }

    pub(super) fn goodput(
        &self,
        key: &[u32],
        (which, transfer, change): (usize, &Transfer, &Change),
    ) -> Option<Option<Rate>> {
        let known = &self.answers.get(key)?.get(which)?.goodputs;
        let same = known.iter().find(|one| one.1 == *change && one.0 == *transfer);
        same.map(|(.., goodput)| *goodput)
    }

    pub(super) fn note_goodput(
        &mut self,
        key: &[u32],
        (which, transfer, change): (usize, &Transfer, &Change),
        goodput: Option<Rate>,
    ) {
        let answer = (transfer.clone(), change.clone(), goodput);
        self.of(key, which).goodputs.push(answer);
    }

    fn of(&mut self, key: &[u32], which: usize) -> &mut Answers {
        let known = self.answers.entry(key.to_vec()).or_default();
        known.resize_with(known.len().max(which + 1), Answers::default);
        &mut known[which]
    }
}
