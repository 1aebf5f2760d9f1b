//! New inputs from old ones.
//!
//! Most mutants should still be read, or all that is tried is the reader of TOML. So a text is
//! changed where its grammar lets it: a value is put in the place of another of the same key, a
//! number in the place of a number, a row or a table is left out or repeated. Now and then bytes
//! are changed whatever they mean.

mod bytes;
mod text;
mod words;

use rand::RngExt;
use sim::{Seed, Stream};

use words::Words;

/// What inputs of a target are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text of lines.
    Text,
    /// Bytes.
    Bytes,
}

/// The largest input \[B\].
const INPUT_MAX: usize = 1 << 20;
/// Each further change is made with this chance.
const FURTHER: f64 = 0.4;
/// The most changes to one input.
const CHANGES_MAX: usize = 12;
/// The most inputs of a kind that are kept to be changed further.
const KEPT_MAX: usize = 5_000;
/// How often a text is changed as bytes are.
const AS_BYTES: f64 = 0.06;

/// Makes the inputs of a target.
#[derive(Debug)]
pub(crate) struct Mutator {
    form: Form,
    seed: Seed,
    words: Words,
    seeds: Vec<Vec<u8>>,
    /// Inputs that came to an end of a new kind.
    ended: Vec<Vec<u8>>,
    /// Inputs that were refused for a new reason.
    refused: Vec<Vec<u8>>,
}

impl Mutator {
    pub(crate) fn new(form: Form, seed: Seed, seeds: Vec<Vec<u8>>) -> Mutator {
        let texts = seeds.iter().filter_map(|seed| std::str::from_utf8(seed).ok());
        let words = if form == Form::Text { Words::of(texts) } else { Words::default() };
        Mutator { form, seed, words, seeds, ended: Vec::new(), refused: Vec::new() }
    }

    /// Keeps an input to be changed further; what grows and grows is not.
    pub(crate) fn keep(&mut self, input: Vec<u8>, ended: bool) {
        let largest = self.seeds.iter().map(Vec::len).max().unwrap_or(0).max(64);
        let kept = if ended { &mut self.ended } else { &mut self.refused };
        if input.len() <= 2 * largest && kept.len() < KEPT_MAX {
            kept.push(input);
        }
    }

    /// The input of a number: the seeds themselves first, and then what chance makes of them and
    /// of what was kept.
    pub(crate) fn input(&self, number: u64) -> Vec<u8> {
        if let Some(seed) = self.seeds.get(number as usize) {
            return seed.clone();
        }
        let chance = &mut self.seed.draw(number);
        let mut input = self.chosen(chance).to_vec();
        for _ in 0..CHANGES_MAX {
            self.change(&mut input, chance);
            if !chance.random_bool(FURTHER) {
                break;
            }
        }
        input.truncate(INPUT_MAX);
        input
    }

    /// One that is changed: mostly one that comes to an end, as its mutants may too.
    fn chosen(&self, chance: &mut Stream) -> &[u8] {
        let from = match chance.random_range(0..10) {
            0..5 => &self.seeds,
            5..9 => &self.ended,
            _ => &self.refused,
        };
        let from = if from.is_empty() { &self.seeds } else { from };
        &from[chance.random_range(0..from.len())]
    }

    fn change(&self, input: &mut Vec<u8>, chance: &mut Stream) {
        let as_bytes = self.form == Form::Bytes || chance.random_bool(AS_BYTES);
        match std::str::from_utf8(input) {
            Ok(text) if !as_bytes => {
                let other = std::str::from_utf8(self.chosen(chance)).unwrap_or("");
                *input = text::changed(text, other, &self.words, chance).into_bytes();
            }
            _ => {
                let other = self.chosen(chance).to_vec();
                bytes::change(input, &other, chance);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutator(seed: u64) -> Mutator {
        let seeds = vec![b"a = 1\n[[b]]\nc = \"2 MiB\"\n".to_vec(), b"x,y\n1,2\n".to_vec()];
        Mutator::new(Form::Text, Seed::new(seed), seeds)
    }

    #[test]
    fn inputs_follow_from_seed_and_number() {
        let of = |seed| (0..200).map(|at| mutator(seed).input(at)).collect::<Vec<_>>();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1)[2..], of(2)[2..]);
    }

    #[test]
    fn the_first_inputs_are_the_seeds_and_most_others_are_new() {
        let mutator = mutator(3);
        assert_eq!(mutator.input(1), b"x,y\n1,2\n");
        let others: std::collections::BTreeSet<_> = (2..502).map(|at| mutator.input(at)).collect();
        assert!(others.len() > 150, "{} of 500", others.len());
    }
}
