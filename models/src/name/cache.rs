//! A cache of answers whose time to live runs down.
//!
//! ```text
//!  ──miss─┬──hit──hit────────┬ … ┬─miss─┬──
//!         └──────── TTL ─────┘   └ wait ┘      cycle = TTL + 1/λ, with λ·TTL hits and one miss
//! ```
//!
//! An answer that a cache hands on keeps its *remaining* time to live (RFC 1035, section 3.2.1;
//! RFC 2181, section 8), so a second cache in front holds it no longer than the first. Answers that
//! a name or an address is not there are kept too, for the SOA minimum (RFC 2308, section 5).

use std::collections::BTreeMap;

use sim::Time;

/// The part of questions that a cache answers itself, where they arrive at random (Poisson) at
/// `rate_hz` per second for one name, and what is fetched lives `ttl_s` seconds on average.
///
/// Renewal theory: in a cycle of TTL and a wait of 1/λ there are λ·TTL hits and one miss (J. Jung,
/// A. W. Berger, H. Balakrishnan, *Modeling TTL-based Internet caches*, INFOCOM 2003,
/// <https://doi.org/10.1109/INFCOM.2003.1208693>).
pub fn hit_ratio(rate_hz: f64, ttl_s: f64) -> f64 {
    let hits = rate_hz * ttl_s;
    if hits.is_finite() { hits / (1.0 + hits) } else { 1.0 }
}

/// What a cache finds in the one behind it, on its misses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behind {
    /// The part that the cache behind answers itself.
    pub hit: f64,
    /// The mean time to live that an answer from there still has in seconds.
    pub ttl_s: f64,
}

/// What a cache that is asked `own_hz` times a second finds in the cache behind it, which others
/// ask `others_hz` times a second for the same name.
///
/// An answer dies in both caches at one instant. From there on, either the next question is the
/// cache's own (a miss behind, a whole TTL), or somebody else fills the cache behind, and the own
/// question comes X ~ Exp(λ) later: before the answer dies, with TTL − X left, or after, where all
/// begins anew. With a = λ/(λ + Λ), b = 1 − a:
///
/// ```text
///  hit = b(1 − e^−λT) / (1 − b·e^−λT)
///  ttl = (a·T + b(T − (1 − e^−λT)/λ)) / (1 − b·e^−λT)
/// ```
pub fn behind(own_hz: f64, others_hz: f64, ttl_s: f64) -> Behind {
    if own_hz <= 0.0 {
        // The limit: a visitor at a random instant.
        let hit = hit_ratio(others_hz, ttl_s);
        return Behind { hit, ttl_s: ttl_s * (1.0 - hit / 2.0) };
    }
    let (own, other) = (own_hz / (own_hz + others_hz), others_hz / (own_hz + others_hz));
    let in_time = -libm::expm1(-own_hz * ttl_s);
    let again = own + other * in_time;
    let left = ttl_s - in_time / own_hz;
    Behind { hit: other * in_time / again, ttl_s: (own * ttl_s + other * left) / again }
}

/// Answers by question, each with the instant at which it dies.
#[derive(Clone, Debug, Default)]
pub struct Cache<K> {
    dies: BTreeMap<K, Time>,
}

impl<K: Ord> Cache<K> {
    /// An empty cache.
    pub fn new() -> Cache<K> {
        Cache { dies: BTreeMap::new() }
    }

    /// How long the answer to `question` lives on, if it is there and alive at `now`.
    pub fn remaining(&self, question: &K, now: Time) -> Option<Time> {
        let dies = *self.dies.get(question)?;
        (dies > now).then(|| dies - now)
    }

    /// Keeps an answer for `ttl` from `now` on; one without time to live is not kept.
    pub fn keep(&mut self, question: K, now: Time, ttl: Time) {
        if ttl > Time::ZERO {
            self.dies.insert(question, now + ttl);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_lives_for_its_time_and_no_longer() {
        let mut cache = Cache::new();
        let at = |s: f64| Time::from_seconds(s);
        cache.keep("a", at(1.0), at(30.0));
        assert_eq!(cache.remaining(&"a", at(11.0)), Some(at(20.0)), "it runs down");
        assert_eq!(cache.remaining(&"a", at(31.0)), None, "dead at the instant it ends");
        cache.keep("b", at(1.0), Time::ZERO);
        assert_eq!(cache.remaining(&"b", at(1.0)), None);
    }

    #[test]
    fn hit_ratios_at_their_ends() {
        assert_eq!(hit_ratio(0.0, 30.0), 0.0);
        assert_eq!(hit_ratio(1.0, 0.0), 0.0);
        assert!((hit_ratio(1.0, 30.0) - 30.0 / 31.0).abs() < 1e-12);
        assert_eq!(hit_ratio(f64::INFINITY, 30.0), 1.0);
        // Nobody else asks: nothing is ever there, and what is fetched is whole.
        assert_eq!(behind(2.0, 0.0, 30.0), Behind { hit: 0.0, ttl_s: 30.0 });
        // Seldom among very many: a random instant of the answer's life.
        let seldom = behind(1e-6, 1e6, 30.0);
        assert!((seldom.hit - 1.0).abs() < 1e-3 && (seldom.ttl_s - 15.0).abs() < 1e-3);
    }
}
