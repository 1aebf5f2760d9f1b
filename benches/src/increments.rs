//! How far ahead events are noted: the distributions of the hold model.
//!
//! The mean is one second in all of them (Rönngren & Ayani, ACM TOMACS 7, 1997, use the same
//! kinds), except where a mean would say nothing.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1};
use sim::{Seed, Stream};

/// One second [ps].
pub const SECOND: f64 = 1e12;

/// A distribution of increments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Memoryless.
    Exponential,
    /// From 0 s to 2 s.
    Uniform,
    /// Nine in ten about 0.1 s, one in ten about 9.1 s.
    Bimodal,
    /// Exactly 1 s.
    Constant,
    /// Exactly 1 s, and all events at one instant.
    Burst,
    /// One of 0 s and 2 s: half of all events happen at the instant they are noted.
    Coin,
    /// Pareto with exponent 1.1, from 0.09 s: a tail over many powers of two.
    HeavyTail,
}

/// All of them.
pub const KINDS: [Kind; 7] = [
    Kind::Exponential,
    Kind::Uniform,
    Kind::Bimodal,
    Kind::Constant,
    Kind::Burst,
    Kind::Coin,
    Kind::HeavyTail,
];

/// A stream of increments.
#[derive(Clone, Debug)]
pub struct Increments {
    kind: Kind,
    stream: Stream,
}

impl Increments {
    /// The same stream for every contender.
    pub fn new(kind: Kind) -> Increments {
        Increments { kind, stream: Seed::new(1).stream("increments") }
    }

    /// When the first events happen [ps]: somewhere in the first second.
    pub fn draw_first(&mut self) -> u64 {
        match self.kind {
            Kind::Burst => SECOND as u64,
            _ => (self.stream.random::<f64>() * SECOND) as u64,
        }
    }

    /// The next increment [ps].
    #[inline]
    pub fn draw(&mut self) -> u64 {
        let seconds = match self.kind {
            Kind::Exponential => Distribution::<f64>::sample(&Exp1, &mut self.stream),
            Kind::Uniform => 2.0 * self.stream.random::<f64>(),
            Kind::Bimodal => {
                let near = self.stream.random::<f64>() < 0.9;
                (if near { 0.1 } else { 9.1 }) * (0.95 + 0.1 * self.stream.random::<f64>())
            }
            Kind::Constant | Kind::Burst => 1.0,
            Kind::Coin => 2.0 * (self.stream.next_u64() >> 63) as f64,
            Kind::HeavyTail => 0.09 * libm::pow(1.0 - self.stream.random::<f64>(), -1.0 / 1.1),
        };
        // The tail is cut at 10^6 s, which the clock of every contender can tell.
        (seconds.min(1e6) * SECOND) as u64
    }
}
