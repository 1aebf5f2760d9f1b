//! A message's life by hop and cause: how much of its completion each of them took.
//!
//! What the models book interval by interval is added up here, in whole picoseconds, so that the
//! parts of every replication sum to its completion before anything is averaged.

use models::outcome::{Cause, Outcome};
use sim::Time;

use crate::estimate::Estimate;
use crate::run::Sample;

/// The time that passed at one hop for one cause, over replications.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    pub(crate) hop: String,
    pub(crate) kind: String,
    pub(crate) cause: Cause,
    pub(crate) time_s: Estimate,
    /// The part of the whole completion, of the means.
    pub(crate) share: f64,
}

/// The life of transfer `which` over all replications of its point: hops in path order, what is no
/// hop of its way where it came first. Empty where some replication never saw the result arrive.
pub(crate) fn life(samples: &[Sample], which: usize) -> Vec<Spent> {
    let outcomes: Vec<&Outcome> = samples.iter().map(|sample| &sample.outcomes[which]).collect();
    if outcomes.iter().any(|outcome| outcome.completion == Time::MAX) {
        return Vec::new();
    }
    let whole: f64 = outcomes.iter().map(|outcome| outcome.completion.as_seconds()).sum();
    let spent = |part: Part<'_>| {
        let seconds: Vec<f64> =
            outcomes.iter().map(|outcome| booked(outcome, part).as_seconds()).collect();
        Spent {
            hop: part.hop.to_owned(),
            kind: part.kind.to_owned(),
            cause: part.cause,
            time_s: Estimate::of(&seconds),
            share: if whole > 0.0 { seconds.iter().sum::<f64>() / whole } else { 0.0 },
        }
    };
    parts(&outcomes).into_iter().map(spent).collect()
}

/// A hop and why time passed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part<'o> {
    hop: &'o str,
    kind: &'o str,
    cause: Cause,
}

/// All that one outcome booked to a hop and cause, in whatever step.
fn booked(outcome: &Outcome, part: Part<'_>) -> Time {
    let here = outcome.life.iter().filter(|i| i.hop == part.hop && i.cause == part.cause);
    here.map(|interval| interval.span).sum()
}

/// Every hop and cause to which any replication booked time, each once.
fn parts<'o>(outcomes: &[&'o Outcome]) -> Vec<Part<'o>> {
    let mut hops: Vec<&str> = Vec::new();
    let mut found: Vec<Part<'_>> = Vec::new();
    for outcome in outcomes {
        // What only a later replication met goes behind what it met before it.
        let mut next = 0;
        for interval in &outcome.life {
            let hop = interval.hop.as_str();
            next = 1 + match hops.iter().position(|known| *known == hop) {
                Some(at) => at,
                None => {
                    hops.insert(next.min(hops.len()), hop);
                    next
                }
            };
            let part = Part { hop, kind: &interval.kind, cause: interval.cause };
            if !found.contains(&part) {
                found.push(part);
            }
        }
    }
    let place = |hop: &str| hops.iter().position(|known| *known == hop);
    found.sort_by_key(|part| (place(part.hop), part.cause));
    found
}

#[cfg(test)]
mod tests;
