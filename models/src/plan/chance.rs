//! What may happen or not: drawn, left to each run, or its mean.

use sim::{Stream, Time};

use super::draft::Draft;
use super::draw::{Amount, Part};
use crate::name::resolver::Resolver;
use crate::name::wait;

/// Whose word decides.
pub(super) enum Chance {
    /// Every possibility counts with its part.
    Mean,
    /// One of them happens.
    Drawn(Stream),
    /// One of them happens in each run of the plan.
    PerRun,
}

/// What lost datagrams add.
pub(super) enum Waited {
    /// So much.
    Span(Time),
    /// What this amount is in a run.
    Drawn(u32),
}

impl Chance {
    /// How much of something counts that happens with a chance in each lane where `within` happens.
    pub(super) fn part(&mut self, draft: &mut Draft, chances: &[f64], within: &Part) -> Part {
        let only_if = within.only_if;
        if let Chance::PerRun = self {
            // A plan for many runs has one lane.
            return match chances[0] {
                none if none <= 0.0 => Part { values: vec![0.0], only_if },
                certain if certain >= 1.0 => within.clone(),
                chance => Part::all(1, Some(draft.chance(chance, only_if))),
            };
        }
        let mut counts = |chance: f64| match self {
            Chance::Drawn(stream) => f64::from(u8::from(wait::unit(stream) < chance)),
            Chance::Mean | Chance::PerRun => chance,
        };
        let lanes = within.values.iter().zip(chances);
        let values = lanes.map(|(within, &chance)| within * counts(chance)).collect();
        Part { values, only_if }
    }

    /// What lost datagrams add to a round of `questions`.
    pub(super) fn waited(
        &mut self,
        draft: &mut Draft,
        resolver: &Resolver,
        loss: f64,
        questions: usize,
    ) -> Waited {
        match self {
            Chance::Mean => {
                Waited::Span(Time::from_seconds(wait::expected_s(resolver, loss, questions)))
            }
            Chance::Drawn(stream) => Waited::Span(wait::drawn(resolver, loss, questions, stream)),
            Chance::PerRun if loss <= 0.0 => Waited::Span(Time::ZERO),
            Chance::PerRun => {
                let resolver = Box::new(resolver.clone());
                Waited::Drawn(draft.amount(Amount::Timeouts { resolver, loss, questions }))
            }
        }
    }
}
