//! What there is: hops, pools, and the requests of users.

use sim::{Dist, Seed, Time};

use super::cache::Cache;
use super::handover::Handover;
use super::hop::Hop;
use super::pool::Pool;

/// When a source sends requests.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Independently of each other, so many a second on average \[1/s\].
    Poisson(f64),
    /// One every so often.
    Every(Time),
    /// Users each of whom sends the next when the last is answered.
    Users(u32),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Tokens of a prompt.
    pub prompt: Dist,
    /// Tokens of an answer.
    pub answer: Dist,
    /// The part of a prompt whose keys and values the replica has kept.
    pub cached: f64,
    /// The body of a request \[B\].
    pub body: f64,
}

/// Where requests come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// When it sends them.
    pub when: When,
    /// What it asks.
    pub asked: Asked,
    /// How many it sends.
    pub count: u32,
    /// When the first is sent, and when no more are.
    pub span: (Time, Time),
}

/// Everything that a run needs. The first pool takes requests; if it only prefills, the second
/// decodes and there is a handover.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The keys and values of the model.
    pub cache: Cache,
    /// What requests pass, and then answers, in this order.
    pub hops: Vec<Hop>,
    /// One pool, or one that prefills and one that decodes.
    pub pools: Vec<Pool>,
    /// How keys and values come from the one to the other.
    pub handover: Option<Handover>,
    /// Where requests come from.
    pub sources: Vec<Source>,
}

impl Asked {
    /// Tokens of the prompt, of its part that is kept, and of the answer, of the request of this
    /// number.
    pub(super) fn tokens(&self, seed: Seed, number: u64) -> (u32, u32, u32) {
        let draw = |dist: &Dist, what: &str| {
            let drawn = dist.sample(&mut seed.of(what).draw(number));
            drawn.round().clamp(0.0, f64::from(u32::MAX / 4)) as u32
        };
        let prompt = draw(&self.prompt, "prompt");
        let cached = (f64::from(prompt) * self.cached) as u32;
        // The last token is always computed: the answer begins with it.
        (prompt, cached.min(prompt.saturating_sub(1)), draw(&self.answer, "answer").max(1))
    }
}
