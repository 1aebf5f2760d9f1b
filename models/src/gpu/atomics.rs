//! Atomic additions that meet: what a warp of them keeps L2 for.
//!
//! ```text
//! each on its own word    32 · own
//! on W words, as drawn    max( p · max(line, m · word),  s · scattered )
//!
//! lines = W / 32     p = 1 − (1 − 1 / lines)^32         a line is among those that the warp is at
//! sectors = W / 8    s = sectors · (1 − (1 − 1 / sectors)^32)        sectors that the warp is at
//! m                  the most lanes that meet on one word of a line
//! ```
//!
//! L2 serves additions where the data lie. Those of a warp on one word are carried out one after
//! another (`word`), those on one line of 128 bytes as one request that keeps the line for a while
//! (`line`), and lines work side by side; beyond some thousand words only the number of sectors
//! counts (`scattered`). Written down for what an H200 does on 1, 2, 16, … 2^22 words
//! (`podpath calibrate gpu`, probe `atomics`), where it is within 30 %; 2 words and 1 say the same.

use super::capability::WARP;

/// 4-byte words of a line, and of a sector.
const LINE: f64 = 32.0;
const SECTOR: f64 = 8.0;

/// What atomic additions cost a device, all SMs together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contention {
    /// A further addition, each thread on its own word in seconds.
    pub own: f64,
    /// A further addition on the same word in seconds.
    pub word: f64,
    /// A further request for the same line in seconds.
    pub line: f64,
    /// A further sector that nobody else is at in seconds.
    pub scattered: f64,
}

impl Contention {
    /// What one addition of all lanes of a warp keeps the device for in seconds, where all threads
    /// add to so many words; `None` if each has its own.
    pub fn warp(&self, words: Option<f64>) -> f64 {
        let lanes = f64::from(WARP);
        let Some(words) = words.map(|words| words.max(1.0)) else { return lanes * self.own };
        let sectors = met(words / SECTOR);
        let at_line = self.line.max(together(Some(words)) * self.word);
        (met(words / LINE) / (words / LINE).max(1.0) * at_line).max(sectors * self.scattered)
    }
}

/// The most lanes of a warp that meet on one word, where all add to so many; 1 if `None`.
pub fn together(words: Option<f64>) -> f64 {
    let Some(words) = words.map(|words| words.max(1.0)) else { return 1.0 };
    let here = f64::from(WARP) / met(words / LINE);
    most(here, words.min(LINE))
}

/// How many of so many places a warp is at.
fn met(places: f64) -> f64 {
    let places = places.max(1.0);
    places * (1.0 - libm::pow(1.0 - 1.0 / places, f64::from(WARP)))
}

/// The mean of the most that one of `words` gets of `lanes`, each as if drawn: words are taken as
/// independent (Poisson), which is 4 % high at worst.
fn most(lanes: f64, words: f64) -> f64 {
    if words <= 1.0 {
        return lanes;
    }
    let mean = lanes / words;
    let (mut term, mut below, mut sum) = (libm::exp(-mean), 0.0, 0.0);
    for more in 0..WARP {
        below += term;
        sum += 1.0 - libm::pow(below.min(1.0), words);
        term *= mean / f64::from(more + 1);
    }
    sum.clamp(1.0, lanes)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use sim::Seed;

    use super::*;

    #[test]
    fn the_most_that_meet_are_those_of_a_drawn_warp() {
        let mut stream = Seed::new(1).stream("warps");
        for words in [1usize, 2, 4, 16, 32] {
            let warps = 20_000;
            let mut sum = 0;
            for _ in 0..warps {
                let mut at = vec![0u32; words];
                (0..WARP).for_each(|_| at[stream.random_range(0..words)] += 1);
                sum += at.iter().max().unwrap();
            }
            let drawn = f64::from(sum) / f64::from(warps);
            let found = most(f64::from(WARP), words as f64);
            assert!((found / drawn - 1.0).abs() < 0.05, "{words}: {found}, drawn {drawn}");
        }
    }

    #[test]
    fn fewer_words_are_never_faster_and_one_is_served_lane_by_lane() {
        let unit = Contention { own: 0.002, word: 0.75, line: 4.9, scattered: 0.0108 };
        assert!((unit.warp(Some(1.0)) - 32.0 * 0.75).abs() < 1e-9);
        assert!((unit.warp(None) - 0.064).abs() < 1e-9);
        let far = unit.warp(Some(f64::from(1 << 22)));
        assert!((far / (32.0 * 0.0108) - 1.0).abs() < 0.01, "{far}");
        for power in 6..22 {
            let [few, many] = [power, power + 1].map(|p| unit.warp(Some(f64::from(1u32 << p))));
            // Of scattered ones a warp meets a few more sectors.
            assert!(many <= 1.02 * few, "2^{power}: {few} and {many}");
        }
    }
}
