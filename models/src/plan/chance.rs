//! What may happen or not: drawn, or its mean.

use sim::{Stream, Time};

use crate::name::resolver::Resolver;
use crate::name::wait;

/// Whose word decides.
pub(super) enum Chance {
    /// Every possibility counts with its part.
    Mean,
    /// One of them happens.
    Drawn(Stream),
}

impl Chance {
    /// How much of something counts that happens with chance `part`.
    pub(super) fn part(&mut self, part: f64) -> f64 {
        match self {
            Chance::Mean => part,
            Chance::Drawn(stream) => f64::from(u8::from(wait::unit(stream) < part)),
        }
    }

    /// What lost datagrams add to a round of `questions`.
    pub(super) fn waited(&mut self, resolver: &Resolver, loss: f64, questions: usize) -> Time {
        match self {
            Chance::Mean => Time::from_seconds(wait::expected_s(resolver, loss, questions)),
            Chance::Drawn(stream) => wait::drawn(resolver, loss, questions, stream),
        }
    }
}
