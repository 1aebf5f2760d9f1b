//! What differs from run to run of one plan: whether a step happens, how long it waits, how much it
//! moves.
//!
//! Every draw is named after the run and its place in the plan, and belongs to no generator: the
//! order in which things happen decides nothing, and two clusters meet the same chance in the same
//! run.

use sim::{Dist, Seed, Time};

use super::Plan;
use super::draft::Draft;
use crate::name::resolver::Resolver;
use crate::name::wait;

/// Something that happens in part of the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bit {
    /// In this part of those in which it may.
    part: f64,
    /// It may only where this happens.
    within: Option<u32>,
}

/// How much of something counts: in the mean of each lane, and the chance that decides in a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) values: Vec<f64>,
    pub(super) only_if: Option<u32>,
}

impl Part {
    /// All of it, wherever this happens.
    pub(super) fn all(lanes: usize, only_if: Option<u32>) -> Part {
        Part { values: vec![1.0; lanes], only_if }
    }
}

/// An amount that is drawn in each run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Amount {
    /// From a distribution: seconds of a wait, or a factor of bytes.
    Dist(Dist),
    /// The seconds that a resolver waits for answers that do not come.
    Timeouts { resolver: Box<Resolver>, loss: f64, questions: usize },
}

impl Draft {
    /// Something that happens in the part `part` of the runs in which `within` does.
    pub(super) fn chance(&mut self, part: f64, within: Option<u32>) -> u32 {
        self.chances.push(Bit { part, within });
        self.chances.len() as u32 - 1
    }
}

impl Plan {
    /// Whether something happens in a run.
    pub(crate) fn happens(&self, bit: u32, run: Seed) -> bool {
        let mut at = Some(bit);
        while let Some(bit) = at {
            let Bit { part, within } = self.chances[bit as usize];
            if run.unit(2 * u64::from(bit)) >= part {
                return false;
            }
            at = within;
        }
        true
    }

    /// What an amount is in a run.
    pub(crate) fn amount(&self, amount: u32, run: Seed) -> f64 {
        let mut stream = run.draw(2 * u64::from(amount) + 1);
        match &self.amounts[amount as usize] {
            Amount::Dist(dist) => dist.sample(&mut stream),
            Amount::Timeouts { resolver, loss, questions } => {
                wait::drawn(resolver, *loss, *questions, &mut stream).as_seconds()
            }
        }
    }

    /// How long a drawn wait is in a run.
    pub(crate) fn wait(&self, amount: u32, run: Seed) -> Time {
        Time::from_seconds(self.amount(amount, run))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Book, Op};
    use super::*;

    #[test]
    fn bits_happen_as_often_as_said_and_only_within_others() {
        let mut draft = Draft::new(1);
        let outer = draft.chance(0.3, None);
        let inner = draft.chance(0.5, Some(outer));
        let dist = Dist::Exponential { mean: 2.0 };
        let amount = draft.amount(Amount::Dist(dist));
        draft.once(Op::Wait(Time::ZERO), Book::Nobody, &[]);
        let plan = draft.freeze().unwrap();
        let (mut outers, mut inners, mut sum) = (0, 0, 0.0);
        for number in 0..100_000 {
            let run = Seed::new(1).replication(number);
            let (a, b) = (plan.happens(outer, run), plan.happens(inner, run));
            assert!(a || !b, "the inner one happened alone");
            outers += u32::from(a);
            inners += u32::from(b);
            sum += plan.amount(amount, run);
        }
        // Standard deviations: 145 and 113 runs, and 0.0063 of the mean.
        assert!((29_300..30_700).contains(&outers), "{outers}");
        assert!((14_450..15_550).contains(&inners), "{inners}");
        assert!((sum / 1e5 - 2.0).abs() < 0.032, "{sum}");
    }
}
