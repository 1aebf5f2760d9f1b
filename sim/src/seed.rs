//! Chance: every random consumer owns a stream, derived from one seed and the consumer's name.
//!
//! Adding a consumer changes no other consumer's draws, so two variants of a system that share a
//! named source meet the same arrivals. The generator is xoshiro256++ (Blackman & Vigna, ACM TOMS
//! 47, 2021), seeded by SplitMix64 from the seed and the FNV-1a hash of the name: all are
//! portable, so equal seeds give equal bytes on every machine.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// A portable random number generator that belongs to one consumer.
pub type Stream = Xoshiro256PlusPlus;

/// Where all chance in a run comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(u64);

impl Seed {
    /// The seed `value`.
    pub const fn new(value: u64) -> Seed {
        Seed(value)
    }

    /// The number it was made from.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The seed of replication `index`: unrelated to this one and to those of other indices.
    pub fn replication(self, index: u64) -> Seed {
        Seed(mix(self.0 ^ mix(index.wrapping_add(1))))
    }

    /// The seed of the consumer `name`, whose draws are numbered: [`Seed::replication`] of it for
    /// each number, [`Seed::draw`] at the end.
    pub fn of(self, name: &str) -> Seed {
        Seed(mix(self.0) ^ fnv1a(name.as_bytes()))
    }

    /// The stream of draw `number`. A draw that has a number of its own is the same in whatever
    /// order things happen.
    pub fn draw(self, number: u64) -> Stream {
        Stream::seed_from_u64(self.replication(number).0)
    }

    /// A number from zero to below one: draw `number`, without the cost of a stream.
    pub fn unit(self, number: u64) -> f64 {
        (self.replication(number).0 >> 11) as f64 * 2f64.powi(-53)
    }

    /// The stream of the consumer `name`, such as `arrivals/frontend`.
    pub fn stream(self, name: &str) -> Stream {
        Stream::seed_from_u64(self.of(name).0)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): each bit depends on all.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The 64-bit FNV-1a hash (Fowler, Noll & Vo; RFC 9923).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn hash_and_mix_match_their_published_vectors() {
        // http://www.isthe.com/chongo/src/fnv/test_fnv.c; SplitMix64 seeded with 0.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn streams_depend_on_seed_and_name_and_on_nothing_else() {
        let draw = |seed: Seed, name| seed.stream(name).next_u64();
        let seed = Seed::new(1);
        assert_eq!(draw(seed, "arrivals"), draw(seed, "arrivals"));
        assert_ne!(draw(seed, "arrivals"), draw(seed, "service"));
        assert_ne!(draw(seed, "arrivals"), draw(Seed::new(2), "arrivals"));
        assert_ne!(draw(seed.replication(0), "arrivals"), draw(seed, "arrivals"));
        assert_ne!(draw(seed.replication(0), "arrivals"), draw(seed.replication(1), "arrivals"));
    }

    #[test]
    fn numbered_draws_are_even_and_independent_of_their_order() {
        let seed = Seed::new(5).of("name cached");
        let n = 100_000u64;
        let units: Vec<f64> = (0..n).map(|at| seed.unit(at)).collect();
        let mean = units.iter().sum::<f64>() / n as f64;
        let squares = units.iter().map(|unit| (unit - 0.5).powi(2)).sum::<f64>() / n as f64;
        // A uniform number: mean 1/2, variance 1/12; five standard errors.
        assert!((mean - 0.5).abs() < 5.0 * (1.0f64 / 12.0 / n as f64).sqrt(), "{mean}");
        assert!((squares - 1.0 / 12.0).abs() < 0.002, "{squares}");
        let neighbours = units.windows(2).map(|two| (two[0] - 0.5) * (two[1] - 0.5)).sum::<f64>();
        assert!((neighbours / n as f64).abs() < 0.002, "successive draws hang together");
        assert_eq!(seed.draw(7).next_u64(), seed.draw(7).next_u64());
        assert_ne!(seed.draw(7).next_u64(), seed.draw(8).next_u64());
    }

    #[test]
    fn draws_are_stable_across_releases() {
        let mut stream = Seed::new(42).stream("arrivals");
        let draws: [u64; 3] = std::array::from_fn(|_| stream.next_u64());
        assert_eq!(draws, [3859319846593888683, 7881187824765002911, 672737003905118764]);
    }
}
