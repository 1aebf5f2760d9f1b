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
    /// How much of something counts that happens with chance `part` where `within` happens.
    pub(super) fn part(&mut self, draft: &mut Draft, part: f64, within: Part) -> Part {
        let value = match self {
            Chance::Mean => within.value * part,
            Chance::Drawn(stream) => within.value * f64::from(u8::from(wait::unit(stream) < part)),
            Chance::PerRun if part <= 0.0 => 0.0,
            Chance::PerRun if part >= 1.0 => return within,
            Chance::PerRun => {
                let bit = draft.chance(part, within.only_if);
                return Part { value: 1.0, only_if: Some(bit) };
            }
        };
        Part { value, ..within }
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
